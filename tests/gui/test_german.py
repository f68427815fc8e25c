# SPDX-License-Identifier: GPL-3.0-or-later
"""A German desktop: what the engine and the server say is German too."""

import pytest

from conftest import GERMAN, PASSWORD
from patience import wait_until


@pytest.fixture
def open_german(open_window):
    return lambda name, *arguments: open_window(name, *arguments, **GERMAN)


def sign_in(window, server, name, password=PASSWORD):
    window.fill("Server", server)
    window.fill("Name", name)
    window.fill("Passwort", password)
    window.press("Anmelden")


def test_a_wrong_password(server, open_german):
    server.account("alice")
    window = open_german("alice")
    sign_in(window, server.link, "alice", "not my password")
    window.wait_says("Der Name oder das Passwort ist falsch.", timeout=20)


def test_a_server_that_does_not_answer(open_german):
    window = open_german("alice")
    sign_in(window, "127.0.0.1:1", "alice")
    window.wait_says("Keine Verbindung zu 127.0.0.1: "
                     "Dort antwortet kein Server.", timeout=20)


def test_what_is_not_an_address(open_german):
    window = open_german("alice")
    sign_in(window, "kith://[", "alice")
    window.wait_says("Das ist nicht die Adresse eines Servers", timeout=20)


def test_the_end_of_a_connection(server, open_german):
    server.account("alice")
    window = open_german("alice")
    sign_in(window, server.link, "alice")
    window.wait("Freund hinzufügen", timeout=30)
    server.admin("user", "lock", "alice", "--until", "2h")
    window.wait_says("Dieses Konto ist bis ", timeout=20)
    window.wait_says(" UTC gesperrt.")
