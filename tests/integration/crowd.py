# SPDX-License-Identifier: GPL-3.0-or-later
"""Many live clients in one thread, each with its own view of the world.

A Member is one person on one device: it sends to its friend all the time, takes
in every event, comes back after every cut, and sends again what was not
answered, under the same operation. What it must never see raises a Fault. In
the end compare() asks whether its view is what the database says.
"""

import collections
import contextlib
import importlib
import pathlib
import random
import select
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from kith_client import Closed, Refused, uuid7
from kith_server import Programs, Server
from patience import seconds

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

PASSWORD = "correct horse 7"
LOST = (OSError, ssl.SSLError, Closed)
PAUSE_S = (0.2, 1.2)      # between two messages of one person
AWAY_S = (0.05, 0.3)      # before another try to come back
STUCK_S = seconds(30.0)   # without an answer
SETTLE_S = seconds(60.0)

# Why a person may be kept out for a while; all else is a fault.
KEPT_OUT = ("LOCKED", "BAD_CREDENTIALS", "NOT_FOUND", "PENDING", "BUSY",
            "TRY_LATER", "STOPPING", "INTERNAL")


class Fault(AssertionError):
    """A promise was broken."""


class Member:
    """One person, live or on the way back."""

    def __init__(self, crowd, name, chance):
        self.crowd = crowd
        self.name = name
        self.chance = chance
        self.id = 0
        self.token = b""
        self.client = None
        self.cursor = None
        self.conversation = 0  # 0: says nothing
        self.outbox = {}       # operation -> text, not acknowledged
        self.waiting = {}      # request -> (operation, since when)
        self.promised = {}     # text -> number
        self.friends = {}      # user id -> conversation
        self.messages = {}     # conversation -> {number: (sender, text)}
        self.requests = set()
        self.next_s = 0.0
        self.cuts = 0
        self.count = 0
        self.rests = False     # sends no more
        self.asks = collections.deque()  # names to ask for friendship
        self.asked = set()     # requests whose answers do not matter

    # --- coming and going ---

    def connect(self):
        """Signs in by its token, or by the password, which never changes."""
        server = self.crowd.server
        client = server.connect()
        server.clients.remove(client)
        try:
            self._sign_in(client)
            if self.cursor and self.cursor[0] != client.greeting.epoch:
                self._start_over()
            client.cursor = self.cursor
            if client.cursor is None:
                self._take_snapshot(client)
            client.catch_up()
        except BaseException:
            client.close()
            raise
        self.client = client
        self.cursor = client.cursor
        self.take_events()
        for operation, text in self.outbox.items():
            self._transmit(operation, text)

    def _sign_in(self, client):
        if self.token:
            try:
                client.sign_in(self.name, token=self.token)
                self.id = client.id
                return
            except Refused as refusal:
                if refusal.code != "BAD_CREDENTIALS":
                    raise
                self.token = b""
                raise Closed() from refusal  # another connection
        client.sign_in(self.name, password=PASSWORD)
        self.token, self.id = client.token, client.id

    def _start_over(self):
        """Another epoch: a snapshot takes the place of all that was known, and
        what was promised before it may lie behind the backup."""
        self.cursor = None
        self.promised.clear()
        self.friends.clear()
        self.messages.clear()
        self.requests.clear()

    def _take_snapshot(self, client):
        whole = client.snapshot()
        for conversation in whole.conversations:
            if conversation.friends:
                self.friends[conversation.peer.id] = conversation.id
            if conversation.last_number:
                self.messages[conversation.id] = {
                    m.number: (m.sender_id, m.content.text)
                    for m in client.whole_history(conversation.id)}
        self.requests = {request.id for request in whole.friend_requests}

    def lose(self):
        """The connection is gone; so are the answers on their way."""
        if self.client is None:
            return
        self.take_events()
        self.cursor = self.client.cursor
        self.client.close()
        self.client = None
        self.waiting.clear()
        self.asked.clear()
        self.cuts += 1
        self.next_s = time.monotonic() + self.chance.uniform(*AWAY_S)

    # --- taking in ---

    def take_events(self):
        for event in self.client.events:
            kind = event.WhichOneof("body")
            take = getattr(self, f"_take_{kind}", None)
            if take:
                take(getattr(event, kind))
        self.client.events.clear()
        self.client.presence.clear()
        self.client.typing.clear()

    def _take_message(self, message):
        known = self.messages.setdefault(message.conversation_id, {})
        if message.number in known:
            raise Fault(f"{self.name}: message {message.number} of "
                        f"{message.conversation_id} came twice")
        known[message.number] = (message.sender_id, message.content.text)

    def _take_friend_added(self, added):
        peer = added.conversation.peer.id
        if added.conversation.peer.name.startswith(":"):
            return  # the server's announcements; nobody's friend
        if peer in self.friends:
            raise Fault(f"{self.name}: friend {peer} was added twice")
        self.friends[peer] = added.conversation.id

    def _take_friend_removed(self, removed):
        if self.friends.pop(removed.user_id, None) is None:
            raise Fault(f"{self.name}: {removed.user_id} was no friend")

    def _take_friend_request(self, request):
        self.requests.add(request.id)

    def _take_friend_request_ended(self, ended):
        self.requests.discard(ended.id)

    # --- talking ---

    def _transmit(self, operation, text):
        request = self.client.send(
            "send_message", operation, conversation_id=self.conversation,
            content=self.crowd.server.pb.Content(text=text))
        self.waiting[request] = (operation, time.monotonic())

    def _take_answers(self):
        for request in self.asked & set(self.client.answers):
            self.asked.discard(request)
            del self.client.answers[request]  # asked before, or gone: so be it
        for request in [r for r in self.waiting if r in self.client.answers]:
            operation, _ = self.waiting.pop(request)
            text = self.outbox[operation]
            try:
                number = self.client.answer(request).number
            except Refused as refusal:
                raise Fault(f"{self.name}: a send failed: {refusal}") \
                    from refusal
            self.promised[text] = number
            del self.outbox[operation]
        for operation, since in self.waiting.values():
            if time.monotonic() - since > STUCK_S:
                raise Fault(f"{self.name}: no answer to "
                            f"{self.outbox[operation]!r}")

    def serve(self):
        """Takes in all that is there."""
        try:
            while self.client.pump(0):
                pass
            self.take_events()
            self.cursor = self.client.cursor
            self._take_answers()
        except LOST:
            self.lose()

    def advance(self, now):
        """Comes back, or says the next thing, when it is time."""
        if now < self.next_s:
            return
        try:
            if self.client is None:
                self.next_s = now + self.chance.uniform(*AWAY_S)
                self.connect()
            elif self.asks:
                self.asked.add(self.client.send(
                    "send_friend_request", uuid7(), name=self.asks.popleft()))
            elif self.conversation and not self.outbox and not self.rests:
                self.count += 1
                operation, text = uuid7(), f"{self.name} {self.count}"
                self.outbox[operation] = text
                self._transmit(operation, text)
                self.next_s = now + self.chance.uniform(*PAUSE_S)
        except LOST:
            self.lose()
        except Refused as refusal:
            if refusal.code not in KEPT_OUT:
                raise Fault(f"{self.name}: kept out: {refusal}") from refusal
            self.next_s = now + max(refusal.retry_after_ms / 1000,
                                    self.chance.uniform(*AWAY_S))


