# SPDX-License-Identifier: GPL-3.0-or-later
"""kithd-session by itself, between a parent and a hub that the test plays.

So it can be given what the real ones never give: timeouts of a second, a hub
that floods or does not read, and no descriptors.
"""

import contextlib
import importlib
import os
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest

from conftest import ROOT
from kith_client import Closed, Connection, uuid7
from kith_server import as_ordinary_user, make_certificate
from patience import VALGRIND, seconds, wait_until

LIMIT_S = seconds(10.0)
SHORT_S = int(seconds(1))  # what the settings below cut after
SANDBOX = 2 if VALGRIND else 0  # off, or full
SENT_AWAY_MAX = 3


@pytest.fixture(scope="session")
def ipc(pb, workspace):
    folder = workspace / "python"
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}",
                    f"--python_out={folder}", "ipc.proto"], check=True)
    return importlib.import_module("ipc_pb2")


def seqpacket():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


class Session:
    """The hub's end of one session's channel."""

    def __init__(self, ipc, end):
        self.ipc = ipc
        self.end = end
        end.settimeout(LIMIT_S)

    def send(self, *messages, **flags):
        self.end.send(self.ipc.HubToSession(
            frames=[m.SerializeToString() for m in messages],
            **flags).SerializeToString())

    def receive(self):
        """The next request, or None at the end."""
        data = self.end.recv(200000)
        return self.ipc.SessionToHub.FromString(data).request if data else None


