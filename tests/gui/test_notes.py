# SPDX-License-Identifier: GPL-3.0-or-later
"""The notes on the desktop, as the desktop is told of them."""

import pytest

from patience import wait_until

INTERFACE = """
<node>
  <interface name="org.freedesktop.Notifications">
    <method name="GetCapabilities"><arg type="as" direction="out"/></method>
    <method name="GetServerInformation">
      <arg type="s" direction="out"/><arg type="s" direction="out"/>
      <arg type="s" direction="out"/><arg type="s" direction="out"/>
    </method>
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/>
      <arg type="s" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="as" direction="in"/>
      <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/>
      <arg type="u" direction="out"/>
    </method>
    <method name="CloseNotification"><arg type="u" direction="in"/></method>
    <signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal>
    <signal name="ActionInvoked"><arg type="u"/><arg type="s"/></signal>
  </interface>
</node>
"""


class Notes:
    """Takes the place of the desktop's notes: which are there now."""

    def __init__(self):
        from gi.repository import Gio

        self.open = {}
        self.last = 0
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        interface = Gio.DBusNodeInfo.new_for_xml(INTERFACE).interfaces[0]
        self.object = self.bus.register_object(
            "/org/freedesktop/Notifications", interface, self.answer, None,
            None)
        self.name = Gio.bus_own_name_on_connection(
            self.bus, interface.name, Gio.BusNameOwnerFlags.NONE, None, None)

    def answer(self, _bus, _sender, _path, _interface, method, parameters,
               invocation):
        from gi.repository import GLib

        if method == "Notify":
            _, replaced, _, title, body, *_ = parameters.unpack()
            self.last = replaced or self.last + 1
            self.open[self.last] = (title, body)
            answer = GLib.Variant("(u)", (self.last,))
        elif method == "CloseNotification":
            self.open.pop(parameters.unpack()[0], None)
            answer = None
        elif method == "GetCapabilities":
            answer = GLib.Variant("(as)", (["body", "actions"],))
        else:
            answer = GLib.Variant("(ssss)", ("notes", "kith", "1", "1.2"))
        invocation.return_value(answer)

    def now(self):
        from kith_window import catch_up

        catch_up()
        return sorted(self.open.values())

    def close(self):
        from gi.repository import Gio

        Gio.bus_unown_name(self.name)
        self.bus.unregister_object(self.object)


@pytest.fixture
def notes(desktop):
    notes = Notes()
    yield notes
    notes.close()


def test_a_note_goes_when_it_is_read(notes, two, server, words):
    from kith_window import open_conversation, say

    alice, bob = two
    server.admin("friend", "add", "alice", "bob")
    open_conversation(bob, "alice")
    first, second = words(), words()
    say(bob, first)
    wait_until(lambda: notes.now() == [("bob", first)],
               what=f"a note in {notes.now()}")
    say(bob, second)
    wait_until(lambda: notes.now() == [("bob", second)],
               what=f"one in its place in {notes.now()}")
    open_conversation(alice, "bob")
    wait_until(lambda: notes.now() == [], what=f"none in {notes.now()}")


def test_nothing_in_a_note_is_markup(notes, two, server):
    """Where a desktop takes it for that, a link could lead anywhere."""
    from kith_window import open_conversation

    alice, bob = two
    server.admin("user", "rename-display", "bob", "<b>Bob</b>")
    server.admin("friend", "add", "alice", "bob")
    open_conversation(bob, "alice")
    bob.fill("Message", "<a href='https://evil.example'>bank</a> & <3 a<")
    bob.press("Send")
    wait_until(lambda: notes.now(), what="a note")
    assert notes.now() == [("<b>Bob</b>", "‹a href='https://evil.example'>bank"
                            "‹/a> & <3 a<")]


def test_nothing_said_stays_on_the_desktop_after_signing_out(
        notes, two, server, words):
    from kith_window import FIELDS, open_conversation, say

    alice, bob = two
    server.admin("friend", "add", "alice", "bob")
    open_conversation(bob, "alice")
    text = words()
    say(bob, text)
    wait_until(lambda: notes.now() == [("bob", text)],
               what=f"a note in {notes.now()}")
    alice.activate()
    alice.press("Menu")
    alice.press_item("Sign Out…")
    alice.wait("Sign out?")
    alice.press("Sign Out")
    alice.wait("Server", FIELDS, timeout=20)
    wait_until(lambda: notes.now() == [], what=f"none in {notes.now()}")
