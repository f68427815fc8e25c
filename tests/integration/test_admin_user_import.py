# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin user export and import: moving accounts, and what is refused."""

import csv
import fcntl
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    admin, Admin, BUSY, CHEAP, CONFLICT, FAILED, NOT_FOUND, OK, on_terminal,
    pair, USAGE)
from kith_server import REPORTS, own
from patience import seconds

PHC = ("$argon2id$v=19$m=19456,t=2,p=1$xIi3mQglhE1pleKcaNZnDw$"
       "2ZJB2gmUxHip1Znp4lg2r1VeS31CGcx729PaXEDDuSo")
WHAT_MOVES = ("SELECT name, display_name, phc, state, reason, until_us, "
              "created_us, last_seen_us FROM user WHERE state < 4 "
              "ORDER BY name")
LINKS = ("SELECT a.name AS one, b.name AS other FROM friend_link f "
         "JOIN user a ON a.id = f.low_id JOIN user b ON b.id = f.high_id")


@pytest.fixture
def other(programs):
    """Another server's database."""
    folder = tempfile.mkdtemp(prefix="kith-admin-")
    yield Admin(programs, folder)
    shutil.rmtree(folder)


def write(admin, text, name="people"):
    path = admin.folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    own(path)
    return str(path)


def csv_of(*rows, heading="name,password_hash"):
    return "\n".join((heading, *rows)) + "\n"


def row(name, *rest):
    return ",".join((name, f'"{PHC}"', *rest))


def failing(admin, path, *words, expect=FAILED):
    done = subprocess.run(admin.command("user", "import", path, *words),
                          capture_output=True, text=True, check=False)
    assert done.returncode == expect, done
    assert not REPORTS.search(done.stderr), done.stderr
    return done


def problems(admin, text, *words, expect=FAILED):
    """[(line, message)], after nothing was changed."""
    path = write(admin, text, "faulty")
    done = failing(admin, path, *words, "--json", expect=expect)
    answer = json.loads(done.stdout)
    assert answer["ok"] is False and "import" not in answer
    told = [(p["line"], p["message"]) for p in answer["problems"]]
    done = failing(admin, path, *words, expect=expect)
    assert not done.stdout
    for line, message in told:
        assert f" {line}: {message}\n" in done.stderr
    return told


def links(admin):
    return sorted(tuple(sorted(r.values())) for r in admin.query(LINKS))


# --- there and back -------------------------------------------------------

def fill(admin):
    admin.add("alice", "bob", "carol", "dora", "eve")
    admin.run("user", "rename-display", "alice", 'Al "the, one" ☕; x')
    admin.run("user", "lock", "bob", "--reason", "two, \"reasons\"; x",
              "--until", "2031-01-01")
    for one, friend in (("alice", "bob"), ("carol", "alice"),
                        ("dora", "eve")):
        admin.run("friend", "add", one, friend)
    with sqlite3.connect(admin.database) as db:
        db.execute("UPDATE user SET state = 2, phc = '' "
                   "WHERE name = 'carol'")
        db.execute("UPDATE user SET last_seen_us = 1700000000123456 "
                   "WHERE name = 'dora'")
    for path in admin.folder.iterdir():
        own(path)
    admin.run("user", "delete", "eve", "--yes", "--no-snapshot")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_what_is_exported_is_imported_exactly(admin, other, form):
    fill(admin)
    done = admin.run("user", "export", "--with-hashes", "--format", form)
    if form != "json":
        assert "1 account" in done.stderr  # eve, who is being deleted
    path = write(other, done.stdout)
    answer = other.json("user", "import", path, "--without-passwords")
    assert answer["import"] == {"added": 4, "skipped": 0, "friend_links": 2,
                                "dry_run": False}
    assert other.query(WHAT_MOVES) == admin.query(WHAT_MOVES)
    assert links(other) == [("alice", "bob"), ("alice", "carol")]
    # and the same again
    again = other.run("user", "export", "--with-hashes", "--format", form)
    assert again.stdout == done.stdout


def test_hashes_are_only_told_when_asked_for(pair):
    for words in ((), ("--json",), ("alice",)):
        assert "argon2" not in pair.run("user", "export", *words).stdout
    rows = list(csv.DictReader(
        pair.run("user", "export", "--with-hashes").stdout.splitlines()))
    assert all(r["password_hash"].startswith("$argon2id$") for r in rows)
    for words in (("alice", "--with-hashes"), ("alice", "--format", "csv"),
                  ("alice", "--columns", "name")):
        pair.run("user", "export", *words, expect=USAGE)


