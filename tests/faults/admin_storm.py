#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin writes, and is killed, in the middle of a busy server.

First many writes by several kith-admin at once beside live clients that talk
all the time: each must succeed, and so must each message. Then the write lock
is held on purpose: kith-admin gives up with its own exit code, and the clients
notice nothing but a pause. Then kith-admin is killed with SIGKILL at random
moments of a write, half of them while it holds the write lock. In between and
in the end the database is verified, and each client's view (friends, requests,
messages by number) is compared with it.

  admin_storm.py --build DIR [--writes N] [--clients N] [--kills N] [--seed N]
"""

import argparse
import collections
import contextlib
import fcntl
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

import accounts  # noqa: E402
from crowd import (Crowd, Fault, PASSWORD, compare, rows,  # noqa: E402
                   workbench)
from kith_server import as_ordinary_user  # noqa: E402
from patience import wait_until  # noqa: E402
from storm_actions import Pool, choose, covered  # noqa: E402

WORKERS = 3
GUESTS_MAX = 6            # of each worker: live, and everybody's victims
TALKERS_MIN = 2           # a pair
QUIET = 6                 # of each worker: accounts without a device
RUN_TIMEOUT_S = 60
HELD_S = 2.5              # the lock on purpose; the command waits one second
KILLS_A_VERIFY = 25
AFTER_LOCK_S = 0.004      # how long after it got the lock it is killed
SPREAD = 1.1              # of a verb's usual time
BUSY = 5
SNAPSHOTS_MAX = 10        # as snapshot.h


class Storm:
    """One server, its crowd, and the commands that rain on both."""

    def __init__(self, server, arguments):
        self.server = server
        self.arguments = arguments
        self.chance = random.Random(arguments.seed)
        self.crowd = Crowd(server, arguments.seed)
        self.pools = [Pool(server, n, random.Random(self.chance.random()))
                      for n in range(WORKERS)]
        self.took = collections.defaultdict(list)  # verb -> seconds
        self.killed = collections.Counter()
        self.inside = 0     # kills while it held the write lock
        self.faults = []

    # --- running kith-admin ---

    def spawn(self, words):
        return subprocess.Popen(
            [*as_ordinary_user(), str(self.server.programs.kith_admin),
             *words, "--database", str(self.server.database)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env=self.server.environment())

    def run(self, words, stdin="", expect=0):
        begin = time.monotonic()
        process = self.spawn(words)
        said = "".join(process.communicate(stdin, RUN_TIMEOUT_S))
        if process.returncode != expect:
            raise Fault(f"kith-admin {' '.join(words)}: "
                        f"{process.returncode}, not {expect}: {said}")
        self.took[" ".join(words[:2])].append(time.monotonic() - begin)
        return said

    def table(self):
        return {f"{c['noun']} {c['verb']}": c for c in
                json.loads(self.run(["help", "--json"]))["commands"]}

    def verify(self):
        if "db verify" in self.table():
            self.run(["db", "verify"])

    # --- setting up ---

    def set_up(self):
        clients = self.arguments.clients
        # of few clients at least half talk
        guests = max(1, min(GUESTS_MAX, clients // (2 * WORKERS)))
        talkers = max(TALKERS_MIN, clients - WORKERS * guests)
        names = [f"talker{n}" for n in range(talkers - talkers % 2)]
        for pool in self.pools:
            pool.guests = [f"guest{pool.number}x{n}" for n in range(guests)]
            pool.quiet = [f"quiet{pool.number}x{n}" for n in range(QUIET)]
            pool.talkers = names[pool.number::WORKERS]
        accounts.make(
            lambda *words, stdin="": self.run(list(words), stdin),
            names + [n for p in self.pools for n in p.guests + p.quiet],
            zip(names[::2], names[1::2]), PASSWORD)
        for pool in self.pools:
            for name in pool.guests:
                pool.members[name] = self.crowd.add(name)
        self.add_talkers(names)

    def add_talkers(self, names):
        """In pairs; each knows their conversation from the database."""
        found = dict(rows(
            self.server.database,
            "SELECT user.name, member.conversation_id FROM user "
            "JOIN member ON member.user_id = user.id"))
        for name in names:
            self.crowd.add(name).conversation = found[name]

    # --- 1: writes ---

    def write(self):
        quota = -(-self.arguments.writes // WORKERS)  # rounded up
        threads = [threading.Thread(target=self._write_some, args=(p, quota))
                   for p in self.pools]
        before, begin = self.crowd.promised(), time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.check()
        self.verify()
        seconds = time.monotonic() - begin
        said = self.crowd.promised() - before
        print(f"{quota * WORKERS} writes in {seconds:.0f} s beside "
              f"{len(self.crowd.members)} clients, {said} messages, no failed "
              f"send", flush=True)

    def _write_some(self, pool, quota):
        try:
            for _ in range(quota):
                if self.faults:
                    return
                words, stdin = choose(pool)
                self.run(words, stdin)
                self.crowd.check()
        except BaseException as fault:  # pylint: disable=broad-except
            self.faults.append(fault)

    def check(self):
        self.crowd.check()
        for fault in self.faults:
            raise fault

    # --- 2: the lock held on purpose ---

    def let_in(self):
        for pool in self.pools:
            for words, stdin in pool.let_in():
                self.run(words, stdin)

    def hold(self):
        self.let_in()  # who is locked out does not talk
        pool = self.pools[0]
        words, stdin = choose(pool, "friend add", "friend remove")
        before = pool.count("friend_link")
        promised = self.crowd.promised()
        with open(f"{self.server.database}.lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            begin = time.monotonic()
            self.run([*words, "--wait", "1"], stdin, BUSY)
            waited = time.monotonic() - begin
            time.sleep(max(0, HELD_S - waited))
        if pool.count("friend_link") != before or not 0.9 < waited < 2.5:
            raise Fault(f"busy after {waited:.1f} s, and changed?")
        self.run(words, stdin)
        wait_until(lambda: self.crowd.promised() > promised + 10 or
                   self.crowd.fault, 30, "the talk after the pause")
        self.check()
        print(f"busy is exit 5 after {waited:.1f} s; the talk went on")

    # --- 3: kills ---

    def kill(self):
        pool, done, complete = self.pools[0], 0, 0
        while done < self.arguments.kills:
            words, stdin = choose(pool)
            if self._kill_one(words, stdin, done % 2 == 1):
                done += 1
                if done % KILLS_A_VERIFY == 0:
                    self.verify()
                    self.check()
            else:
                complete += 1
        self.verify()
        print(f"{done} kills ({self.inside} with the write lock held, "
              f"{complete} came too late): "
              f"{', '.join(f'{v} {n}' for v, n in self.killed.items())}",
              flush=True)

    def _kill_one(self, words, stdin, locked):
        verb = " ".join(words[:2])
        usual = statistics.median(self.took[verb] or [0.03])
        process = self.spawn(words)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.close()
        process.stdin = None
        if locked:
            self._await_lock(process)
        else:
            time.sleep(self.chance.uniform(0, usual * SPREAD))
        holds = self._holds_lock(process.pid)
        process.kill()
        said = "".join(process.communicate())
        if process.returncode not in (0, -signal.SIGKILL):
            raise Fault(f"kith-admin {' '.join(words)}: "
                        f"{process.returncode}: {said}")
        if process.returncode == 0:
            return False
        self.inside += holds
        self.killed[verb] += 1
        return True

    def _await_lock(self, process):
        while process.poll() is None and not self._holds_lock(process.pid):
            pass
        end = time.monotonic() + self.chance.uniform(0, AFTER_LOCK_S)
        while time.monotonic() < end:
            pass

    def _holds_lock(self, pid):
        inode = os.stat(f"{self.server.database}.lock").st_ino
        with open("/proc/locks", encoding="ascii") as file:
            return any(
                fields[4] == str(pid) and fields[5].endswith(f":{inode}")
                for fields in map(str.split, file)
                if fields[1] == "FLOCK")

    def look_for_litter(self):
        """What killed runs leave behind goes with the next one."""
        self.run(["user", "add", "last", "--generate"])
        self.run(["user", "delete", "last", "--purge", "--yes"])
        there = os.listdir(f"{self.server.database}.snapshots")
        if len(there) > SNAPSHOTS_MAX or \
                not all(name.endswith(".db") for name in there):
            raise Fault(f"litter among the snapshots: {there}")

    # --- all of it ---

    def everything(self):
        table = self.table()
        missing = {
            key for key, command in table.items()
            if "writes" in command["flags"]
            and not {"as_root", "stopped"} & set(command["flags"])
        } - covered()
        if missing:
            raise Fault(f"verbs that write and are not in the storm: "
                        f"{sorted(missing)}")
        self.server.start()
        self.set_up()
        self.crowd.start()
        if self.arguments.writes:
            self.write()
        self.hold()
        self.kill()
        self.let_in()
        self.look_for_litter()
        self.crowd.settle()
        views = self.crowd.catch_up()
        if len(views) != len(self.crowd.members):
            raise Fault(f"only {len(views)} of {len(self.crowd.members)} "
                        "could come back")
        faults = compare(self.server.database, views)
        if faults:
            raise Fault("\n".join(faults[:20]))
        self.server.stop()
        self.server.judge()
        self.verify()
        verbs = sorted(v for v in self.took if v in covered())
        print(f"{len(views)} clients agree with the database; "
              f"{self.crowd.promised()} messages, "
              f"{sum(m.cuts for m in views)} cuts; verbs: "
              f"{', '.join(f'{v} {len(self.took[v])}' for v in verbs)}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--writes", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int,
                        default=int.from_bytes(os.urandom(4), "big"))
    arguments = parser.parse_args()
    with workbench(arguments.build, "kith-storm-") as server:
        try:
            Storm(server, arguments).everything()
        except AssertionError as fault:
            print(f"admin-storm: seed {arguments.seed}: {fault}\n"
                  "--- end of the log\n"
                  + "\n".join(server.log().splitlines()[-20:]),
                  file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
