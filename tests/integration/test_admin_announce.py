# SPDX-License-Identifier: GPL-3.0-or-later
"""Announcements: what people get, and what nobody can do with their sender."""

import contextlib
import fcntl
import json
import signal
import sqlite3
import subprocess

import pytest

from admin_tool import (BUSY, NOT_FOUND, OK, REFUSED, USAGE, Admin,  # noqa: F401
                        admin, on_terminal, pair)
from kith_client import refused
from kith_server import own
from patience import seconds, wait_until

LONGEST = 4096


def announce(server, *words, **options):
    return server.admin("announce", "send", *words, **options)


def told(client, text):
    """Waits for an announcement; the conversation's id."""
    message = client.wait_event(
        "message", where=lambda m: m.content.text == text)
    return message.conversation_id


@pytest.fixture
def people(server):
    return server.person("alice"), server.person("bob")


def test_live_people_and_those_who_come_back_get_it_once(server, people):
    alice, bob = people
    bob.close()
    announce(server, "One.", "--yes")
    talk = alice.wait_event("friend_added").conversation
    assert talk.peer.name == ":server" and not talk.friends
    assert told(alice, "One.") == talk.id
    announce(server, "Two.", "--to", "alice", "bob")
    assert told(alice, "Two.") == talk.id
    assert not alice.drain()  # nothing came twice
    # By events, from the cursor that he had: first the conversation.
    back = server.back(bob)
    kinds = [event.WhichOneof("body") for event in back.events]
    assert kinds == ["friend_added", "message", "message"]
    assert told(back, "One.") == told(back, "Two.") != talk.id
    # By a snapshot, as a new device of hers does.
    device = server.device(alice, live=False)
    talk, = device.snapshot().conversations
    assert (talk.last_number, talk.unread) == (2, 2)
    assert [m.content.text for m in device.whole_history(talk.id)] == \
        ["One.", "Two."]
    device.request("mark_read", conversation_id=talk.id, number=2)
    mark = alice.wait_event("mark")
    assert (mark.user_id, mark.read) == (alice.id, 2)


@pytest.mark.parametrize("words, code", [
    (("id:3", "alice"), REFUSED), (("id:3", "alice", "--request"), REFUSED),
    (("alice", "id:3"), REFUSED),
    (("alice", "id:3", "--request"), NOT_FOUND)])
def test_the_server_befriends_nobody(pair, words, code):
    pair.run("announce", "send", "Tea.", "--yes")
    pair.run("friend", "add", *words, expect=code)
    assert pair.json("friend", "requests")["friend_requests"] == []
    pair.run("db", "verify")


def test_after_a_restart_it_goes_on_where_it_was(server, people):
    alice, _ = people
    announce(server, "Before.", "--yes")
    talk = told(alice, "Before.")
    server.restart()
    back = server.back(alice)
    announce(server, "After.", "--yes")
    assert told(back, "After.") == talk
    assert [m.number for m in back.whole_history(talk)] == [1, 2]


def test_nobody_can_do_anything_with_the_sender(server, people):
    alice, _ = people
    announce(server, "Hello.", "--yes")
    talk = alice.wait_event("friend_added").conversation
    sender = talk.peer.id
    with refused("NOT_FRIENDS"):
        alice.send_text(talk.id, "And who are you?")
    with refused("NOT_FRIENDS"):
        alice.request("set_typing", conversation_id=talk.id, typing=True)
    with refused("NOT_FRIENDS"):
        alice.change("remove_friend", user_id=sender)
    with refused("BAD_NAME"):
        alice.change("send_friend_request", name=":server")
    guest = server.connect()
    with refused("BAD_NAME", "SIGN_UP_CLOSED"):
        guest.sign_up(":server", "correct horse 7")
    for password in ("", "correct horse 7"):
        with refused("BAD_CREDENTIALS", "MALFORMED"):
            guest.sign_in(":server", password=password)
    device = server.device(alice, live=False)
    assert [c.online for c in device.snapshot().conversations] == [False]
    assert all(p.user_id != sender for p in alice.presence)
    for words in (("friend", "add", "alice"), ("friend", "remove", "alice"),
                  ("user", "lock"), ("user", "delete", "--yes"),
                  ("user", "rename-display", "--display-name", "x")):
        done = server.admin(*words[:2], f"id:{sender}", *words[2:],
                            check=False)
        assert done.returncode != OK, words
    assert ":server" not in server.admin("user", "list").stdout


def test_the_sender_is_called_as_the_server_is(server, people):
    alice, _ = people
    announce(server, "Hello.", "--yes")
    first = alice.wait_event("friend_added").conversation.peer
    server.set(server_name="The village")
    server.process.send_signal(signal.SIGHUP)
    renamed = alice.wait_event("user_changed")
    assert (renamed.id, renamed.display_name) == (first.id, "The village")
    server.stop()
    server.set(server_name="The other village")
    server.start()
    back = server.back(alice)
    assert back.wait_event("user_changed").display_name == \
        "The other village"


def system_user(admin):
    return admin.query("SELECT * FROM user WHERE state = 6")


def test_it_asks_before_it_tells_everybody(pair):
    done = pair.run("announce", "send", "Hello.", stdin="", expect=REFUSED)
    assert "2 people" in done.stderr and "Nothing was sent." in done.stderr
    status, shown = on_terminal(
        pair, "announce", "send", "Hello.", answers=[(r"\[y/N\]", "n")])
    assert status == REFUSED and not system_user(pair)
    status, shown = on_terminal(
        pair, "announce", "send", "Hello.", answers=[(r"\[y/N\]", "y")])
    assert status == OK and "2 people" in shown
    row, = pair.json("announce", "list")["announcements"]
    assert (row["text"], row["recipients"]) == ("Hello.", 2)


