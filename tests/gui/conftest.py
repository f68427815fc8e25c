# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: one desktop for the whole run, a daemon and two people a test."""

import faulthandler
import os
import pathlib
import secrets
import shutil
import ssl
import socket
import time

import pytest

from kith_desktop import Desktop
from kith_server import Programs, Server, START_TIMEOUT_S, pin_of_file
from patience import wait_until

WORK = pathlib.Path(os.environ["KITH_GUI_WORK"])
PASSWORD = "a quiet evening 7"
TEST_LIMIT_S = 120  # a hanging window must not hang the run
THEMES = ("Adwaita", "Adwaita:dark", "HighContrast", "HighContrastInverse")
CONTRAST_MIN = 4.5  # of text, by WCAG (AA)
GERMAN = {"LANG": "de_DE.UTF-8", "LC_ALL": "de_DE.UTF-8", "LANGUAGE": "de",
          "LOCPATH": str(WORK / "locale"),
          "KITH_LOCALEDIR": str(WORK / "translations")}


@pytest.fixture(autouse=True)
def limit():
    faulthandler.dump_traceback_later(TEST_LIMIT_S, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


class GuiServer(Server):
    """The daemon of the integration tests, without their protocol client."""

    def start(self):
        self.spawn()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["kith/1"])
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self.process.poll() is None, \
                f"kithd ended with {self.process.returncode}:\n{self.log()}"
            try:
                with socket.create_connection(self.address, 1) as plain, \
                        context.wrap_socket(plain) as channel:
                    assert channel.recv(4)
                    return self
            except OSError:
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.05)

    @property
    def link(self):
        host, port = self.address
        return f"kith://{host}:{port}/?key={self.pin}"

    @property
    def pin(self):
        return pin_of_file(self.certificate)

    def account(self, name):
        self.admin("user", "add", name, "--password-stdin",
                   stdin=PASSWORD + "\n")


@pytest.fixture(scope="session")
def desktop():
    with Desktop(WORK / "desktop") as desktop:
        yield desktop


def wait_contrast(desktop, node):
    """Waits until the text of a node can be read."""
    from kith_window import extents

    def contrast():
        return desktop.contrast(extents(node))
    wait_until(lambda: contrast() >= CONTRAST_MIN,
               what=f"a contrast of {CONTRAST_MIN} in {node.get_name()!r}; it "
                    f"is {contrast():.2f}")


@pytest.fixture
def folder(request):
    path = WORK / request.node.name
    path.mkdir()
    return path


@pytest.fixture
def server(folder):
    programs = Programs(WORK / "programs", folder / "programs")
    place = folder / "server"
    place.mkdir()
    server = GuiServer(None, programs, place).start()
    yield server
    try:
        server.stop()
    finally:
        server.kill()
    server.judge()


@pytest.fixture
def open_window(desktop, folder, request):
    """Opens windows; each must end well."""
    from kith_window import Window

    windows = []

    def open_one(name, *arguments, x=0, **environment):
        window = Window(WORK / "programs/gui/kith", folder / name, *arguments,
                        environment={**os.environ, **environment})
        windows.append(window)
        window.place(x, 0, 816, 776)
        return window

    yield open_one
    desktop.screenshot(WORK / f"{request.node.name}.png")
    faults = []
    for window in windows:
        try:
            window.close()
            assert not window.complaints(), "\n".join(window.complaints())
        except AssertionError as fault:
            faults.append(str(fault))
        finally:
            window.kill()
    assert not faults, "\n".join(faults)


@pytest.fixture
def words():
    """Makes words that no screen has shown before."""
    def make(count=2):
        return " ".join("w" + "".join(
            secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(7))
            for _ in range(count))
    return make


@pytest.fixture
def two(server, open_window):
    """alice and bob, signed in, not friends yet."""
    from kith_window import sign_in

    windows = []
    for x, name in ((0, "alice"), (820, "bob")):
        server.account(name)
        window = open_window(name, x=x)
        sign_in(window, server.link, name, PASSWORD)
        windows.append(window)
    return windows


@pytest.fixture
def friends(two):
    """alice and bob, friends, each with the conversation open."""
    from kith_window import befriend, open_conversation

    alice, bob = two
    befriend(alice, "bob")
    bob.wait("Accept")
    bob.press("Accept")
    open_conversation(alice, "bob")
    open_conversation(bob, "alice")
    return two
