# SPDX-License-Identifier: GPL-3.0-or-later
"""Web addresses in messages, opened by mouse, by keyboard and by a screen
reader."""

import os
import pathlib

import pytest

from conftest import PASSWORD, THEMES, wait_contrast
from patience import wait_until

DATA_FOLDERS = ("glib-2.0", "icons", "mime", "themes")


@pytest.fixture
def opened(desktop, folder):
    """Takes the place of the desktop's browser: what it was given to open."""
    given = folder / "given"
    given.touch()
    program = folder / "browser"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >>'{given}'\n")
    program.chmod(0o755)
    home = pathlib.Path(os.environ["HOME"])
    applications = home / ".local/share/applications"
    applications.mkdir(parents=True, exist_ok=True)
    entry = applications / "kith-test-browser.desktop"
    entry.write_text("[Desktop Entry]\nType=Application\nName=Browser\n"
                     f"Exec={program} %u\nMimeType=x-scheme-handler/http;"
                     "x-scheme-handler/https;\n")
    choice = home / ".config/mimeapps.list"
    choice.parent.mkdir(exist_ok=True)
    choice.write_text("[Default Applications]\n"
                      f"x-scheme-handler/http={entry.name}\n"
                      f"x-scheme-handler/https={entry.name}\n")
    yield lambda: given.read_text().split()
    choice.unlink()
    entry.unlink()


def label_of(window, text):
    """What shows the text in its bubble."""
    from kith_window import Atspi, walk

    row = window.wait(roles=(Atspi.Role.LIST_ITEM,),
                      matching=lambda node: text in node.get_name()
                      and " at " in node.get_name())
    return next(node for node in walk(row)
                if node.get_role() == Atspi.Role.LABEL
                and node.get_name() == text)


def links_of(label):
    """Where the links of a label lead, as a screen reader is told."""
    text = label.get_hypertext_iface()
    return [text.get_link(index).get_uri(0)
            for index in range(text.get_n_links())]


def click_on(window, label, offset):
    """With the mouse, on one character of a label."""
    from kith_window import Atspi, xdotool

    place = Atspi.Text.get_character_extents(
        label.get_text_iface(), offset, Atspi.CoordType.SCREEN)
    window.activate()
    xdotool("mousemove", place.x + place.width // 2,
            place.y + place.height // 2, "click", 1)


def send(window, text):
    window.fill("Message", text)
    window.press("Send")


def test_an_address_is_a_link(opened, friends):
    from kith_window import Atspi

    alice, bob = friends
    send(bob, "First <https://a.example/?x=1&y=2>, then (http://b.example/).")
    label = label_of(alice, "First <https://a.example/?x=1&y=2>, "
                            "then (http://b.example/).")
    assert links_of(label) == ["https://a.example/?x=1&y=2",
                               "http://b.example/"]
    # the keyboard: into the text, to the first link, to the second one
    alice.activate()
    alice.key("Escape", "shift+Tab", "Tab", "Tab", "Return")
    wait_until(lambda: opened() == ["https://a.example/?x=1&y=2"],
               what="the first address opened")
    alice.key("Tab", "Return")
    wait_until(lambda: len(opened()) == 2, what="the second one")
    click_on(alice, label, len("First <h"))
    wait_until(lambda: len(opened()) == 3, what="the first one again")
    assert opened()[1:] == ["http://b.example/", "https://a.example/?x=1&y=2"]
    # a screen reader finds each of them
    children = [label.get_child_at_index(index) for index in range(2)]
    assert [(child.get_role(), child.get_name()) for child in children] == [
        (Atspi.Role.LINK, "https://a.example/?x=1&y=2"),
        (Atspi.Role.LINK, "http://b.example/")]
    # all of it is still one text that can be copied
    text = label.get_text_iface()
    assert Atspi.Text.get_text(text, 0, -1) == label.get_name()
    Atspi.Text.add_selection(text, 6, 34)
    wait_until(lambda: Atspi.Text.get_n_selections(text) == 1,
               what="a selection")
    alice.key("ctrl+c")
    composer = alice.wait("Message").get_component_iface()
    composer.grab_focus()
    alice.key("ctrl+v")
    wait_until(lambda: alice.text_of("Message")
               == "<https://a.example/?x=1&y=2>", what="the copy")


def test_what_could_mislead_is_no_link(friends):
    alice, bob = friends
    for text in ("https://bank.example@evil.example/",
                 "javascript:alert(1) file:///etc/passwd",
                 "https://a.example/\u202egro.live",
                 "<a href='https://evil.example'>bank</a>"):
        send(bob, text)
        links = links_of(label_of(alice, text))
        assert links in ([], ["https://evil.example"]), links


@pytest.mark.parametrize("theme", THEMES)
def test_links_can_be_read_in_every_style(desktop, server, open_window, theme):
    from kith_window import open_conversation, sign_in

    for name in ("alice", "bob"):
        server.account(name)
    server.admin("friend", "add", "alice", "bob")
    windows = []
    for x, name in ((0, "alice"), (820, "bob")):
        window = open_window(name, x=x, GTK_THEME=theme)
        sign_in(window, server.link, name, PASSWORD)
        open_conversation(window, "bob" if name == "alice" else "alice")
        windows.append(window)
    text = "https://example.org/" + "WM" * 12
    send(windows[1], text)
    for window in windows:
        label = label_of(window, text)
        window.activate()
        wait_contrast(desktop, label)


def test_why_nothing_opens_is_said_calmly(server, open_window, folder):
    from kith_window import Atspi, open_conversation, sign_in

    share = folder / "share"
    share.mkdir()
    for name in DATA_FOLDERS:
        (share / name).symlink_to(f"/usr/share/{name}")
    for name in ("alice", "bob"):
        server.account(name)
    server.admin("friend", "add", "alice", "bob")
    alice = open_window("alice", XDG_DATA_DIRS=str(share),
                        XDG_DATA_HOME=str(folder))
    sign_in(alice, server.link, "alice", PASSWORD)
    open_conversation(alice, "bob")
    send(alice, "https://example.org/")
    label = label_of(alice, "https://example.org/")
    assert links_of(label) == ["https://example.org/"]
    alice.key("Escape", "shift+Tab", "Tab", "Return")
    alice.wait(roles=(Atspi.Role.NOTIFICATION,),
               matching=lambda node: node.get_name().startswith(
                   "This address could not be opened"))
