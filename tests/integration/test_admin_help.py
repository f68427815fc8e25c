# SPDX-License-Identifier: GPL-3.0-or-later
"""What kith-admin says of itself: all of it comes from one table."""

import json
import re
import shlex
import subprocess

import pytest

from admin_tool import admin, OK, on_terminal, USAGE  # noqa: F401 (fixtures)

LINE_WIDTH = 79


def table(admin):
    return admin.json("help")["commands"]


def sentence(done):
    """The one sentence of a usage fault."""
    lines = done.stderr.splitlines()
    assert done.stdout == "" and len(lines) == 2, done.stderr
    assert lines[1].startswith("Try ")
    return lines[0]


def test_alone_it_shows_ten_commands_to_begin_with(admin):
    done = admin.run_alone()
    assert done.returncode == OK and done.stderr == ""
    beginner = [c for c in table(admin) if "beginner" in c["flags"]]
    assert len(beginner) == 10
    for command in beginner:
        assert re.search(rf"^  {command['noun']} {command['verb']}\b.*  ",
                         done.stdout, re.M)
    shown = re.findall(r"^  \w", done.stdout, re.M)
    assert len(shown) == len(beginner)
    assert len(done.stdout.splitlines()) < 24  # fits on any terminal
    assert "kith-admin help" in done.stdout


@pytest.mark.parametrize("words,meant", [
    (("usr", "list"), '"user"'), (("users", "list"), '"user"'),
    (("freind", "add"), '"friend"'), (("invites", "list"), '"invite"'),
    (("database", "size"), '"db"'), (("user", "lsit"), '"list"'),
    (("user", "ad", "x"), '"add"'), (("user", "remove", "x"), '"delete"'),
    (("user", "disable", "x"), '"lock"'),
    (("user", "password", "x"), '"passwd"'),
    (("friend", "delete", "x", "y"), '"remove"'),
    (("invite", "add"), '"create"'), (("list", "user"), "user list"),
    (("user", "list", "--jsno"), "--json"),
    (("user", "list", "--colums", "x"), "--columns"),
    (("user", "lock", "x", "--reson", "y"), "--reason"),
    (("help", "usr"), '"user"'), (("help", "user", "lsit"), '"list"')])
def test_near_misses(admin, words, meant):
    assert meant in sentence(admin.run(*words, expect=USAGE))


@pytest.mark.parametrize("words", [
    ("xylophone", "list"), ("user", "xylophone"), ("u", "list"),
    ("user", "list", "--xylophone")])
def test_far_misses_are_not_guessed_at(admin, words):
    said = sentence(admin.run(*words, expect=USAGE))
    assert "mean" not in said
    if words[-1] != "--xylophone":
        assert "list" in said or "friend" in said


def test_options_of_every_command_stand_anywhere(admin):
    admin.add("alice")
    for words in (("--json", "user", "list"), ("user", "--json", "list"),
                  ("user", "list", "--json"),
                  ("user", "--wait", "3", "--json", "list")):
        assert json.loads(admin.run(*words).stdout)["ok"]
    assert admin.run("user", "--wait", "3", "-h").stdout == \
        admin.run("user", "-h").stdout
    assert "--wait" in sentence(admin.run("user", "--wait", "x", "list",
                                          expect=USAGE))
    for words in (("user", "--locked", "list"), ("--locked", "user", "list")):
        assert "behind" in sentence(admin.run(*words, expect=USAGE))
    assert "behind" not in sentence(admin.run("users", "--locked", "list",
                                              expect=USAGE))
    assert sentence(admin.run("user", "lock", expect=USAGE)) \
        .endswith("more: USER...")


