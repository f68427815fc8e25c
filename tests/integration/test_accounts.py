# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing up, in and out."""

import json
import signal
import time
import unicodedata

import pytest

from kith_client import Refused, refused, uuid7
from kith_server import unique_name
from patience import wait_until

PASSWORD = "correct horse 7"


def test_sign_up_gives_an_account_and_a_token(shared):
    client = shared.connect()
    name = unique_name()
    signed_in = client.sign_up(name, PASSWORD, display_name="Zoë B.")
    assert signed_in.self.name == name
    assert signed_in.self.display_name == "Zoë B."
    assert signed_in.self.id > 0 and signed_in.device_id > 0
    assert len(signed_in.token) == 32
    assert signed_in.epoch == client.greeting.epoch
    assert not client.go_live().conversations


def test_repeated_sign_up_signs_in(shared):
    name, operation = unique_name(), uuid7()
    first = shared.connect().sign_up(name, PASSWORD, operation)
    # the answer was lost; the client comes back and resends
    again = shared.connect().sign_up(name, PASSWORD, operation)
    assert again.self.id == first.self.id
    assert len(again.token) == 32 and again.token != first.token
    with refused("NAME_TAKEN", "CONFLICT"):
        shared.connect().sign_up(name, "another password 8", operation)
    with refused("NAME_TAKEN"):
        shared.connect().sign_up(name, "another password 8")
    assert shared.query(
        f"SELECT count(*) FROM user WHERE name = '{name}'") == [["1"]]


def test_name_is_free_after_a_refused_sign_up(shared):
    client, name, operation = shared.connect(), unique_name(), uuid7()
    with refused("BAD_PASSWORD"):
        client.sign_up(name, "short", operation)
    # nothing was done, and the operation was not kept
    assert client.sign_up(name, PASSWORD, operation).self.name == name


@pytest.mark.not_under_valgrind("its times are its own")
def test_names_do_not_show_by_how_long_they_take(make_server):
    """Accounts keep the hash that they have when the settings change."""
    server = make_server(argon2_memory=19, argon2_passes=2).start()
    known = server.person()
    server.set(argon2_memory=128, argon2_passes=4)
    log = len(server.log())
    server.process.send_signal(signal.SIGHUP)
    server.wait_log("reloaded", since=log)
    client = server.connect()

    def cost(name):
        took = []
        for _ in range(4):
            began = time.monotonic()
            with refused("BAD_CREDENTIALS"):
                client.sign_in(name, password="not the one 7")
            took.append(time.monotonic() - began)
        return min(took)

    with_account, without = cost(known.name), cost(unique_name())
    assert without < 3 * with_account, (with_account, without)


@pytest.mark.not_under_valgrind("sixty processes are too many")
def test_one_connection_too_many_leaves_nothing(server):
    """What is refused has changed nothing: no device that nobody has."""
    person = server.person()
    for _ in range(63):
        server.back(person, live=False)
    with refused("BUSY"):
        server.back(person, live=False)
    with refused("BUSY"):
        server.device(person, live=False)
    assert server.query("SELECT count(*) FROM device") == [["1"]]
    person.close()
    assert wait_until(lambda: has_room(server, person), 10, "a place")


def has_room(server, person):
    try:
        return server.device(person, live=False)
    except Refused as refusal:
        assert refusal.code == "BUSY", refusal
        return None


def test_closed_server_makes_no_accounts(make_server):
    server = make_server(sign_up="closed").start()
    client = server.connect()
    assert client.greeting.sign_up == server.pb.SIGN_UP_CLOSED
    with refused("SIGN_UP_CLOSED"):
        client.sign_up(unique_name(), PASSWORD)
    # before anything else is looked at
    with refused("SIGN_UP_CLOSED"):
        client.sign_up("?", "", invite="x" * 100, device="x" * 100)
    assert client.alive()


