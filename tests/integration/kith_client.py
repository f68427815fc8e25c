# SPDX-License-Identifier: GPL-3.0-or-later
"""An independent client of the kith protocol.

It shares nothing with the C code but proto/kith.proto: TLS is Python's own,
the messages are what protoc makes, the rules are those of proto/PROTOCOL.md.
It is strict: what the daemon must not do raises ProtocolFault.
"""

import base64
import functools
import hashlib
import os
import select
import socket
import ssl
import struct
import subprocess
import time

from patience import seconds

ALPN = "kith/1"
ANSWER_TIMEOUT_S = 20.0  # generous: sanitizers and a busy machine
QUIET_S = 0.3            # how long "nothing comes" is watched


class ProtocolFault(AssertionError):
    """The daemon did what PROTOCOL.md forbids."""


class Closed(Exception):
    """The daemon has closed; goodbye holds its reason, if it gave one."""

    def __init__(self, goodbye=None):
        super().__init__(goodbye or "closed without a goodbye")
        self.goodbye = goodbye


class Refused(Exception):
    """A request was refused."""

    def __init__(self, refusal, pb):
        self.code = pb.Refusal.Code.Name(refusal.code)
        self.sentence = refusal.sentence
        self.retry_after_ms = refusal.retry_after_ms
        super().__init__(f"{self.code}: {self.sentence}")
        if refusal.code == 0 or not refusal.sentence.strip():
            raise ProtocolFault(f"a refusal without code or sentence: {self}")
        if "\n" in refusal.sentence:
            raise ProtocolFault(f"more than one line: {refusal.sentence!r}")


def uuid7():
    """A UUID version 7 (RFC 9562)."""
    milliseconds = time.time_ns() // 1_000_000
    raw = bytearray(milliseconds.to_bytes(6, "big") + os.urandom(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)


@functools.lru_cache(maxsize=64)
def pin_of(certificate_der):
    """The pin of a certificate: SHA-256 of its SubjectPublicKeyInfo."""
    key = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-pubkey"],
        input=certificate_der, stdout=subprocess.PIPE, check=True).stdout
    spki = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"],
        input=key, stdout=subprocess.PIPE, check=True).stdout
    digest = base64.urlsafe_b64encode(hashlib.sha256(spki).digest())
    return "sha256:" + digest.decode().rstrip("=")


