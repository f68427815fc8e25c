# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin on a database without a daemon: every verb, every exit code, and
the same truth in JSON."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time

import pytest

from kith_server import (ORDINARY_ID, REPORTS, as_ordinary_user, own,
                         wait_until)

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PASSWORD = "correct horse 7"
CHEAP = ("--argon2-memory-kib", "19456", "--argon2-passes", "2")
OK, FAILED, USAGE, NOT_FOUND, CONFLICT, BUSY, REFUSED, INTEGRITY = range(8)


class Admin:
    """kith-admin and a database of its own."""

    def __init__(self, programs, folder):
        self.program = str(programs.kith_admin)
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        own(self.folder)
        self.database = self.folder / "kith.db"

    def command(self, *words):
        return [*as_ordinary_user(), self.program, *words, "--database",
                str(self.database)]

    def run(self, *words, stdin="", expect=OK):
        done = subprocess.run(self.command(*words), input=stdin, text=True,
                              capture_output=True, timeout=60)
        assert not REPORTS.search(done.stderr), done.stderr
        assert done.returncode == expect, \
            f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        if expect != OK:
            assert done.stderr.startswith("kith-admin: ") or \
                "--json" in words or "[y/N]" in done.stderr, done.stderr
        return done

    def json(self, *words, stdin="", expect=OK):
        done = self.run(*words, "--json", stdin=stdin, expect=expect)
        answer = json.loads(done.stdout)
        assert answer["version"] == 1
        assert answer["ok"] is (expect == OK)
        if expect != OK:
            assert set(answer) == {"version", "ok", "code", "message"}
            assert re.fullmatch("[a-z_]+", answer["code"])
            assert answer["message"] and "\n" not in answer["message"]
        return answer

    def add(self, *names):
        for name in names:
            self.run("user", "add", name, "--password-stdin", *CHEAP,
                     stdin=PASSWORD + "\n")
        return self

    def user(self, name):
        return self.json("user", "show", name)["user"]

    def query(self, sql):
        done = subprocess.run(
            [*as_ordinary_user(), "sqlite3", "-readonly", "-json",
             str(self.database), sql],
            capture_output=True, text=True, check=True)
        return json.loads(done.stdout or "[]")


@pytest.fixture
def admin(programs):
    folder = tempfile.mkdtemp(prefix="kith-admin-")
    yield Admin(programs, folder)
    shutil.rmtree(folder)


@pytest.fixture
def pair(admin):
    return admin.add("alice", "bob")


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


def test_the_man_page_has_every_command_and_option(admin):
    page = (ROOT / "admin" / "kith-admin.8").read_text()
    for command in table(admin):
        title = f"Cm {command['noun']} {command['verb']}"
        assert title in page, title
        section = page[page.index(title):]
        for option in command["options"]:
            assert f"Fl -{option['name']}" in section, (title, option)
    for option in admin.json("help")["common_options"]:
        assert f"Fl -{option['name']}" in page


@pytest.mark.parametrize("words", [
    (), ("user",), ("nobody", "list"), ("user", "dance"), ("user", "show"),
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
        admin.run("user", "delete", name, "--yes")
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
    assert answer["user"]["state"] == "locked"
    assert pair.user("bob")["reason"] == "spam <b>"
    assert pair.json("user", "lock", "bob", expect=CONFLICT)["code"] == \
        "already"
    assert pair.user("bob")["reason"] == "spam <b>"
    assert pair.json("user", "unlock", "bob")["user"]["state"] == "active"
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
    pair.run("user", "delete", "bob", stdin="y\n")
    assert pair.json("friend", "list")["friends"] == []
    pair.run("user", "show", "bob", expect=NOT_FOUND)
    pair.run("user", "show", "id:2", expect=NOT_FOUND)
    pair.run("user", "delete", "id:2", "--yes", expect=NOT_FOUND)
    # the name is free, the id is not
    pair.add("bob")
    assert pair.user("bob")["id"] == 3
    answer = pair.json("user", "delete", "bob", "--yes")
    assert answer["deleted"] == {"id": 3, "name": "bob", "friends": 0,
                                 "friend_requests": 0, "devices": 0}


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
                     expect=NOT_FOUND)["code"] == "not_found"
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


def set_meta(admin, key, value):
    with sqlite3.connect(admin.database) as db:
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                   (key, value))
    for path in admin.folder.iterdir():
        own(path)


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
    assert server["database_bytes"] >= pair.database.stat().st_size
    assert server["version"] is None and server["people_online"] is None
    assert "stopped" in pair.run("server", "status").stdout


def test_fingerprint(pair):
    assert pair.json("server", "fingerprint",
                     expect=NOT_FOUND)["code"] == "not_found"


# --- certificates ---------------------------------------------------------

def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], text=True,
                          capture_output=True, check=True).stdout


def test_cert_create_and_show(admin, programs):
    certificate = admin.folder / "certificate.pem"
    key = admin.folder / "key.pem"
    words = ("--certificate", str(certificate))
    made = admin.json("cert", "create", *words, "--key", str(key), "--names",
                      "chat.example.org,192.0.2.1", "--days", "100")
    pin = made["certificate"]["fingerprint"]
    assert certificate.stat().st_mode & 0o777 == 0o644
    assert key.stat().st_mode & 0o777 == 0o600
    text = openssl("x509", "-in", certificate, "-noout", "-text")
    assert "DNS:chat.example.org" in text and "192.0.2.1" in text
    assert "prime256v1" in text
    assert openssl("x509", "-in", certificate, "-noout", "-pubkey") == \
        openssl("pkey", "-in", key, "-pubout")
    shown = admin.json("cert", "show", *words)["certificate"]
    assert shown == made["certificate"]
    assert 98 <= shown["days_left"] <= 100
    assert admin.run("server", "fingerprint", *words).stdout.strip() == pin
    assert pin in admin.run("cert", "show", *words).stdout
    # never over what is there, also when only one of the two is
    before = certificate.read_bytes(), key.read_bytes()
    both = (*words, "--key", str(key))
    assert admin.json("cert", "create", *both,
                      expect=CONFLICT)["code"] == "already"
    certificate.unlink()
    admin.run("cert", "create", *both, expect=CONFLICT)
    assert not certificate.exists() and key.read_bytes() == before[1]
    certificate.write_bytes(before[0])
    key.unlink()
    admin.run("cert", "create", *both, expect=CONFLICT)
    assert certificate.read_bytes() == before[0] and not key.exists()
    assert not list(admin.folder.glob("*.new-*"))