def test_sign_up_by_invite(make_server):
    server = make_server(sign_up="invite").start()
    client = server.connect()
    assert client.greeting.sign_up == server.pb.SIGN_UP_INVITE
    with refused("BAD_INVITE"):
        client.sign_up(unique_name(), PASSWORD)
    with refused("BAD_INVITE"):
        client.sign_up(unique_name(), PASSWORD, invite="not-one-of-ours")
    with refused("BAD_INVITE"):
        client.sign_up(unique_name(), PASSWORD, invite="x" * 1000)
    with refused("BAD_NAME"):
        client.sign_up("?", PASSWORD, invite="x" * 1000)
    made = json.loads(server.admin("invite", "create", "--json").stdout)
    code = made["invite"]["code"]
    name, operation = unique_name(), uuid7()
    client.sign_up(name, PASSWORD, operation, invite=code)
    # a resend uses no second invite; another person cannot use it again
    server.connect().sign_up(name, PASSWORD, operation, invite=code)
    with refused("BAD_INVITE"):
        server.connect().sign_up(unique_name(), PASSWORD, invite=code)
    revoked = json.loads(server.admin("invite", "create", "--json").stdout)
    server.admin("invite", "revoke", revoked["invite"]["code"])
    with refused("BAD_INVITE"):
        server.connect().sign_up(unique_name(), PASSWORD,
                                 invite=revoked["invite"]["code"])


def test_open_server_takes_the_friend_of_an_invite(make_server):
    server = make_server(sign_up="open").start()
    host = server.person()
    made = json.loads(server.admin("invite", "create", "--befriend", host.name,
                                   "--json").stdout)
    guest = server.connect()
    guest.sign_up(unique_name(), PASSWORD, invite=made["invite"]["code"])
    assert [c.peer.name for c in guest.go_live().conversations] == [host.name]
    # used up it opens nothing, and shuts nothing
    other = server.connect()
    other.sign_up(unique_name(), PASSWORD, invite=made["invite"]["code"])
    assert not other.go_live().conversations
    # nor does what cannot be one
    server.connect().sign_up(unique_name(), PASSWORD, invite="x" * 100)


@pytest.mark.parametrize("invite", ["x" * 65, "\u00e9t\u00e9"])
def test_invite_that_none_can_be_is_judged_in_its_turn(make_server, invite):
    """PROTOCOL.md, section 5: after the mode, which may not ask for one."""
    server = make_server(sign_up="closed").start()
    with refused("SIGN_UP_CLOSED"):
        server.connect().sign_up(unique_name(), PASSWORD, invite=invite)
    server = make_server(sign_up="invite").start()
    with refused("BAD_NAME"):
        server.connect().sign_up("No", PASSWORD, invite=invite)
    with refused("BAD_INVITE"):
        server.connect().sign_up(unique_name(), PASSWORD, invite=invite)
    server = make_server(sign_up="open").start()
    name = unique_name()
    made = server.connect().sign_up(name, PASSWORD, invite=invite)
    assert made.self.name == name


def test_sign_up_by_approval_waits(make_server):
    server = make_server(sign_up="approval").start()
    client, name, operation = server.connect(), unique_name(), uuid7()
    assert client.greeting.sign_up == server.pb.SIGN_UP_APPROVAL
    with refused("PENDING"):
        client.sign_up(name, PASSWORD, operation)
    with refused("PENDING"):
        client.sign_up(name, PASSWORD, operation)
    with refused("PENDING"):
        server.connect().sign_in(name, password=PASSWORD)
    # who does not know the password does not learn of it
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in(name, password="some other password")


@pytest.mark.parametrize("name", [
    "", "a", "A", "Alice", "1alice", "-alice", "alice-", "alice.", "al ice",
    "a" * 33, "älice", "alice\n", "alice/../bob", "id:42", "ali\u202ece"])
def test_bad_names(shared, name):
    client = shared.connect()
    with refused("BAD_NAME"):
        client.sign_up(name, PASSWORD)
    with refused("BAD_CREDENTIALS", "BAD_NAME"):
        client.sign_in(name, password=PASSWORD)
    assert client.alive()


@pytest.mark.parametrize("name", ["ab", "a" * 32, "a.b_c-9", "z0"])
def test_names_at_the_edge_of_the_rule(server, name):
    assert server.connect().sign_up(name, PASSWORD).self.name == name


