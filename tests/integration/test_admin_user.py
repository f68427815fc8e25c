# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin user: lists, changes and deletion, with no daemon at all."""

import os
import re
import sqlite3
import time

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    admin, CONFLICT, NOT_FOUND, OK, on_terminal, pair, REFUSED, USAGE)
from kith_server import own

DAY_US = 86400 * 10 ** 6
STATES = {"active": 1, "pending": 2, "locked": 3, "deleting": 5}


def change(admin, sql, *values):
    """What only a daemon or a long time brings about otherwise."""
    with sqlite3.connect(admin.database) as db:
        db.execute(sql, values)
    for path in admin.folder.iterdir():
        own(path)


def crowd(admin, count):
    """p0000 and so on; each later than the one before, seen in a circle."""
    admin.add("alice")
    now = time.time_ns() // 1000
    with sqlite3.connect(admin.database) as db:
        for i in range(count):
            db.execute(
                "INSERT INTO user (name, display_name, phc, state, state_us, "
                "reason, created_us, last_seen_us) "
                "VALUES (?, ?, '', ?, 1, '', ?, ?)",
                (f"p{i:04}", f"Person {count - i}",
                 STATES["locked" if i % 10 == 0 else "active"],
                 now - (count - i) * DAY_US,
                 now - (i * 7 % count) * DAY_US if i % 2 else 0))
    for path in admin.folder.iterdir():
        own(path)


def names(admin, *words):
    return [u["name"] for u in admin.json("user", "list", *words)["users"]]


# --- list -----------------------------------------------------------------

@pytest.mark.parametrize("sort,key", [
    ("name", lambda u: (u["name"],)), ("id", lambda u: (u["id"],)),
    ("created", lambda u: (u["created"], u["id"])),
    ("last-seen", lambda u: (u["last_seen"] or "", u["id"]))])
def test_every_order_in_pages_and_whole(admin, sort, key):
    crowd(admin, 1100)
    whole = admin.json("user", "list", "--sort", sort)["users"]
    assert len(whole) == 1101
    assert [u["id"] for u in whole] == \
        [u["id"] for u in sorted(whole, key=key)]
    backwards = admin.json("user", "list", "--sort", sort, "--reverse")
    assert backwards["users"] == whole[::-1]
    at = []
    while len(at) <= len(whole):
        words = ["--after", f"id:{at[-1]}"] if at else []
        page = admin.json("user", "list", "--sort", sort, "--limit", "400",
                          *words)
        assert page["total"] == 1101
        at += [u["id"] for u in page["users"]]
        if len(page["users"]) < 400:
            break
    assert at == [u["id"] for u in whole]
    page = admin.json("user", "list", "--sort", sort, "--offset", "1001",
                      "--limit", "50")["users"]
    assert page == whole[1001:1051]


def test_filters_hold_together(admin):
    crowd(admin, 40)
    now = time.time_ns() // 1000
    change(admin, "UPDATE user SET state = 2 WHERE name = 'p0001'")
    assert names(admin, "--locked") == ["p0000", "p0010", "p0020", "p0030"]
    assert names(admin, "--pending") == ["p0001"]
    assert names(admin, "--pending", "--locked") == \
        ["p0000", "p0001", "p0010", "p0020", "p0030"]
    assert "p0001" not in names(admin, "--active")
    assert names(admin, "--name", "P000", "--locked") == ["p0000"]
    assert names(admin, "--name", "person 3", "--locked") == ["p0010"]
    assert names(admin, "--name", "%") == []
    rows = {u["name"]: u for u in admin.query("SELECT * FROM user")}
    old = names(admin, "--inactive-since", "20d")
    assert old == sorted(
        name for name, u in rows.items()
        if u["created_us"] < now - 20 * DAY_US
        and u["last_seen_us"] < now - 20 * DAY_US)
    assert 0 < len(old) < 40 and "alice" not in old


def test_a_part_says_of_how_many(pair):
    done = pair.run("user", "list", "--limit", "1")
    assert "alice" in done.stdout and "bob" not in done.stdout
    assert done.stderr == "1 of 2.\n"
    assert pair.run("user", "list").stderr == ""


# --- changes --------------------------------------------------------------

