# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin and files that are busy, missing, foreign, newer or damaged; whom
it becomes when it is root; what its output can do to a terminal."""

import contextlib
import fcntl
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    BUSY, CHEAP, FAILED, INTEGRITY, NOT_FOUND, OK, on_terminal, REFUSED,
    waits_in, admin, pair)
from kith_server import ORDINARY_ID, own
from patience import seconds, wait_until

# --- the database ---------------------------------------------------------

@pytest.mark.parametrize("words", [
    ("user", "add", "carol", "--generate", *CHEAP),
    ("user", "passwd", "bob", "--generate", *CHEAP), ("user", "lock", "bob"),
    ("user", "unlock", "bob"), ("user", "delete", "bob", "--yes"),
    ("friend", "add", "alice", "bob"), ("friend", "remove", "alice", "bob"),
    ("invite", "create", "--host", "h"), ("invite", "revoke", "id:1")])
def test_busy(pair, words):
    with open(pair.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        answer = pair.json(*words, "--wait", "1", expect=BUSY)
        assert 0.9 < time.monotonic() - began < seconds(20)
        assert answer["code"] == "busy"
        assert "password" not in answer
        pair.run(*words, "--wait", "0", expect=BUSY)
        # who only reads is held up by nobody
        users = pair.json("user", "list", "--wait", "0")["users"]
        assert [u["name"] for u in users] == ["alice", "bob"]
        pair.json("server", "status", "--wait", "0")


def test_it_waits_for_its_turn(pair):
    with open(pair.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(pair.command("user", "lock", "bob"),
                                   stderr=subprocess.DEVNULL)
        wait_until(lambda: "flock" in waits_in(process.pid), 20,
                   "waiting for the lock")
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert process.wait(seconds(20)) == OK
    assert pair.user("bob")["state"] == "locked"


READING = [("user", "list"), ("user", "show", "alice"), ("friend", "list"),
           ("invite", "list"), ("server", "status"),
           ("server", "fingerprint")]
CHANGING = [("user", "lock", "alice"), ("friend", "add", "alice", "bob"),
            ("user", "delete", "alice", "--yes"), ("invite", "revoke", "x")]


@pytest.mark.parametrize("words", READING + CHANGING)
def test_a_missing_database(admin, words):
    answer = admin.json(*words, expect=FAILED)
    assert str(admin.database) in answer["message"]
    assert not admin.database.exists()


def test_a_missing_folder(admin):
    admin.database = admin.folder / "nowhere" / "kith.db"
    for words in (("user", "list"), ("user", "add", "alice", "--generate")):
        assert "nowhere" in admin.json(*words, expect=FAILED)["message"]
    # what makes databases does not say that it would make one
    assert "user add" not in admin.json(*words, expect=FAILED)["message"]


WRITING = [*READING, *CHANGING, ("user", "add", "carol", "--generate")]


@pytest.mark.parametrize("words", WRITING)
def test_a_foreign_file(admin, words):
    admin.database.write_bytes(b"dear diary " * 1000)
    own(admin.database)
    answer = admin.json(*words, expect=REFUSED)
    assert answer["code"] == "foreign"
    assert admin.database.read_bytes() == b"dear diary " * 1000


@pytest.mark.parametrize("words", WRITING)
def test_somebody_elses_database(admin, words):
    with sqlite3.connect(admin.database) as db:
        db.execute("CREATE TABLE recipe (name TEXT)")
    own(admin.database)
    admin.json(*words, expect=REFUSED)


@pytest.mark.parametrize("words", WRITING)
def test_a_newer_database(pair, words):
    with sqlite3.connect(pair.database) as db:
        db.execute("PRAGMA user_version = 9999")
    for path in pair.folder.iterdir():
        own(path)
    assert pair.json(*words, expect=REFUSED)["code"] == "newer"


def test_a_database_of_zeros(admin):
    admin.add("alice")
    with sqlite3.connect(admin.database) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = admin.database.stat().st_size
    with admin.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    done = admin.json("user", "list", expect=INTEGRITY)
    assert done["code"] == "integrity"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to be refused")
def test_a_database_that_may_not_be_written(pair):
    for path in (pair.folder, *pair.folder.iterdir()):
        os.chown(path, 0, 0)
        path.chmod(0o755 if path.is_dir() else 0o644)
    told = pair.run("user", "lock", "bob", expect=REFUSED).stderr
    assert "as root" in told
    pair.database.chmod(0)  # the folder may be looked into, or not
    assert "as root" in pair.run("user", "list", expect=REFUSED).stderr
    pair.folder.chmod(0o700)
    assert "as root" in pair.run("user", "list", expect=REFUSED).stderr
    pair.folder.chmod(0o755)
    own(pair.database)
    pair.database.chmod(0o400)  # whoever it belongs to needs no root
    told = pair.run("user", "lock", "bob", expect=REFUSED).stderr
    assert "as root" not in told


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to mount")
def test_a_full_disk(admin):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=0755",
                    "tmpfs", admin.folder], check=True)
    try:
        own(admin.folder)
        admin.add("alice", "bob")
        with contextlib.suppress(OSError), \
                (admin.folder / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        for words in (("user", "lock", "bob"),
                      ("user", "delete", "bob", "--yes", "--no-snapshot"),
                      ("friend", "add", "alice", "bob")):
            answer = admin.json(*words, expect=FAILED)
            assert answer["code"] == "storage_full"
            assert "disk" in answer["message"]
            assert "SQLite" not in answer["message"]
        assert admin.user("bob")["state"] == "active"
        (admin.folder / "filler").unlink()
        admin.run("user", "lock", "bob")
    finally:
        subprocess.run(["umount", admin.folder], check=True)


# --- root -----------------------------------------------------------------

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become "
                             "somebody else")


def run_as_root(admin, *words, expect=OK, **options):
    done = subprocess.run(
        [admin.program, *words, "--database", str(admin.database)], text=True,
        capture_output=True, **options)
    assert done.returncode == expect, done
    return done


@as_root
def test_root_becomes_the_owner(admin):
    """Of the folder for a new database, of the file for one that is there."""
    run_as_root(admin, "user", "add", "alice", "--generate", *CHEAP)
    for path in admin.folder.iterdir():
        assert path.stat().st_uid == ORDINARY_ID, path
        assert path.stat().st_gid == ORDINARY_ID, path
    with open(admin.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            [admin.program, "user", "lock", "alice", "--database",
             str(admin.database)], stderr=subprocess.DEVNULL)
        wait_until(lambda: "flock" in waits_in(process.pid), 20,
                   "waiting for the lock")
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        process.send_signal(signal.SIGTERM)
        process.wait()
    ids = f"{ORDINARY_ID}\t" * 3 + str(ORDINARY_ID)
    assert f"Uid:\t{ids}\n" in status and f"Gid:\t{ids}\n" in status
    assert re.search(r"^Groups:\s*$", status, re.M)
    assert re.search(r"^CapEff:\s+0+$", status, re.M)


@as_root
def test_root_refuses_its_own_file_in_anothers_folder(pair):
    os.chown(pair.database, 0, 0)
    done = run_as_root(pair, "user", "list", expect=REFUSED)
    assert "chown" in done.stderr


@as_root
def test_root_opens_named_files_first(pair, tmp_path):
    """The key's folder may be closed to the daemon's user."""
    closed = pair.folder / "closed"
    closed.mkdir()
    closed.chmod(0o700)
    certificate = closed / "c.pem"
    done = run_as_root(pair, "cert", "create", "--certificate",
                       str(certificate), "--key", str(closed / "k.pem"))
    pin = re.search(r"sha256:\S+", done.stdout).group(0)
    # cert stayed root
    assert certificate.stat().st_uid == 0
    done = run_as_root(pair, "server", "fingerprint", "--certificate",
                       str(certificate))
    assert done.stdout.strip() == pin


@as_root
def test_the_keys_group(admin):
    key = admin.folder / "k.pem"
    run_as_root(admin, "cert", "create", "--certificate",
                str(admin.folder / "c.pem"), "--key", str(key), "--group",
                "mail")
    assert key.stat().st_mode & 0o777 == 0o640
    assert key.stat().st_uid == 0 and key.stat().st_gid == 8
    run_as_root(admin, "cert", "create", "--certificate",
                str(admin.folder / "c2.pem"), "--key",
                str(admin.folder / "k2.pem"), "--group", "no-such-group",
                expect=NOT_FOUND)


# --- output ---------------------------------------------------------------

def test_a_hostile_name_commands_no_terminal(pair):
    """The rules forbid such names; a database may hold one nevertheless."""
    hostile = "\x1b]0;owned\x07\x1b[2J\u202eevil\u0085\r\n"
    with sqlite3.connect(pair.database) as db:
        db.execute("UPDATE user SET display_name = ? WHERE name = 'bob'",
                   (hostile,))
    for path in pair.folder.iterdir():
        own(path)
    for words in (("user", "list"), ("user", "show", "bob"),
                  ("user", "list", "--json"), ("user", "lock", "bob")):
        done = subprocess.run(pair.command(*words), capture_output=True,
                              check=True, env={**os.environ,
                                               "LC_ALL": "C.UTF-8"})
        text = (done.stdout + done.stderr).decode()
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    users = pair.json("user", "list")["users"]
    assert len(users) == 2 and "owned" in users[1]["display_name"]
    assert len(pair.run("user", "list").stdout.splitlines()) == 3


def test_nothing_is_coloured(pair):
    status, shown = on_terminal(pair, "user", "list", "--no-pager",
                                answers=[])
    assert status == OK and "\x1b" not in shown and "alice" in shown


def test_output_that_cannot_be_written(pair):
    with open("/dev/full", "w") as full:
        done = subprocess.run(pair.command("user", "list"), stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == FAILED
    assert "standard output" in done.stderr


def test_killed_at_any_point_it_leaves_the_database_whole(pair):
    """Whatever it had done, every account is there whole or not at all."""
    hashes = set()
    for i in range(20):
        process = subprocess.Popen(
            pair.command("user", "delete" if i % 2 else "add", f"u{i // 2}",
                         *(("--yes",) if i % 2 else
                           ("--generate", *CHEAP))),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds(0.004 * i))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert pair.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    for user in pair.json("user", "list")["users"]:
        assert pair.user(user["name"])["has_password"] is True
        hashes.add(user["name"])
    assert {"alice", "bob"} <= hashes
