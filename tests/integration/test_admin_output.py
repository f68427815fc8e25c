# SPDX-License-Identifier: GPL-3.0-or-later
"""How kith-admin shows what it reads: formats, columns, colours, the pager, and
lists that are longer than any page."""

import csv
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    admin, FAILED, OK, on_terminal, pair, USAGE)
from kith_server import own
from patience import VALGRIND, wait_until

MANY = 100_000
PAGE = 1000
FORMATS = ("table", "json", "csv", "tsv")


def fill(admin, count):
    """Accounts by SQL: how they came to be does not matter here."""
    admin.add("aaron")
    with sqlite3.connect(admin.database) as db:
        db.executemany(
            "INSERT INTO user (name, display_name, phc, state, state_us,"
            " reason, created_us) VALUES (?, ?, '', 1, 1, '', ?)",
            ((f"user{i:06}", f"Person {i}", 1_000_000 * (i + 1))
             for i in range(count)))
    for path in admin.folder.iterdir():
        own(path)
    return admin


def rename(admin, name, display_name):
    with sqlite3.connect(admin.database) as db:
        db.execute("UPDATE user SET display_name = ? WHERE name = ?",
                   (display_name, name))
    for path in admin.folder.iterdir():
        own(path)


def read_csv(text):
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def read_tsv(text):
    """As the man page says that it is to be read."""
    letters = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
    return [[re.sub(r"\\.", lambda m: letters[m.group()], value)
             for value in line.split("\t")]
            for line in text.removesuffix("\n").split("\n")]


def as_text(value):
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


# --- formats ----------------------------------------------------------------

@pytest.mark.parametrize("words,name", [
    (("user", "list"), "users"), (("user", "show", "bob"), "user"),
    (("friend", "list"), "friends"),
    (("server", "status", "--columns", "state,users,database"), "server"),
    (("audit", "list"), "audit")])
def test_all_formats_say_the_same(pair, words, name):
    pair.run("friend", "add", "alice", "bob")
    rename(pair, "bob", 'a "quoted", line\nand\ttab \\ =1+1')
    answer = pair.json(*words)
    rows = answer[name] if isinstance(answer[name], list) else [answer[name]]
    assert rows
    wanted = [list(rows[0])] + [[as_text(v) for v in row.values()]
                                for row in rows]
    comma = pair.run(*words, "--format", "csv").stdout
    tabbed = pair.run(*words, "--format", "tsv").stdout
    if name == "audit":  # whose details are compact there
        for row in wanted[1:]:
            row[-1] = row[-1].replace('": ', '":').replace(", ", ",")
    assert read_csv(comma) == wanted
    assert read_tsv(tabbed) == wanted
    assert pair.json(*words, "--format", "json") == answer


def test_csv_is_that_of_rfc_4180(pair):
    rename(pair, "bob", 'say "hi", Bob')
    done = subprocess.run(pair.command(
        "user", "list", "--format", "csv", "--columns",
        "name,display_name,id"), capture_output=True, check=True)
    assert done.stdout == (b'"name","display_name","id"\r\n'
                           b'"alice",,"1"\r\n'
                           b'"bob","say ""hi"", Bob","2"\r\n')


def test_an_empty_list(admin):
    admin.add("alice")
    assert admin.json("friend", "list")["friends"] == []
    done = admin.run("friend", "list")
    assert done.stdout == "" and "none" in done.stderr
    for form in ("csv", "tsv"):
        done = admin.run("friend", "list", "--format", form)
        assert len(done.stdout.splitlines()) == 1 and "since" in done.stdout


def test_columns_are_chosen_and_ordered(pair):
    chosen = ("--columns", "state,name")
    assert [list(u.items()) for u in
            pair.json("user", "list", *chosen)["users"]] == \
        [[("state", "active"), ("name", n)] for n in ("alice", "bob")]
    assert pair.run("user", "list", *chosen, "--format", "tsv").stdout == \
        "state\tname\nactive\talice\nactive\tbob\n"
    assert [line.split() for line in
            pair.run("user", "list", *chosen).stdout.splitlines()] == \
        [["STATE", "NAME"], ["active", "alice"], ["active", "bob"]]
    shown = pair.run("user", "show", "bob", "--columns", "name,id").stdout
    assert [line.split() for line in shown.splitlines()] == \
        [["Name", "bob"], ["ID", "2"]]
    # what a table leaves out is shown when it is asked for
    assert "ID" in pair.run("audit", "list", "--columns", "id,command").stdout