@pytest.mark.parametrize("password", [
    "", "1234567", "äöüäöüä", "password", "12345678", "x" * 1025,
    "ä" * 513], ids=range(7))
def test_bad_passwords(shared, password):
    client = shared.connect()
    with refused("BAD_PASSWORD", "TOO_LARGE"):
        client.sign_up(unique_name(), password)
    assert client.alive()


def test_password_is_not_the_name(shared):
    name = unique_name()
    with refused("BAD_PASSWORD"):
        shared.connect().sign_up(name, name)


def test_longest_password_and_canonical_forms(shared):
    name = unique_name()
    shared.connect().sign_up(name, "é" * 512)
    shared.connect().sign_in(name, password="é" * 512)
    name, typed = unique_name(), "Käse und Brötchen"
    shared.connect().sign_up(name, unicodedata.normalize("NFC", typed))
    shared.connect().sign_in(
        name, password=unicodedata.normalize("NFD", typed))


@pytest.mark.parametrize("display_name,code", [
    ("a\u202eb", "BAD_TEXT"), ("a\nb", "BAD_TEXT"), ("a\tb", "BAD_TEXT"),
    (" a", "BAD_TEXT"), ("a\u0301" + "\u0301" * 8, "BAD_TEXT"),
    ("x" * 129, "TOO_LARGE")], ids=range(6))
def test_bad_display_names(shared, display_name, code):
    with refused(code):
        shared.connect().sign_up(unique_name(), PASSWORD,
                                 display_name=display_name)


def test_wrong_password_and_unknown_name_look_the_same(shared):
    name = unique_name()
    shared.connect().sign_up(name, PASSWORD)
    client = shared.connect()
    with refused("BAD_CREDENTIALS") as wrong:
        client.sign_in(name, password="not the password")
    with refused("BAD_CREDENTIALS") as unknown:
        client.sign_in("nobody-of-this-name", password="not the password")
    with refused("BAD_CREDENTIALS") as token:
        client.sign_in(name, token=bytes(32))
    assert wrong.sentence == unknown.sentence
    assert token.sentence
    # and the connection can still be used
    assert client.sign_in(name, password=PASSWORD).self.name == name


def test_malformed_token_is_refused(shared):
    person = shared.person()
    with refused("BAD_CREDENTIALS", "MALFORMED"):
        shared.connect().sign_in(person.name, token=b"short")
    with refused("BAD_CREDENTIALS", "MALFORMED"):
        shared.connect().sign_in(person.name, password="")


def test_token_signs_in_and_stays(shared):
    person = shared.person()
    client = shared.connect()
    signed_in = client.sign_in(person.name, token=person.token)
    assert signed_in.token == b""
    assert signed_in.device_id == person.device_id
    assert signed_in.self.id == person.id


def test_token_belongs_to_its_user(shared):
    one, other = shared.person(), shared.person()
    with refused("BAD_CREDENTIALS"):
        shared.connect().sign_in(other.name, token=one.token)


def test_sign_out_ends_this_device_only(shared):
    person = shared.person()
    other_device = shared.device(person)
    person.request("sign_out")
    person.wait_closed()
    with refused("BAD_CREDENTIALS"):
        shared.connect().sign_in(person.name, token=person.token)
    assert other_device.alive()
    shared.connect().sign_in(person.name, token=other_device.token)


def test_wrong_passwords_make_the_next_attempt_wait(server):
    person = server.person()
    delay = None
    for attempt in range(20):
        client = server.connect()
        with refused("BAD_CREDENTIALS", "TRY_LATER") as verdict:
            client.sign_in(person.name, password=f"wrong password {attempt}")
        delay = verdict.retry_after_ms
        client.close()
        if delay:
            break
    assert delay, "twenty wrong passwords in a row, and no delay"
    # the known device is not delayed by a stranger's guessing
    server.connect().sign_in(person.name, token=person.token)


def test_password_is_not_stored(server):
    server.connect().sign_up("alice", "a very telling password")
    server.stop()
    raw = b"".join(p.read_bytes() for p in server.folder.glob("kith.db*"))
    assert b"alice" in raw and b"telling" not in raw
    assert b"$argon2id$" in raw