def test_everything_about_one_person(pair):
    pair.add("carol")
    pair.run("friend", "add", "alice", "bob")
    with sqlite3.connect(pair.database) as db:
        db.execute("UPDATE conversation SET last_number = 1200")
        db.executemany(
            "INSERT INTO message VALUES (1, ?, ?, 1700000000000000, NULL, 1, "
            "?)", [(n, 1 + n % 2, f"message {n}".encode())
                   for n in range(1, 1201)])
        db.execute("INSERT INTO friend_request (from_id, to_id, time_us) "
                   "VALUES (3, 1, 1700000000000000)")
        db.execute("INSERT INTO device (user_id, token_hash, name, "
                   "created_us, last_seen_us) VALUES (1, randomblob(32), "
                   "'phone', 1, 2)")
    for path in pair.folder.iterdir():
        own(path)
    pair.run("user", "lock", "alice", "--reason", "a mistake")
    pair.run("user", "unlock", "alice")
    pair.run("invite", "create", "--befriend", "bob", "--host", "h")
    bob = json.loads(pair.run("user", "export", "bob").stdout)
    assert [i["uses_left"] for i in bob["invites"]] == [1]
    answer = json.loads(pair.run("user", "export", "alice").stdout)
    assert answer["ok"] and answer["profile"]["name"] == "alice"
    assert [d["name"] for d in answer["devices"]] == ["phone"]
    assert [f["name"] for f in answer["friends"]] == ["bob"]
    assert [(r["from"], r["to"]) for r in answer["friend_requests"]] == \
        [("carol", "alice")]
    assert answer["invites"] == []
    assert [a["command"] for a in answer["audit"]] == \
        ["user add", "friend add", "user lock", "user unlock"]
    assert answer["audit"][2]["detail"]["reason"] == "a mistake"
    # her own, in order, and nobody else's
    assert [(m["number"], m["text"]) for m in answer["messages"]] == \
        [(n, f"message {n}") for n in range(2, 1201, 2)]
    pair.run("user", "export", "nobody", expect=NOT_FOUND)


# --- what is taken --------------------------------------------------------

@pytest.mark.parametrize("text", [
    csv_of(row("new")), "\ufeff" + csv_of(row("new")),
    csv_of(row("new")).replace("\n", "\r\n"),
    csv_of(row("new")).replace(",", ";").replace(
        PHC.replace(",", ";"), PHC),
    csv_of(row("new")).replace(",", "\t").replace(
        PHC.replace(",", "\t"), PHC),
    "\n\n" + csv_of(row("new"), "", "") + "\n",
    csv_of(row("new"), heading="NAME,Password_Hash"),
    csv_of(row("new")).rstrip("\n"),
    json.dumps([{"name": "new", "password_hash": PHC}]),
    json.dumps({"version": 1, "users": [
        {"name": "new", "password_hash": PHC, "friends": [],
         "display_name": None}]}, indent=4),
])
def test_forms_of_a_file(pair, text):
    answer = pair.json("user", "import", write(pair, text))
    assert answer["import"]["added"] == 1
    assert pair.user("new")["has_password"]


def test_standard_input(pair):
    pair.run("user", "import", "-", stdin=csv_of(row("new")))
    assert pair.user("new")["has_password"]


def test_a_file_of_root_is_opened_first(pair):
    if os.getuid() != 0:
        pytest.skip("needs root")
    path = pathlib.Path(write(pair, csv_of(row("new"))))
    os.chown(path, 0, 0)
    path.chmod(0o600)
    folder = tempfile.mkdtemp(prefix="kith-secret-")  # 0700, root's
    try:
        passwords = pathlib.Path(folder) / "passwords"
        done = subprocess.run(
            [pair.program, "user", "import", str(path), "--generate",
             "--passwords-to", str(passwords), "--database",
             str(pair.database), *CHEAP],
            capture_output=True, text=True, check=False)
        assert done.returncode == OK, done.stderr
        assert passwords.stat().st_uid == 0
    finally:
        shutil.rmtree(folder)
    assert pair.user("new")["has_password"]
    assert pair.database.stat().st_uid != 0