def tls_context(alpn=(ALPN,)):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the pin decides
    context.verify_mode = ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class Connection:
    """TLS and frames; knows nothing of what the messages mean."""

    def __init__(self, pb, address, pin=None, context=None, source=None):
        self.pb = pb
        self.received = bytearray()
        self.frame_max = 65536
        self.clean_end = False  # by close_notify
        plain = socket.create_connection(
            address, seconds(ANSWER_TIMEOUT_S), source and (source, 0))
        try:
            self.socket = (context or tls_context()).wrap_socket(
                plain, server_hostname="localhost",
                suppress_ragged_eofs=False)
        except BaseException:
            plain.close()
            raise
        if self.socket.selected_alpn_protocol() != ALPN:
            raise ProtocolFault("the daemon did not choose kith/1")
        self.certificate = self.socket.getpeercert(binary_form=True)
        if pin and pin_of(self.certificate) != pin:
            self.close()
            raise ssl.SSLCertVerificationError("another key than pinned")

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionError, ssl.SSLError) as error:
            raise Closed() from error

    def send_frame(self, body):
        self.send_bytes(struct.pack(">I", len(body)) + body)

    def receive(self, timeout=seconds(ANSWER_TIMEOUT_S)):
        """The next ToClient, or None when none came in time."""
        deadline = time.monotonic() + timeout
        while True:
            message = self._take()
            if message is not None:
                return message
            left = deadline - time.monotonic()
            if not self.socket.pending():
                readable, _, _ = select.select(
                    [self.socket], [], [], max(left, 0))
                if not readable:
                    return None
            self.socket.settimeout(max(left, 0.001))
            try:
                data = self.socket.recv(65536)
            except (ssl.SSLWantReadError, TimeoutError):
                continue
            except (ConnectionError, ssl.SSLError) as error:
                raise Closed() from error
            finally:
                self.socket.settimeout(seconds(ANSWER_TIMEOUT_S))
            if not data:
                self.clean_end = True
                raise Closed()
            self.received += data

    def _take(self):
        if len(self.received) < 4:
            return None
        length, = struct.unpack_from(">I", self.received)
        if not 0 < length <= self.frame_max:
            raise ProtocolFault(f"a frame of {length} bytes")
        if len(self.received) < 4 + length:
            return None
        message = self.pb.ToClient.FromString(
            bytes(self.received[4:4 + length]))
        del self.received[:4 + length]
        if message.WhichOneof("body") is None:
            raise ProtocolFault("an envelope without a body")
        return message

    def close(self):
        """Goes away politely, without waiting for the other side."""
        self.socket.close()

    def abort(self):
        """Goes away with a reset, as a machine that lost its network."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        self.socket.close()


class Client:
    """One device of one person."""

    def __init__(self, pb, address, pin=None, hello=True, context=None,
                 source=None, features=()):
        self.pb = pb
        self.address = address
        self.pin = pin
        self.connection = Connection(pb, address, pin, context, source)
        self.next_request = 0
        self.events = []       # not yet asked for
        self.presence = []
        self.typing = []
        self.answers = {}
        self.cursor = None     # (epoch, sequence)
        self.live = False
        self.self_user = None
        self.token = b""
        self.device_id = 0
        self.features = list(features)
        self.next_key = None   # the pin that was told last
        self.greeting = self._first()
        self.connection.frame_max = self.greeting.limits.frame
        if hello:
            self.request("hello", client="independent/1",
                         features=self.features)

    def _first(self):
        message = self.connection.receive()
        if message is None:
            raise ProtocolFault("no greeting came")
        if message.WhichOneof("body") == "goodbye":
            raise Closed(message.goodbye.reason)
        if message.WhichOneof("body") != "greeting" or message.request != 0:
            raise ProtocolFault(f"not a greeting: {message}")
        if len(message.greeting.epoch) != 16:
            raise ProtocolFault("an epoch has 16 bytes")
        return message.greeting

    # --- requests ---------------------------------------------------------

    def pack(self, body, request=0, operation=b"", **fields):
        message = self.pb.ToServer(request=request, operation=operation)
        getattr(message, body).SetInParent()
        for name, value in fields.items():
            field = getattr(getattr(message, body), name)
            if isinstance(value, list):
                field.extend(value)
            elif hasattr(field, "CopyFrom"):
                field.CopyFrom(value)
            else:
                setattr(getattr(message, body), name, value)
        return message.SerializeToString()

    def send(self, body, operation=b"", **fields):
        """Sends without waiting; returns the request's number."""
        self.next_request += 1
        self.connection.send_frame(
            self.pack(body, self.next_request, operation, **fields))
        return self.next_request

    def answer(self, request, timeout=ANSWER_TIMEOUT_S):
        """The body of the answer to a request; raises Refused."""
        deadline = time.monotonic() + seconds(timeout)
        while request not in self.answers:
            if not self.pump(deadline - time.monotonic()):
                raise ProtocolFault(f"no answer to request {request}")
        message = self.answers.pop(request)
        if message.WhichOneof("body") == "refusal":
            raise Refused(message.refusal, self.pb)
        return getattr(message, message.WhichOneof("body"))

    def request(self, body, operation=b"", **fields):
        return self.answer(self.send(body, operation, **fields))

    def change(self, body, operation=None, **fields):
        return self.request(body, operation or uuid7(), **fields)

    def pump(self, timeout):
        """Takes in one frame; False when none came in time."""
        message = self.connection.receive(max(timeout, 0))
        if message is None:
            return False
        kind = message.WhichOneof("body")
        if message.request:
            if message.request > self.next_request or \
                    message.request in self.answers:
                raise ProtocolFault(f"an answer that nobody asked: {message}")
            self.answers[message.request] = message
        elif kind == "event":
            self._take_live_event(message.event)
        elif kind == "next_key":
            if "next-key" not in self.features or not self.self_user:
                raise ProtocolFault("told of a key out of turn")
            self.next_key = message.next_key.pin
        elif kind == "presence":
            self.presence.append(message.presence)
        elif kind == "typing":
            self.typing.append(message.typing)
        elif kind == "goodbye":
            if message.goodbye.reason.code == 0 or \
                    not message.goodbye.reason.sentence:
                raise ProtocolFault("a goodbye without a reason")
            raise Closed(message.goodbye.reason)
        elif kind == "refusal":
            raise Refused(message.refusal, self.pb)
        else:
            raise ProtocolFault(f"nobody asked for {kind}")
        return True

    def _take_live_event(self, event):
        if not self.live:
            raise ProtocolFault("an event before the connection was live")
        self._take_event(event)

    def _take_event(self, event):
        if event.sequence <= self.cursor[1]:
            raise ProtocolFault(f"event {event.sequence} after "
                                f"{self.cursor[1]}")
        if event.WhichOneof("body") is None:
            raise ProtocolFault("an event without a body")
        self.cursor = (self.cursor[0], event.sequence)
        self.events.append(event)

    # --- accounts ---------------------------------------------------------

    def _signed_in(self, signed_in):
        self.self_user = signed_in.self
        self.device_id = signed_in.device_id
        if signed_in.next_key and "next-key" not in self.features:
            raise ProtocolFault("a feature that nobody named")
        self.next_key = signed_in.next_key
        if signed_in.token:
            self.token = signed_in.token
        return signed_in

    def sign_up(self, name, password, operation=None, **fields):
        return self._signed_in(self.change(
            "sign_up", operation, name=name, password=password, **fields))

    def sign_in(self, name, password=None, token=None, **fields):
        proof = {"password": password} if password is not None \
            else {"token": token}
        return self._signed_in(
            self.request("sign_in", name=name, **proof, **fields))

    @property
    def id(self):
        return self.self_user.id

    @property
    def name(self):
        return self.self_user.name

    # --- staying in step --------------------------------------------------

    def snapshot(self):
        """All pages as one; sets the cursor."""
        first = page = self.request("get_snapshot")
        whole = self.pb.Snapshot()
        whole.CopyFrom(first)
        while page.next:
            page = self.request("get_snapshot", **{"from": page.next})
            whole.conversations.extend(page.conversations)
            whole.friend_requests.extend(page.friend_requests)
        self.cursor = (first.epoch, first.sequence)
        self.live = False
        return whole

    def catch_up(self, limit=0):
        """Pulls pages until the connection is live; returns all events."""
        assert not self.live
        before = len(self.events)
        while True:
            page = self.request("catch_up", epoch=self.cursor[0],
                                sequence=self.cursor[1], limit=limit)
            if page.snapshot_needed:
                raise ProtocolFault("the daemon wants a snapshot")
            if limit and len(page.events) > limit:
                raise ProtocolFault("more events than asked for")
            for event in page.events:
                self._take_event(event)
            if page.sequence < self.cursor[1]:
                raise ProtocolFault("a page's cursor lies before its events")
            if page.more and page.sequence == self.cursor[1] \
                    and not page.events:
                raise ProtocolFault("a page that does not move on")
            self.cursor = (self.cursor[0], page.sequence)
            if not page.more:
                # What was pushed behind the page waits in the socket.
                self.live = True
                return self.events[before:]

    def go_live(self):
        whole = None
        if self.cursor is None:
            whole = self.snapshot()
        self.catch_up()
        return whole

    def wait_event(self, kind, timeout=ANSWER_TIMEOUT_S, where=None):
        """Takes the first event of a kind (and condition) off the list."""
        deadline = time.monotonic() + seconds(timeout)
        while True:
            for index, event in enumerate(self.events):
                if event.WhichOneof("body") == kind:
                    body = getattr(event, kind)
                    if where is None or where(body):
                        del self.events[index]
                        return body
            left = deadline - time.monotonic()
            if left <= 0 or not self.pump(left):
                raise AssertionError(
                    f"no event {kind} in {seconds(timeout)} s; there are "
                    f"{[e.WhichOneof('body') for e in self.events]}")

    def wait_live(self, what, where, timeout=ANSWER_TIMEOUT_S):
        """The same for "presence" and "typing"."""
        deadline = time.monotonic() + seconds(timeout)
        queue = getattr(self, what)
        while True:
            for index, body in enumerate(queue):
                if where(body):
                    del queue[index]
                    return body
            left = deadline - time.monotonic()
            if left <= 0 or not self.pump(left):
                raise AssertionError(f"no such {what} in {seconds(timeout)} s")

    def wait_closed(self, timeout=ANSWER_TIMEOUT_S):
        """Reads on until the daemon closes; the Refusal of its goodbye."""
        deadline = time.monotonic() + seconds(timeout)
        while True:
            left = deadline - time.monotonic()
            try:
                if left <= 0 or not self.pump(left):
                    raise AssertionError(
                        f"not closed within {seconds(timeout)} s")
            except Refused:
                continue
            except Closed as closed:
                return closed.goodbye

    def drain(self, quiet=QUIET_S):
        """Takes in what comes until nothing came for a moment."""
        while self.pump(seconds(quiet)):
            pass

    # --- messages ---------------------------------------------------------

    def send_text(self, conversation_id, text, operation=None):
        content = self.pb.Content(text=text)
        return self.change("send_message", operation,
                           conversation_id=conversation_id, content=content)

    def history(self, conversation_id, before=0, limit=0):
        return self.request("get_history", conversation_id=conversation_id,
                            before=before, limit=limit)

    def whole_history(self, conversation_id, limit=0):
        """Pages back to the beginning, checking every page for gaps."""
        messages, before = [], 0
        while True:
            page = self.history(conversation_id, before, limit)
            numbers = [m.number for m in page.messages]
            if not numbers:
                return messages
            if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
                raise ProtocolFault(f"a gap in {numbers}")
            if before and numbers[-1] != before - 1:
                raise ProtocolFault("a page that does not join the last")
            messages = list(page.messages) + messages
            before = numbers[0]
            if before <= page.first_kept:
                return messages

    def alive(self):
        """Does the daemon still answer here?"""
        self.request("ping")
        return True

    def close(self):
        self.connection.close()


class refused:
    """with refused("NOT_FOUND"): … : it must be refused with this code."""

    def __init__(self, *codes):
        self.codes = codes
        self.sentence = None
        self.retry_after_ms = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            raise AssertionError(f"not refused; expected {self.codes}")
        if not isinstance(error, Refused):
            return False
        if error.code not in self.codes:
            raise AssertionError(
                f"refused with {error}, expected {self.codes}") from error
        self.sentence = error.sentence
        self.retry_after_ms = error.retry_after_ms
        return True
