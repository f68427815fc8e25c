# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client must not send: each gets its code, and loses nothing else."""

import os
import random
import struct
import time

import pytest

from kith_client import Closed, Connection, Refused, refused, uuid7
from kith_server import unique_name
from patience import wait_until


# --- bytes that protobuf's own code would not write ------------------------

def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number, payload):
    """A length-delimited field, or a varint for an int."""
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    return varint(number << 3 | 2) + varint(len(payload)) + payload


HELLO, PING, SIGN_UP, SIGN_IN, SEND_MESSAGE = 3, 4, 5, 6, 16


def goodbye_after(shared, client, body):
    """Sends a frame that breaks the protocol; the code of the goodbye."""
    client.connection.send_frame(body)
    reason = client.wait_closed()
    assert reason is not None, "closed without a goodbye"
    return shared.pb.Refusal.Code.Name(reason.code)


@pytest.fixture
def bystander(shared):
    """Somebody whose connection must not feel anything."""
    one, other, conversation = shared.two_friends()
    yield one
    one.send_text(conversation, "still here")
    assert other.wait_event("message").content.text == "still here"


GARBAGE = {
    "noise": b"\xff" * 40,
    "http": b"GET / HTTP/1.1\r\nHost: kith\r\n\r\n",
    "truncated field": field(1, 7) + b"\x1a\x05ab",
    "varint of 11 bytes": b"\x08" + b"\xff" * 10 + b"\x01",
    "group": field(1, 7) + b"\x1b\x1c",
    "wire type of an id": field(1, b"text") + field(PING, b""),
    "unknown field in a request": field(1, 7) + field(PING, field(9, b"x")),
    "two requests": field(1, 7) + field(PING, b"") + field(HELLO, b""),
    "request twice": field(1, 7) + field(PING, b"") + field(PING, b""),
    "id twice": field(1, 7) + field(1, 8) + field(PING, b""),
    "NUL in a string": field(1, 7) + field(SIGN_UP, field(1, b"ali\0ce")),
}


@pytest.mark.parametrize("what", GARBAGE)
@pytest.mark.parametrize("state", ["greeted", "guest", "signed in"])
def test_garbage_ends_its_own_connection_only(shared, bystander, what, state):
    if state == "signed in":
        client = shared.person()
    else:
        client = shared.connect(hello=state == "guest")
    assert goodbye_after(shared, client, GARBAGE[what]) == "MALFORMED"


def test_random_bytes(shared, bystander):
    seed = int.from_bytes(os.urandom(4), "big")
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(60):
        client = shared.connect(hello=chance.random() < 0.5)
        noise = chance.randbytes(chance.randrange(1, 300))
        try:
            if chance.random() < 0.5:
                client.connection.send_bytes(noise)
            else:
                client.connection.send_frame(noise)
            client.connection.socket.close()
        except (Closed, OSError):
            pass


def test_length_zero(shared, bystander):
    client = shared.person()
    client.connection.send_bytes(b"\0\0\0\0")
    reason = client.wait_closed()
    assert reason.code == shared.pb.Refusal.MALFORMED


@pytest.mark.parametrize("length", [4097, 65536, 2**31, 2**32 - 1])
def test_oversize_before_sign_in(shared, bystander, length):
    client = shared.connect()
    assert client.greeting.limits.frame_before_sign_in == 4096
    client.connection.send_bytes(struct.pack(">I", length) + b"x" * 10)
    assert client.wait_closed().code == shared.pb.Refusal.TOO_LARGE


@pytest.mark.parametrize("length", [65537, 2**31, 2**32 - 1])
def test_oversize_after_sign_in(shared, bystander, length):
    client = shared.person()
    assert client.greeting.limits.frame == 65536
    client.connection.send_bytes(struct.pack(">I", length) + b"x" * 10)
    assert client.wait_closed().code == shared.pb.Refusal.TOO_LARGE