def test_a_lock_is_prolonged(pair):
    pair.run("user", "lock", "bob", "--reason", "spam", "--until",
             "2030-01-01T00:00Z")
    assert pair.user("bob")["until"] == "2030-01-01T00:00:00.000000Z"
    pair.run("user", "lock", "bob", "--until", "2031-01-01T00:00Z")
    user = pair.user("bob")
    assert user["until"] == "2031-01-01T00:00:00.000000Z"
    assert user["reason"] == "spam"
    pair.run("user", "lock", "bob", "--reason", "more spam")
    user = pair.user("bob")
    assert user["until"] == "2031-01-01T00:00:00.000000Z"
    assert user["reason"] == "more spam"
    pair.run("user", "lock", "bob", "--until", "never")
    assert pair.user("bob")["until"] is None
    pair.run("user", "lock", "bob", expect=CONFLICT)
    pair.run("user", "lock", "bob", "--reason", "x" * 257, expect=USAGE)


@pytest.mark.parametrize("when", [
    "", "soon", "0d", "30", "2030-02-30", "2020-01-01", "3000-01-01", "-7d"])
def test_times_that_are_none(pair, when):
    answer = pair.json("user", "lock", "bob", "--until", when, expect=USAGE)
    assert "--until" in answer["message"]
    assert pair.user("bob")["state"] == "active"


def test_whoever_is_named_twice_is_meant_once(pair):
    answer = pair.json("user", "lock", "bob", "id:2", "alice")
    assert [u["name"] for u in answer["users"]] == ["bob", "alice"]
    pair.run("user", "unlock", "alice", "bob", "alice")
    assert names(pair, "--locked") == []


def test_all_or_nobody(pair):
    pair.run("user", "lock", "alice")
    pair.run("user", "lock", "bob", "alice", expect=CONFLICT)
    assert names(pair, "--locked") == ["alice"]
    before = len(pair.query("SELECT * FROM audit"))
    pair.run("user", "delete", "bob", "nobody", "--yes", expect=NOT_FOUND)
    assert names(pair, "--deleted") == []
    assert len(pair.query("SELECT * FROM audit")) == before


def test_approval(pair):
    change(pair, "UPDATE user SET state = 2 WHERE name = 'bob'")
    answer = pair.json("user", "unlock", "bob")
    assert answer["users"][0]["state"] == "active"
    row = pair.query("SELECT detail FROM audit WHERE command = 'user unlock'")
    assert "pending" in row[0]["detail"]


def test_unlocking_gives_back_what_was_before(pair):
    change(pair, "UPDATE user SET state = 2 WHERE name = 'bob'")
    pair.run("user", "lock", "bob")
    assert pair.user("bob")["state_before"] == "pending"
    assert pair.json("user", "unlock", "bob")["users"][0]["state"] == \
        "pending"


@pytest.mark.parametrize("words", [
    ("add", "carol", "--generate", "--display-name"),
    ("rename-display", "bob")])
def test_what_a_display_name_may_be_is_said(pair, words):
    for bad in (" Bob", "a\tb", "B" * 129, os.fsdecode(b"\xff")):
        done = pair.run("user", *words, bad, expect=USAGE)
        assert "A display name" in done.stderr


def test_a_display_name_is_taken_away(pair):
    pair.run("user", "rename-display", "bob", "Bob \u00df")
    assert pair.user("bob")["display_name"] == "Bob \u00df"
    pair.run("user", "rename-display", "bob", "")
    assert pair.user("bob")["display_name"] is None
    for bad in " ", "a\tb", "\u202eevil", "x" * 200:
        pair.run("user", "rename-display", "bob", bad, expect=USAGE)


def test_every_change_leaves_who_and_what(pair):
    pair.run("user", "lock", "bob", "--reason", "spam")
    pair.run("user", "rename-display", "bob", "Bob")
    pair.run("user", "passwd", "bob", "--password-stdin", "--keep-sessions",
             "--argon2-memory-kib", "19456", "--argon2-passes", "2",
             stdin="another horse 8\n")
    pair.run("user", "delete", "bob", "--yes")
    pair.run("user", "restore", "bob")
    pair.run("user", "delete", "bob", "--yes", "--purge")
    rows = pair.query("SELECT command, target, detail FROM audit "
                      "WHERE target LIKE '%id:2%' ORDER BY id")
    assert [row["command"] for row in rows] == \
        [f"user {verb}" for verb in ("add", "lock", "rename-display",
                                     "passwd", "delete", "restore", "delete")]
    assert {row["target"] for row in rows} == {"bob (id:2)"}
    assert "spam" in rows[1]["detail"]
    text = str(rows)
    assert "horse" not in text and "argon2" not in text


# --- deletion -------------------------------------------------------------

