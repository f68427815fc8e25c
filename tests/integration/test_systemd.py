# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemon tells systemd, with the test in systemd's place."""

import os
import select
import signal
import socket
import time

import pytest

from kith_server import own
from patience import seconds, wait_until

WATCHDOG_S = seconds(1.5)  # kithd probes three times in this


class Manager:
    """The notify socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        own(path)
        self.lines = []  # (when, line)

    def read(self, seconds=0.0):
        """Takes what is there, and what comes within so many seconds."""
        deadline = time.monotonic() + seconds
        while select.select([self.socket], [], [],
                            max(deadline - time.monotonic(), 0))[0]:
            now = time.monotonic()
            for line in self.socket.recv(4096).decode().splitlines():
                self.lines.append((now, line))

    def wait(self, line, since=0.0, timeout=20.0):
        def there():
            self.read()
            return [when for when, what in self.lines
                    if what == line and when >= since]
        return wait_until(there, timeout, line)[0]

    def said(self, line, since=0.0):
        self.read()
        return [when for when, what in self.lines
                if what == line and when >= since]


@pytest.fixture
def manager(make_server):
    server = make_server()
    manager = Manager(server.folder / "notify")
    inherited = server.environment

    def environment():
        return {**inherited(), "NOTIFY_SOCKET": str(server.folder / "notify"),
                "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))}

    server.environment = environment
    manager.server = server
    yield manager
    manager.socket.close()


def test_ready_status_reload_stop(manager):
    server = manager.server
    server.spawn()
    ready = manager.wait("READY=1")
    server.connect()  # so it was true
    manager.wait("WATCHDOG=1")
    assert any(line.startswith("STATUS=") and "connection" in line
               for _, line in manager.lines)
    began = time.monotonic()
    os.kill(server.process.pid, signal.SIGHUP)
    reloading = manager.wait("RELOADING=1", since=began)
    again = manager.wait("READY=1", since=reloading)
    assert ready < reloading <= again
    assert any(line.startswith("MONOTONIC_USEC=")
               for _, line in manager.lines)
    server.process.send_signal(signal.SIGTERM)
    manager.wait("STOPPING=1")
    assert server.wait(20) == 0


def test_failed_reload_is_ready_again(manager):
    server = manager.server
    server.spawn()
    manager.wait("READY=1")
    with server.configuration.open("a") as file:
        file.write("bogus = 1\n")
    began = time.monotonic()
    os.kill(server.process.pid, signal.SIGHUP)
    manager.wait("RELOADING=1", since=began)
    manager.wait("READY=1", since=began)


@pytest.mark.parametrize("role", ["hub", "auth", "listener"])
def test_watchdog_is_fed_only_while_all_answer(manager, role):
    """A process that hangs starves it, one that comes back feeds it."""
    server = manager.server
    server.spawn()
    manager.wait("READY=1")
    manager.wait("WATCHDOG=1")
    pid = server.only(role).pid
    os.kill(pid, signal.SIGSTOP)
    try:
        # one answer may have been on its way
        manager.read(WATCHDOG_S / 3)
        stopped = time.monotonic()
        manager.read(WATCHDOG_S)
        assert not manager.said("WATCHDOG=1", since=stopped)
    finally:
        os.kill(pid, signal.SIGCONT)
    manager.wait("WATCHDOG=1", since=stopped)


def test_not_ready_when_it_cannot_start(manager):
    server = manager.server
    server.certificate.write_text("not PEM\n")
    server.spawn()
    assert server.wait(20) == 1
    assert not manager.said("READY=1")