class Crowd:
    """All members, and the thread that serves them."""

    def __init__(self, server, seed=0):
        self.server = server
        self.chance = random.Random(seed)
        self.members = []
        self.fault = None
        self.leaving = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def add(self, name):
        member = Member(self, name, random.Random(self.chance.random()))
        self.members.append(member)
        return member

    def start(self):
        """Signs everybody in, one after the other, then lets them talk."""
        for member in self.members:
            member.connect()
            member.next_s = time.monotonic() + \
                member.chance.uniform(0, PAUSE_S[1])
        self.thread.start()
        return self

    def _run(self):
        try:
            while not self.leaving.is_set():
                self._turn()
        except BaseException as fault:  # pylint: disable=broad-except
            self.fault = fault

    def _turn(self):
        live = {m.client.connection.socket: m for m in self.members
                if m.client}
        waiting = [s for s in live if s.pending()]
        poll = select.epoll()
        try:
            by_fd = {s.fileno(): s for s in live}
            for fd in by_fd:
                poll.register(fd, select.EPOLLIN)
            waiting += [by_fd[fd] for fd, _ in
                        poll.poll(0 if waiting else 0.02)]
        finally:
            poll.close()
        for plain in set(waiting):
            live[plain].serve()
        now = time.monotonic()
        for member in self.members:
            member.advance(now)

    def check(self):
        if self.fault:
            raise self.fault

    def promised(self):
        return sum(len(m.promised) for m in self.members)

    def settle(self, answers=True):
        """Nobody speaks any more; returns when all is answered."""
        for member in self.members:
            member.rests = True
        deadline = time.monotonic() + SETTLE_S
        while answers and any(m.outbox for m in self.members):
            self.check()
            if time.monotonic() > deadline:
                stuck = [m.name for m in self.members if m.outbox]
                raise Fault(f"never answered: {stuck}")
            time.sleep(0.05)

    def stop(self):
        """Ends the thread; the members keep what they know."""
        if self.thread.ident is not None:
            self.leaving.set()
            self.thread.join(SETTLE_S)
        self.check()

    # --- judging ---

    def catch_up(self):
        """Once more through the log, for what was on its way. Who cannot sign
        in keeps the view of the last moment, and is left out."""
        self.stop()
        views = []
        for member in self.members:
            member.lose()
            with contextlib.suppress(Refused):
                for _ in range(2):
                    with contextlib.suppress(Closed):
                        member.connect()
                        views.append(member)
                        break
        return views


