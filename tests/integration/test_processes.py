# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's processes: who there is, what they hold, how they end."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

import pytest

from kith_client import Closed, Refused, refused, uuid7
from kith_server import processes_of
from patience import seconds, wait_until

RECOVERY_S = 10


def reconnect(server, person, timeout=RECOVERY_S):
    """Comes back as a client does: trying, with its token and cursor."""
    deadline = time.monotonic() + seconds(timeout)
    while True:
        try:
            return server.back(person)
        except (OSError, Closed, AssertionError) as error:
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"no way back in {seconds(timeout)} s: {error!r}\n"
                    f"{server.log()}") from error
            time.sleep(0.05)


@pytest.mark.not_under_valgrind("titles are set in memory that ps cannot see")
def test_ps_shows_who_does_what(server):
    assert len(server.processes("parent")) == 1
    for role in ("hub", "auth", "listener"):
        assert len(server.processes(role)) == 1, server.processes()
    wait_until(lambda: not server.processes("session"))
    clients = [server.person() for _ in range(3)]
    assert len(server.processes("session")) == 3
    shown = subprocess.run(
        ["ps", "-s", str(server.process.pid), "-o", "args="],
        capture_output=True, text=True, check=True).stdout
    for words in ("kithd: parent", "kithd: hub", "kithd: auth",
                  "kithd-session: listener", "kithd-session: session"):
        assert words in shown, shown
    assert clients[0].name not in shown
    clients[0].close()
    wait_until(lambda: len(server.processes("session")) == 2)


def test_several_connections_in_one_process(make_server):
    server = make_server(sessions_per_process=4).start()
    wait_until(lambda: not server.processes("session"))
    one, other, conversation = server.two_friends()
    third, fourth = server.person(), server.person()
    assert len(server.processes("session")) == 1
    fifth = server.person()
    assert len(server.processes("session")) == 2
    one.send_text(conversation, "through one process")
    assert other.wait_event("message").content.text == "through one process"
    third.close()
    third.connection.socket.close()
    assert fourth.alive() and fifth.alive() and one.alive()


def test_nothing_runs_as_root(server):
    server.person()
    for process in server.processes():
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        uids = re.search(r"^Uid:\s+(.*)$", status, re.M).group(1).split()
        assert "0" not in uids, process
        assert re.search(r"^CapEff:\s+0+$", status, re.M), process


@pytest.mark.skipif(os.getuid() != 0, reason="only root can try")
def test_root_is_refused(make_server):
    server = make_server()
    done = subprocess.run(
        [server.programs.kithd, "--config", server.configuration,
         "--foreground"], capture_output=True, text=True,
        timeout=seconds(30),
        env=server.environment())
    assert done.returncode != 0
    assert "root" in done.stderr
    assert not server.database.exists()


def libraries(program):
    return subprocess.run(["ldd", program], check=True, capture_output=True,
                          text=True).stdout


def test_exposed_program_links_neither_sqlite_nor_argon2(programs):
    linked = libraries(programs.build / "daemon/kithd-session")
    assert "libmbedtls" in linked
    assert "sqlite" not in linked and "argon2" not in linked
    linked = libraries(programs.build / "daemon/kithd")
    assert "libmbedtls" not in linked


# --- the private key ------------------------------------------------------

def traces_of(key):
    """What of a P-256 key could lie in memory: the scalar in both byte
    orders, and the lines of its file."""
    text = subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-text"],
                          check=True, capture_output=True, text=True).stdout
    digits = re.search(r"priv:\s*((?:\s*[0-9a-f]{2}:?)+)", text).group(1)
    scalar = bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")
    lines = key.read_bytes().split(b"\n")
    return [scalar, scalar[::-1], lines[1][:40], lines[2][:20]]


def hits(pid, needles):
    found = 0
    with open(f"/proc/{pid}/maps") as maps, \
            open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            begin, end, mode = re.match(
                r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line).groups()
            begin, end = int(begin, 16), int(end, 16)
            if "r" not in mode or "[v" in line or end - begin > 1 << 28:
                continue
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except OSError:
                continue
            found += sum(data.count(needle) for needle in needles)
    return found


