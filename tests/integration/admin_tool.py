# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin on a database of its own, for the tests of it."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import sqlite3
import subprocess
import tempfile
import time

import pytest

from kith_server import REPORTS, as_ordinary_user, own
from patience import seconds

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
                              capture_output=True, timeout=seconds(60))
        assert not REPORTS.search(done.stderr), done.stderr
        assert done.returncode == expect, \
            f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        if expect != OK:
            assert done.stderr.startswith("kith-admin: ") or \
                "--json" in words or "[y/N]" in done.stderr or \
                "Type their number" in done.stderr, done.stderr
        return done

    def run_alone(self):
        """Without a word, not even --database."""
        return subprocess.run([*as_ordinary_user(), self.program], text=True,
                              capture_output=True, timeout=seconds(60))

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


def set_meta(admin, key, value):
    with sqlite3.connect(admin.database) as db:
        db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
                   (key, value))
    for path in admin.folder.iterdir():
        own(path)


def on_terminal(admin, *words, answers):
    """Runs it on a terminal of its own; (status, all that was shown)."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = admin.command(*words)
        os.execvp(command[0], command)
    shown = b""
    answers = list(answers)
    deadline = time.monotonic() + seconds(60)
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


def waits_in(pid):
    """The system call that a process sleeps in, by name."""
    number = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[0]
    return {"73": "flock", "32": "flock"}.get(number, number)
