# SPDX-License-Identifier: GPL-3.0-or-later
"""A German desktop: what the engine and the server say is German too."""

import pytest

from conftest import GERMAN, PASSWORD
from patience import wait_until

NARROW = 370  # pixels: a telephone's, and the frame of a window


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


def test_the_words_fit_into_a_narrow_window(server, open_german):
    """On the first page, and on the one with the most of them."""
    from kith_server import make_certificate
    from kith_window import extents

    def width():
        return extents(window.application.get_child_at_index(0)).width

    server.account("alice")
    window = open_german("alice")
    window.place(0, 0, NARROW, 660)
    wait_until(lambda: width() == NARROW, what="a narrow window")
    sign_in(window, server.link, "alice")
    window.wait("Freund hinzufügen", timeout=30)
    server.stop()
    server.certificate, server.key = make_certificate(server.folder, "other")
    server.set()
    server.start()
    window.wait("Der Server zeigt einen anderen Schlüssel", timeout=60)
    assert width() == NARROW
