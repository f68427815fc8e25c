# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup is taken while people talk, and put back while they are away for a
moment: what is restored is what was backed up, row by row, and their clients
take it over without losing or doubling anything."""

import json

import accounts
from crowd import Crowd, PASSWORD, compare, rows
from patience import VALGRIND, wait_until

PAIRS = 2 if VALGRIND else 10
MESSAGES = 10 if VALGRIND else 60  # before the backup, and after each change

MEMBERS = """
SELECT user.name, member.conversation_id FROM user
JOIN member ON member.user_id = user.id
"""

# What a restore says of itself.
OWN_ROWS = {"meta": "key <> 'epoch'", "audit": "command <> 'db restore'",
            "sqlite_sequence": "name <> 'audit'"}


def content(path):
    """Every row of every table, but what a restore says of itself."""
    tables = [row[0] for row in rows(
        path, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: sorted(map(repr, rows(
        path, f"SELECT * FROM {table} WHERE {OWN_ROWS.get(table, '1')}")))
        for table in tables}


def make_crowd(server):
    crowd = Crowd(server)
    people = [(f"one{i}", f"other{i}") for i in range(PAIRS)]
    names = [name for pair in people for name in pair]
    accounts.make(accounts.on_server(server), names, people, PASSWORD)
    found = dict(rows(server.database, MEMBERS))
    for name in names:
        crowd.add(name).conversation = found[name]
    return crowd.start()


def talk_on(crowd):
    aim = crowd.promised() + MESSAGES
    wait_until(lambda: crowd.fault or crowd.promised() > aim, 60,
               f"{MESSAGES} messages more")
    crowd.check()


def test_backup_restore_and_clients_that_come_back(server):
    crowd = make_crowd(server)
    talk_on(crowd)
    backup = server.folder / "backup.db"
    server.admin("db", "backup", str(backup))
    server.admin("db", "verify", str(backup))
    saved = content(backup)
    assert len(saved["message"]) >= MESSAGES
    talk_on(crowd)
    before = rows(server.database, "SELECT count(*) FROM message")[0][0]
    assert before > len(saved["message"])

    server.stop()  # in the middle of what they say
    old_epoch = rows(server.database, "SELECT value FROM meta "
                     "WHERE key = 'epoch'")
    answer = json.loads(server.admin(
        "db", "restore", str(backup), "--yes", "--json").stdout)
    assert content(server.database) == saved
    assert rows(server.database, "SELECT value FROM meta "
                "WHERE key = 'epoch'") != old_epoch
    assert rows(answer["restored"]["kept"],
                "SELECT count(*) FROM message")[0][0] >= before

    server.start()
    wait_until(lambda: crowd.fault or
               all(m.client for m in crowd.members), 60, "everybody's return")
    talk_on(crowd)
    crowd.settle()
    views = crowd.catch_up()
    assert len(views) == 2 * PAIRS
    assert not compare(server.database, views)
    server.admin("db", "verify")
    texts = [body for body, in rows(server.database,
                                    "SELECT body FROM message")]
    assert len(texts) == len(set(texts)), "something was said twice"