@pytest.mark.parametrize("columns", ["nam", "", "name,", "name,,id", "NAME"])
def test_unknown_columns(pair, columns):
    done = pair.run("user", "list", "--columns", columns, expect=USAGE)
    assert done.stdout == ""
    assert "display_name" in done.stderr and "state" in done.stderr
    assert pair.json("user", "list", "--columns", columns,
                     expect=USAGE)["code"] == "usage"


def test_unknown_format(pair):
    done = pair.run("user", "list", "--format", "xml", expect=USAGE)
    assert all(form in done.stderr for form in FORMATS)
    assert "both" in pair.run("user", "list", "--json", "--format", "csv",
                              expect=USAGE).stderr


def test_faults_are_told_in_the_format_asked_for(pair):
    for how in (("--json",), ("--format", "json"), ("--format=json",)):
        done = subprocess.run(pair.command("user", "show", "nobody", *how),
                              capture_output=True, text=True)
        assert done.returncode == 3 and done.stderr == ""
        assert json.loads(done.stdout)["code"] == "not_found"
    done = pair.run("user", "show", "nobody", "--format", "csv", expect=3)
    assert done.stdout == "" and "nobody" in done.stderr


# --- long lists ---------------------------------------------------------------

def largest_memory_kib(command):
    """The most memory that a run took; its output is thrown away."""
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == OK
    return usage.ru_maxrss


@pytest.mark.skipif(VALGRIND, reason="measures time and memory")
def test_a_long_list_begins_at_once_and_takes_no_more_memory(admin, build):
    fill(admin, MANY)
    memory = [largest_memory_kib(admin.command("user", "list", "--format",
                                               form)) for form in FORMATS]
    times = []
    for _ in range(10):  # the machine may be busy with other things
        begin = time.monotonic()
        with subprocess.Popen(admin.command("user", "list"),
                              stdout=subprocess.PIPE) as process:
            first = process.stdout.read(1)
            times.append(time.monotonic() - begin)
            assert first and process.stdout.read()
    # under a sanitizer a program is slow and large
    if "-fsanitize" in (build / "config.status").read_text():
        return
    assert min(times) < 0.1, times
    with sqlite3.connect(admin.database) as db:
        db.execute("DELETE FROM user WHERE id > 2000")
    short = largest_memory_kib(admin.command("user", "list"))
    assert max(memory) < short + 4096, (memory, short)


def test_a_long_list_is_whole_in_every_format(admin):
    fill(admin, 2 * PAGE + 1)
    names = ["aaron"] + [f"user{i:06}" for i in range(2 * PAGE + 1)]
    assert [u["name"] for u in admin.json("user", "list")["users"]] == names
    for form, read in (("csv", read_csv), ("tsv", read_tsv)):
        rows = read(admin.run("user", "list", "--format", form,
                              "--columns", "name").stdout)
        assert [row[0] for row in rows] == ["name"] + names
    lines = admin.run("user", "list").stdout.splitlines()
    assert len(lines) == len(names) + 1
    # the columns stand where the first page has put them
    begins = {re.search(r"active\b", line).start() for line in lines[1:]}
    assert len(begins) == 1