def test_a_dry_run_changes_nothing(pair):
    before = pair.query("SELECT count(*) AS n FROM audit")
    done = pair.run("announce", "send", "Hello.", "--dry-run")
    assert done.stdout.startswith("Would tell ")
    assert "2 people" in done.stdout
    assert pair.json("announce", "send", "Hello.", "--to", "alice",
                     "--dry-run")["would"] == {"recipients": 1}
    assert not system_user(pair)
    assert pair.query("SELECT count(*) AS n FROM audit") == before


@pytest.mark.parametrize("words, text", [
    ((), ""), (("",), ""), (("Hello", "world"), ""), (("--stdin",), "Hello."),
    (("Hello.", "--to"), ""), (("--stdin", "--to"), "Hello."),
    (("--stdin", "--yes"), ""), (("--stdin", "--yes"), "\n\n"),
    (("--stdin", "--yes"), "a\0b"), (("--stdin", "--yes"), "a\x1b[2Jb"),
    (("--stdin", "--yes"), "x" * (LONGEST + 1)),
    (("x" * (LONGEST + 1), "--yes"), ""), (("Hello.", "--to", "A B"), ""),
])
def test_usage(pair, words, text):
    pair.run("announce", "send", *words, stdin=text, expect=USAGE)
    assert not system_user(pair)


def test_the_longest_text_arrives_whole(pair):
    text = "ä" * (LONGEST // 2 - 1) + "\ny"
    pair.run("announce", "send", "--stdin", "--yes", stdin=text + "\n")
    assert pair.json("announce", "list")["announcements"][0]["text"] == text
    bodies = pair.query("SELECT CAST(body AS TEXT) AS text FROM message")
    assert bodies == [{"text": text}] * 2


def test_whom_it_reaches(pair):
    pair.add("carol", "dave")
    pair.run("user", "lock", "carol")
    pair.run("user", "delete", "dave", "--yes")
    done = pair.run("announce", "send", "Hello.", "--to", "alice", "dave",
                    expect=NOT_FOUND)
    assert "dave" in done.stderr and not system_user(pair)
    answer = pair.json("announce", "send", "Hello.", "--yes")
    # Carol reads it when her lock is over; Dave is on his way out.
    assert answer["announcement"]["recipients"] == 3
    trail = pair.query("SELECT target, detail FROM audit "
                       "WHERE command = 'announce send'")
    assert [row["target"] for row in trail] == ["everybody"]


def test_the_trail_says_whom_it_reached(pair):
    pair.run("announce", "send", "Hello.", "--to", "bob", "alice", "bob")
    row, = pair.query("SELECT target, detail FROM audit "
                      "WHERE command = 'announce send'")
    assert row["target"] == "some people"
    assert json.loads(row["detail"]) == {
        "announcement": 1, "recipients": 2, "user_ids": [2, 1]}
    assert "Hello" not in row["detail"]


def test_with_nobody_there(admin):
    admin.add("alice")
    admin.run("user", "delete", "alice", "--yes", "--purge")
    admin.run("announce", "send", "Hello.", "--yes", expect=NOT_FOUND)
    assert admin.json("announce", "list")["announcements"] == []
    assert not system_user(admin)


# --- to so many that it goes in parts ---------------------------------------

PART = 2000  # as STORE_ANNOUNCEMENT_PART


def crowd(server, parts):
    """So many people, and alice; how many that are."""
    server.admin("user", "add", "alice", "--generate")
    people = parts * PART
    with sqlite3.connect(server.database) as db:
        db.executemany(
            "INSERT INTO user (name, display_name, phc, state, state_us, "
            "reason, created_us) VALUES (?, '', '', 1, 1, '', 1)",
            [(f"user{n}",) for n in range(people)])
    own(server.database)
    return people + 1


def reached(database):
    """(what the announcement says, who has it, how many have it twice)"""
    with contextlib.closing(sqlite3.connect(
            f"file:{database}?mode=ro", uri=True, timeout=30)) as db:
        said, = db.execute("SELECT coalesce(max(recipients), 0) "
                           "FROM announcement").fetchone()
        people, twice = db.execute(
            "SELECT count(*), coalesce(sum(last_number > 1), 0) "
            "FROM conversation WHERE last_number > 0").fetchone()
    return said, people, twice


def test_many_are_told_while_others_write(make_server):
    server = make_server()
    people = crowd(server, 30)
    server.start()
    sender = subprocess.Popen(
        server.admin_command("announce", "send", "Hello.", "--yes"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=server.environment())
    wait_until(lambda: reached(server.database)[0] > 0)
    # in the middle of it, and not only when all is over
    server.admin("user", "rename-display", "alice", "Alice")
    assert reached(server.database)[0] < people
    said, _ = sender.communicate(timeout=seconds(60))
    assert sender.returncode == 0 and f"{people} people" in said, said
    assert reached(server.database) == (people, people, 0)


@pytest.mark.parametrize("how", ["killed", "kept out"])
def test_what_a_sender_has_left_kithd_tells(make_server, how):
    server = make_server()
    people = crowd(server, 8)
    sender = subprocess.Popen(
        server.admin_command("announce", "send", "Hello.", "--yes",
                             "--wait", "1"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=server.environment())
    wait_until(lambda: reached(server.database)[0] > 0, step=0.005)
    if how == "killed":
        sender.kill()
        sender.communicate()
    else:
        with open(f"{server.database}.lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            said, _ = sender.communicate(timeout=seconds(30))
        assert sender.returncode == BUSY and "It is sent" in said, said
    assert 0 < reached(server.database)[0] < people
    server.start()
    wait_until(lambda: reached(server.database)[0] == people, 30)
    assert reached(server.database) == (people, people, 0)
    server.admin("db", "verify")
