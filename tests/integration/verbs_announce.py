# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin announce`; how they are made is told in verbs.py."""

from kith_client import refused
from verbs import NOT_FOUND, REFUSED, USAGE, scenario


def received(world, person):
    """What the server has told this one, in order."""
    return [row["text"] for row in world.query(
        "SELECT CAST(m.body AS TEXT) AS text FROM message m "
        "JOIN user u ON u.id = m.sender_id AND u.name = ':server' "
        "JOIN member b ON b.conversation_id = m.conversation_id "
        f"WHERE b.user_id = {person.id} ORDER BY m.number")]


def server_name(world):
    row, = world.query("SELECT value FROM meta WHERE key = 'server_name'")
    return row["value"]


@scenario("announce", "send")
def announce_send(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    clients = [person.client for person in (alice, bob)] if world.up else []
    text = "The water is off on Sunday.\nFill a bucket."
    answer = world.verb(text, "--to", alice.name, f"id:{bob.id}", alice.name)
    assert answer["announcement"]["recipients"] == 2
    assert received(world, alice) == received(world, bob) == [text]
    assert received(world, carol) == []
    for client in clients:
        talk = client.wait_event("friend_added").conversation
        assert (talk.peer.name, talk.friends) == (":server", False)
        assert talk.peer.display_name == server_name(world)
        message = client.wait_event("message")
        assert message.content.text == text
        assert message.sender_id == talk.peer.id
        with refused("NOT_FRIENDS"):
            client.send_text(talk.id, "Who are you?")

    world.verb("Hello?", "--to", "nobody", expect=NOT_FOUND)
    world.verb(expect=USAGE)
    world.verb("two", "words", expect=USAGE)
    world.verb(" \n", "--to", alice.name, expect=USAGE)
    world.show("Really?", expect=REFUSED)  # nobody says yes
    would = world.verb("Really?", "--dry-run")["would"]["recipients"]
    people, = world.query("SELECT count(*) AS count FROM user "
                          "WHERE state IN (1, 3)")
    assert would == people["count"]
    assert received(world, alice) == [text]

    done = world.show("--stdin", "--yes", stdin="To everybody.\n", data=False)
    assert f"{would} people" in done.stderr
    assert received(world, carol) == ["To everybody."]
    assert received(world, alice) == [text, "To everybody."]
    for client in clients:
        assert client.wait_event("message").content.text == "To everybody."
    if world.up:  # who was not there finds it on coming back
        snapshot = world.server.device(carol, live=False).snapshot()
        talk, = [talk for talk in snapshot.conversations
                 if talk.peer.name == ":server"]
        assert talk.last_message.content.text == "To everybody."
        assert talk.unread == 1


@scenario("announce", "list")
def announce_list(world):
    alice, = world.people("alice")
    for text in ("First.", "Second,\nof two lines."):
        world.admin("announce", "send", text, "--to", alice.name)
    rows = world.verb()["announcements"]
    assert [row["text"] for row in rows[:2]] == \
        ["Second,\nof two lines.", "First."]
    assert rows[0]["id"] > rows[1]["id"] and rows[0]["recipients"] == 1
    stored = world.query("SELECT actor, recipients FROM announcement "
                         "ORDER BY id DESC LIMIT 1")
    assert stored == [{"actor": rows[0]["actor"], "recipients": 1}]
    assert "of two lines." in world.show().stdout
