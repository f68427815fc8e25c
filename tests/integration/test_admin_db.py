# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin db on databases that are in use, old, newer, damaged, large; what
kills leave; what root's folders do. Clients that come back after a restore:
test_admin_restore.py."""

import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    CONFLICT, FAILED, INTEGRITY, NOT_FOUND, OK, REFUSED, USAGE, admin, pair,
    on_terminal)
from kith_server import own
from patience import seconds

BALLAST_ROWS = 20000   # of a kilobyte each
KILLS = 60
SNAPSHOTS_MAX = 10     # as SNAPSHOTS_MAX in admin/snapshot.h

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIXTURES = ROOT / "tests/unit/fixtures"


def change(path, *statements):
    """By a stranger, and without a log left beside it."""
    with sqlite3.connect(path) as db:
        for statement in statements:
            db.execute(statement)
    db.close()
    for name in pathlib.Path(path).parent.iterdir():
        own(name)


def read(path, sql):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def content(path, without=()):
    """Every row of every table."""
    tables = [name for name, in read(
        path, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: sorted(map(repr, read(path, f"SELECT * FROM {table}")))
            for table in tables if table not in without}


def first_step():
    """The SQL of schema version 1, which is never changed, out of schema.c."""
    source = (ROOT / "lib/store/schema.c").read_text()
    step = source[source.index("/* 1:"):]
    step = step[:step.index("},\n")]
    step = re.sub(r"/\*.*?\*/", "", step, flags=re.S)
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', step))


def make_older(database):
    """As a kith of schema version 1 would have left it."""
    for suffix in ("", "-wal", "-shm"):
        pathlib.Path(f"{database}{suffix}").unlink(missing_ok=True)
    db = sqlite3.connect(database)
    db.executescript("PRAGMA journal_mode = WAL;" + first_step() +
                     (FIXTURES / "v1.sql").read_text())
    db.execute("PRAGMA application_id = 0x6b697468")
    db.execute("PRAGMA user_version = 1")
    db.close()
    own(database)
    database.chmod(0o600)


@pytest.fixture
def talking(server):
    """A daemon, and somebody who sends all the time; (server, numbers)."""
    one, other, conversation = server.two_friends()
    numbers, stop, faults = [], threading.Event(), []

    def talk():
        try:
            while not stop.is_set():
                sent = one.send_text(conversation, f"word {len(numbers)}")
                numbers.append(sent.number)
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)

    thread = threading.Thread(target=talk)
    thread.start()
    yield server, numbers
    stop.set()
    thread.join(seconds(60))
    assert not faults, faults


# --- backup ---------------------------------------------------------------

def test_a_backup_of_a_still_database_is_the_same_row_by_row(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    assert content(copy) == content(pair.database)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes()[18:20] == b"\1\1"  # it needs no log beside it
    assert not list(pair.folder.glob("copy.db?*"))


def test_backups_beside_a_talk(talking):
    server, numbers = talking
    for n in range(5):
        copy = server.folder / f"copy{n}.db"
        before = len(numbers)
        server.admin("db", "backup", str(copy))
        after = len(numbers) + 1
        stored = [n for n, in read(
            copy, "SELECT number FROM message ORDER BY number")]
        # one state: all that was there before, and nothing torn out
        assert stored == list(range(1, len(stored) + 1))
        assert before <= len(stored) <= after
        server.admin("db", "verify", str(copy))
        live = dict(read(server.database,
                         "SELECT number, body FROM message"))
        for number, body in read(copy, "SELECT number, body FROM message"):
            assert live[number] == body
        while len(numbers) < after + 20:  # and the talk goes on
            time.sleep(0.001)


def test_backup_never_overwrites(pair):
    copy = pair.folder / "copy.db"
    copy.write_text("precious")
    own(copy)
    answer = pair.json("db", "backup", str(copy), expect=CONFLICT)
    assert "exists" in answer["message"]
    assert copy.read_text() == "precious"
    pair.run("db", "backup", str(copy), "--to", str(pair.folder),
             expect=USAGE)
    pair.run("db", "backup", "/nonexistent/copy.db", expect=FAILED)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_root_backs_up_to_and_from_its_own_folder(pair):
    """What the database's owner can neither write nor read."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kith-root-"))
    words = [pair.program, "--database", str(pair.database)]
    try:
        folder.chmod(0o700)
        copy = folder / "copy.db"

        def run(*command, expect=OK):
            done = subprocess.run([*words, *command], cwd=folder, text=True,
                                  capture_output=True, timeout=seconds(60))
            assert done.returncode == expect, done.stderr
            return done

        run("db", "backup", "copy.db")
        assert copy.stat().st_uid == 0
        assert copy.stat().st_mode & 0o777 == 0o600
        assert content(copy) == content(pair.database)
        run("db", "backup", "copy.db", expect=CONFLICT)
        run("db", "backup")
        assert len(list(folder.iterdir())) == 2
        run("db", "verify", "copy.db")
        pair.add("carol")
        run("db", "restore", "--yes", "copy.db")
        assert pair.database.stat().st_uid != 0
        names = [u["name"] for u in pair.json("user", "list")["users"]]
        assert names == ["alice", "bob"]
        # nothing is left of the way there
        assert not list(pathlib.Path(f"{pair.database}.snapshots").iterdir())
    finally:
        shutil.rmtree(folder)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_a_file_that_has_a_log_beside_it_is_no_backup(pair, mode):
    """Also where the database's owner cannot see that there is one."""
    with tempfile.TemporaryDirectory(prefix="kith-root-") as folder:
        pathlib.Path(folder).chmod(mode)
        copy = pathlib.Path(folder, "copied.db")
        for end in ("", "-wal"):
            shutil.copy(f"{pair.database}{end}", f"{copy}{end}")
        assert pathlib.Path(f"{copy}-wal").stat().st_size > 0
        for words in (("db", "restore", "--yes", copy),
                      ("db", "verify", copy)):
            done = subprocess.run(
                [pair.program, *words, "--database", str(pair.database)],
                text=True, capture_output=True, timeout=seconds(60))
            assert done.returncode == REFUSED, done
            assert "log beside it" in done.stderr
    assert pair.user("alice")["name"] == "alice"


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_nobody_lays_a_file_there_to_read_along(pair):
    """Who owns the folder may own a file of the name that is written first."""
    with tempfile.TemporaryDirectory(prefix="kith-theirs-") as folder:
        laid = pathlib.Path(folder, "copy.db.new")
        for path in (pathlib.Path(folder), laid):
            path.exists() or path.touch(0o600)
            os.chown(path, 65534, 65534)
        done = subprocess.run(
            [pair.program, "db", "backup", f"{folder}/copy.db", "--database",
             str(pair.database)], text=True, capture_output=True,
            timeout=seconds(60))
        assert done.returncode == REFUSED, done
        assert laid.read_bytes() == b""
        assert [path.name for path in pathlib.Path(folder).iterdir()] == \
            ["copy.db.new"]


