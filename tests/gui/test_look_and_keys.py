# SPDX-License-Identifier: GPL-3.0-or-later
"""What one sees in the window, and where the keyboard goes in it."""

import pytest

from conftest import PASSWORD, THEMES, wait_contrast
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


# --- colours and glyphs ---------------------------------------------------

def canvas_brightness(desktop, window):
    """Of the ground beside the bubbles, from 0 to 255."""
    from kith_window import extents

    box = extents(window.wait("Messages"))
    return sum(desktop.pixels(box.x - 5, box.y + 5, 1, 1)[0][0]) / 3


def test_a_dark_theme_has_dark_ground(desktop, server, open_window):
    """Themes that are dark by themselves write in white."""
    from kith_window import open_conversation, sign_in

    server.account("alice")
    server.account("bob")
    server.admin("friend", "add", "alice", "bob")
    alice = open_window("alice", GTK_THEME="HighContrastInverse")
    sign_in(alice, server.link, "alice", PASSWORD)
    open_conversation(alice, "bob")
    wait_until(lambda: canvas_brightness(desktop, alice) < 80,
               what="a dark ground")


def test_dark_style_has_dark_ground(desktop, friends):
    alice, _ = friends
    alice.activate()
    assert canvas_brightness(desktop, alice) > 200
    alice.press("Menu")
    alice.press_item("Dark Style")
    wait_until(lambda: canvas_brightness(desktop, alice) < 80,
               what="a dark ground")


def test_a_broken_address_gets_no_hyphen(desktop, friends):
    """Of strokes that stand upright a hyphen is told by its width."""
    from kith_window import extents, wait_message

    alice, bob = friends
    text = "l" * 240
    bob.fill("Message", text)
    bob.press("Send")
    wait_message(alice, text)
    alice.activate()
    label = alice.wait(matching=lambda node: node.get_name() == text)

    def longest_stroke():
        box = extents(label)
        rows = desktop.pixels(box.x, box.y, box.width, box.height)
        ink = ["".join("x" if sum(pixel) < 560 else " " for pixel in row)
               for row in rows]
        return max(len(run) for row in ink for run in row.split(" "))

    wait_until(lambda: longest_stroke() > 0, what="the text on the screen")
    assert longest_stroke() < 3, longest_stroke()


@pytest.mark.parametrize("theme", THEMES)
def test_quiet_words_can_be_read(desktop, server, open_window, theme):
    """Times, previews, hints: small, but meant to be read."""
    from kith_window import (Atspi, open_conversation, row_starts, sign_in,
                             walk)

    for name in ("alice", "bob"):
        server.account(name)
    server.admin("friend", "add", "alice", "bob")
    alice = open_window("alice", GTK_THEME=theme)
    sign_in(alice, server.link, "alice", PASSWORD)
    open_conversation(alice, "bob")
    alice.fill("Message", "MWMWMW")
    alice.press("Send")
    own = alice.wait(roles=(Atspi.Role.LIST_ITEM,), matching=lambda node:
                     node.get_name().startswith("You at "))
    row = alice.wait(roles=(Atspi.Role.LIST_ITEM,), matching=lambda node:
                     node.get_name().startswith(row_starts("bob")))
    alice.activate()
    for name in ("Write a message", "Today", "Offline", "This is the beginning "
                 "of your conversation with bob."):
        wait_contrast(desktop, alice.wait(name, (Atspi.Role.LABEL,)))
    for place in (own, row):
        for node in walk(place):
            if node.get_role() == Atspi.Role.LABEL:
                wait_contrast(desktop, node)


def test_the_fingerprint_stands_on_one_line(server, open_window):
    from kith_window import Atspi, extents

    server.account("alice")
    window = open_window("alice")
    window.fill("Server", "127.0.0.1:%d" % server.address[1])
    window.fill("Name", "alice")
    window.fill("Password", PASSWORD)
    window.press("Sign In")
    label = window.wait(roles=(Atspi.Role.LABEL,), timeout=20, matching=lambda
                        node: node.get_name().startswith("sha256:"))
    height = extents(window.wait("Is this the right server?")).height
    wait_until(lambda: extents(label).height < height + 8,
               what="one line of the fingerprint")


def test_nothing_invites_to_write_to_no_friend(friends, server):
    alice, _ = friends
    alice.wait("Write a message")
    server.admin("friend", "remove", "alice", "bob")
    alice.wait_says("are not friends any more")
    wait_until(lambda: not alice.find("Write a message"), what="no invitation")