def test_frame_at_its_limit_is_read(shared):
    client = shared.person()
    body = client.pack("send_message", 7, uuid7(), conversation_id=1,
                       content=shared.pb.Content(text="x" * 65400))
    body += b""
    assert len(body) < 65536
    client.next_request = 7
    client.connection.send_frame(body)
    with refused("TOO_LARGE", "NOT_FOUND"):
        client.answer(7)
    assert client.alive()


def test_frames_byte_by_byte_and_many_at_once(shared):
    client = shared.connect()
    frame = client.pack("ping", 1000)
    client.next_request = 2000
    whole = struct.pack(">I", len(frame)) + frame
    for byte in whole:
        client.connection.send_bytes(bytes([byte]))
    client.answer(1000)
    many = b"".join(
        struct.pack(">I", len(f)) + f
        for f in (client.pack("ping", n) for n in range(1001, 1301)))
    client.connection.send_bytes(many)
    for n in range(1001, 1301):
        client.answer(n)


def test_unknown_request_is_unsupported(shared):
    client = shared.person()
    for body in (field(1, 77) + field(900, b"new"), field(1, 78)):
        client.next_request = 100
        client.connection.send_frame(body)
        with refused("UNSUPPORTED"):
            client.answer(body[1])
    assert client.alive()


@pytest.mark.parametrize("body", [
    field(8, field(1, bytes(16)) + field(2, 2**63)),   # CatchUp.sequence
    field(9, field(1, 2**63)),                         # GetSnapshot.from
    field(10, field(1, 1) + field(2, 2**64 - 1)),      # GetHistory.before
    field(17, field(1, 1) + field(2, 2**63)),          # MarkDelivered.number
], ids=["catch_up", "get_snapshot", "get_history", "mark_delivered"])
def test_numbers_end_below_2_to_the_63(shared, body):
    client = shared.person()
    client.next_request = 60
    client.connection.send_frame(field(1, 60) + body)
    with refused("MALFORMED"):
        client.answer(60)
    # but a request may be called what the client likes
    client.connection.send_frame(field(1, 2**64 - 1) + field(PING, b""))
    client.next_request = 2**64 - 1
    client.answer(2**64 - 1)


def test_features_of_a_client_have_a_limit(shared, bystander):
    client = shared.connect(hello=False)
    client.request("hello", features=[str(n) for n in range(128)])
    client = shared.connect(hello=False)
    assert goodbye_after(shared, client, client.pack(
        "hello", 1, features=[str(n) for n in range(129)])) == "TOO_LARGE"
    client = shared.connect(hello=False)
    with refused("TOO_LARGE"):
        client.request("hello", features=["x" * 65])


def test_signed_in_is_sent_to_whoever_gives_no_number(shared):
    person = shared.person()
    client = shared.connect()
    client.connection.send_frame(client.pack(
        "sign_in", name=person.name, token=person.token))
    message = client.connection.receive()
    assert message.request == 0
    assert message.signed_in.self.name == person.name


def test_connections_of_one_account_have_a_limit(shared):
    person = shared.person()
    others = [shared.back(person, live=False) for _ in range(63)]
    with refused("BUSY"):
        shared.back(person)
    others[0].close()

    def room():
        try:
            return shared.back(person)
        except Refused as refusal:
            assert refusal.code == "BUSY"
            return None

    wait_until(room, 20, "room for one more")


# --- requests in the wrong state -------------------------------------------

ALL = ["hello", "ping", "sign_up", "sign_in", "sign_out", "catch_up",
       "get_snapshot", "get_history", "send_friend_request",
       "accept_friend_request", "reject_friend_request",
       "cancel_friend_request", "remove_friend", "send_message",
       "mark_delivered", "mark_read", "set_typing"]
CHANGES = {"sign_up", "send_friend_request", "accept_friend_request",
           "reject_friend_request", "cancel_friend_request", "remove_friend",
           "send_message"}
ALLOWED = {"greeted": {"hello"}, "guest": {"ping", "sign_up", "sign_in"},
           "signed in": set(ALL) - {"hello", "sign_up", "sign_in"}}
