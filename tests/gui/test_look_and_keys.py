# SPDX-License-Identifier: GPL-3.0-or-later
"""What one sees in the window, and where the keyboard goes in it."""

from conftest import PASSWORD
from patience import wait_until


def right_end(node):
    from kith_window import extents

    box = extents(node)
    return box.x + box.width


def test_the_list_keeps_its_width(two):
    """The window's buttons are over the conversation: over the list nothing
    is left free for them, and nothing moves when that is noticed."""
    from kith_window import BUTTONS

    alice, bob = two
    margin = 16

    def fits():
        button = alice.wait("Menu", BUTTONS)
        side = alice.wait("Friends and conversations")
        return right_end(side) - right_end(button) < margin

    wait_until(fits, what="the menu's button at the end of its bar")
    alice.place(0, 0, 420, 700)
    wait_until(lambda: not fits(), what="the window's buttons over the list")
    alice.place(0, 0, 816, 776)
    wait_until(fits, what="the menu's button at the end of its bar")


def test_one_sees_who_one_is(server, open_window):
    """Friends ask by the user name, which nobody should have to remember."""
    from kith_window import sign_in

    server.account("alice")
    server.admin("user", "rename-display", "alice", "Alice Liddell")
    window = open_window("alice")
    sign_in(window, server.link, "alice", PASSWORD)
    window.wait("Alice Liddell")
    window.wait("alice")


def ask(window, name):
    from kith_window import befriend

    if window.find("User name"):
        window.press("Cancel")
        wait_until(lambda: not window.find("User name"), what="its end")
    befriend(window, name)


def test_why_one_cannot_ask_is_said(two):
    alice, bob = two
    for name, sentence in (
            ("nobody", "Nobody on this server is called “nobody”."),
            ("alice", "That is your own name.")):
        ask(alice, name)
        alice.wait_says(sentence)
    ask(alice, "bob")
    bob.press("Accept")
    alice.wait_says("bob, online")
    ask(alice, "bob")
    alice.wait_says("You and bob are friends already.")
    alice.press("Cancel")


def test_asking_twice_says_that_it_waits(two):
    alice, _ = two
    ask(alice, "bob")
    alice.wait("Withdraw")
    ask(alice, "bob")
    alice.wait_says("You have asked bob already.")
    alice.press("Cancel")
