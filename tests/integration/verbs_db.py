# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin db`; how they are made is told in verbs.py."""

import pathlib
import sqlite3

from verbs import REFUSED, scenario


def rows_of(path, sql):
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
        return db.execute(sql).fetchall()


def names_in(path):
    return [name for name, in rows_of(path, "SELECT name FROM user")]


@scenario("db", "backup", again=False)
def db_backup(world):
    alice, = world.people("alice")
    copy = world.path("copy.db")
    answer = world.verb(copy)
    assert answer["backup"]["path"] == str(copy)
    assert copy.stat().st_size == answer["backup"]["bytes"]
    assert alice.name in names_in(copy)
    assert world.query(f"SELECT 1 AS one FROM user WHERE id = {alice.id}")
    shown = world.show("--to", world.folder)
    assert "kith-2" in shown.stdout
    assert "exists already" in world.show(copy, expect=4).stderr


@scenario("db", "restore", alone=True)
def db_restore(world):
    alice, = world.people("alice")
    copy = world.path("copy.db")
    world.admin("db", "backup", copy)
    if world.up:
        world.refused(copy, "--yes")
        return
    bob, = world.people("bob")
    would = world.verb(copy, "--dry-run")
    assert would["would"]["accounts"] == 1
    assert len(world.query("SELECT id FROM user WHERE state <> 6")) >= 2
    epoch = world.query("SELECT hex(value) AS epoch FROM meta"
                        " WHERE key = 'epoch'")
    before = world.standing()
    world.show(copy, expect=REFUSED)  # nobody says yes
    assert world.standing() == before
    answer = world.verb(copy, "--yes")["restored"]
    assert bob.name in names_in(answer["kept"])
    names = [row["name"] for row in world.query("SELECT name FROM user")]
    assert alice.name in names and bob.name not in names
    assert world.query("SELECT hex(value) AS epoch FROM meta"
                       " WHERE key = 'epoch'") != epoch
    said = world.show(copy, "--yes", data=False).stderr
    assert "The database as it was is " in said
    assert "--wait" not in world.show("/nonexistent", expect=1).stderr


@scenario("db", "verify", alone=True, again=False)
def db_verify(world):
    answer = world.verb()
    assert answer["problems"] == []
    copy = world.path("copy.db")
    world.admin("db", "backup", copy)
    assert world.verb(copy)["database"]["path"] == str(copy)
    assert str(world.server.database) in world.show().stdout
    with sqlite3.connect(copy) as db:
        db.execute("UPDATE meta SET value = -1 WHERE key = 'last_sequence'")
        db.execute("INSERT INTO event (sequence, audience, kind, time_us)"
                   " VALUES (999999999, 1, 1, 1)")
    problems = world.verb(copy, expect=7)["problems"]
    assert any("counter" in p["problem"] for p in problems), problems
    assert world.query("PRAGMA quick_check")[0]["quick_check"] == "ok"


@scenario("db", "vacuum", alone=True)
def db_vacuum(world):
    world.people("alice")
    before = world.query("SELECT count(*) AS n FROM user")
    answer = world.verb()
    assert answer["vacuum"]["full"] is False
    assert world.query("PRAGMA freelist_count")[0]["freelist_count"] == 0 \
        or world.state == "load"
    assert world.query("SELECT count(*) AS n FROM user") == before
    world.show(data=False)
    if world.up:
        world.refused("--full")
        return
    whole = world.verb("--full")
    assert pathlib.Path(whole["snapshot"]).exists()
    assert world.query("SELECT count(*) AS n FROM user") == before


@scenario("db", "migrate", alone=True)
def db_migrate(world):
    if world.up:
        world.refused()
        return
    world.people("alice")
    newest = world.query("PRAGMA user_version")[0]["user_version"]
    migrated = world.verb()["migrated"]
    assert migrated == {"from": newest, "to": newest, "copy": None}
    assert "already" in world.show(data=False).stderr


@scenario("db", "rollback", alone=True)
def db_rollback(world):
    if world.up:
        world.refused("--yes")
        return
    world.people("alice")
    newest = world.query("PRAGMA user_version")[0]["user_version"]
    assert "no copy" in world.show("--yes", expect=3).stderr
    # as the migration to this version would have left it
    before = f"{world.server.database}.before-v{newest}"
    world.admin("db", "backup", before)
    world.people("bob")
    assert world.verb("--dry-run")["would"]["accounts"] == 1
    standing = world.standing()
    world.show(expect=REFUSED)  # nobody says yes
    assert world.standing() == standing
    answer = world.verb("--yes")["restored"]
    assert answer["from"] == before
    names = [row["name"] for row in world.query("SELECT name FROM user")]
    assert any(n.startswith("alice") for n in names)
    assert not any(n.startswith("bob") for n in names)
    world.show("--yes", data=False)


@scenario("db", "size")
def db_size(world):
    answer = world.verb()
    tables = {table["table"]: table for table in answer["tables"]}
    pages = world.query("PRAGMA page_count")[0]["page_count"]
    assert answer["database"]["bytes"] <= pages * 4096
    assert sum(t["bytes"] for t in answer["tables"]) \
        <= answer["database"]["bytes"]
    assert tables["meta"]["rows"] == \
        world.query("SELECT count(*) AS n FROM meta")[0]["n"]
    assert "MiB" in world.show().stdout or "KiB" in world.show().stdout
