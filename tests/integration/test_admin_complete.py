# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion, as bash asks for it."""

import os
import pathlib
import sqlite3
import subprocess
import time

import pytest

from admin_tool import admin, pair  # noqa: F401 (fixtures)
from kith_server import as_ordinary_user, own

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "admin" / "completions" / "kith-admin"

# Does what readline does: cuts the line at blanks and at COMP_WORDBREAKS, calls
# the function that is registered, and shows what it offers.
ASK = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2}
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
function=$(complete -p kith-admin)
function=${function#*-F }
"${function% *}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(admin, line, database=True):
    """What is offered after `line`, whose words end where it ends."""
    where = f" --database {admin.database}" if database else ""
    line = f"kith-admin{where} {line}"
    folder = pathlib.Path(admin.program).parent
    script = admin.folder / "completion"
    script.write_text(SCRIPT.read_text())
    script.chmod(0o644)
    done = subprocess.run(
        [*as_ordinary_user(), "bash", "--norc", "-c", ASK, "ask", str(script),
         line], capture_output=True, text=True, timeout=20, check=True,
        cwd=admin.folder,
        env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def test_nouns_and_verbs(admin):
    nouns = complete(admin, "")
    table = admin.json("help")["commands"]
    assert set(nouns) == {c["noun"] for c in table} | {"help"}
    assert complete(admin, "fr") == ["friend"]
    verbs = complete(admin, "user ")
    assert set(verbs) == {c["verb"] for c in table if c["noun"] == "user"}
    assert complete(admin, "user unl") == ["unlock"]
    assert "user" in complete(admin, "help ")
    assert complete(admin, "help user unl") == ["unlock"]
    assert complete(admin, "nothing ") == []
    assert complete(admin, "user nothing ") == []


def test_options(admin):
    for command in admin.json("help")["commands"]:
        words = f"{command['noun']} {command['verb']} --"
        offered = complete(admin, words)
        assert {f"--{o['name']}" for o in command["options"]} <= set(offered)
        assert "--database" in offered
    assert complete(admin, "user lock --rea") == ["--reason"]
    assert complete(admin, "user list --format ") == \
        ["table", "json", "tsv", "csv"]
    # bash takes what follows "=" for a word of its own
    assert complete(admin, "user list --format=c") == ["csv"]
    assert complete(admin, "user list --columns id,na") == ["id,name"]
    assert complete(admin, "user lock --reason ") == []


def test_users(pair):
    pair.add("alan", "al")
    assert complete(pair, "user show ") == ["al", "alan", "alice", "bob"]
    assert complete(pair, "user show al") == ["al", "alan", "alice"]
    assert complete(pair, "user show --json ali") == ["alice"]
    assert complete(pair, "user show x") == []
    assert complete(pair, "user show alice ") == []
    assert complete(pair, "invite create --befriend b") == ["bob"]
    pair.run("friend", "add", "alice", "bob")
    assert complete(pair, "friend remove alice ") == ["bob"]
    assert complete(pair, "friend add alice a") == ["al", "alan", "alice"]


def test_what_hangs_on_a_person(pair):
    pair.add("carol")
    with sqlite3.connect(pair.database) as db:
        db.executemany(
            "INSERT INTO device (user_id, token_hash, name, created_us,"
            " last_seen_us) VALUES (?, randomblob(32), 'x', 1, 1)",
            [(1,), (2,), (1,)])
    for path in pair.folder.iterdir():
        own(path)
    assert complete(pair, "user revoke alice ") == ["id:1", "id:3"]
    assert complete(pair, "user revoke id:2 ") == ["id:2"]
    assert complete(pair, "user revoke nobody ") == []
    pair.run("friend", "add", "carol", "alice", "--request")
    assert complete(pair, "friend accept alice ") == ["carol"]
    assert complete(pair, "friend accept bob ") == []


def test_snapshots(pair):
    pair.run("user", "delete", "bob", "--yes")
    made, = (pair.folder / "kith.db.snapshots").iterdir()
    assert str(made) in complete(pair, "db restore ")


def test_ids_behind_their_colon(pair):
    for _ in range(2):
        pair.run("invite", "create", "--host", "h")
    assert complete(pair, "invite revoke ") == ["id:1", "id:2"]
    assert complete(pair, "invite revoke i") == ["id:1", "id:2"]
    # bash has begun a new word behind the colon
    assert complete(pair, "invite revoke id:") == ["1", "2"]
    assert complete(pair, "invite revoke id:2") == ["2"]


def test_files(admin):
    (admin.folder / "one.pem").touch()
    (admin.folder / "two.pem").touch()
    assert complete(admin, "server fingerprint --certificate o") == \
        ["one.pem"]
    assert complete(admin, "server fingerprint --certificate=t") == \
        ["two.pem"]
    assert "one.pem" in complete(admin, "--database ", database=False)


@pytest.mark.parametrize("state", ["missing", "foreign", "forbidden"])
def test_silent_where_nothing_can_be_read(pair, state):
    if state == "missing":
        pair.database.unlink()
    elif state == "foreign":
        for path in pair.folder.glob("kith.db-*"):
            path.unlink()
        pair.database.write_text("not a database")
    else:
        os.chown(pair.database, 0, 0)
        pair.database.chmod(0o600)
    assert complete(pair, "user show ") == []
    assert complete(pair, "user sh") == ["show"]
    done = subprocess.run(
        pair.command("complete", "--", "user", "show", ""),
        capture_output=True, timeout=20)
    assert done.returncode == 0 and done.stderr == b""


def test_many_users_are_not_all_offered(admin):
    admin.add("aaa")
    with sqlite3.connect(admin.database) as db:
        db.executemany(
            "INSERT INTO user (name, display_name, phc, state, state_us,"
            " reason, created_us) VALUES (?, '', '', 1, 1, '', 1)",
            [(f"user{i:05}",) for i in range(50000)])
    for path in admin.folder.iterdir():
        own(path)
    begin = time.monotonic()
    assert 0 < len(complete(admin, "user show user")) <= 201
    assert complete(admin, "user show user4999") == \
        [f"user4999{i}" for i in range(10)]
    assert time.monotonic() - begin < 10
