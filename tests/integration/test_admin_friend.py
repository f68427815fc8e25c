# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin friend: long lists, requests, and which way round they are."""

import sqlite3

import pytest

from admin_tool import (CONFLICT, NOT_FOUND, USAGE, Admin,  # noqa: F401
                        admin, pair)
from kith_server import own

MANY = 2300  # more than two pages of a listing
REQUESTS_MAX = 500


def fill(admin, links=(), requests=(), people=0):
    """What people would have done in a year: (id, id) each."""
    with sqlite3.connect(admin.database) as db:
        db.executemany(
            "INSERT INTO user (id, name, display_name, phc, state, state_us, "
            "reason, created_us) VALUES (?, ?, '', '', 1, 1, '', 1)",
            [(n, f"user{n}") for n in range(100, 100 + people)])
        for low, high in links:
            number, = db.execute(
                "INSERT INTO conversation (kind, low_id, high_id, created_us)"
                " VALUES (1, ?, ?, 1) RETURNING id", (low, high)).fetchone()
            db.execute("INSERT INTO friend_link VALUES (?, ?, 1000000, ?)",
                       (low, high, number))
        db.executemany("INSERT INTO friend_request (from_id, to_id, time_us)"
                       " VALUES (?, ?, 1000000)", requests)
    for path in admin.folder.iterdir():
        own(path)


def test_long_lists_of_friends_are_whole_and_in_order(pair):
    star = [(1, 100 + n) for n in range(MANY)]
    chain = [(100 + n, 101 + n) for n in range(MANY - 1)]
    fill(pair, star + chain, people=MANY)
    links = [(row["user_id"], row["friend_id"])
             for row in pair.json("friend", "list")["friends"]]
    assert links == sorted(star + chain)
    mine = pair.json("friend", "list", "alice")["friends"]
    assert [(row["user_id"], row["friend_id"]) for row in mine] == star
    last = pair.json("friend", "list", f"user{99 + MANY}")["friends"]
    assert [row["friend"] for row in last] == ["alice", f"user{98 + MANY}"]
    lines = pair.run("friend", "list", "--format", "tsv").stdout.splitlines()
    assert len(lines) == 1 + len(links)


def test_long_lists_of_requests_are_whole(pair):
    """Of everybody, and of one where most of a page is not wanted."""
    incoming = [(100 + n, 1) for n in range(MANY)]
    outgoing = [(1, 100 + MANY + n) for n in range(REQUESTS_MAX)]
    fill(pair, requests=incoming + outgoing, people=MANY + REQUESTS_MAX)

    def listed(*words):
        return [(row["from_id"], row["to_id"]) for row in
                pair.json("friend", "requests", *words)["friend_requests"]]

    assert listed() == incoming + outgoing
    assert listed("alice") == incoming + outgoing
    assert listed("alice", "--incoming") == incoming
    assert listed("alice", "--outgoing") == outgoing
    done = pair.run("friend", "add", "alice", "bob", "--request",
                    expect=CONFLICT)
    assert str(REQUESTS_MAX) in done.stderr


def test_requests_say_which_way_round_they_are(pair):
    pair.run("friend", "add", "alice", "bob", "--request")
    for words in (("accept", "alice", "bob"), ("reject", "alice", "bob"),
                  ("reject", "bob", "alice", "--cancel")):
        done = pair.run("friend", *words, expect=NOT_FOUND)
        assert "alice has asked bob" in done.stderr, words
        assert "named first" in done.stderr
    done = pair.run("friend", "reject", "bob", "alice")
    assert "bob has turned down the request of alice" in done.stderr
    done = pair.run("friend", "accept", "bob", "alice", expect=NOT_FOUND)
    assert "alice has not asked bob." in done.stderr


def test_asking_who_has_asked_already_makes_friends(pair):
    pair.run("friend", "add", "alice", "bob", "--request")
    answer = pair.json("friend", "add", "bob", "alice", "--request")
    assert "friend_request" not in answer
    assert answer["friend_link"]["friend"] == "alice"
    assert not pair.json("friend", "requests")["friend_requests"]
    assert len(pair.json("friend", "list")["friends"]) == 1
    pair.run("friend", "add", "bob", "alice", "--request", expect=CONFLICT)


def test_a_link_ends_the_requests_between_them(pair):
    pair.run("friend", "add", "alice", "bob", "--request")
    pair.run("friend", "add", "bob", "alice")
    assert not pair.json("friend", "requests")["friend_requests"]


def test_old_friends_get_their_conversation_back(pair):
    def conversation():
        row, = pair.json("friend", "list", "bob")["friends"]
        return row["conversation_id"]

    pair.run("friend", "add", "alice", "bob")
    before = conversation()
    pair.run("friend", "remove", "bob", "alice")
    pair.run("friend", "add", "bob", "alice")
    assert conversation() == before


def test_every_change_is_in_the_trail(pair):
    pair.run("friend", "add", "alice", "bob", "--request")
    pair.run("friend", "accept", "bob", "alice")
    pair.run("friend", "remove", "alice", "bob")
    pair.run("friend", "remove", "alice", "bob", expect=CONFLICT)
    trail = pair.query("SELECT command, target, detail FROM audit "
                       "WHERE command LIKE 'friend %' ORDER BY id")
    assert [row["command"] for row in trail] == \
        ["friend add", "friend accept", "friend remove"]
    assert {row["target"] for row in trail} == \
        {"alice (id:1), bob (id:2)"}
    assert "accepted" in trail[1]["detail"]


@pytest.mark.parametrize("words", [
    ("requests", "--incoming"), ("requests", "--outgoing"),
    ("accept", "alice"), ("accept", "alice", "alice"), ("reject", "bob"),
    ("add", "alice", "bob", "--cancel"), ("remove", "alice", "alice"),
])
def test_usage(pair, words):
    pair.run("friend", *words, expect=USAGE)


def test_people_online_see_each_change(server):
    alice, bob = server.person("alice"), server.person("bob")
    server.admin("friend", "add", "alice", "bob", "--request")
    asked = bob.wait_event("friend_request", timeout=1)
    assert alice.wait_event("friend_request", timeout=1).id == asked.id
    server.admin("friend", "reject", "alice", "bob", "--cancel")
    ended = bob.wait_event("friend_request_ended", timeout=1)
    assert (ended.id, ended.outcome) == (asked.id, ended.CANCELLED)
    server.admin("friend", "add", "alice", "bob", "--request")
    server.admin("friend", "accept", "bob", "alice")
    talk = alice.wait_event("friend_added", timeout=1).conversation
    assert talk.friends and talk.peer.name == "bob" and talk.online
    alice.send_text(talk.id, "Hello.")
    assert bob.wait_event("message").content.text == "Hello."
    server.admin("friend", "remove", "bob", "alice")
    for client in (alice, bob):
        assert client.wait_event("friend_removed", timeout=1) \
            .conversation_id == talk.id