# enough for a request to be judged by its state and not by its fields
FIELDS = {
    "sign_up": {"name": "somebody", "password": "correct horse 7"},
    "sign_in": {"name": "somebody", "password": "correct horse 7"},
    "catch_up": {"epoch": bytes(16)},
    "get_history": {"conversation_id": 1},
    "send_friend_request": {"name": "somebody"},
    "accept_friend_request": {"id": 1}, "reject_friend_request": {"id": 1},
    "cancel_friend_request": {"id": 1}, "remove_friend": {"user_id": 1},
    "mark_delivered": {"conversation_id": 1, "number": 1},
    "mark_read": {"conversation_id": 1, "number": 1},
    "set_typing": {"conversation_id": 1},
}


@pytest.mark.parametrize("state", ["greeted", "guest", "signed in"])
def test_every_request_in_the_wrong_state(shared, state):
    client = {"greeted": lambda: shared.connect(hello=False),
              "guest": shared.connect, "signed in": shared.person}[state]()
    for verb in ALL:
        if verb in ALLOWED[state]:
            continue
        fields = dict(FIELDS.get(verb, {}))
        if verb == "send_message":
            fields = {"conversation_id": 1,
                      "content": shared.pb.Content(text="x")}
        with refused("NOT_NOW"):
            client.request(verb, uuid7() if verb in CHANGES else b"",
                           **fields)
    if state == "greeted":
        client.request("hello", client="after all")
    assert client.alive()


# --- operations ------------------------------------------------------------

@pytest.mark.parametrize("operation", [
    b"", b"short", bytes(15), bytes(17)], ids=range(4))
def test_operation_of_a_wrong_length(shared, operation):
    client = shared.person()
    with refused("MALFORMED"):
        client.request("send_friend_request", operation, name="somebody")
    assert client.alive()


def test_operation_where_none_belongs(shared):
    client = shared.person()
    for verb in ("ping", "get_snapshot", "mark_read"):
        with refused("MALFORMED"):
            client.request(verb, uuid7(), **FIELDS.get(verb, {}))
    assert client.alive()


# --- texts -----------------------------------------------------------------

@pytest.mark.parametrize("text,code", [
    ("", "BAD_TEXT"), (" \t\n ", "BAD_TEXT"), ("\u2003\u3000", "BAD_TEXT"),
    ("x" * 4097, "TOO_LARGE"), ("é" * 2049, "TOO_LARGE"),
    ("a" + "\u0301" * 9, "BAD_TEXT"), ("bell\x07", "BAD_TEXT"),
    ("carriage\rreturn", "BAD_TEXT"), ("del\x7f", "BAD_TEXT"),
    ("c1\x85", "BAD_TEXT")], ids=range(10))
def test_bad_texts(shared, text, code):
    one, other, conversation = shared.two_friends()
    with refused(code):
        one.send_text(conversation, text)
    assert one.send_text(conversation, "good").number == 1
    assert other.wait_event("message").content.text == "good"


@pytest.mark.parametrize("raw", [
    b"\xff", b"ab\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"])
def test_text_that_is_not_utf8(shared, raw):
    one, other, conversation = shared.two_friends()
    body = field(1, 50) + field(2, uuid7()) + field(
        SEND_MESSAGE, field(1, conversation) + field(2, field(1, raw)))
    one.next_request = 50
    one.connection.send_frame(body)
    with refused("BAD_TEXT"):
        one.answer(50)
    assert one.send_text(conversation, "good").number == 1


def test_content_of_an_unknown_kind(shared):
    one, _, conversation = shared.two_friends()
    body = field(1, 50) + field(2, uuid7()) + field(
        SEND_MESSAGE, field(1, conversation) + field(2, field(99, b"new")))
    one.next_request = 50
    one.connection.send_frame(body)
    with refused("UNSUPPORTED"):
        one.answer(50)
    with refused("BAD_TEXT"):
        one.change("send_message", conversation_id=conversation,
                   content=shared.pb.Content())
    assert one.alive()