@pytest.mark.not_under_valgrind("it keeps what passed through registers")
@pytest.mark.skipif(os.getuid() != 0, reason="only root can read the memory")
def test_session_holds_no_private_key(server):
    one, other, conversation = server.two_friends()
    one.send_text(conversation, "the handshake is over")
    other.wait_event("message")
    needles = traces_of(server.key)
    # the scan finds what is there
    assert hits(server.only("listener").pid, needles) > 0
    sessions = server.processes("session")
    assert len(sessions) == 2
    for process in [*sessions, server.only("hub"), server.only("auth")]:
        assert hits(process.pid, needles) == 0, process


# --- deaths ---------------------------------------------------------------

@pytest.mark.parametrize("role", ["hub", "auth", "listener"])
def test_role_killed_comes_back(server, role):
    server.expect_deaths = True
    one, other, conversation = server.two_friends()
    operation = uuid7()
    sent = one.send_text(conversation, "before", operation)
    victim = server.only(role)
    os.kill(victim.pid, signal.SIGKILL)
    wait_until(lambda: [p for p in server.processes(role)
                        if p.pid != victim.pid], RECOVERY_S, f"a new {role}")
    one, other = reconnect(server, one), reconnect(server, other)
    assert one.send_text(conversation, "before", operation) == sent
    other.events.clear()
    assert one.send_text(conversation, "after").number == 2
    assert other.wait_event("message").content.text == "after"
    # a new sign-in works too: auth and listener are there for everybody
    server.device(one)


def test_auth_killed_during_a_sign_in(make_server):
    server = make_server(argon2_memory=256, argon2_passes=4).start()
    server.expect_deaths = True
    client = server.connect()
    request = client.send("sign_up", uuid7(), name="alice",
                          password="correct horse 7")
    os.kill(server.only("auth").pid, signal.SIGKILL)
    # the request is answered, in the worst case with "try again"
    with contextlib.suppress(Refused):
        client.answer(request, 60)

    def signed_up():
        try:
            return client.sign_up("bob", "correct horse 7")
        except Refused as refusal:
            assert refusal.code in ("BUSY", "TRY_LATER"), refusal
            return None

    wait_until(signed_up, RECOVERY_S, "a sign-up", 0.2)


def test_dying_session_takes_nobody_along(server):
    server.expect_deaths = True
    one, other, conversation = server.two_friends()
    before = {p.pid for p in server.processes("session")}
    victim = server.person()
    process, = [p for p in server.processes("session")
                if p.pid not in before]
    os.kill(process.pid, signal.SIGSYS)  # as seccomp kills
    victim.wait_closed()
    one.send_text(conversation, "all well")
    assert other.wait_event("message").content.text == "all well"
    wait_until(lambda: connects(server), RECOVERY_S, "a new connection")


def connects(server):
    try:
        server.connect().close()
        return True
    except (OSError, Closed):
        return False


def test_parent_killed_leaves_nobody(server):
    server.expect_deaths = True
    for _ in range(3):
        server.person()
    session = server.process.pid
    assert len(processes_of(session)) == 7
    os.kill(session, signal.SIGKILL)
    server.wait()
    wait_until(lambda: not processes_of(session), 5,
               f"the end of {processes_of(session)}")
    server.start()
    server.person()


def test_sigterm_says_goodbye_and_ends_well(server):
    one, other, conversation = server.two_friends()
    waiting = [one.send("send_message", uuid7(),
                        conversation_id=conversation,
                        content=server.pb.Content(text=str(n)))
               for n in range(200)]
    server.process.send_signal(signal.SIGTERM)
    reason = one.wait_closed()
    assert reason is not None
    assert reason.code == server.pb.Refusal.STOPPING
    assert server.wait() == 0
    acknowledged = [one.answers[r].message_sent.number for r in waiting
                    if r in one.answers
                    and one.answers[r].WhichOneof("body") == "message_sent"]
    stored = {int(row[0]) for row in server.query(
        f"SELECT number FROM message WHERE conversation_id = {conversation}")}
    assert set(acknowledged) <= stored
    assert not list(server.folder.glob("control"))