def test_what_an_input_method_composes_stands_alone(friends):
    """Nothing is written over the letters that are not in the text yet."""
    alice, _ = friends
    alice.key("Escape")
    wait_focus(alice, "text", "Message")
    alice.wait("Write a message")
    alice.key("ctrl+shift+u", "1", "f")
    wait_until(lambda: not alice.find("Write a message"), what="the room")
    alice.key("BackSpace", "BackSpace", "BackSpace")
    alice.wait("Write a message")


def test_the_first_field_is_explained(open_window):
    window = open_window("alice")
    window.activate()
    wait_focus(window, "text", "Server")
    window.wait_says("Type the address of your server")
    window.type("a")
    window.wait_silent("Type the address of your server")


# --- the keyboard ---------------------------------------------------------

def focus_of(window):
    """What has the keyboard: its role and its name; None: nothing has."""
    from kith_window import focused

    node = window.find(matching=focused)
    return (node.get_role().value_nick, node.get_name()) if node else None


def wait_focus(window, role, beginning=""):
    def there():
        focus = focus_of(window)
        return focus and focus[0] == role and focus[1].startswith(beginning)
    wait_until(there, what=f"the keyboard at the {role} {beginning!r}; it is "
                           f"at {focus_of(window)}")


def test_a_letter_leads_to_each_part_of_the_form(open_window):
    from kith_window import FIELDS

    window = open_window("alice")
    window.activate()
    wait_focus(window, "text", "Server")
    window.key("alt+e")
    window.wait("Repeat password", FIELDS)
    for letter, field in (("s", "Name shown"), ("i", "Invite"), ("n", "Name"),
                          ("r", "Repeat password"), ("p", "Password"),
                          ("v", "Server")):
        window.key(f"alt+{letter}")
        wait_until(lambda: (focus_of(window) or ("", ""))[1] == field,
                   what=f"the keyboard at {field}")
    window.key("alt+a")
    wait_until(lambda: not window.find("Repeat password", FIELDS),
               what="the form for who has an account")
    window.fill("Server", "127.0.0.1:1")
    window.fill("Name", "alice")
    window.fill("Password", PASSWORD)
    window.key("alt+i")
    window.wait_says("Could not connect", timeout=20)


def test_the_question_of_trust_has_the_keyboard(server, open_window):
    server.account("alice")
    window = open_window("alice")
    window.fill("Server", "127.0.0.1:%d" % server.address[1])
    window.fill("Name", "alice")
    window.fill("Password", PASSWORD)
    window.press("Sign In")
    window.wait("Is this the right server?", timeout=20)
    wait_focus(window, "label", "sha256:")
    window.key("Tab")
    wait_focus(window, "check-box", "I have compared the fingerprint")
    window.key("Escape")
    window.wait("Server")


def many_friends(server, count):
    names = [f"friend{number:02}" for number in range(count)]
    server.account("alice")
    for name in names:
        server.account(name)
        server.admin("friend", "add", "alice", name)
    return names


def signed_in(server, open_window, name):
    from kith_window import rows, sign_in

    window = open_window(name)
    sign_in(window, server.link, name, PASSWORD)
    wait_until(lambda: rows(window), what="the conversations")
    window.activate()
    return window


def test_the_list_has_the_keyboard_and_opens_nothing(server, open_window):
    from kith_window import FIELDS

    many_friends(server, 2)
    alice = signed_in(server, open_window, "alice")
    wait_focus(alice, "list-item", "friend")
    alice.wait("Pick a conversation")
    alice.key("Down")
    alice.wait("Message", FIELDS)
    wait_focus(alice, "list-item", "friend")
    alice.key("Return")
    wait_focus(alice, "text", "Message")
    alice.key("ctrl+w")
    wait_focus(alice, "list-item", "friend")


def test_the_arrow_leads_from_the_search_to_the_list(server, open_window):
    from kith_window import rows

    many_friends(server, 3)
    alice = signed_in(server, open_window, "alice")
    wait_focus(alice, "list-item")
    alice.key("ctrl+k", *"friend02")
    wait_focus(alice, "text", "Find a conversation")
    wait_until(lambda: len(rows(alice)) == 1, what="the one that is meant")
    alice.key("Down")
    wait_focus(alice, "list-item", "friend02")
    alice.key("Escape")
    wait_focus(alice, "list-item", "friend")
    wait_until(lambda: len(rows(alice)) == 3, what="the whole list")


def test_the_search_minds_no_case(server, open_window):
    """Neither in the name that friends see nor in the user name."""
    from kith_window import rows

    many_friends(server, 2)
    server.admin("user", "rename-display", "friend01", "Ada Lovelace")
    alice = signed_in(server, open_window, "alice")
    for typed in ("lOVE", "FRIEND01"):
        alice.key("ctrl+k")
        wait_focus(alice, "text", "Find a conversation")
        alice.type(typed)
        wait_until(lambda: [row.get_name().split(",")[0]
                            for row in rows(alice)] == ["Ada Lovelace"],
                   what=f"who is meant by {typed}")
        alice.key("Escape")
        wait_until(lambda: len(rows(alice)) == 2, what="the whole list")


