# SPDX-License-Identifier: GPL-3.0-or-later
"""What one sees of what did not work, and that nothing typed is lost by it."""

import contextlib
import socket

import pytest

from conftest import PASSWORD
from patience import wait_until


def enter_password(window):
    window.wait("Sign In Again", timeout=20)
    window.fill("Password", PASSWORD)
    window.press("Sign In")
    wait_until(lambda: not window.find("Sign In Again"), 20,
               "the end of the question")


def preview(window, friend):
    """What the row of a friend says below the name."""
    from kith_window import Atspi

    row = window.wait(roles=(Atspi.Role.LIST_ITEM,),
                      matching=lambda node:
                      node.get_name().startswith(f"{friend}, "))
    row.clear_cache()
    return row.get_description()


def test_the_list_says_what_was_not_sent(friends, server, words):
    from kith_window import say, wait_message

    alice, _ = friends
    text = words()
    server.stop()
    alice.wait("Retry Now")
    say(alice, text)
    wait_message(alice, text, "Waiting to be sent")
    server.admin("friend", "remove", "alice", "bob")
    server.start()
    wait_message(alice, text, "Not sent", timeout=60)
    wait_until(lambda: preview(alice, "bob") == f"Not sent: {text}",
               what=f"the failure in {preview(alice, 'bob')!r}")


def test_what_shows_goes_on_after_a_restore(friends, server, words, folder):
    from kith_window import say, wait_message

    alice, bob = friends
    server.admin("db", "backup", str(folder / "copy"))
    alice.fill("Message", "not yet")
    server.stop()
    server.admin("db", "restore", str(folder / "copy"), "--yes")
    server.start()
    for window in (alice, bob):
        wait_until(lambda: not window.find("Retry Now")
                   and window.find("Online"), 60, "the friend again")
    text = words()
    say(bob, text)
    wait_message(alice, text)
    assert alice.text_of("Message") == "not yet"


def test_what_was_refused_stays_as_a_draft(friends, open_window, words):
    """More marks on one letter than a message may have."""
    from kith_window import open_conversation

    alice, _ = friends
    text = words() + " o" + "\u0301" * 9
    alice.fill("Message", text)
    alice.press("Send")
    wait_until(lambda: alice.text_of("Message") == text, what="the text back")
    alice.close()
    again = open_window("alice")
    enter_password(again)
    open_conversation(again, "bob", timeout=30)
    wait_until(lambda: again.text_of("Message") == text, what="the draft")


def test_the_bar_says_that_the_password_is_wanted(two, open_window):
    alice, _ = two
    alice.close()
    again = open_window("alice")
    again.wait("Sign In Again", timeout=20)
    again.press("Cancel")
    again.wait_says("Enter your password to go on.")
    assert not again.says("Connecting…")


@pytest.fixture
def silent_port():
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with contextlib.suppress(OSError):
            while True:
                listener.accept()[0].close()


def test_one_can_leave_while_the_server_says_nothing(silent_port, open_window):
    window = open_window("alice")
    window.fill("Server", f"127.0.0.1:{silent_port}")
    window.fill("Name", "alice")
    window.fill("Password", PASSWORD)
    window.press("Sign In")
    window.wait("Talking to the server…")
    window.close()


def test_the_keyboard_stays_in_the_form(silent_port, open_window):
    """With Return into the waiting, and with Return out of it."""
    from kith_window import FIELDS, focused

    window = open_window("alice")
    window.fill("Server", f"127.0.0.1:{silent_port}")
    window.fill("Name", "alice")
    field = window.fill("Password", PASSWORD)
    window.activate()
    field.get_component_iface().grab_focus()
    wait_until(lambda: focused(field), what="the keyboard in the form")
    window.key("Return")
    wait_until(lambda: window.find("Cancel", matching=focused),
               what="the keyboard at the way out")
    window.key("Return")
    wait_until(lambda: window.find("Password", FIELDS, focused),
               what="the keyboard in the form again")
