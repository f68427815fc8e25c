# SPDX-License-Identifier: GPL-3.0-or-later
"""Penalties: who has to wait, seen and forgiven through the control socket.

Loopback is never penalised for bad connections, so one test needs an address
that is not: it runs itself in a network of its own, which has one.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys

import pytest

from admin_tool import (BUSY, NOT_FOUND, OK, REFUSED, USAGE,  # noqa: F401
                        Admin, admin, pair)
from kith_client import refused
from patience import seconds, wait_until

FREE = 5         # wrong passwords of an account before there is any delay
PAGE = 64        # rows that the daemon tells at once
FOREIGN = "192.0.2.7"
ATTEMPTS = 2     # of ten seconds each; from fifteen on it is sent away
SCANNERS = 8     # of one second each
CLONE_NEWNET = 0x40000000
INSIDE = "KITH_TEST_NETWORK"


def penalties(server, *words):
    answer = json.loads(
        server.admin("penalty", "list", "--json", *words).stdout)
    return {(row["kind"], row["whom"]): row for row in answer["penalties"]}


def clear(server, *words):
    return json.loads(
        server.admin("penalty", "clear", *words, "--json").stdout)["cleared"]


def guess(server, name, count, source=None):
    for attempt in range(count):
        client = server.connect(source=source)
        with refused("BAD_CREDENTIALS", "TRY_LATER"):
            client.sign_in(name, password=f"wrong {attempt} password")
        client.close()


def guess_until_it_shows(server, name, source):
    """Each wrong password more doubles the delay: one lasts long enough."""
    for attempt in range(100):
        client = server.connect(source=source)
        with refused("BAD_CREDENTIALS", "TRY_LATER"):
            client.sign_in(name, password=f"wrong again {attempt}")
        client.close()
        held = penalties(server)["account", name]
        if held["delay_s"] > 0:
            return held
    raise AssertionError("no delay was ever seen")


def test_who_waits_may_try_at_once_when_forgiven(server):
    bob = server.person("bob")
    guess(server, "bob", FREE, source="127.9.9.9")
    assert penalties(server)["account", "bob"]["delay_s"] == 0
    held = guess_until_it_shows(server, "bob", "127.9.9.9")
    assert held["failures"] > FREE and held["delay_s"] <= 15
    assert penalties(server)["network", "127.9.9.9"]["failures"] == \
        held["failures"]
    assert ("network", "127.9.9.8") not in penalties(server)
    # The counts are as they were: looking is not trying.
    assert clear(server, "bob") == \
        {"accounts": 1, "networks": 0, "connections": 0}
    client = server.connect(source="127.9.9.9")
    client.sign_in("bob", password=bob.password)
    assert ("account", "bob") not in penalties(server)
    assert clear(server, "127.9.9.9")["networks"] == 1
    assert penalties(server) == {}


def test_names_that_nobody_has_wait_too(server):
    guess(server, "root", 1)
    guess(server, "Correct horse 7", 1)  # typed into the wrong field
    held = penalties(server)
    assert ("account", "root") in held and ("account", None) in held
    assert "orrect" not in server.admin("penalty", "list").stdout
    assert clear(server, "root")["accounts"] == 1
    done = server.admin("penalty", "clear", "root", check=False)
    assert done.returncode == NOT_FOUND
    assert clear(server, "--all")["accounts"] == 1
    assert penalties(server) == {}


@pytest.mark.not_under_valgrind("the first are over before the last")
def test_many_come_in_pages(server):
    for n in range(PAGE + 3):
        guess(server, f"guessed{n}", 1, source=f"127.8.0.{n + 1}")
    held = penalties(server)
    assert {whom for kind, whom in held if kind == "account"} == \
        {f"guessed{n}" for n in range(PAGE + 3)}
    assert {whom for kind, whom in held if kind == "network"} == \
        {f"127.8.0.{n + 1}" for n in range(PAGE + 3)}
    assert clear(server, "--all") == {"accounts": PAGE + 3,
                                      "networks": PAGE + 3, "connections": 0}


def test_a_server_that_restarts_has_forgotten(server):
    server.person("bob")
    guess(server, "bob", FREE + 1)
    server.stop()
    done = server.admin("penalty", "list")
    assert "not running" in done.stderr and "bob" not in done.stdout
    assert "not running" in server.admin("penalty", "clear", "bob").stderr
    server.start()
    assert penalties(server) == {}


def test_while_the_listener_is_away_it_says_so(server):
    listener = server.only("listener")
    os.kill(listener.pid, signal.SIGSTOP)
    try:
        done = server.admin("penalty", "list", check=False)
        assert done.returncode == BUSY, done
        assert "does not answer" in done.stderr
        assert server.admin("server", "status").returncode == OK
    finally:
        os.kill(listener.pid, signal.SIGCONT)
    assert penalties(server) == {}


def test_every_forgiveness_is_in_the_trail(server):
    server.person("bob")
    guess(server, "bob", 2)
    clear(server, "bob")
    clear(server, "bob")  # nothing was left to forgive
    clear(server, "--all")
    rows = server.query("SELECT target, detail FROM audit "
                        "WHERE command = 'penalty clear' ORDER BY id")
    assert [row[0] for row in rows] == ["bob (id:1)", "everybody"]
    assert json.loads(rows[0][1])["accounts"] == 1


@pytest.mark.parametrize("words", [
    ("list", "bob"), ("clear",), ("clear", "alice", "--all"),
    ("clear", "192.0.2.0/24"), ("clear", "2001:db8::/32"),
    ("clear", "No Such"), ("clear", "1.2.3"), ("clear", "x" * 100),
])
def test_usage(pair, words):
    pair.run("penalty", *words, expect=USAGE)


def test_a_stopped_server_holds_nothing_against_anybody(pair):
    for network in (FOREIGN, f"{FOREIGN}/32", "2001:db8::7",
                    "2001:db8::/64", "::ffff:192.0.2.7"):
        answer = pair.json("penalty", "clear", network)
        assert answer["running"] is False
        assert not any(answer["cleared"].values())
    assert not pair.query("SELECT 1 FROM audit WHERE command LIKE 'pen%'")


# --- in a network of its own -----------------------------------------------


def enter_network():
    """Only for a process of its own: lo is up and has FOREIGN."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        pytest.skip(f"no network of its own: "
                    f"{os.strerror(ctypes.get_errno())}")
    control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def request(number, name, data):
        fcntl.ioctl(control, number,
                    struct.pack("16s", name.encode()) + data.ljust(24, b"\0"))

    request(0x8914, "lo", struct.pack("H", 0x41))  # SIOCSIFFLAGS: up
    address = struct.pack("HH4s", socket.AF_INET, 0,
                          socket.inet_aton(FOREIGN))
    request(0x8916, "lo:1", address)  # SIOCSIFADDR
    control.close()