class Listener:
    def __init__(self, pb, ipc, programs, identity, **settings):
        self.pb, self.ipc = pb, ipc
        self.parent, child = seqpacket()
        self.parent.settimeout(LIMIT_S)
        self.hub, theirs = seqpacket()
        self.hub.settimeout(LIMIT_S)
        self.sessions = []
        self.limits = settings.pop("limits", {})
        environment = dict(os.environ)
        if self.limits:  # the leak checker wants a process of its own
            environment["ASAN_OPTIONS"] = "detect_leaks=0"
        self.process = subprocess.Popen(
            [*settings.pop("user", as_ordinary_user()),
             str(programs.kithd_session)],
            stderr=subprocess.PIPE, text=True, close_fds=False,
            env=environment,
            preexec_fn=lambda: self._prepare(child.fileno()))
        child.close()
        self.configure(identity, **settings)
        self.send("introduce", theirs, peer=ipc.ROLE_HUB)
        theirs.close()
        self.listening = socket.socket()
        self.listening.bind(("127.0.0.1", 0))
        self.listening.listen(100)
        self.listening.setblocking(False)
        self.address = self.listening.getsockname()
        self.send("listen", self.listening, address="a test")
        assert self.hear().HasField("ready")

    def _prepare(self, channel):
        os.dup2(channel, 3)
        for kind, most in self.limits.items():
            resource.setrlimit(kind, (most, most))

    def send(self, body, carried=None, **fields):
        message = self.ipc.ParentToChild()
        getattr(message, body).SetInParent()
        for name, value in fields.items():
            setattr(getattr(message, body), name, value)
        data = message.SerializeToString()
        if carried:
            socket.send_fds(self.parent, [data], [carried.fileno()])
        else:
            self.parent.send(data)

    def hear(self):
        """What it says next, but for what it also writes into the log."""
        while True:
            data = self.parent.recv(200000)
            assert data, "the listener has ended"
            message = self.ipc.ChildToParent.FromString(data)
            if not message.HasField("notice"):
                return message

    def configure(self, identity, **settings):
        certificate, key = identity
        values = {
            "sandbox": SANDBOX, "max_connections": 100,
            "max_connections_per_address": 100, "sessions_per_process": 1,
            "sign_in_timeout_s": int(seconds(60)),
            "idle_timeout_s": int(seconds(60)), "log_level": 2,
        }
        values.update(settings)
        self.send("configure", certificate=certificate.read_bytes(),
                  private_key=key.read_bytes(), **values)
        assert self.hear().public_key.pin.startswith("sha256:")

    def accepted(self):
        data, (end,), _, _ = socket.recv_fds(self.hub, 1000, 1)
        told = self.ipc.ListenerToHub.FromString(data).new_session
        assert told.address == "127.0.0.1"
        session = Session(self.ipc, socket.socket(fileno=end))
        self.sessions.append(session)  # to forget it would be to close it
        return session

    def connect(self):
        """A client that was greeted, and the hub's end of its session."""
        client = Connection(self.pb, self.address)
        session = self.accepted()
        greeting = self.pb.ToClient()
        greeting.greeting.server_name = "a test"
        session.send(greeting)
        assert client.receive().greeting.server_name == "a test"
        return client, session

    def sign_in(self):
        client, session = self.connect()
        hello = self.pb.ToServer(request=1)
        hello.hello.client = "a test"
        client.send_frame(hello.SerializeToString())
        assert session.receive().hello.client == "a test"
        done = self.pb.ToClient(request=1)
        done.signed_in.device_id = 1
        session.send(done, signed_in=True)
        assert client.receive().HasField("signed_in")
        return client, session

    def children(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path, encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    def stop(self):
        self.parent.close()
        self.hub.close()
        self.listening.close()
        try:
            self.process.wait(LIMIT_S)
        finally:
            self.process.kill()
        return self.process.stderr.read()


@pytest.fixture(scope="module")
def identity(workspace):
    return make_certificate(workspace, "listener")


@pytest.fixture
def listen(pb, ipc, programs, identity):
    listeners = []

    def make(**settings):
        listeners.append(Listener(pb, ipc, programs, identity, **settings))
        return listeners[-1]

    yield make
    for listener in listeners:
        if listener.process.stderr.closed:
            continue
        said = listener.stop()
        assert "Sanitizer" not in said, said


def big(pb, request=7):
    message = pb.ToServer(request=request, operation=uuid7())
    message.send_message.conversation_id = 1
    message.send_message.content.text = "x" * 4000
    return message.SerializeToString()


def assert_still_there(client, pb):
    ping = pb.ToServer(request=99)
    ping.ping.SetInParent()
    client.send_frame(ping.SerializeToString())
    while True:
        answer = client.receive()
        assert answer is not None
        if answer.HasField("pong"):
            return


def has_ended(plain):
    """By its end or by a reset: before TLS nothing better can be said."""
    try:
        return plain.recv(1) == b""
    except ConnectionResetError:
        return True


def both(test):
    """In a process of its own, and in a shared one."""
    return pytest.mark.parametrize("per_process", [1, 3])(test)


@both
def test_hub_floods_a_client_that_does_not_read(listen, pb, per_process):
    """What the client does not take stays bounded and arrives in order."""
    listener = listen(sessions_per_process=per_process)
    client, session = listener.sign_in()
    session.end.setblocking(False)
    sent = 0
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < seconds(1):
        try:
            event = pb.ToClient()
            event.event.sequence = sent + 1
            event.event.message.content.text = "x" * 4000
            session.send(event)
            sent += 1
            quiet_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
        assert sent < 20000, "the session takes without end"
    for sequence in range(1, sent + 1):
        assert client.receive().event.sequence == sequence
    assert_still_there(client, pb)


@both
def test_client_floods_a_hub_that_does_not_read(listen, pb, per_process):
    """It is slowed down by TCP; nothing is lost and nobody else waits."""
    listener = listen(sessions_per_process=per_process)
    client, session = listener.sign_in()
    other, _ = listener.sign_in()
    client.socket.settimeout(seconds(1))
    sent = 0
    body = big(pb)
    frame = len(body).to_bytes(4, "big") + body
    with pytest.raises(TimeoutError):
        while sent < 20000:
            client.socket.sendall(frame)
            sent += 1
    assert_still_there(other, pb)
    for _ in range(sent):
        assert session.receive().send_message.conversation_id == 1


@both
def test_who_does_not_sign_in_is_cut(listen, pb, per_process):
    listener = listen(sessions_per_process=per_process,
                      sign_in_timeout_s=SHORT_S)
    signed_in, _ = listener.sign_in()
    client, _ = listener.connect()
    trickling = socket.create_connection(listener.address, LIMIT_S)
    listener.accepted()
    trickling.sendall(b"\x16\x03")  # a handshake that never goes on
    began = time.monotonic()
    reason = client.receive().goodbye.reason
    assert reason.code == pb.Refusal.TRY_LATER and reason.retry_after_ms > 0
    assert has_ended(trickling)
    assert time.monotonic() - began < seconds(5)
    assert_still_there(signed_in, pb)


@both
def test_who_is_silent_is_cut(listen, pb, per_process):
    listener = listen(sessions_per_process=per_process, idle_timeout_s=SHORT_S)
    client, session = listener.sign_in()
    # bytes that never make a frame are silence
    client.send_bytes(b"\x00\x00\x10\x00" + b"x" * 10)
    reason = client.receive().goodbye.reason
    assert reason.code == pb.Refusal.TRY_LATER and reason.retry_after_ms > 0
    with pytest.raises(Closed):
        client.receive()
    assert client.clean_end
    assert session.receive() is None


@both
def test_hub_is_gone(listen, pb, per_process):
    listener = listen(sessions_per_process=per_process)
    client, session = listener.sign_in()
    session.end.close()
    assert client.receive().goodbye.reason.code == pb.Refusal.INTERNAL
    with pytest.raises(Closed):
        client.receive()
    assert client.clean_end


def test_refusal_that_comes_before_the_handshake(listen, pb):
    """The hub may send somebody away at once: the reason still arrives."""
    listener = listen()
    plain = socket.create_connection(listener.address, LIMIT_S)
    session = listener.accepted()
    goodbye = pb.ToClient()
    goodbye.goodbye.reason.code = pb.Refusal.BUSY
    session.send(goodbye, close=True)
    session.end.close()
    plain.close()
    # and with a handshake
    sessions = []
    answering = threading.Thread(
        target=lambda: sessions.append(listener.accepted()) or
        sessions[0].send(goodbye, close=True))
    answering.start()
    client = Connection(pb, listener.address)
    answering.join()
    assert client.receive().goodbye.reason.code == pb.Refusal.BUSY


@both
def test_who_is_refused_and_does_nothing_is_cut(listen, pb, per_process):
    """The reason waits for the end of a handshake, but not for long."""
    listener = listen(sessions_per_process=per_process)
    plain = socket.create_connection(listener.address, LIMIT_S)
    session = listener.accepted()
    goodbye = pb.ToClient()
    goodbye.goodbye.reason.code = pb.Refusal.BUSY
    session.send(goodbye, close=True)
    session.end.close()
    assert has_ended(plain)


def test_stopped_listener_leaves_its_sessions(listen, pb):
    """They belong to the hub, which still has to finish with them."""
    listener = listen()
    client, session = listener.sign_in()
    listener.send("stop")
    assert listener.process.wait(LIMIT_S) == 0
    assert_still_there(client, pb)
    session.end.close()
    assert client.receive().HasField("goodbye")


def test_crash_makes_room_for_a_fresh_listener(listen, pb, ipc):
    """With what it knew: who is connected, and from where."""
    listener = listen()
    _client, _session = listener.sign_in()
    survivor, = listener.children()
    victim, _ = listener.sign_in()
    pid, = set(listener.children()) - {survivor}
    os.kill(pid, signal.SIGSYS)
    state = ipc.ListenerState.FromString(listener.hear().handover.state)
    assert [s.pid for s in state.sessions] == [survivor]
    assert state.sessions[0].prefix == bytes([127, 0, 0, 1])
    assert listener.process.wait(LIMIT_S) == 0
    with pytest.raises(Closed):
        victim.receive()


def test_successor_counts_who_is_still_there(listen, pb, ipc):
    listener = listen(max_connections=2)
    state = ipc.ListenerState()
    state.sessions.add(pid=999999, prefix=bytes([192, 0, 2, 1]))
    listener.send("inherit", state=state.SerializeToString())
    client, _ = listener.connect()
    with pytest.raises(OSError):
        Connection(pb, listener.address)
    listener.send("reaped", pid=999999, status=0)
    listener.send("probe")
    assert listener.hear().alive.status == "1 connection"
    listener.connect()
    assert client is not None


@pytest.mark.not_under_valgrind("it needs more than what is left")
@pytest.mark.parametrize("kind", ["descriptors", "processes"])
def test_nothing_left(listen, pb, kind):
    """Connections are sent away, and nothing spins meanwhile."""
    if kind == "descriptors":
        listener = listen(limits={resource.RLIMIT_NOFILE: 9})
    else:
        if os.getuid() != 0:
            pytest.skip("an ordinary user has processes beside this one")
        # a user whom nobody else is, so that the limit counts these only
        listener = listen(limits={resource.RLIMIT_NPROC: 1}, user=[
            "setpriv", "--reuid=64737", "--regid=64737", "--clear-groups"])

    def ticks():
        with open(f"/proc/{listener.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    for _ in range(5):
        with socket.create_connection(listener.address, LIMIT_S) as plain:
            assert has_ended(plain)
    assert ticks() - before < 50
    listener.send("probe")
    assert listener.hear().alive.status == "0 connections"


@pytest.mark.not_under_valgrind("it needs more than what is left")
def test_shared_process_has_no_descriptor_left(listen, pb):
    """Those whom it serves go on, and another one takes who comes then."""
    listener = listen(sessions_per_process=100,
                      limits={resource.RLIMIT_NOFILE: 32})
    clients = []
    with pytest.raises((OSError, Closed)):
        while len(clients) < 32:
            clients.append(listener.sign_in())
    served = len(clients)
    assert served > 5
    # The full process may still get one or two, who are sent away too.
    for _ in range(SENT_AWAY_MAX):
        listener.accepted()  # the one that was sent away
        with contextlib.suppress(OSError, Closed):
            clients.append(listener.sign_in())
            break
    assert len(clients) == served + 1
    assert len(listener.children()) == 2
    for client, _session in clients:
        assert_still_there(client, pb)


def test_processes_are_collected(listen, pb):
    listener = listen(sessions_per_process=2)
    clients = [listener.sign_in() for _ in range(5)]
    assert len(listener.children()) == 3
    for client, session in clients:
        client.close()
        session.end.close()
    wait_until(lambda: not listener.children(), what="no process left")