def test_deletion_waits_and_is_taken_back(pair):
    pair.run("friend", "add", "alice", "bob")
    done = pair.run("user", "delete", "bob", "--yes", "--grace", "3d")
    assert "restore" in done.stderr
    path = re.search(r"is in (\S+)\.\n", done.stderr).group(1)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        assert db.execute("SELECT state FROM user WHERE id = 2").fetchone() \
            == (1,)
    user = pair.user("bob")
    assert (user["state"], user["friends"]) == ("deleting", 1)
    assert names(pair, "--deleted") == ["bob"]
    # the name stays taken
    done = pair.run("user", "add", "bob", "--generate", expect=CONFLICT)
    assert "purged" in done.stderr
    done = pair.run("user", "delete", "bob", "--yes", expect=CONFLICT)
    assert "--purge" in done.stderr
    done = pair.run("user", "lock", "bob", expect=CONFLICT)
    assert "restore" in done.stderr
    pair.run("user", "restore", "bob")
    user = pair.user("bob")
    assert (user["state"], user["friends"], user["until"]) == \
        ("active", 1, None)
    pair.run("user", "restore", "bob", expect=CONFLICT)


def test_everybody_who_is_deleted_is_purged(pair):
    pair.run("user", "delete", "alice", "bob", "--yes")
    pair.run("user", "delete", "--deleted", "--yes", expect=USAGE)
    answer = pair.json("user", "delete", "--deleted", "--purge", "--yes")
    assert [(d["name"], d["state"]) for d in answer["deleted"]] == \
        [("alice", "deleted"), ("bob", "deleted")]
    assert names(pair) == []
    pair.add("alice")


@pytest.mark.parametrize("words,answer,status", [
    (("alice", "bob"), "2", OK), (("alice", "bob"), "y", REFUSED),
    (("alice", "bob"), "yes", REFUSED), (("alice", "bob"), "", REFUSED),
    (("alice", "bob"), "3", REFUSED), (("bob",), "", REFUSED),
    (("bob",), "y", OK), (("--active",), "2", OK)])
def test_several_at_once_want_their_number(pair, words, answer, status):
    pair.run("friend", "add", "alice", "bob")
    done, shown = on_terminal(pair, "user", "delete", *words,
                              answers=[(r"\?|:|\]", answer)])
    assert done == status, shown
    assert "friend link" in shown and "bob" in shown
    assert (names(pair, "--deleted") != []) is (status == OK)


def test_dry_run_counts_and_changes_nothing(pair):
    pair.run("friend", "add", "alice", "bob")
    done = pair.run("user", "delete", "alice", "bob", "--dry-run")
    assert "2 accounts" in done.stdout + done.stderr
    answer = pair.json("user", "delete", "--name", "o", "--dry-run")
    assert answer["dry_run"] is True
    assert answer["would"] == {"accounts": 1, "friends": 1, "devices": 0,
                               "friend_requests": 0, "invites": 0}
    assert names(pair, "--deleted") == []
    assert not list(pair.folder.glob("kith.db.snapshots/*"))
    assert not pair.query(
        "SELECT * FROM audit WHERE command = 'user delete'")


def test_whom_the_filter_no_longer_chooses_stays(admin):
    """Between the question and the answer somebody approves one of them."""
    admin.add("alice", "bob", "carol")
    change(admin, "UPDATE user SET state = 2 WHERE name <> 'carol'")

    def approve(_):
        admin.run("user", "unlock", "bob")
        return "2"

    class Approving(str):
        def encode(self):
            return approve(self).encode()
    status, shown = on_terminal(admin, "user", "delete", "--pending",
                                answers=[(r"\?|:|\]", Approving("2"))])
    assert status == OK, shown
    assert "1 account" in shown
    assert admin.user("bob")["state"] == "active"
    assert names(admin, "--deleted") == ["alice"]


# --- devices --------------------------------------------------------------

def test_devices_are_told_apart(pair):
    for number, name in ((1, "phone"), (1, "laptop"), (2, "phone")):
        change(pair, "INSERT INTO device (user_id, token_hash, name, "
               "created_us, last_seen_us) VALUES (?, randomblob(32), ?, 1, 2)",
               number, name)
    devices = pair.json("user", "devices", "alice")["devices"]
    assert [(d["id"], d["name"]) for d in devices] == \
        [(1, "phone"), (2, "laptop")]
    pair.run("user", "revoke", "alice", "3", expect=NOT_FOUND)
    done = pair.run("user", "revoke", "alice", "id:1")
    assert "phone" in done.stderr
    pair.run("user", "revoke", "alice", "1", expect=NOT_FOUND)
    assert [d["id"] for d in
            pair.json("user", "devices", "alice")["devices"]] == [2]
    pair.run("user", "revoke", "alice", "--all")
    assert pair.json("user", "devices", "alice")["devices"] == []
    assert len(pair.json("user", "devices", "bob")["devices"]) == 1