def blocked_list(admin, *words):
    """A long list whose reader has read one byte and waits."""
    process = subprocess.Popen(
        admin.command("user", "list", *words), bufsize=0,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = process.stdout.read(1)
    assert first
    wait_until(lambda: asleep(process.pid), 20, "waiting for the reader")
    return process, first


def asleep(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] == "S"


@pytest.mark.skipif(VALGRIND, reason="valgrind's process is another")
def test_nobody_waits_for_who_reads_a_list(admin):
    """No read transaction is open while output waits."""
    fill(admin, 20 * PAGE)
    with sqlite3.connect(admin.database) as db:
        db.execute("UPDATE user SET reason = 'x' WHERE id = 1")
        db.commit()
        process, _ = blocked_list(admin)
        db.execute("UPDATE user SET reason = 'y' WHERE id = 1")
        db.commit()
        busy, log, done = db.execute(
            "PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert (busy, log, done) == (0, 0, 0)
    process.communicate()
    assert process.returncode == OK


@pytest.mark.skipif(VALGRIND, reason="valgrind's process is another")
def test_json_is_valid_after_a_fault_in_the_middle(admin):
    fill(admin, 20 * PAGE)
    process, first = blocked_list(admin, "--json")
    with sqlite3.connect(admin.database) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("DROP TABLE user")
    shown, _ = process.communicate()
    answer = json.loads(first + shown)
    assert process.returncode not in (OK, USAGE)
    assert answer["ok"] is False and answer["code"] and answer["message"]
    assert PAGE <= len(answer["users"]) < 20 * PAGE
    assert list(answer)[-3:] == ["ok", "code", "message"]


def test_ok_is_the_last_word(pair):
    assert list(pair.json("user", "list")) == ["version", "users", "ok"]
    assert list(pair.json("friend", "add", "alice", "bob"))[-1] == "ok"
    assert list(pair.json("user", "show", "no", expect=3))[:2] == \
        ["version", "ok"]


# --- terminals ----------------------------------------------------------------

COLOUR = "\x1b[31m"


@pytest.fixture
def terminal(pair, monkeypatch):
    """A terminal with a plain environment."""
    for name in ("NO_COLOR", "KITH_PAGER", "PAGER", "LESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    pair.run("user", "lock", "bob")

    def run(*words, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return on_terminal(pair, *words, answers=[])
    run.admin = pair
    return run


def test_colours_are_for_terminals_that_want_them(terminal):
    list_them = ("user", "list", "--no-pager")
    status, shown = terminal(*list_them)
    assert status == OK and COLOUR + "locked" in shown
    assert "\x1b" not in terminal.admin.run(*list_them).stdout
    assert "\x1b" not in terminal(*list_them, "--format", "csv")[1]
    assert "\x1b" not in terminal(*list_them, "--json")[1]
    assert "\x1b" not in terminal(*list_them, NO_COLOR="1")[1]
    assert COLOUR in terminal(*list_them, NO_COLOR="")[1]
    assert "\x1b" not in terminal(*list_them, TERM="dumb")[1]
    assert "\x1b" not in terminal(*list_them, TERM="")[1]


def test_a_pager_only_on_a_terminal(terminal):
    pager = "sed s/^/paged:/"
    status, shown = terminal("user", "list", KITH_PAGER=pager)
    assert status == OK
    lines = [line for line in shown.splitlines() if line]
    assert lines and all(line.startswith("paged:") for line in lines)
    assert "paged" not in terminal.admin.run("user", "list").stdout
    assert "paged" not in terminal("user", "list", "--no-pager")[1]
    assert "paged" not in terminal("user", "list", KITH_PAGER="")[1]
    assert "paged" not in terminal("user", "list", KITH_PAGER="cat")[1]
    assert "paged" in terminal("help", KITH_PAGER=pager)[1]
    assert "paged" not in terminal("help", KITH_PAGER=pager, TERM="dumb")[1]


@pytest.mark.parametrize("words,before,said", [
    (("user", "list", "--limit", "1"), "alice", "1 of 2."),
    (("user", "list", "--pending"), "", "There are none."),
    (("db", "verify"), "Database", "is whole.")])
def test_what_is_said_of_a_list_stands_behind_it(terminal, words, before,
                                                 said):
    """Where there is a pager, in what it shows."""
    shown = terminal(*words, KITH_PAGER="sed s/^/paged:/")[1]
    assert re.search(rf"{before}.*paged:[^\n]*{re.escape(said)}", shown,
                     re.DOTALL)


def test_the_usual_variable_names_the_pager(terminal):
    assert "paged:" in terminal("user", "list", PAGER="sed s/^/paged:/")[1]


@pytest.mark.parametrize("form", FORMATS)
def test_who_leaves_the_pager_has_seen_enough(admin, monkeypatch, form):
    fill(admin, 10 * PAGE)
    monkeypatch.setenv("KITH_PAGER", "head -n 3")
    monkeypatch.setenv("TERM", "xterm")  # a dumb one gets no pager
    status, shown = on_terminal(admin, "user", "list", "--format", form,
                                answers=[])
    assert status == OK and "kith-admin" not in shown
    assert shown.count("\n") == 3


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
@pytest.mark.skipif(not os.path.exists("/usr/bin/less"), reason="needs less")
def test_sudo_brings_no_pager_of_ones_own(terminal, monkeypatch):
    """Who may run kith-admin as another must not run more by it."""
    admin = terminal.admin
    for path in (admin.folder, *admin.folder.iterdir()):
        shutil.chown(path, 0, 0)
    monkeypatch.setattr(admin, "command", lambda *words: [
        admin.program, *words, "--database", str(admin.database)])
    monkeypatch.setenv("SUDO_UID", "65534")
    mark = admin.folder / "mark"
    status, shown = terminal("user", "list", KITH_PAGER=f"touch {mark}",
                             LESSOPEN=f"|touch {mark}")
    assert status == OK and "alice" in shown
    assert not mark.exists()


def test_output_that_nobody_takes(pair):
    with open("/dev/full", "w") as full:
        for form in FORMATS:
            done = subprocess.run(
                pair.command("user", "list", "--format", form), stdout=full,
                stderr=subprocess.PIPE, text=True)
            assert done.returncode == FAILED
            assert done.stderr.count("standard output") == 1


@pytest.mark.parametrize("form", FORMATS)
def test_who_leaves_a_pipe_has_seen_enough(pair, form):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(pair.command("user", "list", "--format", form),
                          stdout=writing, stderr=subprocess.PIPE, text=True)
    # what a change prints is there only once, and has to arrive
    lost = subprocess.run(pair.command("user", "passwd", "bob", "--generate"),
                          stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (OK, "")
    assert lost.returncode == FAILED and "standard output" in lost.stderr


@pytest.mark.not_under_valgrind("its report takes the place of the closed one")
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_nothing_is_printed_into_a_file_of_ours(pair, closed, form):
    """With standard output closed, the next file opened would take its
    place."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh",
         *pair.command("user", "passwd", "bob", "--generate", *form)],
        capture_output=True)
    assert done.returncode == FAILED
    for path in pair.folder.glob("kith.db.*"):
        assert path.stat().st_size == 0, path
    assert pair.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


# --- before something goes ------------------------------------------------------

def count_users(admin):
    return admin.query("SELECT count(*) AS n FROM user WHERE state = 1")[0]["n"]


def test_a_dry_run_counts_and_changes_nothing(pair):
    pair.run("friend", "add", "alice", "bob")
    before = pair.query("SELECT * FROM user") + pair.query(
        "SELECT * FROM audit")
    answer = pair.json("user", "delete", "bob", "--dry-run")
    assert answer["dry_run"] is True and answer["would"]["friends"] == 1
    shown = pair.run("user", "delete", "bob", "--dry-run").stdout
    assert "bob" in shown and "1 friend link" in shown
    assert before == pair.query("SELECT * FROM user") + pair.query(
        "SELECT * FROM audit")
    assert not (pair.folder / "kith.db.snapshots").exists()


@pytest.mark.parametrize("answer,status", [
    ("", 6), ("n\n", 6), ("yesterday\n", 6), ("y\n", OK), ("Yes\n", OK)])
def test_only_yes_is_yes(pair, answer, status):
    done = pair.run("user", "delete", "bob", stdin=answer, expect=status)
    assert "[y/N]" in done.stderr
    assert count_users(pair) == (1 if status == OK else 2)


@pytest.mark.parametrize("answer,status", [
    ("", 6), ("y\n", 6), ("yes\n", 6), ("3\n", 6), ("2 \n", 6), ("2\n", OK)])
def test_the_number_of_several_must_be_typed(pair, answer, status):
    pair.add("carol")
    done = pair.run("user", "delete", "alice", "bob", stdin=answer,
                    expect=status)
    assert "2 accounts" in done.stderr and "number" in done.stderr
    assert count_users(pair) == (1 if status == OK else 3)


def test_yes_stands_for_the_number_too(pair):
    pair.run("user", "delete", "alice", "bob", "--yes")
    assert count_users(pair) == 0


def test_a_snapshot_is_taken_before(pair):
    answer = pair.json("user", "delete", "bob", "--yes")
    with sqlite3.connect(f"file:{answer['snapshot']}?mode=ro",
                         uri=True) as db:
        assert db.execute("SELECT state FROM user WHERE name = 'bob'"
                          ).fetchall() == [(1,)]
    done = pair.run("user", "delete", "alice", "--yes")
    assert "kith.db.snapshots/" in done.stderr


def test_no_snapshot_where_none_is_wanted(pair):
    answer = pair.json("user", "delete", "bob", "--yes", "--no-snapshot")
    assert "snapshot" not in answer
    assert not (pair.folder / "kith.db.snapshots").exists()


# --- passwords ----------------------------------------------------------------

def test_a_password_from_a_descriptor(admin):
    source, end = os.pipe()
    os.write(end, b"correct horse 7\nnot this one\n")
    os.close(end)
    done = subprocess.run(
        admin.command("user", "add", "alice", "--password-fd", str(source)),
        capture_output=True, text=True, pass_fds=[source])
    assert done.returncode == OK, done.stderr
    assert os.read(source, 100) == b"not this one\n"
    os.close(source)
    assert admin.user("alice")["has_password"]


@pytest.mark.parametrize("words", [
    ("--password-fd", "x"), ("--password-fd", "-1"), ("--password-fd",),
    ("--password-fd", "3", "--generate"),
    ("--password-stdin", "--password-fd", "0")])
def test_passwords_come_from_one_place(admin, words):
    admin.run("user", "add", "alice", *words, stdin="correct horse 7\n",
              expect=USAGE)
    assert not admin.database.exists() or admin.json("user", "list")[
        "users"] == []


def test_a_descriptor_that_is_not_open(admin):
    done = admin.run("user", "add", "alice", "--password-fd", "77",
                     expect=FAILED)
    assert "password" in done.stderr