def test_a_killed_backup_leaves_no_file_of_that_name(pair):
    change(pair.database, "CREATE TABLE ballast (x)",
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
           f" WHERE i < {BALLAST_ROWS})"
           " INSERT INTO ballast SELECT randomblob(1000) FROM n")
    chance = random.Random(7)
    killed = 0
    for n in range(20):
        copy = pair.folder / "copy.db"
        process = subprocess.Popen(pair.command("db", "backup", str(copy)),
                                   stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        if process.wait() == -signal.SIGKILL:
            killed += 1
        if copy.exists():  # it was done; then it is whole
            pair.run("db", "verify", str(copy))
            copy.unlink()
    assert killed > 0
    pair.run("db", "backup", str(copy))
    pair.run("db", "verify")
    assert not (pair.folder / "copy.db.new").exists()


# --- verify ---------------------------------------------------------------

@pytest.mark.parametrize("damage, said", [
    ("DELETE FROM message WHERE number = 2", "messages"),
    ("UPDATE message SET number = 9 WHERE number = 3", "messages"),
    ("INSERT INTO device (user_id, token_hash, name, created_us,"
     " last_seen_us) VALUES (99, zeroblob(32), '', 1, 1)",
     "missing row of user"),
    ("UPDATE meta SET value = 1 WHERE key = 'last_sequence'", "counter"),
    ("DELETE FROM event WHERE kind = 1 AND number = 2", "events"),
    ("UPDATE mark SET delivered = 99, read = 99", "marked 99"),
    ("DELETE FROM member WHERE user_id = 1", "member"),
])
def test_verify_finds_what_was_planted(server, damage, said):
    one, other, conversation = server.two_friends()
    for n in range(3):
        one.send_text(conversation, str(n))
    server.stop()
    copy = server.folder / "copy.db"
    server.admin("db", "backup", str(copy))
    server.admin("db", "verify", str(copy))
    change(copy, damage)
    done = server.admin("db", "verify", str(copy), check=False)
    assert done.returncode == INTEGRITY
    assert said in done.stdout, done.stdout
    assert "is damaged" in done.stderr


def test_verify_knows_the_database_by_its_name_too(pair):
    """What is in use is not looked at as if it were a copy."""
    assert pathlib.Path(f"{pair.database}-wal").stat().st_size > 0
    answer = pair.json("db", "verify", str(pair.database))
    assert answer == pair.json("db", "verify")


def test_verify_finds_a_flipped_page(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    root, = read(copy, "SELECT rootpage FROM sqlite_schema"
                 " WHERE name = 'user'")[0]
    data = bytearray(copy.read_bytes())
    at = (root - 1) * 4096
    data[at:at + 64] = bytes(255 - byte for byte in data[at:at + 64])
    copy.write_bytes(data)
    own(copy)
    pair.run("db", "verify", str(copy), expect=INTEGRITY)
    # and nobody puts that in the place of a whole one
    answer = pair.json("db", "restore", str(copy), "--yes", expect=INTEGRITY)
    assert str(copy) in answer["message"]
    assert pair.user("alice")["name"] == "alice"
    # cut short, and no database at all
    data[at:at + 64] = bytes(255 - byte for byte in data[at:at + 64])
    copy.write_bytes(data[:4096 * 3])
    pair.run("db", "restore", str(copy), "--yes", expect=INTEGRITY)
    copy.write_text("no database, but long enough to be one" * 10)
    for verb in (("verify",), ("restore", "--yes")):
        done = pair.run("db", verb[0], str(copy), *verb[1:],
                        expect=INTEGRITY if verb[0] == "verify" else REFUSED)
        assert "not a database" in done.stdout + done.stderr


def test_a_damaged_database_is_replaced_and_kept(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    for suffix in ("", "-wal"):  # SQLite would bring it back from its log
        damaged = pathlib.Path(f"{pair.database}{suffix}")
        damaged.write_text("what is left of it" * 100)
        own(damaged)
    answer = pair.json("db", "restore", str(copy), "--yes")
    kept = pathlib.Path(answer["restored"]["kept"])
    assert kept.read_text().startswith("what is left")
    assert pair.user("alice")["name"] == "alice"
    pair.run("db", "verify")


# --- restore --------------------------------------------------------------

def test_restore_killed_at_any_time(pair):
    """The old one or the new one, whole; test_store_restore.c kills before
    each single system call."""
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    pair.add("carol")
    fresh = pair.folder / "fresh.db"
    pair.run("db", "backup", str(fresh))
    chance = random.Random(11)
    seen = set()
    for n in range(KILLS):
        source = copy if n % 2 else fresh
        process = subprocess.Popen(
            pair.command("db", "restore", str(source), "--yes"),
            stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        process.wait()
        pair.run("db", "verify")
        names = [u["name"] for u in pair.json("user", "list")["users"]]
        assert names in (["alice", "bob"], ["alice", "bob", "carol"])
        seen.add(len(names))
    pair.run("db", "restore", str(copy), "--yes")
    assert not pathlib.Path(f"{pair.database}.incoming").exists()
    # every one that was kept is whole as well
    for kept in pair.folder.glob("kith.db.replaced-*"):
        pair.run("db", "verify", str(kept))


def test_restore_asks(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    pair.add("carol")
    answer = pair.json("db", "restore", str(copy), "--dry-run")
    assert answer["would"]["accounts"] == 1
    done = pair.run("db", "restore", str(copy), stdin="n\n", expect=REFUSED)
    assert "1 account less" in done.stderr
    status, shown = on_terminal(pair, "db", "restore", str(copy),
                                answers=[(r"\[y/N\]", "y")])
    assert status == OK
    assert "1 account less" in shown and ".replaced-" in shown
    assert len(pair.json("user", "list")["users"]) == 2


def test_restore_refuses_what_would_lose_changes(pair):
    copy = pair.folder / "copy.db"
    shutil.copy(pair.database, copy)
    own(copy)
    log = pair.folder / "copy.db-wal"
    log.write_text("changes")
    own(log)
    answer = pair.json("db", "restore", str(copy), "--yes", expect=REFUSED)
    assert "log" in answer["message"]
    pair.run("db", "restore", str(pair.database), "--yes", expect=USAGE)
    pair.run("db", "restore", "-", "--yes", expect=USAGE)
    pair.run("db", "restore", str(pair.folder), "--yes", expect=REFUSED)


def test_restore_refuses_a_newer_one(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    change(copy, "PRAGMA user_version = 99")
    answer = pair.json("db", "restore", str(copy), "--yes", expect=REFUSED)
    assert "newer" in answer["message"]


def test_restore_into_nothing(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    for name in pair.folder.glob("kith.db*"):
        name.unlink()
    answer = pair.json("db", "restore", str(copy), "--yes")
    assert answer["restored"]["kept"] is None
    assert pair.user("bob")["name"] == "bob"


def test_restore_from_another_file_system(pair):
    folder = tempfile.mkdtemp(prefix="kith-", dir="/dev/shm")
    own(folder)
    try:
        copy = pathlib.Path(folder) / "copy.db"
        pair.run("db", "backup", str(copy))
        pair.run("db", "restore", str(copy), "--yes")
        pair.run("db", "verify")
    finally:
        shutil.rmtree(folder)


def test_a_restore_is_in_the_audit_trail(pair):
    copy = pair.folder / "copy.db"
    pair.run("db", "backup", str(copy))
    pair.run("db", "restore", str(copy), "--yes")
    rows = pair.query("SELECT command, target FROM audit"
                      " ORDER BY id DESC LIMIT 1")
    assert rows == [{"command": "db restore", "target": str(copy)}]


# --- older databases ------------------------------------------------------

def test_migrate_and_rollback(admin):
    make_older(admin.database)
    before = content(admin.database)
    assert "older" in admin.json("user", "list", expect=REFUSED)["message"]
    migrated = admin.json("db", "migrate")["migrated"]
    assert migrated["from"] == 1 < migrated["to"]
    assert admin.user("alice")["display_name"] == "Alice Ä."
    admin.run("db", "verify")
    assert content(migrated["copy"]) == before
    assert admin.json("db", "migrate")["migrated"]["copy"] is None

    admin.add("dave")
    would = admin.json("db", "rollback", "--dry-run")["would"]
    assert would["accounts"] == 1
    answer = admin.json("db", "rollback", "--yes")["restored"]
    assert answer["schema_version"] == 1
    assert content(admin.database, without=("meta",)) == \
        {k: v for k, v in before.items() if k != "meta"}
    assert read(admin.database, "SELECT value FROM meta WHERE key = 'epoch'") \
        != read(migrated["copy"], "SELECT value FROM meta WHERE key = 'epoch'")
    assert ("dave",) in read(answer["kept"], "SELECT name FROM user")
    # and up again
    admin.run("db", "migrate")
    admin.run("db", "verify")


def test_an_older_backup_is_brought_up_to_date(admin):
    make_older(admin.database)
    old = admin.folder / "old.db"
    admin.database.rename(old)
    admin.add("zoe")
    admin.run("db", "verify", str(old))
    answer = admin.json("db", "restore", str(old), "--yes")["restored"]
    assert answer["schema_version"] > 1
    assert admin.user("alice")["display_name"] == "Alice Ä."
    admin.run("db", "verify")
    assert not list(admin.folder.glob("*.before-v*"))


def test_kithd_migrates_and_leaves_a_copy(server):
    """In its sandbox, which has to allow all that making the copy takes."""
    server.stop()
    make_older(server.database)
    before = content(server.database)
    server.start()
    copy = pathlib.Path(f"{server.database}.before-v2")
    assert content(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    server.admin("db", "verify")
    server.admin("db", "verify", str(copy))


def test_rollback_without_a_migration(pair):
    pair.run("db", "rollback", "--yes", expect=NOT_FOUND)


# --- vacuum, size, snapshots ----------------------------------------------

BALLAST = ("CREATE TABLE ballast (x)",
           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
           " WHERE i < 3000) INSERT INTO ballast SELECT randomblob(1000)"
           " FROM n", "DROP TABLE ballast")


def test_vacuum_beside_a_talk(talking):
    server, numbers = talking
    with sqlite3.connect(server.database, timeout=seconds(30)) as db:
        for statement in BALLAST:
            db.execute(statement)
    db.close()
    before = read(server.database, "PRAGMA page_count")[0][0]
    said = len(numbers)
    done = server.admin("db", "vacuum")
    assert "given back" in done.stderr
    assert read(server.database, "PRAGMA page_count")[0][0] < before - 500
    assert read(server.database, "PRAGMA freelist_count")[0][0] < 10
    assert len(numbers) > said
    server.admin("db", "verify")


def test_vacuum_full(pair):
    change(pair.database, *BALLAST)
    before = content(pair.database)
    answer = pair.json("db", "vacuum", "--full")
    assert answer["vacuum"]["freed_bytes"] > 2_000_000
    after = content(pair.database)
    for table in ("audit", "sqlite_sequence"):
        assert len(after.pop(table)) >= len(before.pop(table))
    assert after == before
    assert pathlib.Path(answer["snapshot"]).exists()
    pair.run("db", "verify")


def test_size(pair):
    change(pair.database, *BALLAST)
    answer = pair.json("db", "size")
    assert answer["database"]["free_bytes"] > 2_000_000
    by_name = {t["table"]: t for t in answer["tables"]}
    assert by_name["user"]["rows"] == 2
    assert by_name["user"]["bytes"] == \
        by_name["user"]["table_bytes"] + by_name["user"]["index_bytes"]
    shown = pair.run("db", "size").stdout
    assert "MiB" in shown and "user" in shown
    rows = pair.run("db", "size", "--format", "csv", "--columns",
                    "table,bytes").stdout.splitlines()
    assert rows[0] == "table,bytes" or rows[0] == '"table","bytes"'


def test_snapshots_are_bounded(pair):
    folder = pathlib.Path(f"{pair.database}.snapshots")
    seen = []
    for n in range(SNAPSHOTS_MAX + 3):
        name = f"guest{n}"
        pair.add(name)
        answer = pair.json("user", "delete", name, "--purge", "--yes")
        seen.append(answer["snapshot"])
        assert (name,) in read(answer["snapshot"], "SELECT name FROM user")
    assert len(set(seen)) == len(seen)
    kept = sorted(str(path) for path in folder.iterdir())
    assert len(kept) == SNAPSHOTS_MAX
    assert seen[-1] in kept
    assert folder.stat().st_mode & 0o777 == 0o700
    # and one of them brings its account back
    pair.run("db", "restore", seen[-1], "--yes")
    assert pair.user(f"guest{SNAPSHOTS_MAX + 2}")
