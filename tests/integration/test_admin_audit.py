# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit trail: who changed what, whoever that was before sudo."""

import json
import os
import pwd
import sqlite3
import subprocess

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    admin, CHEAP, CONFLICT, NOT_FOUND, OK, pair, PASSWORD, REFUSED, USAGE)
from kith_server import ORDINARY_ID, own

SOMEBODY = 65534  # nobody's number, but a number


def trail(admin, *filters):
    """The rows, oldest first."""
    return admin.json("audit", "list", "--oldest-first", *filters)["audit"]


def newest(admin):
    return admin.json("audit", "list", "--limit", "1")["audit"][0]


def name_of(uid):
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid:{uid})"
    except KeyError:
        return f"uid:{uid}"


# --- what ---------------------------------------------------------------------

def test_every_change_leaves_a_row(pair):
    pair.run("user", "lock", "bob", "--reason", "rude")
    pair.run("user", "unlock", "bob")
    pair.run("friend", "add", "alice", "bob")
    pair.run("friend", "remove", "alice", "bob")
    pair.run("user", "passwd", "bob", "--password-stdin", *CHEAP,
             stdin="another horse 8\n")
    pair.run("user", "delete", "bob", "--yes", "--no-snapshot")
    rows = trail(pair)
    assert [row["command"] for row in rows] == [
        "user add", "user add", "user lock", "user unlock", "friend add",
        "friend remove", "user passwd", "user delete"]
    assert all("bob (id:2)" in row["target"] for row in rows[1:])
    assert rows[2]["detail"]["reason"] == "rude"
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert all(row["time"].endswith("Z") for row in rows)


def test_what_only_looks_leaves_none(pair):
    before = trail(pair)
    pair.run("user", "list")
    pair.run("user", "show", "bob")
    pair.run("server", "status")
    pair.run("audit", "list")
    pair.run("user", "delete", "bob", "--dry-run")
    assert trail(pair) == before


def test_what_did_not_happen_leaves_none(pair):
    before = trail(pair)
    pair.run("user", "lock", "nobody", expect=NOT_FOUND)
    pair.run("user", "add", "alice", "--generate", expect=4)
    pair.run("friend", "remove", "alice", "bob", expect=CONFLICT)
    pair.run("user", "delete", "bob", stdin="n\n", expect=REFUSED)
    assert trail(pair) == before


def test_a_change_that_cannot_be_noted_does_not_happen(pair):
    """The row is in the change's own transaction."""
    with sqlite3.connect(pair.database) as db:
        db.execute("CREATE TRIGGER no BEFORE INSERT ON audit BEGIN"
                   " SELECT RAISE(ABORT, 'no'); END")
    for path in pair.folder.iterdir():
        own(path)
    done = subprocess.run(pair.command("user", "lock", "bob"),
                          capture_output=True)
    assert done.returncode not in (OK, USAGE)
    assert pair.user("bob")["state"] == "active"


def test_no_secret_is_in_it(pair):
    made = pair.json("user", "add", "carol", "--generate", *CHEAP)
    pair.run("user", "passwd", "bob", "--password-stdin", *CHEAP,
             stdin="another horse 8\n")
    invite = pair.json("invite", "create", "--host", "h")["invite"]
    second = pair.json("invite", "create", "--host", "h")["invite"]
    pair.run("invite", "revoke", invite["link"])
    pair.run("invite", "revoke", second["code"])
    everything = json.dumps(pair.query("SELECT * FROM audit"))
    assert "invite revoke" in everything and "user passwd" in everything
    for secret in (made["password"], "another horse", PASSWORD, "argon2",
                   invite["code"], second["code"], "invite=", "sha256"):
        assert secret not in everything


def test_nothing_is_taken_out_of_it(admin):
    """There is no verb for it."""
    verbs = [c["verb"] for c in admin.json("help")["commands"]
             if c["noun"] == "audit"]
    assert verbs == ["list"]


# --- who ----------------------------------------------------------------------

def run_as(admin, *words, uid=0, login=None, sudo=None):
    """kith-admin started by `uid` after somebody's login, and sudo."""
    def prepare():
        if login is not None:
            with open("/proc/self/loginuid", "w") as file:
                file.write(str(login))
        if uid != 0:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
    environment = {k: v for k, v in os.environ.items() if k != "SUDO_UID"}
    if sudo is not None:
        environment["SUDO_UID"] = str(sudo)
    return subprocess.run(
        [admin.program, *words, "--database", str(admin.database)],
        capture_output=True, text=True, preexec_fn=prepare, env=environment)


needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


@pytest.fixture
def no_login():
    """Nobody has logged in: what a container or a timer looks like."""
    with open("/proc/self/loginuid") as file:
        if file.read().strip() != "4294967295":
            pytest.skip("somebody has logged in, and that cannot be undone")


@needs_root
def test_sudo_says_who_it_is(pair, no_login):
    done = run_as(pair, "user", "lock", "bob", sudo=SOMEBODY)
    assert done.returncode == OK, done.stderr
    assert newest(pair)["actor"] == name_of(SOMEBODY)
    # it became the owner of the database before it opened it
    assert pair.database.stat().st_uid == ORDINARY_ID


@needs_root
def test_root_is_root(pair, no_login):
    assert run_as(pair, "user", "lock", "bob").returncode == OK
    assert newest(pair)["actor"] == "root (uid:0)"
    assert run_as(pair, "user", "unlock", "bob", sudo="what").returncode == OK
    assert newest(pair)["actor"] == "root (uid:0)"