def rows(database, sql, *values):
    """By a library of its own, which reads and changes nothing."""
    with contextlib.closing(sqlite3.connect(
            f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(sql, values).fetchall()


def compare(database, members):
    """What is wrong with the members' views, in words."""
    faults = []
    with contextlib.closing(sqlite3.connect(
            f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        for member in members:
            faults += _compare_one(connection, member)
    return faults


def _compare_one(connection, member):
    friends = dict(connection.execute(
        "SELECT high_id, conversation_id FROM friend_link WHERE low_id = ?1 "
        "UNION SELECT low_id, conversation_id FROM friend_link "
        "WHERE high_id = ?1", (member.id,)))
    if friends != member.friends:
        yield f"{member.name} sees friends {member.friends}, not {friends}"
    requests = {row[0] for row in connection.execute(
        "SELECT id FROM friend_request WHERE ?1 IN (from_id, to_id)",
        (member.id,))}
    if requests != member.requests:
        yield f"{member.name} sees requests {member.requests}, not {requests}"
    conversations = [row[0] for row in connection.execute(
        "SELECT conversation_id FROM member WHERE user_id = ?", (member.id,))]
    for conversation in conversations:
        stored = {number: (sender, bytes(body).decode())
                  for number, sender, body in connection.execute(
                      "SELECT number, sender_id, body FROM message "
                      "WHERE conversation_id = ?", (conversation,))}
        seen = member.messages.get(conversation, {})
        if stored != seen:
            odd = sorted(set(stored.items()) ^ set(seen.items()))[:3]
            yield f"{member.name} sees {len(seen)} messages of " \
                  f"{conversation}, there are {len(stored)}: {odd}"
    if not set(member.messages) <= set(conversations):
        yield f"{member.name} saw messages of conversations of others"
    stored = dict((text, number)
                  for seen in member.messages.values()
                  for number, (sender, text) in seen.items()
                  if sender == member.id)
    for text, number in member.promised.items():
        if stored.get(text) != number:
            yield f"{text!r} was acknowledged as {number}, there is " \
                  f"{stored.get(text)}"


@contextlib.contextmanager
def workbench(build, prefix="kith-crowd-", **settings):
    """A server, not started, in a folder that goes away in the end."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o755)
    (folder / "python").mkdir()
    (folder / "server").mkdir()
    server = None
    try:
        subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}",
                        f"--python_out={folder / 'python'}", "kith.proto"],
                       check=True)
        sys.path.insert(0, str(folder / "python"))
        server = Server(importlib.import_module("kith_pb2"),
                        Programs(build, folder / "programs"),
                        folder / "server", **settings)
        yield server
    finally:
        if server:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)
