# SPDX-License-Identifier: GPL-3.0-or-later
"""How long it takes until live clients see what kith-admin changed.

The clock runs from before kith-admin is started until the last client concerned
has taken in the event, or the end of its connection. Used by a test, which asks
whether it arrives at all, and by tests/bench/admin-latency, which judges the
times.
"""

import pathlib
import shutil
import subprocess
import time

import accounts
from accounts import CHEAP
from kith_server import as_ordinary_user
from patience import VALGRIND

PASSWORD = "correct horse 7"
BENCH_PASSWORD = "correct horse battery"  # as in bench_client.c
BENCH_NICE = 10


class Load:
    """kith-bench with accounts of its own, by the clock, until closed. Under
    valgrind a server bears less of it."""

    def __init__(self, server, pairs, rate, seconds=3600):
        if VALGRIND:
            pairs, rate = min(pairs, 2), min(rate, 5)
        people = [(f"sender{i}", f"receiver{i}") for i in range(pairs)]
        accounts.make(accounts.on_server(server), [n for p in people for n in p],
                      people, BENCH_PASSWORD)
        folder = pathlib.Path(server.programs.folder)
        bench = shutil.copy2(server.programs.build / "tests/bench/kith-bench",
                             folder / f"bench-{server.address[1]}")
        self.process = subprocess.Popen(
            ["nice", "-n", str(BENCH_NICE), *as_ordinary_user(), bench,
             "pairs", "--port", str(server.address[1]), "--pin", server.pin,
             "--server-pid", str(server.process.pid), "--pairs", str(pairs),
             "--rate", str(rate), "--seconds", str(seconds)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)

    def close(self):
        """It must have had no reason to complain: no send has failed."""
        status = self.process.poll()
        if status is None:
            self.process.terminate()
        _, said = self.process.communicate()
        assert status is None, f"kith-bench ended with {status}: {said}"


class Reach:
    """Two people who are live, and what is done to them."""

    def __init__(self, server):
        self.server = server
        self.one = server.person(password=PASSWORD)
        self.other = server.person(password=PASSWORD)

    def _run(self, words, arrived, stdin=""):
        """Seconds until arrived() returns, which waits for it."""
        begin = time.monotonic()
        process = subprocess.Popen(
            [*as_ordinary_user(), str(self.server.programs.kith_admin),
             *words, "--database", str(self.server.database)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env=self.server.environment())
        process.stdin.write(stdin)
        process.stdin.close()
        process.stdin = None
        try:
            arrived()
            seconds = time.monotonic() - begin
        finally:
            said = "".join(process.communicate())
        assert process.returncode == 0, f"{words}: {said}"
        return seconds

    def _ended(self, words, stdin=""):
        seconds = self._run(words, self.one.wait_closed, stdin)
        self.one.close()
        self.server.clients.remove(self.one)
        return seconds

    def _both(self, kind):
        for client in (self.one, self.other):
            client.wait_event(kind)

    def friend_add(self):
        return self._run(["friend", "add", self.one.name, self.other.name],
                         lambda: self._both("friend_added"))

    def friend_remove(self):
        return self._run(["friend", "remove", self.one.name, self.other.name],
                         lambda: self._both("friend_removed"))

    def lock(self):
        seconds = self._ended(["user", "lock", self.one.name])
        self.server.admin("user", "unlock", self.one.name)
        self.one = self.server.back(self.one)
        return seconds

    def passwd(self):
        seconds = self._ended(
            ["user", "passwd", self.one.name, "--end-sessions",
             "--password-stdin", *CHEAP], PASSWORD + "\n")
        self.one = self.server.device(self.one)
        return seconds

    def revoke(self):
        seconds = self._ended(["user", "revoke", self.one.name,
                               str(self.one.device_id)])
        self.one = self.server.device(self.one)
        return seconds

    KINDS = ("friend add", "friend remove", "lock", "passwd", "revoke")

    def try_once(self, kind):
        return getattr(self, kind.replace(" ", "_"))()