def test_cert_of_this_machine(admin):
    certificate, key = admin.folder / "c.pem", admin.folder / "k.pem"
    admin.run("cert", "create", "--certificate", str(certificate), "--key",
              str(key))
    assert os.uname().nodename in openssl(
        "x509", "-in", certificate, "-noout", "-ext", "subjectAltName")


def test_cert_that_is_none(admin):
    words = ("--certificate", str(admin.folder / "c.pem"))
    admin.run("cert", "show", *words, expect=NOT_FOUND)
    (admin.folder / "c.pem").write_text("nothing\n")
    admin.run("cert", "show", *words, expect=FAILED)
    admin.run("server", "fingerprint", *words, expect=FAILED)
    admin.run("cert", "create", "--certificate", "/nowhere/c.pem", "--key",
              "/nowhere/k.pem", expect=FAILED)
    admin.run("cert", "create", *words, "--key", "k", "--names", "a b",
              expect=USAGE)


# --- passwords are nobody's business --------------------------------------

def on_terminal(admin, *words, answers):
    """Runs it on a terminal of its own; (status, all that was shown)."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = admin.command(*words)
        os.execvp(command[0], command)
    shown = b""
    answers = list(answers)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.1)
        if ready:
            try:
                data = os.read(terminal, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
            if answers and re.search(answers[0][0].encode(), shown):
                os.write(terminal, answers.pop(0)[1].encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert not answers, (answers, shown)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_prompt_without_echo(admin):
    status, shown = on_terminal(
        admin, "user", "add", "alice", *CHEAP,
        answers=[("New password: ", PASSWORD), ("again: ", PASSWORD)])
    assert status == OK, shown
    assert PASSWORD not in shown and "alice is added" in shown
    status, shown = on_terminal(
        admin, "user", "passwd", "alice", *CHEAP,
        answers=[("New password: ", PASSWORD), ("again: ", "other horse")])
    assert status == FAILED and "differ" in shown
    assert PASSWORD not in shown


def test_without_a_terminal_it_says_what_to_do(admin):
    done = subprocess.run(admin.command("user", "add", "alice"),
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, start_new_session=True)
    assert done.returncode == USAGE
    assert "--password-stdin" in done.stderr


def test_the_password_is_in_no_ones_sight(admin):
    """While it waits for the lock, neither arguments nor environment tell."""
    admin.add("alice")
    with open(admin.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            admin.command("user", "add", "bob", "--password-stdin", *CHEAP),
            stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(PASSWORD.encode() + b"\n")
        process.stdin.close()
        wait_until(lambda: "flock" in waits_in(process.pid), 20,
                   "waiting for the lock")
        for name in ("cmdline", "environ"):
            assert PASSWORD.encode() not in pathlib.Path(
                "/proc", str(process.pid), name).read_bytes()
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert process.wait(20) == OK
    process.stderr.close()


def waits_in(pid):
    """The system call that a process sleeps in, by name."""
    number = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[0]
    return {"73": "flock", "32": "flock"}.get(number, number)


def test_a_password_is_no_argument(admin):
    admin.run("user", "add", "alice", PASSWORD, expect=USAGE)
    admin.run("user", "add", "alice", "--password", PASSWORD, expect=USAGE)


# --- the database ---------------------------------------------------------

@pytest.mark.parametrize("words", [
    ("user", "add", "carol", "--generate", *CHEAP),
    ("user", "passwd", "bob", "--generate", *CHEAP), ("user", "lock", "bob"),
    ("user", "unlock", "bob"), ("user", "delete", "bob", "--yes"),
    ("friend", "add", "alice", "bob"), ("friend", "remove", "alice", "bob"),
    ("invite", "create", "--host", "h"), ("invite", "revoke", "id:1"),
    ("user", "list"), ("server", "status")])
def test_busy(pair, words):
    with open(pair.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        began = time.monotonic()
        answer = pair.json(*words, "--wait", "1", expect=BUSY)
        assert 0.9 < time.monotonic() - began < 20
        assert answer["code"] == "busy"
        assert "password" not in answer
        pair.run(*words, "--wait", "0", expect=BUSY)
    assert [u["name"] for u in pair.json("user", "list")["users"]] == \
        ["alice", "bob"]


def test_it_waits_for_its_turn(pair):
    with open(pair.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(pair.command("user", "lock", "bob"),
                                   stderr=subprocess.DEVNULL)
        wait_until(lambda: "flock" in waits_in(process.pid), 20,
                   "waiting for the lock")
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert process.wait(20) == OK
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
    pair.run("user", "lock", "bob", expect=REFUSED)


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
    status, shown = on_terminal(pair, "user", "list", answers=[])
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
            process.wait(0.004 * i)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert pair.query("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    for user in pair.json("user", "list")["users"]:
        assert pair.user(user["name"])["has_password"] is True
        hashes.add(user["name"])
    assert {"alice", "bob"} <= hashes
