#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""No acknowledged message is lost, doubled or out of order, whatever dies.

Several people send all the time, each message with its own operation id, and
resend what was not answered when their connection breaks. Meanwhile processes
of the daemon are killed with SIGKILL at random moments: the hub alone, or
everything at once. The daemon must be a build with --enable-faults, whose
database loses at a kill whatever was written but not synced, as a power cut
does.

Afterwards an independent client and the sqlite3 program look at what is there.

  crash_test.py --build DIR [--kills N] [--what hub|everything] [--seed N]
                [--expect-loss]

With --expect-loss the daemon is told to skip its syncs and the test must FAIL
to be worth anything: the exit status is 0 when losses were found.
"""

import argparse
import contextlib
import os
import pathlib
import random
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from kith_client import Client, Closed, Refused, uuid7  # noqa: E402
from kith_server import (Programs, Server,  # noqa: E402
                         processes_of, wait_until)

PAIRS = 3
WINDOW = 8                # messages of one person on their way
RECOVERY_S = 30.0
PASSWORD = "correct horse 7"
LOST = (OSError, ssl.SSLError, Closed)


class Loss(AssertionError):
    """A promise was broken."""


class Talker(threading.Thread):
    """One device that sends, receives, and comes back after every cut."""

    def __init__(self, server, name, seed):
        super().__init__(daemon=True, name=name)
        self.server = server
        self.chance = random.Random(seed)
        self.pin = server.pin
        self.token = b""
        self.cursor = None
        self.conversation = 0
        self.outbox = {}      # operation -> text, not acknowledged, in order
        self.promised = {}    # operation -> (number, text)
        self.refused = {}     # operation -> text; must not be there
        self.received = []    # (number, text) by events, in order
        self.count = 0
        self.reconnects = 0
        self.draining = threading.Event()
        self.fault = None

    # --- setting up, before anything is killed ---

    def register(self):
        client = self.server.connect()
        client.sign_up(self.name, PASSWORD)
        client.go_live()
        self.token = client.token
        return client

    def run(self):
        try:
            while True:
                try:
                    with self.session() as client:
                        self.talk(client)
                    return
                except LOST:
                    self.reconnects += 1
                    time.sleep(self.chance.uniform(0.01, 0.1))
        except BaseException as fault:  # pylint: disable=broad-except
            self.fault = fault

    @contextlib.contextmanager
    def session(self):
        client = Client(self.server.pb, self.server.address, self.pin)
        try:
            client.sign_in(self.name, token=self.token)
            client.cursor = self.cursor
            client.catch_up()
            yield client
        except Refused as refusal:
            # still starting, or going away: come back
            if refusal.code not in ("BUSY", "STOPPING", "INTERNAL",
                                    "TRY_LATER"):
                raise
            raise Closed() from refusal
        finally:
            self.take_events(client)
            if client.cursor:
                self.cursor = client.cursor
            client.close()

    def take_events(self, client):
        for event in client.events:
            if event.WhichOneof("body") != "message":
                continue
            message = event.message
            if message.conversation_id == self.conversation:
                self.received.append((message.number, message.content.text))
        client.events.clear()

    def transmit(self, client, operation, text):
        return client.send("send_message", operation,
                           conversation_id=self.conversation,
                           content=self.server.pb.Content(text=text))

    def talk(self, client):
        waiting = {}  # request -> operation
        for operation, text in self.outbox.items():
            waiting[self.transmit(client, operation, text)] = operation
        while not (self.draining.is_set() and not self.outbox):
            while len(waiting) < WINDOW and not self.draining.is_set():
                waiting.update(self.say_something(client))
            client.pump(0.05)
            self.take_events(client)
            for request in [r for r in waiting if r in client.answers]:
                self.take_answer(client, request, waiting.pop(request))

    def say_something(self, client):
        # now and then, what was acknowledged long ago is sent again
        if self.promised and self.chance.random() < 0.05:
            operation = self.chance.choice(list(self.promised))
            text = self.promised[operation][1]
        else:
            self.count += 1
            operation, text = uuid7(), f"{self.name} {self.count}"
            self.outbox[operation] = text
        return {self.transmit(client, operation, text): operation}

    def take_answer(self, client, request, operation):
        try:
            number = client.answer(request).number
        except Refused as refusal:
            if operation in self.promised:
                raise Loss(f"a promised message was refused: {refusal}")
            self.refused[operation] = self.outbox.pop(operation)
            return
        known = self.promised.get(operation)
        if known and known[0] != number:
            raise Loss(f"{known[1]!r} was number {known[0]} and is {number}")
        if not known:
            self.promised[operation] = (number, self.outbox.pop(operation))


class Killer:
    """Kills at random moments and waits until people talk again."""

    def __init__(self, server, talkers, what, chance):
        self.server = server
        self.talkers = talkers
        self.what = what
        self.chance = chance

    def promised(self):
        return sum(len(t.promised) for t in self.talkers)

    def kill(self):
        if self.what == "hub":
            for process in self.server.processes("hub"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            return
        # parent first, so that nobody is restarted meanwhile
        session = self.server.process.pid
        for process in sorted(processes_of(session),
                              key=lambda p: p.pid != session):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self.server.wait()
        wait_until(lambda: not processes_of(session), 10, "the end of all")
        self.server.spawn()

    def run(self, kills):
        for _ in range(kills):
            before = self.promised()
            # one in five hits the daemon while it is still getting up
            if self.chance.random() < 0.8:
                wait_until(lambda: self.promised() > before or self.faults(),
                           RECOVERY_S, "a single answer")
            self.check()
            time.sleep(self.chance.uniform(0, 0.25))
            self.kill()

    def faults(self):
        return [t for t in self.talkers if t.fault]

    def check(self):
        for talker in self.faults():
            raise talker.fault


def befriend(talkers):
    """Pairs people up; leaves each with its conversation and a cursor."""
    for one, other in zip(talkers[::2], talkers[1::2]):
        a, b = one.register(), other.register()
        asked = a.change("send_friend_request", name=other.name)
        b.change("accept_friend_request", id=asked.id)
        for client, talker in ((a, one), (b, other)):
            added = client.wait_event("friend_added")
            talker.conversation = added.conversation.id
            client.drain(0.05)
            talker.cursor = client.cursor
            client.close()


def verify(server, talkers):
    """By an independent client, by the events, and in the database."""
    faults = []
    for one, other in zip(talkers[::2], talkers[1::2]):
        device = server.connect()
        device.sign_in(one.name, password=PASSWORD)
        seen = [(m.number, m.content.text)
                for m in device.whole_history(one.conversation)]
        device.close()
        faults += verify_conversation(one.name, one, other, seen, "history")
        stored = [(int(number), text) for number, text in server.query(
            "SELECT number, CAST(body AS TEXT) FROM message "
            f"WHERE conversation_id = {one.conversation} ORDER BY number")]
        if stored != seen:
            faults.append(f"{one.name}: database and history differ")
        for talker in (one, other):
            if talker.received != seen:
                faults.append(
                    f"{talker.name} saw {len(talker.received)} events, there "
                    f"are {len(seen)} messages: "
                    f"{first_difference(talker.received, seen)}")
    return faults


def verify_store(build, server):
    """The file, its references, numbers, counters, marks and events."""
    done = subprocess.run(
        [str(build / "tests/faults/store-verify"), str(server.database)],
        capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return done.stdout.splitlines() or [f"store-verify: {done.returncode}"]


def first_difference(left, right):
    for index, (a, b) in enumerate(zip(left, right)):
        if a != b:
            return f"at {index}: {a} and {b}"
    return f"lengths {len(left)} and {len(right)}"


def verify_conversation(name, one, other, seen, where):
    faults = []
    numbers = [number for number, _ in seen]
    if numbers != list(range(1, len(seen) + 1)):
        faults.append(f"{name}: numbers with a gap in {where}")
    by_number = dict(seen)
    texts = [text for _, text in seen]
    if len(set(texts)) != len(texts):
        faults.append(f"{name}: a text twice in {where}")
    for talker in (one, other):
        for number, text in talker.promised.values():
            if by_number.get(number) != text:
                faults.append(f"{text!r} was acknowledged as {number}, there "
                              f"is {by_number.get(number)!r}")
        for text in talker.refused.values():
            if text in texts:
                faults.append(f"{text!r} was refused and is there")
        order = [int(text.split()[1]) for text in texts
                 if text.split()[0] == talker.name]
        if order != sorted(order):
            faults.append(f"{talker.name}: out of order in {where}")
    return faults


def run(arguments, server):
    chance = random.Random(arguments.seed)
    talkers = [Talker(server, f"talker{n}", chance.random())
               for n in range(2 * PAIRS)]
    server.start()
    befriend(talkers)
    # A clean end writes everything out, synced or not: so it is messages that
    # the control loses, and not the accounts with which to look for them.
    server.stop()
    server.start()
    killer = Killer(server, talkers, arguments.what, chance)
    for talker in talkers:
        talker.start()
    killer.run(arguments.kills)
    for talker in talkers:
        talker.draining.set()
    for talker in talkers:
        talker.join(RECOVERY_S)
        if talker.fault:
            raise talker.fault
        if talker.is_alive():
            raise Loss(f"{talker.name} gets no answer any more")
    faults = settle_and_verify(server, talkers)
    faults += verify_store(arguments.build, server)
    print(f"{arguments.what}: {arguments.kills} kills, "
          f"{killer.promised()} acknowledged, "
          f"{sum(t.reconnects for t in talkers)} broken connections, "
          f"{sum(len(t.refused) for t in talkers)} refused, "
          f"{len(faults)} faults, seed {arguments.seed}")
    return faults


def settle_and_verify(server, talkers):
    """The last events may still be on their way to some: each comes back
    once more and catches up before it is compared."""
    for talker in talkers:
        with talker.session():
            pass
    return verify(server, talkers)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--what", choices=("hub", "everything"),
                        default="hub")
    parser.add_argument("--seed", type=int,
                        default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--expect-loss", action="store_true")
    arguments = parser.parse_args()

    if arguments.expect_loss:
        os.environ["KITH_CRASH_SYNCHRONOUS"] = "off"

    folder = pathlib.Path(tempfile.mkdtemp(prefix="kith-crash-"))
    folder.chmod(0o755)
    generated = folder / "python"
    generated.mkdir()
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}",
                    f"--python_out={generated}", "kith.proto"], check=True)
    sys.path.insert(0, str(generated))
    import kith_pb2  # made a moment ago
    place = folder / "server"
    place.mkdir()
    server = Server(kith_pb2, Programs(arguments.build, folder / "programs"),
                    place)
    server.expect_deaths = True
    faults = []
    try:
        faults = run(arguments, server)
        server.stop()
        server.judge()
    except (Loss, AssertionError, Refused) as fault:
        faults.append(f"{type(fault).__name__}: {fault}")
    finally:
        server.kill()
    if bool(faults) != arguments.expect_loss:
        print("\n".join(faults[:40]) or "no loss, although nothing was synced")
        if faults:
            print(f"--- end of the log in {server.log_path}")
            print("\n".join(server.log().splitlines()[-30:]))
        return 1
    if faults:
        print(f"lost without syncs, as it must be: {faults[0]}")
    shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