def test_who_does_nothing_does_not_delay_the_end(server):
    """Somebody who connects and sends not a byte, anybody on the network."""
    silent = socket.create_connection(server.address)
    wait_until(lambda: server.processes("session"))
    server.process.send_signal(signal.SIGTERM)
    assert server.wait(8) == 0
    assert "did not stop in time" not in server.log()
    silent.close()


def test_second_daemon_on_the_same_database_refuses(server, make_server):
    second = make_server(database=server.database)
    second.database = server.database
    second.spawn()
    assert second.wait() != 0
    assert re.search(r"running|already|another", second.log()), second.log()
    assert server.person().alive()
    assert second.log().count("\n") < 12, second.log()


def test_many_come_and_go(server):
    """Processes and descriptors are given back."""
    listener = server.only("listener").pid
    hub = server.only("hub").pid

    def descriptors():
        return [len(os.listdir(f"/proc/{pid}/fd")) for pid in (listener, hub)]

    wait_until(lambda: not server.processes("session"))
    before = descriptors()
    for _ in range(60):
        client = server.connect(hello=False)
        client.close()
    for _ in range(10):
        client = server.connect()
        client.connection.abort()
    wait_until(lambda: not server.processes("session"), what="the last end")
    # The first look may have met one more or one less; seventy would show.
    wait_until(lambda: all(now <= then + 2 for now, then
                           in zip(descriptors(), before)),
               what=f"about {before} descriptors")


def lets_in(server):
    with contextlib.suppress(OSError, Closed, AssertionError):
        return server.connect()


@pytest.mark.not_under_valgrind("it needs more than what is left")
def test_hub_has_no_descriptor_left(make_server):
    """Newcomers are sent away; those who are here, and kith-admin, stay."""
    server = make_server()
    server.before = ["prlimit", "--nofile=64:64", "--"]
    server.start()
    one, other, conversation = server.two_friends()
    hub = server.only("hub").pid
    crowd = [socket.create_connection(server.address) for _ in range(100)]
    server.wait_log("out of descriptors")
    one.send_text(conversation, "still here")
    assert other.wait_event("message").content.text == "still here"
    status = server.admin("server", "status").stdout
    assert "running" in status and "out of descriptors" in status
    for client in crowd:
        client.close()

    wait_until(lambda: lets_in(server), RECOVERY_S, "room for a newcomer")
    assert server.only("hub").pid == hub
    assert one.alive() and other.alive()
    assert server.log().count("out of descriptors") < 5


@pytest.mark.not_under_valgrind("sixty processes are too many")
def test_who_only_connects_keeps_nobody_out(make_server):
    server = make_server(max_connections=64).start()
    one = server.person()
    crowd = [socket.create_connection(server.address, source_address=(
        f"127.77.0.{n}", 0)) for n in range(1, 101)]
    other = wait_until(lambda: lets_in(server), RECOVERY_S, "a way in")
    other.sign_in(one.name, token=one.token)
    assert other.alive() and one.alive()
    for client in crowd:
        client.close()


def test_idle_client_is_cut_and_ping_keeps(make_server):
    server = make_server(idle_timeout=30).start()
    assert server.connect().greeting.limits.idle_s == 30
    silent, pinging = server.person(), server.person()
    begin = time.monotonic()
    closed = None
    while closed is None and time.monotonic() - begin < 60:
        assert pinging.alive()
        try:
            silent.pump(2)
        except Closed as end:
            closed = end
    assert closed is not None and 25 < time.monotonic() - begin < 50
    assert closed.goodbye.code == server.pb.Refusal.TRY_LATER
    with refused("NOT_NOW"):
        pinging.request("hello")