def test_keys_go_only_to_what_was_found(server, open_window):
    from kith_window import chosen_row, rows

    many_friends(server, 3)
    alice = signed_in(server, open_window, "alice")
    last = rows(alice)[-1].get_name().split(",")[0]
    alice.key("ctrl+k")
    wait_focus(alice, "text", "Find a conversation")
    alice.type(last)
    wait_until(lambda: len(rows(alice)) == 1, what="the one that is meant")
    alice.key("ctrl+Next")
    wait_until(lambda: chosen_row(alice) == last, what="the chosen one")


def test_the_shortcuts_window_has_every_key(friends):
    alice, _ = friends
    alice.key("ctrl+question")
    for what in ("Next conversation", "Previous conversation",
                 "Next unread conversation", "Previous unread conversation",
                 "Find a conversation", "Add a friend", "Close conversation",
                 "Back", "Send", "Break the line", "Insert an emoji",
                 "Up and down by a page", "Go to the newest message", "Menu",
                 "Keyboard shortcuts", "Quit"):
        alice.wait(what)
    alice.key("Escape")


def test_keys_bring_the_chosen_one_into_sight(server, open_window):
    from kith_window import chosen_row, extents, row_names

    many_friends(server, 16)
    alice = signed_in(server, open_window, "alice")
    wait_until(lambda: len(row_names(alice)) > 10, what="the list")
    bottom = extents(alice.wait("Conversations"))
    for _ in range(16):
        alice.key("ctrl+Next")
    wait_until(lambda: chosen_row(alice), what="the chosen one in sight")
    alice.key("ctrl+Prior")
    first = chosen_row(alice)
    for _ in range(15):
        alice.key("ctrl+Prior")
    wait_until(lambda: chosen_row(alice) not in (None, first),
               what="the first one in sight")


def test_tab_goes_through_each_list_in_one_step(friends):
    """Also when it comes from above: what one reads is not moved away."""
    from kith_window import message, wait_message

    alice, bob = friends
    for number in range(40):
        bob.fill("Message", f"message number {number}.")
        bob.press("Send")
    wait_message(alice, "message number 39.")
    alice.activate()
    alice.key("Escape")
    wait_focus(alice, "text", "Message")
    for role, beginning in (("push-button", "Insert an emoji"),
                            ("push-button", "Add friend"),
                            ("toggle-button", "Find a conversation"),
                            ("toggle-button", "Menu"),
                            ("list-item", "bob"),
                            ("toggle-button", "This conversation"),
                            ("list-item", "bob at"),
                            ("label", "message number 39."),
                            ("text", "Message")):
        alice.key("Tab")
        wait_focus(alice, role, beginning)
    assert message(alice, "message number 39.")
    alice.key("shift+Tab", "Up")
    wait_focus(alice, "list-item", "bob at")
    assert "message number 38." in focus_of(alice)[1]


def test_a_narrow_window_keeps_the_keyboard(friends):
    alice, _ = friends
    alice.place(0, 0, 420, 700)
    alice.wait("Back")
    alice.key("Escape")
    wait_focus(alice, "list-item", "bob")
    alice.key("Return")
    wait_focus(alice, "text", "Message")


# --- the screen reader ----------------------------------------------------

def test_what_comes_is_read_out(friends, words):
    from kith_window import Atspi, catch_up, say

    alice, bob = friends
    heard = []
    listener = Atspi.EventListener.new(
        lambda event: heard.append(str(event.any_data)))
    listener.register("object:announcement")
    try:
        text = words()
        bob.fill("Message", text)
        alice.activate()
        bob.press("Send")
        wait_until(lambda: catch_up() or f"bob: {text}" in heard,
                   what=f"the words in {heard}")
        own = words()
        say(alice, own)
        bob.wait_says(own)
        assert not any(own in said for said in heard)
    finally:
        listener.deregister("object:announcement")


def test_what_went_wrong_is_read_out(two, server):
    """A screen reader reads notifications that come up by itself."""
    from kith_window import Atspi

    def wait_notification(window, beginning):
        window.wait(roles=(Atspi.Role.NOTIFICATION,), timeout=20,
                    matching=lambda node: node.get_name().startswith(beginning))

    alice, _ = two
    ask(alice, "nobody")
    wait_notification(alice, "Nobody on this server")
    alice.press("Cancel")
    server.stop()
    wait_notification(alice, "Could not connect")
    server.start()