def test_networks_that_misbehave(request):
    if os.environ.get(INSIDE) is None:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-rs", f"{pathlib.Path(__file__)}::{request.node.name}"],
            env={**os.environ, INSIDE: "1"}, capture_output=True, text=True)
        # a failure's output quotes the lines below
        assert done.returncode == 0, done.stdout + done.stderr
        if "1 skipped" in done.stdout:
            pytest.skip("no network of its own")
        return
    enter_network()
    look_at_foreign(request.getfixturevalue("server"))


def misbehave(server):
    """Says what no client may say."""
    client = server.connect(source=FOREIGN)
    client.connection.send_frame(b"\xff" * 9)
    client.wait_closed()
    client.close()


def speak_no_tls(server):
    """So many at once that it is not over before kith-admin has looked."""
    with contextlib.ExitStack() as stack:
        scanners = [stack.enter_context(socket.create_connection(
            server.address, seconds(10), (FOREIGN, 0)))
            for _ in range(SCANNERS)]
        for scanner in scanners:
            scanner.sendall(b"GET / HTTP/1.1\r\nHost: kith\r\n\r\n")
        for scanner in scanners:
            with contextlib.suppress(ConnectionResetError):
                while scanner.recv(4096):
                    pass


def held_against(server):
    return penalties(server).get(("connection", FOREIGN))


def is_sent_away(server):
    try:
        server.connect(source=FOREIGN).close()
    except (OSError, AssertionError):
        return True
    return False


def look_at_foreign(server):
    for _ in range(ATTEMPTS):
        misbehave(server)
    # by the listener, as soon as it has heard how those sessions ended
    wait_until(lambda: is_sent_away(server))
    held = held_against(server)
    assert held["penalty_s"] > held["delay_s"] and held["failures"] is None
    assert FOREIGN in server.admin("penalty", "list").stdout
    assert clear(server, FOREIGN)["connections"] == 1
    assert held_against(server) is None
    speak_no_tls(server)
    wait_until(lambda: held_against(server) is not None)
    server.connect(source=FOREIGN).close()