def test_fields_of_every_kind(pair):
    text = json.dumps([
        {"name": "new", "display_name": "Ñ", "state": "locked",
         "reason": "spam", "until": "2031-01-01T00:00:00.000000Z",
         "created": "2020-02-03T04:05:06.000007Z",
         "last_seen": "2021-01-01", "password_hash": PHC,
         "friends": ["alice", "next"]},
        {"name": "next", "state": "pending", "password_hash": PHC,
         "friends": ["new"]}])
    answer = pair.json("user", "import", write(pair, text))
    assert answer["import"]["friend_links"] == 2
    user = pair.user("new")
    assert (user["state"], user["reason"], user["until"]) == \
        ("locked", "spam", "2031-01-01T00:00:00.000000Z")
    assert user["created"] == "2020-02-03T04:05:06.000007Z"
    assert user["last_seen"].startswith(("2020-12-31", "2021-01-01"))
    assert pair.user("next")["state"] == "pending"
    assert links(pair) == [("alice", "new"), ("new", "next")]


# --- what is refused ------------------------------------------------------

@pytest.mark.parametrize("line,what", [
    (row("A Name"), "A Name"), (row(""), "no name"), (row("x"), "x"),
    ("bob2,", "password_hash"), ("bob2,secret", "Argon2id"),
    (f'bob2,"{PHC.replace("m=19456", "m=99999999")}"', "limits"),
    (f'bob2,"{PHC.replace("argon2id", "argon2i")}"', "Argon2id"),
    ("bob2," + PHC, "4 of"), (row("bob2") + ",more", "values"),
    ("bob2", "values"), (row("bob2") + '"', "quotation"),
    ('bob2,"never ends', "quotation"),
    (row("first"), "twice"), (row("bob2\0"), "NUL"),
    (row("b\xff"), "b")])
def test_a_bad_line_is_told_with_its_number(pair, line, what):
    text = csv_of(row("first"), '"second\nline","' + PHC + '"', line,
                  row("last")).replace('"second\nline"', "second")
    told = problems(pair, text.encode("latin-1"))
    assert [p[0] for p in told] == [4], told
    assert what in told[0][1]
    assert len(pair.json("user", "list")["users"]) == 2


@pytest.mark.parametrize("heading,value,what", [
    ("state", "deleted", "active"), ("state", "Active!", "active"),
    ("until", "2031-01-01", "locked"), ("created", "2999-01-01", "to come"),
    ("created", "soon", "time"), ("last_seen", "2026-02-30", "time"),
    ("display_name", "a\tb", "display name"),
    ("display_name", "x" * 129, "128"), ("reason", "x" * 257, "256"),
    ("friends", "nobody", "nobody"), ("friends", "new", "oneself"),
    ("friends", "A:b", "A:b")])
def test_bad_fields(pair, heading, value, what):
    text = csv_of(row("new", f'"{value}"'),
                  heading=f"name,password_hash,{heading}")
    (line, message), = problems(pair, text)
    assert line == 2 and what in message


@pytest.mark.parametrize("text,what", [
    ("", "no account"), ("\n\n", "no account"), ("name\n", "no account"),
    ("[]", "no account"), ("{}", "array"), ('{"users": 3}', "array")])
def test_files_with_nothing_in_them(pair, text, what):
    answer = pair.run("user", "import", write(pair, text), expect=FAILED)
    assert what in answer.stderr


@pytest.mark.parametrize("text,line,what", [
    ("id,name\n1,new\n", 1, "id"), ("alice\n", 1, "alice"),
    ("name,NAME\na,b\n", 1, "twice"), ("state\nactive\n", 1, "name"),
    ('[{"name": "new"', 1, ""), ('[1]', 1, "object"),
    ('[{"name": 5, "password_hash": null}]', 1, "string"),
    ('[{"name": "new", "friends": [1]}]', 1, "names"),
    ('[{"name": "new", "colour": "red"}]', 1, "colour"),
    ('[{"name": "new", "name": "new"}]', 1, "duplicate")])
def test_files_that_are_not_accounts(pair, text, line, what):
    told = problems(pair, text)
    assert told[0][0] == line and what in told[0][1]