def test_name_that_is_not_utf8(shared):
    client = shared.connect()
    client.next_request = 50
    client.connection.send_frame(
        field(1, 50) + field(2, uuid7()) +
        field(SIGN_UP, field(1, b"al\xffce") + field(2, b"correct horse 7")))
    with refused("BAD_TEXT", "BAD_NAME"):
        client.answer(50)
    assert client.alive()


# --- crowds ----------------------------------------------------------------

def test_connections_per_address_have_a_limit(make_server):
    server = make_server(max_connections_per_address=5).start()
    taken = []
    refusals = 0
    for _ in range(12):
        try:
            taken.append(server.connect(source="127.7.7.7"))
        except (OSError, Closed):
            refusals += 1
    assert len(taken) == 5 and refusals == 7
    assert all(client.alive() for client in taken)
    assert server.connect(source="127.7.7.8").alive()


def test_who_does_not_sign_in_is_cut(make_server):
    server = make_server(sign_in_timeout=5).start()
    silent, trickling = server.connect(), Connection(
        server.pb, server.address, server.pin)
    reason = silent.wait_closed(20)
    assert reason is not None
    assert reason.code == server.pb.Refusal.TRY_LATER
    with pytest.raises((Closed, OSError)):
        while trickling.receive(0.5):
            pass
        for _ in range(40):
            trickling.send_bytes(b"\0")
            trickling.receive(0.5)


def test_messages_per_minute_have_a_limit(make_server):
    server = make_server(messages_per_minute=30).start()
    one, other, conversation = server.two_friends()
    with refused("TRY_LATER") as verdict:
        for n in range(100):
            one.send_text(conversation, str(n))
    assert 0 < verdict.retry_after_ms <= 60000
    # the other is not concerned
    other.send_text(conversation, "still free to speak")


def test_friend_requests_per_hour_have_a_limit(make_server):
    server = make_server(friend_requests_per_hour=3).start()
    one = server.person()
    others = [server.person() for _ in range(6)]
    with refused("TRY_LATER") as verdict:
        for other in others:
            one.change("send_friend_request", name=other.name)
    assert 0 < verdict.retry_after_ms <= 3600 * 1000


def ask_and_hang_up(server, person, requests):
    """Everything at once, without waiting for a single answer."""
    client = server.back(person, live=False)
    frames = [client.pack(body, number + 100, uuid7(), **fields)
              for number, (body, fields) in enumerate(requests)]
    client.connection.send_bytes(b"".join(
        struct.pack(">I", len(frame)) + frame for frame in frames))
    client.close()


def test_who_hangs_up_gets_no_further_than_others(make_server):
    server = make_server(messages_per_minute=30,
                         friend_requests_per_hour=3).start()
    one, other, conversation = server.two_friends()
    people = [server.person() for _ in range(12)]
    text = server.pb.Content(text="flood")
    begun = time.monotonic()
    for person in people:
        ask_and_hang_up(server, one, [
            ("send_message", {"conversation_id": conversation,
                              "content": text})] * 25)
        ask_and_hang_up(server, other, [
            ("send_friend_request", {"name": person.name})])
    device = server.device(other)
    sent = len(device.whole_history(conversation))
    asked = len(device.snapshot().friend_requests)
    minutes = (time.monotonic() - begun) / 60
    assert sent <= 30 * (1 + minutes) + 1, f"{sent} in {minutes} minutes"
    assert asked <= 3 * (1 + minutes / 60) + 1, f"{asked} requests"


def test_unknown_people_cannot_be_counted(shared):
    """Asking for friendship is the only way to learn a name exists."""
    client = shared.connect()
    with refused("BAD_CREDENTIALS") as verdict:
        client.sign_in(unique_name(), password="correct horse 7")
    assert "exist" not in verdict.sentence and \
        "unknown user" not in verdict.sentence.lower()