def test_table_is_whole(admin):
    seen = set()
    for c in table(admin):
        name = f"{c['noun']} {c['verb']}"
        assert name not in seen
        seen.add(name)
        assert re.fullmatch("[a-z]+ [a-z]+(-[a-z]+)*", name)
        assert c["summary"][0].isupper() and c["summary"][-1] not in ".!"
        if c["details"]:
            assert c["details"][0].isupper(), name
            assert c["details"].rstrip()[-1] == ".", name
        names = [o["name"] for o in c["options"]]
        assert len(set(names)) == len(names), name
        for o in c["options"]:
            assert o["help"][-1] not in ".", (name, o)
            assert (o["argument"] is None) == (o["kind"] is None)
        assert len(c["words"]) == len(c["arguments"].split())
        # who only looks takes --format and --columns, who changes is noted
        assert ("reads" in c["flags"]) != ("writes" in c["flags"]), name
        assert ("reads" in c["flags"]) == bool(c["columns"]), name
        assert ("reads" in c["flags"]) == bool(c["answer"]), name
        assert ("reads" in c["flags"]) == ("format" in names), name
        # what keeps the old database aside needs no snapshot of it
        assert ("destructive" in c["flags"] and "keeps" not in c["flags"]
                ) == ("no-snapshot" in names), name
        if "destructive" in c["flags"]:
            assert {"yes", "dry-run"} <= set(names)
            assert "writes" in c["flags"], name


def test_help_fits_the_terminal(admin):
    for c in table(admin):
        shown = admin.run("help", c["noun"], c["verb"]).stdout
        examples = {f"  {e['line']}" for e in c["examples"]}
        for line in shown.splitlines():
            assert len(line) <= LINE_WIDTH or line in examples or \
                line.startswith(("Usage: ", "      ")), line
            assert line == line.rstrip(), repr(line)
    assert all(len(line) <= LINE_WIDTH
               for line in admin.run("help").stdout.splitlines())


def test_help_says_what_a_time_may_be(admin):
    for command in table(admin):
        told = admin.run("help", command["noun"], command["verb"]).stdout
        told = " ".join(told.split())
        wants = any(o.get("argument") == "WHEN" for o in command["options"])
        assert ("7d" in told and "2026-12-24 18:00" in told) == wants, command


def test_examples_are_commands_that_exist(admin):
    """Each is read by kith-admin itself, as far as its options and words."""
    examples = [e["line"] for c in table(admin) for e in c["examples"]]
    assert examples
    for line in examples:
        words = shlex.split(line, comments=True)
        while words and words[0] != "kith-admin":
            words = words[1:]
        for end in ("|", "<", ">", "&&", ";"):
            if end in words:
                words = words[:words.index(end)]
        assert len(words) > 2, line
        done = admin.run(*words[1:], "--help")
        assert done.stdout.startswith((f"Usage: kith-admin {words[1]} ", "{"))


def test_man_page_is_readable(admin, build):
    page = build / "admin" / "kith-admin.8"
    if subprocess.run(["which", "mandoc"], capture_output=True).returncode:
        pytest.skip("needs mandoc")
    shown = subprocess.run(["mandoc", "-T", "utf8", str(page)], text=True,
                           capture_output=True, check=True).stdout
    plain = re.sub(".\b", "", shown)
    assert "@COMMANDS@" not in plain
    for c in table(admin):
        assert f"{c['noun']} {c['verb']}" in plain
        for option in c["options"]:
            assert f"--{option['name']}" in plain
        for example in c["examples"]:
            assert example["line"] in plain


def test_help_in_json_is_one_object(admin):
    answer = admin.json("help")
    assert set(answer) == {"version", "commands", "common_options", "ok"}
    assert json.loads(admin.run("user", "list", "--help", "--json").stdout) \
        == answer


def test_help_of_a_word_that_is_none(admin):
    assert admin.json("help", "nobody", expect=USAGE)["code"] == "usage"
    assert "mean" in admin.json("help", "user", "lits",
                                expect=USAGE)["message"]


def test_a_mistake_in_asking_for_help(admin):
    assert admin.run("help", "user", "list", "extra", expect=USAGE).stderr \
        .endswith('Try "kith-admin help".\n')
    assert admin.run("user", "-h").stdout == \
        admin.run("user", "--help").stdout