@needs_root
def test_a_login_counts_more_than_what_sudo_says(pair):
    try:
        done = run_as(pair, "user", "lock", "bob", login=SOMEBODY, sudo=1)
    except (subprocess.SubprocessError, OSError):
        pytest.skip("this kernel keeps no login, or not for us")
    assert done.returncode == OK, done.stderr
    assert newest(pair)["actor"] == name_of(SOMEBODY)


@needs_root
def test_others_cannot_say_who_they_are(pair, no_login):
    done = run_as(pair, "user", "lock", "bob", uid=ORDINARY_ID, sudo=0)
    assert done.returncode == OK, done.stderr
    assert newest(pair)["actor"] == name_of(ORDINARY_ID)


@needs_root
def test_what_root_does_without_the_database_is_noted_in_it(pair, no_login):
    """cert stays root and opens no database; a child of it does."""
    folder = pair.folder / "certificates"
    folder.mkdir()
    done = run_as(pair, "cert", "create", "--certificate",
                  str(folder / "c.pem"), "--key", str(folder / "k.pem"),
                  "--group", "root", "--json", sudo=SOMEBODY)
    assert done.returncode == OK, done.stderr
    assert json.loads(done.stdout)["ok"] is True
    row = newest(pair)
    assert row["command"] == "cert create"
    assert row["actor"] == name_of(SOMEBODY)
    assert "PRIVATE" not in json.dumps(row)
    for path in pair.folder.glob("kith.db*"):
        assert path.stat().st_uid == ORDINARY_ID


@needs_root
def test_no_database_no_trail(admin):
    folder = admin.folder / "certificates"
    folder.mkdir()
    done = run_as(admin, "cert", "create", "--certificate",
                  str(folder / "c.pem"), "--key", str(folder / "k.pem"),
                  "--group", "root")
    assert done.returncode == OK and "trail" not in done.stderr
    assert not admin.database.exists()


# --- audit list -----------------------------------------------------------------

@pytest.fixture
def history(admin):
    admin.add("bob", "jacob")
    admin.run("user", "lock", "jacob")
    admin.run("friend", "add", "jacob", "bob")
    admin.run("user", "lock", "bob")
    with sqlite3.connect(admin.database) as db:
        db.execute("UPDATE audit SET actor = 'eve (uid:7)' WHERE id = 3")
        # an hour, a day, a week ago
        for number, ago in ((3, 3600), (2, 86400), (1, 7 * 86400)):
            db.execute("UPDATE audit SET time_us = time_us - ? WHERE id = ?",
                       (ago * 1_000_000, number))
    for path in admin.folder.iterdir():
        own(path)
    return admin


def ids(admin, *filters):
    return [row["id"] for row in
            admin.json("audit", "list", *filters)["audit"]]


def test_newest_first(history):
    assert ids(history) == [5, 4, 3, 2, 1]
    assert ids(history, "--oldest-first") == [1, 2, 3, 4, 5]
    assert ids(history, "--limit", "2") == [5, 4]
    assert ids(history, "--oldest-first", "--limit", "2") == [1, 2]
    lines = history.run("audit", "list").stdout.splitlines()
    assert len(lines) == 6 and lines[0].split()[:2] == ["TIME", "WHO"]
    assert "user lock" in lines[1] and "bob (id:1)" in lines[1]


def test_filters(history):
    assert ids(history, "--user", "bob") == [5, 4, 1]
    assert ids(history, "--user", "jacob") == [4, 3, 2]
    assert ids(history, "--user", "id:2") == [4, 3, 2]
    assert ids(history, "--user", "nobody") == []
    assert ids(history, "--actor", "eve") == [3]
    assert ids(history, "--command", "user") == [5, 3, 2, 1]
    assert ids(history, "--command", "user lock") == [5, 3]
    assert ids(history, "--since", "2h") == [5, 4, 3]
    assert ids(history, "--until", "2h") == [2, 1]
    assert ids(history, "--since", "2d", "--until", "30m") == [3, 2]
    assert ids(history, "--user", "bob", "--limit", "1", "--command",
               "friend add") == [4]


@pytest.mark.parametrize("words", [
    ("--limit", "0"), ("--limit", "x"), ("--since", "yesterday"),
    ("--until", "2026-02-30"), ("--since", "2999-01-01"), ("bob",)])
def test_wrong_filters(pair, words):
    pair.run("audit", "list", *words, expect=USAGE)


def test_a_long_trail_in_pages(pair):
    """More than two pages, most of it about somebody else."""
    with sqlite3.connect(pair.database) as db:
        db.executemany(
            "INSERT INTO audit (time_us, actor, command, target, detail)"
            " VALUES (?, 'x', 'user lock', ?, '{}')",
            ((n, f"user{n % 10} (id:{n % 10 + 100})")
             for n in range(1, 3001)))
    for path in pair.folder.iterdir():
        own(path)
    assert len(ids(pair)) == 3002
    found = ids(pair, "--user", "user7")
    assert len(found) == 300 and found == sorted(found, reverse=True)
    assert ids(pair, "--user", "user7", "--limit", "250") == found[:250]


def test_names_in_it_cannot_command_a_terminal(pair):
    with sqlite3.connect(pair.database) as db:
        db.execute("UPDATE audit SET target = ?, detail = ?",
                   ("\x1b[2Jbob", json.dumps({"reason": "\x1b]0;x\x07\u202e"},
                                             ensure_ascii=False)))
    for path in pair.folder.iterdir():
        own(path)
    for form in ("table", "json", "csv", "tsv"):
        shown = pair.run("audit", "list", "--format", form).stdout
        assert not any(c in shown for c in "\x1b\x07\u202e")