def test_many_problems_are_counted(pair):
    text = csv_of(*(row("?") for _ in range(80)))
    path = write(pair, text)
    done = failing(pair, path)
    assert done.stderr.count("\nline ") == 49  # and the first
    assert "30 more" in done.stderr and "80 problems" in done.stderr
    answer = json.loads(failing(pair, path, "--json").stdout)
    assert len(answer["problems"]) == 50 and "80" in answer["message"]


def test_a_line_without_an_end(pair):
    text = 'name,password_hash\nnew,"' + "x" * 3_000_000
    (line, message), = problems(pair, text)
    assert line == 2 and "quotation" in message


def test_names_that_exist(pair):
    text = csv_of(row("alice", "new"), row("new", "bob"),
                  heading="name,password_hash,friends")
    told = problems(pair, text, expect=CONFLICT)
    assert [line for line, _ in told] == [2]
    before = pair.user("alice")
    answer = pair.json("user", "import", write(pair, text),
                       "--skip-existing")
    # alice's friends are hers to choose; the new one's come along
    assert answer["import"] == {"added": 1, "skipped": 1, "friend_links": 1,
                                "dry_run": False}
    assert links(pair) == [("bob", "new")]
    assert pair.user("alice") == before
    # one fault that is none of names is a fault of the file
    problems(pair, csv_of(row("alice"), row("?")))


def test_dry_run_finds_the_same_and_changes_nothing(pair):
    path = write(pair, csv_of(row("new", "alice"), row("next", "new"),
                              heading="name,password_hash,friends"))
    before = pair.database.read_bytes()
    answer = pair.json("user", "import", path, "--dry-run")["import"]
    assert answer == {"added": 2, "skipped": 0, "friend_links": 2,
                      "dry_run": True}
    assert pair.database.read_bytes() == before
    problems(pair, csv_of(row("?")), "--dry-run")
    del answer["dry_run"]
    real = pair.json("user", "import", path)["import"]
    assert real.pop("dry_run") is False and real == answer


