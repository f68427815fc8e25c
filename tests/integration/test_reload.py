# SPDX-License-Identifier: GPL-3.0-or-later
"""SIGHUP: what is new takes force, what is wrong changes nothing."""

import signal
import time

from kith_client import Client
from kith_server import make_certificate, pin_of_file
from patience import wait_until


def reload(server):
    server.process.send_signal(signal.SIGHUP)


def greeting_of(server):
    client = Client(server.pb, server.address)
    client.close()
    return client.greeting


def served_pin(server):
    client = Client(server.pb, server.address)
    client.close()
    from kith_client import pin_of
    return pin_of(client.connection.certificate)


def test_new_certificate_without_dropping_a_session(server):
    one, other, conversation = server.two_friends()
    old = server.pin
    certificate, key = make_certificate(server.folder, "renewed")
    certificate.replace(server.certificate)
    key.replace(server.key)
    assert server.pin != old
    reload(server)
    wait_until(lambda: served_pin(server) == server.pin, what="a new key")
    one.send_text(conversation, "over the old key")
    assert other.wait_event("message").content.text == "over the old key"
    late = server.back(one)  # checks the pin
    assert late.send_text(conversation, "over the new key").number == 2
    assert other.wait_event("message").content.text == "over the new key"


def test_new_settings_take_force(server):
    assert greeting_of(server).server_name == "A test"
    person = server.person()
    server.set(server_name="Renamed", sign_up="closed", idle_timeout="77")
    reload(server)
    wait_until(lambda: greeting_of(server).server_name == "Renamed",
               what="the new name")
    greeting = greeting_of(server)
    assert greeting.sign_up == server.pb.SIGN_UP_CLOSED
    assert greeting.limits.idle_s == 77
    assert person.alive()


def bad_reload(server, person):
    seen = len(server.log())
    reload(server)
    server.wait_log(r"(?i)error|warning|keep|refus|cannot|not", since=seen)
    line = server.log()[seen:]
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert greeting_of(server).server_name == "A test"
    assert person.alive()
    return line


def test_bad_configuration_changes_nothing(server):
    person = server.person()
    server.set(server_name="Renamed", nonsense="yes")
    assert "nonsense" in bad_reload(server, person)
    # and a mended one is taken
    server.set(nonsense=None)
    reload(server)
    wait_until(lambda: greeting_of(server).server_name == "Renamed")


def test_configuration_that_is_gone_has_no_line(server):
    person = server.person()
    server.configuration.rename(server.folder / "away.conf")
    line = bad_reload(server, person)
    assert f"{server.configuration}: Cannot open it" in line


def test_bad_certificates_change_nothing(server):
    person, pin = server.person(), server.pin
    good = server.certificate.read_bytes(), server.key.read_bytes()
    _, other_key = make_certificate(server.folder, "other")
    for certificate, key in (
            (good[0], other_key.read_bytes()),     # not a pair
            (b"not a certificate\n", good[1]),
            (good[0], b"not a key\n"),
            (b"", b"")):
        server.certificate.write_bytes(certificate)
        server.key.write_bytes(key)
        line = bad_reload(server, person)
        assert str(server.folder) in line or \
            "certificate and private-key: " in line, line
        assert served_pin(server) == pin
    server.certificate.write_bytes(good[0])
    server.key.write_bytes(good[1])
    assert pin_of_file(server.certificate) == pin


def test_key_that_needs_a_restart_is_named(server):
    seen = len(server.log())
    server.set(database=server.folder / "other.db")
    reload(server)
    server.wait_log(r"database", since=seen)
    person = server.person()
    assert not (server.folder / "other.db").exists()
    assert server.query(
        f"SELECT id FROM user WHERE name = '{person.name}'")
