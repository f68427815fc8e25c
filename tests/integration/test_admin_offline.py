# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin on a database without a daemon: every verb, and the same truth in
JSON."""

import os
import re
import sqlite3
import subprocess

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    CHEAP, CONFLICT, FAILED, NOT_FOUND, OK, PASSWORD, REFUSED, USAGE, admin,
    on_terminal, pair, set_meta)
from kith_server import ORDINARY_ID, own


# --- the table ------------------------------------------------------------

def table(admin):
    return admin.json("help")["commands"]


def test_help_comes_from_the_table(admin):
    everything = admin.run("help").stdout
    assert admin.run("--help").stdout == everything
    for command in table(admin):
        noun, verb = command["noun"], command["verb"]
        assert f"{noun} {verb}" in everything
        own_help = admin.run("help", noun, verb).stdout
        assert admin.run(noun, verb, "--help").stdout == own_help
        assert command["summary"] in own_help
        for option in command["options"]:
            assert f"--{option['name']}" in own_help
        assert f"{noun} {verb}" in admin.run("help", noun).stdout


def test_the_man_page_has_every_command_and_option(admin, build):
    page = (build / "admin" / "kith-admin.8").read_text()
    for command in table(admin):
        title = f"Cm {command['noun']} {command['verb']}"
        assert title in page, title
        section = page[page.index(title):]
        for option in command["options"]:
            assert f"Fl -{option['name']}" in section, (title, option)
    for option in admin.json("help")["common_options"]:
        assert f"Fl -{option['name']}" in page


@pytest.mark.parametrize("words", [
    ("user",), ("nobody", "list"), ("user", "dance"), ("user", "show"),
    ("user", "show", "a", "b"), ("user", "list", "--dance"),
    ("user", "list", "--wait"), ("user", "list", "--wait", "soon"),
    ("user", "list", "--wait", "-1"), ("user", "list", "-x"),
    ("user", "list", "--json=yes"), ("user", "show", "No Such"),
    ("user", "show", "id:"), ("user", "show", "id:0"),
    ("user", "show", "id:99999999999999999999"), ("--dance",),
    ("user", "add", "Alice"), ("user", "add", "x"), ("user", "add", "1st"),
    ("user", "add", "a" * 33), ("help", "dance"), ("help", "user", "dance"),
    ("friend", "add", "alice"), ("friend", "add", "alice", "alice"),
    ("invite", "create", "--uses", "0"),
    ("invite", "create", "--expires", "soon"),
    ("invite", "create", "--expires", "7"),
    ("invite", "create", "--host", "a b"),
    ("user", "add", "carol", "--display-name", "a\nb"),
    ("user", "add", "carol", "--display-name", "x" * 129),
    ("user", "add", "carol", "--password-stdin", "--generate"),
])
def test_usage(pair, words):
    pair.run(*words, expect=USAGE)
    # help is a usage error's cure, so JSON is only for scripts that ask
    answer = pair.json(*words, expect=USAGE)
    assert answer["code"] in ("usage", "bad_name", "bad_text", "too_large")
    assert [u["name"] for u in pair.json("user", "list")["users"]] == \
        ["alice", "bob"]


def test_version(admin):
    done = subprocess.run([admin.program, "--version"], text=True,
                          capture_output=True, check=True)
    assert re.fullmatch(r"kith-admin \d+\.\d+\.\d+\n", done.stdout)


# --- accounts -------------------------------------------------------------

def test_add_makes_a_database_of_ones_own(admin):
    done = admin.run("user", "add", "alice", "--display-name", "Alice Ä. 😀",
                     "--password-stdin", *CHEAP, stdin=PASSWORD + "\nmore\n")
    assert done.stdout == ""
    assert "alice is added (id:1)" in done.stderr
    for path in admin.folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
        if os.getuid() == 0:
            assert path.stat().st_uid == ORDINARY_ID, path
    user = admin.user("alice")
    assert user["id"] == 1 and user["display_name"] == "Alice Ä. 😀"
    assert user["state"] == "active" and user["has_password"] is True
    assert (user["friends"], user["friend_requests"], user["devices"]) == \
        (0, 0, 0)
    assert user["last_seen"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
                        user["created"])
    row, = admin.query("SELECT * FROM user")
    phc = next(v for v in row.values()
               if isinstance(v, str) and v.startswith("$argon2id$"))
    assert "$m=19456,t=2,p=1$" in phc


def test_the_name_is_taken(pair):
    # nobody is asked for a password that could not be used
    done = pair.run("user", "add", "alice", "--password-stdin",
                    expect=CONFLICT)
    assert "alice" in done.stderr
    assert pair.json("user", "add", "alice", "--generate",
                     expect=CONFLICT)["code"] == "name_taken"


def test_list_is_by_name(admin):
    admin.add("zoe", "anna", "mia")
    users = admin.json("user", "list")["users"]
    assert [u["name"] for u in users] == ["anna", "mia", "zoe"]
    assert [u["id"] for u in users] == [2, 3, 1]
    lines = admin.run("user", "list").stdout.splitlines()
    assert lines[0].split()[:2] == ["ID", "NAME"]
    assert [line.split()[1] for line in lines[1:]] == ["anna", "mia", "zoe"]
    admin.run("user", "show", "id:2")
    for name in ("anna", "mia", "zoe"):
        admin.run("user", "delete", name, "--yes", "--purge")
    assert admin.json("user", "list")["users"] == []
    done = admin.run("user", "list")
    assert done.stdout == "" and "none" in done.stderr


def test_selectors_are_exact(pair):
    assert pair.user("id:2")["name"] == "bob"
    for selector in ("ali", "alicex", "id:3", "id:99"):
        for verb in ("show", "lock", "unlock", "passwd", "delete"):
            words = ["user", verb, selector]
            if verb == "passwd":
                words.append("--generate")
            if verb == "delete":
                words.append("--yes")
            assert pair.json(*words, expect=NOT_FOUND)["code"] == "not_found"


@pytest.mark.parametrize("password", [
    "", "short", "password", "12345678", "alice", "alicealice"[:5],
    "x" * 1025, "caf\udce9 caf\udce9"])
def test_bad_passwords(admin, password):
    done = subprocess.run(
        admin.command("user", "add", "alice", "--password-stdin", *CHEAP),
        input=password.encode(errors="surrogateescape") + b"\n",
        capture_output=True)
    assert done.returncode == FAILED, done
    if len(password) > 8 and password != "12345678":
        assert password.encode(errors="surrogateescape") not in \
            done.stdout + done.stderr
    assert not admin.query("SELECT * FROM user")


def test_costs_under_the_floor_are_refused(admin):
    answer = admin.json("user", "add", "alice", "--generate",
                        "--argon2-memory-kib", "8192", "--argon2-passes", "1",
                        expect=REFUSED)
    assert answer["code"] == "refused"


def test_a_generated_password_is_shown_once(admin):
    done = admin.run("user", "add", "alice", "--generate", *CHEAP)
    password = done.stdout.strip()
    assert done.stdout.count("\n") == 1
    assert re.fullmatch("([a-z2-9]{4}-){4}[a-z2-9]{4}", password)
    assert password not in done.stderr
    other = admin.json("user", "passwd", "alice", "--generate", *CHEAP)
    assert re.fullmatch("([a-z2-9]{4}-){4}[a-z2-9]{4}", other["password"])
    assert other["password"] != password
    for path in admin.folder.iterdir():
        content = path.read_bytes()
        assert password.encode() not in content
        assert other["password"].encode() not in content


def test_passwd_changes_the_hash_and_removes_devices(pair):
    before = pair.query("SELECT phc FROM user ORDER BY id")
    pair.run("user", "passwd", "bob", "--password-stdin", *CHEAP,
             stdin="another horse 8\n")
    after = pair.query("SELECT phc FROM user ORDER BY id")
    assert before[0] == after[0] and before[1] != after[1]


def test_lock_and_unlock(pair):
    answer = pair.json("user", "lock", "bob", "--reason", "spam <b>")
    assert [u["state"] for u in answer["users"]] == ["locked"]
    assert pair.user("bob")["reason"] == "spam <b>"
    assert pair.json("user", "lock", "bob", expect=CONFLICT)["code"] == \
        "already"
    assert pair.user("bob")["reason"] == "spam <b>"
    answer = pair.json("user", "unlock", "bob")
    assert [u["state"] for u in answer["users"]] == ["active"]
    assert pair.user("bob")["reason"] is None
    assert pair.json("user", "unlock", "bob", expect=CONFLICT)["code"] == \
        "already"
    assert "locked" not in pair.run("user", "list").stdout


@pytest.mark.parametrize("answer", ["", "n\n", "\n", "nein\n", "maybe yes\n"])
def test_delete_asks_and_no_is_the_default(pair, answer):
    pair.run("friend", "add", "alice", "bob")
    done = pair.run("user", "delete", "bob", stdin=answer, expect=REFUSED)
    assert "bob" in done.stderr and "1 friend link" in done.stderr
    assert "0 devices" in done.stderr and "[y/N]" in done.stderr
    assert pair.user("bob")["friends"] == 1


def test_delete(pair):
    pair.run("friend", "add", "alice", "bob")
    pair.run("user", "delete", "bob", "--purge", stdin="y\n")
    assert pair.json("friend", "list")["friends"] == []
    pair.run("user", "show", "bob", expect=NOT_FOUND)
    pair.run("user", "show", "id:2", expect=NOT_FOUND)
    pair.run("user", "delete", "id:2", "--yes", expect=NOT_FOUND)
    # the name is free, the id is not
    pair.add("bob")
    assert pair.user("bob")["id"] == 3
    answer = pair.json("user", "delete", "bob", "--yes", "--purge")
    assert answer["deleted"] == [{"id": 3, "name": "bob", "state": "deleted",
                                  "purged_at": None}]


# --- friends --------------------------------------------------------------

def test_friends(pair):
    pair.add("carol")
    done = pair.run("friend", "add", "bob", "alice")
    assert done.stdout == "" and "friends now" in done.stderr
    assert pair.json("friend", "add", "alice", "id:2",
                     expect=CONFLICT)["code"] == "already"
    pair.run("friend", "add", "carol", "alice")
    names = [(f["user"], f["friend"])
             for f in pair.json("friend", "list")["friends"]]
    assert sorted(map(sorted, names)) == [["alice", "bob"],
                                          ["alice", "carol"]]
    links = pair.json("friend", "list", "bob")["friends"]
    assert [(f["user"], f["friend"], f["user_id"], f["friend_id"])
            for f in links] == [("bob", "alice", 2, 1)]
    assert "carol" in pair.run("friend", "list", "alice").stdout
    pair.run("friend", "remove", "alice", "bob")
    assert pair.json("friend", "remove", "alice", "bob",
                     expect=CONFLICT)["code"] == "already"
    assert pair.json("friend", "list", "bob")["friends"] == []
    for verb in ("add", "remove"):
        pair.run("friend", verb, "alice", "nobody", expect=NOT_FOUND)
        pair.run("friend", verb, "nobody", "alice", expect=NOT_FOUND)
    pair.run("friend", "list", "nobody", expect=NOT_FOUND)


def test_more_friends_than_a_page(admin):
    """Lists are read page by page: the seams must not show."""
    count = 1005
    admin.add("alice")
    with sqlite3.connect(admin.database) as db:
        columns = [r[1] for r in db.execute("PRAGMA table_info(user)")]
        rest = ", ".join(c for c in columns if c not in ("id", "name"))
        for i in range(2, count + 2):
            db.execute(f"INSERT INTO user (id, name, {rest}) SELECT ?, ?, "
                       f"{rest} FROM user WHERE id = 1", (i, f"p{i:05}"))
    for path in admin.folder.iterdir():
        own(path)
    users = admin.json("user", "list")["users"]
    assert [u["name"] for u in users] == \
        ["alice"] + [f"p{i:05}" for i in range(2, count + 2)]


# --- invites --------------------------------------------------------------

def test_invite_is_a_link(pair):
    done = pair.run("invite", "create", "--host", "chat.example.org")
    assert re.fullmatch(
        r"kith://chat\.example\.org/\?invite=[a-z2-9]{20}\n", done.stdout)
    assert "key is not known" in done.stderr
    code = done.stdout.strip().rpartition("=")[2]
    invite, = pair.json("invite", "list")["invites"]
    assert invite["begins"] == code[:8] and invite["state"] == "open"
    assert (invite["uses"], invite["uses_left"]) == (0, 1)
    assert invite["expires"] > invite["created"]
    for path in pair.folder.iterdir():
        assert code.encode() not in path.read_bytes()


CODE_OPTIONS = ("invite", "create", "--qr", "--host", "chat.example.org")


def check_code(lines, dark):
    """The three finders stand where the standard wants them."""
    rows = []
    for line in lines:
        rows.append([(cell in "█▀") is dark for cell in line])
        rows.append([(cell in "█▄") is dark for cell in line])
    side = len(rows[0]) - 2 * 4
    assert side % 4 == 1 and 21 <= side <= 177  # versions 1 to 40
    assert not any(any(row) for row in rows[:4])  # the quiet zone
    finder = [[True] * 7, [True] + [False] * 5 + [True]] + \
        [[True, False, True, True, True, False, True]] * 3 + \
        [[True] + [False] * 5 + [True], [True] * 7]
    for top, left in (4, 4), (4, side - 3), (side - 3, 4):
        assert [row[left:left + 7] for row in rows[top:top + 7]] == finder


def test_invite_create_draws_a_code_beside_the_link(pair):
    """In a pipe without colours: what is light is drawn."""
    done = pair.run(*CODE_OPTIONS)
    assert done.stdout.startswith("kith://chat.example.org/?invite=")
    check_code([line for line in done.stderr.splitlines()
                if re.fullmatch("[█▀▄ ]{29,}", line)], dark=False)


def test_invite_create_draws_black_on_white_on_a_terminal(pair, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    status, shown = on_terminal(pair, *CODE_OPTIONS, answers=[])
    assert status == OK
    check_code(re.findall("\x1b\\[[0-9;]+m\x1b\\[[0-9;]+m([█▀▄ ]+)\x1b\\[0m",
                          shown), dark=True)
    monkeypatch.setenv("NO_COLOR", "1")
    _, shown = on_terminal(pair, *CODE_OPTIONS, answers=[])
    assert "\x1b" not in shown and "█" in shown


def test_invite_create_says_everything_in_json(pair):
    pair.run("user", "show", "alice")
    answer = pair.json("invite", "create", "--uses", "5", "--expires",
                       "never", "--befriend", "bob", "--note", "the family",
                       "--host", "[2001:db8::1]:9999")["invite"]
    assert answer["uses_left"] == 5 and answer["expires"] is None
    assert answer["befriend_id"] == 2
    assert answer["link"] == \
        f"kith://[2001:db8::1]:9999/?invite={answer['code']}"
    invite, = pair.json("invite", "list")["invites"]
    assert invite["befriend"] == "bob" and invite["note"] == "the family"
    assert invite["expires"] is None and invite["id"] == answer["id"]
    pair.run("invite", "create", "--befriend", "nobody", expect=NOT_FOUND)
    assert len(pair.json("invite", "list")["invites"]) == 1


def test_the_link_carries_what_the_daemon_left(pair):
    pin = "sha256:" + "A" * 43
    set_meta(pair, "server_name", "kith.example.net")
    set_meta(pair, "listen", "0.0.0.0:7000, [::]:7000")
    set_meta(pair, "public_key_pin", pin)
    link = pair.run("invite", "create").stdout.strip()
    assert link.startswith("kith://kith.example.net:7000/?")
    assert pin.replace(":", "%3A") in link or pin in link
    assert pair.run("server", "fingerprint").stdout == pin + "\n"
    set_meta(pair, "server_name", "Our family's server")
    set_meta(pair, "listen", "192.0.2.7:5484")
    link = pair.run("invite", "create").stdout.strip()
    assert link.startswith("kith://192.0.2.7/?")


def test_invite_revoke(pair):
    first = pair.json("invite", "create", "--host", "h")["invite"]
    second = pair.json("invite", "create", "--host", "h")["invite"]
    third = pair.json("invite", "create", "--host", "h")["invite"]
    pair.run("invite", "revoke", first["code"])
    pair.run("invite", "revoke", second["link"])
    pair.run("invite", "revoke", f"id:{third['id']}")
    assert pair.json("invite", "list")["invites"] == []
    for gone in (first["code"], second["link"], f"id:{third['id']}", "x"):
        assert pair.json("invite", "revoke", gone,
                         expect=NOT_FOUND)["code"] == "not_found"


# --- server ---------------------------------------------------------------

def test_status_of_a_stopped_server(pair):
    set_meta(pair, "control_socket", str(pair.folder / "control"))
    server = pair.json("server", "status")["server"]
    assert server["state"] == "stopped" and server["users"] == 2
    assert server["database"] == str(pair.database)
    # what was written last may still be in the log
    assert server["database_bytes"] + (server["wal_bytes"] or 0) >= \
        pair.database.stat().st_size
    assert server["version"] is None and server["people_online"] is None
    assert "stopped" in pair.run("server", "status").stdout


def test_fingerprint(pair):
    assert pair.json("server", "fingerprint",
                     expect=NOT_FOUND)["code"] == "not_found"