def test_busy_changes_nothing(pair):
    path = write(pair, csv_of(row("new")))
    with open(pair.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pair.run("user", "import", path, "--wait", "0", expect=BUSY)
        # looking does not need the lock, and nobody holds it meanwhile
        pair.run("user", "list")
    assert len(pair.json("user", "list")["users"]) == 2


# --- passwords ------------------------------------------------------------

def test_generated_passwords_are_shown_once(pair):
    path = write(pair, csv_of(row("has"), "new,", "next,"))
    done = pair.run("user", "import", path, "--generate", *CHEAP)
    rows = list(csv.reader(done.stdout.splitlines()))
    assert rows[0] == ["name", "password"]
    assert [r[0] for r in rows[1:]] == ["new", "next"]
    assert len({r[1] for r in rows[1:]}) == 2
    phc, = pair.query("SELECT phc FROM user WHERE name = 'has'")
    assert phc["phc"] == PHC
    phc, = pair.query("SELECT phc FROM user WHERE name = 'new'")
    assert phc["phc"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    verify = subprocess.run(
        ["grep", "-rqaF", rows[1][1], str(pair.folder)], check=False)
    assert verify.returncode == 1, "the password is on the disk"
    answer = pair.json("user", "import",
                       write(pair, "name\nthird\n"), "--generate", *CHEAP)
    assert [p["name"] for p in answer["passwords"]] == ["third"]


def test_passwords_go_into_a_new_file(pair):
    path = write(pair, "name\nnew\n")
    target = pair.folder / "passwords"
    words = ("user", "import", path, "--generate", "--passwords-to",
             str(target), *CHEAP)
    done = pair.run(*words)
    assert not done.stdout
    assert target.stat().st_mode & 0o777 == 0o600
    heading, line = target.read_text().splitlines()
    name, password = line.split(",")
    assert heading == "name,password" and name == "new"
    assert password not in done.stderr
    # never over what is there
    kept = target.read_text()
    pair.run("user", "import", write(pair, "name\nnext\n"), *words[3:],
             expect=CONFLICT)
    assert target.read_text() == kept
    link = pair.folder / "link"
    link.symlink_to("elsewhere")
    pair.run(*words[:5], str(link), *CHEAP, expect=FAILED)
    assert not (pair.folder / "elsewhere").exists()
    pair.run("user", "show", "next", expect=NOT_FOUND)


def test_a_file_of_somebody_else_gets_no_passwords(pair):
    if os.getuid() != 0:
        pytest.skip("needs root")
    target = pair.folder / "passwords"
    target.touch(mode=0o666)
    own(target)  # another user's, and we are root
    done = subprocess.run(
        [pair.program, "user", "import", write(pair, "name\nnew\n"),
         "--generate", "--passwords-to", str(target), "--database",
         str(pair.database), *CHEAP],
        capture_output=True, text=True, check=False)
    assert done.returncode == CONFLICT and not target.read_text()
    pair.run("user", "show", "new", expect=NOT_FOUND)


def test_passwords_of_nobody_are_not_kept(pair):
    path = write(pair, "name\nnew\n")
    target = pair.folder / "passwords"
    words = ("user", "import", path, "--generate", "--passwords-to",
             str(target), *CHEAP)
    with open(pair.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pair.run(*words, "--wait", "0", expect=BUSY)
    assert not target.exists()
    pair.run(*words)
    assert target.read_text().startswith("name,password\nnew,")


def test_without_passwords(pair):
    path = write(pair, "name\nnew\n")
    told = problems(pair, "name\nnew\n")
    assert "--generate" in told[0][1]
    pair.run("user", "import", path, "--without-passwords")
    assert pair.user("new")["has_password"] is False
    for words in (("--generate", "--without-passwords"),
                  ("--passwords-to", str(pair.folder / "new"))):
        pair.run("user", "import", path, *words, expect=USAGE)
    assert not (pair.folder / "new").exists()


def test_another_encoding_is_called_so(pair):
    """What spreadsheets write that were not told otherwise."""
    text = "name,display_name,password_hash\nnew,J\u00fcrgen,\n"
    for encoding in ("latin-1", "utf-16"):
        path = pair.folder / "other.csv"
        path.write_bytes(text.encode(encoding))
        assert "UTF-8" in failing(pair, str(path), "--generate").stderr


def test_progress_is_for_a_terminal(pair):
    path = write(pair, "name\n" + "".join(f"n{i}\n" for i in range(3)))
    status, shown = on_terminal(pair, "user", "import", path, "--generate",
                                *CHEAP, answers=[])
    assert status == OK and " of 3" in shown and "name,password" in shown
    done = pair.run("user", "import", path, "--skip-existing",
                    "--without-passwords")
    assert "\r" not in done.stderr and " of 3" not in done.stderr


def test_progress_of_many_moves_on(pair):
    """Passwords are what takes its time."""
    rows = [row(f"n{i:03}") for i in range(510)]
    path = write(pair, csv_of(*rows, *(f"p{i:02}," for i in range(60))))
    status, shown = on_terminal(pair, "user", "import", path, "--generate",
                                *CHEAP, answers=[])
    assert status == OK
    assert re.search(r"Making passwords: 5[1-6]\d of 570", shown)


# --- how fast -------------------------------------------------------------

@pytest.mark.not_under_valgrind("it is about a second of real time")
def test_ten_thousand_accounts_in_a_second(pair, build):
    times = []
    for letter in "abc":  # others are at work on this machine too
        path = write(pair, csv_of(
            *(row(f"{letter}{i:05}") for i in range(10000))))
        began = time.monotonic()
        answer = pair.json("user", "import", path)["import"]
        times.append(time.monotonic() - began)
        assert answer["added"] == 10000
    assert len(pair.query(
        "SELECT * FROM audit WHERE command = 'user import'")) == 3
    # under a sanitizer a program is slow
    if "-fsanitize" not in (build / "config.status").read_text():
        assert min(times) < seconds(1), times


def test_many_friends(pair):
    people = [{"name": f"n{i:04}", "password_hash": PHC,
               "friends": [f"n{j:04}" for j in range(1200) if j != i]
               if i == 7 else ["n0007", "alice"]} for i in range(1200)]
    people[7]["friends"].append("alice")
    answer = pair.json("user", "import", write(pair, json.dumps(people)))
    assert answer["import"]["friend_links"] == 1199 + 1200
    exported = pair.json("user", "export")["users"]
    friends = {u["name"]: u["friends"] for u in exported}
    assert len(friends["n0007"]) == len(friends["alice"]) == 1200
    assert sorted(friends["n0008"]) == ["alice", "n0007"]
