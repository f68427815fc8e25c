# SPDX-License-Identifier: GPL-3.0-or-later
"""One kith window, driven as a person with a screen reader would drive it:
found by accessible names, pressed, typed into, read.

Import only inside of a Desktop: AT-SPI looks for its bus once.
"""

import pathlib
import signal
import subprocess
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

from patience import wait_until  # noqa: E402

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
DEPTH_MAX = 60

BUTTONS = (Atspi.Role.PUSH_BUTTON, Atspi.Role.TOGGLE_BUTTON,
           Atspi.Role.RADIO_BUTTON, Atspi.Role.CHECK_BOX)
ITEMS = (Atspi.Role.MENU_ITEM, Atspi.Role.CHECK_MENU_ITEM, *BUTTONS)
FIELDS = (Atspi.Role.TEXT, Atspi.Role.ENTRY, Atspi.Role.PASSWORD_TEXT)


def xdotool(*words):
    return subprocess.run(["xdotool", *map(str, words)], check=True,
                          capture_output=True, text=True).stdout


def catch_up():
    """Takes in what the windows have said has changed, so that what is read
    is what is there now."""
    context = GLib.MainContext.default()
    while context.iteration(False):
        pass


def shows(node):
    states = node.get_state_set()
    return states.contains(Atspi.StateType.SHOWING) \
        and states.contains(Atspi.StateType.VISIBLE)


def usable(node):
    return node.get_state_set().contains(Atspi.StateType.SENSITIVE)


def focused(node):
    return node.get_state_set().contains(Atspi.StateType.FOCUSED)


def extents(node):
    """Where it is on the screen."""
    return node.get_component_iface().get_extents(Atspi.CoordType.SCREEN)


def walk(node, depth=0):
    """All that shows below a node, in order. Widgets come and go meanwhile:
    what has gone is skipped."""
    if depth > DEPTH_MAX:
        return
    try:
        count = node.get_child_count()
    except GLib.Error:
        return
    for index in range(count):
        try:
            child = node.get_child_at_index(index)
            # A viewport that is scrolled says of itself that it does not show.
            if child is None or not (shows(child) or child.get_role()
                                     == Atspi.Role.VIEWPORT):
                continue
            yield child
        except GLib.Error:
            continue
        yield from walk(child, depth + 1)


class Window:
    """A running kith with a profile of its own."""

    def __init__(self, program, profile, *arguments, environment=None):
        self.profile = pathlib.Path(profile)
        self.log_path = self.profile.with_suffix(".log")
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [str(program), "--profile", str(profile), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment)
        Atspi.init()
        self.application = wait_until(self._find_application, START_TIMEOUT_S,
                                      f"the window of {self.profile.name}")
        self.x_window = wait_until(self._find_x_window, START_TIMEOUT_S,
                                   "the window on the screen")

    def _find_application(self):
        assert self.process.poll() is None, \
            f"kith ended with {self.process.returncode}:\n{self.log()}"
        desktop = Atspi.get_desktop(0)
        desktop.clear_cache()
        for index in range(desktop.get_child_count()):
            try:
                child = desktop.get_child_at_index(index)
                if child and child.get_process_id() == self.process.pid \
                        and child.get_child_count() > 0:
                    return child
            except GLib.Error:
                continue
        return None

    def _find_x_window(self):
        found = subprocess.run(
            ["xdotool", "search", "--all", "--onlyvisible", "--pid",
             str(self.process.pid), "--name", r"^(\(.*\) )?kith$"],
            capture_output=True, text=True).stdout
        return found.split()[-1] if found.split() else None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def complaints(self):
        """What GTK or kith has warned of."""
        return [line for line in self.log().splitlines()
                if ("CRITICAL" in line or "WARNING" in line
                    or "Sanitizer" in line or "runtime error:" in line)
                # nobody takes notifications on this desktop
                and "org.freedesktop.Notifications" not in line
                # GTK's own answer about parts of its shortcuts window
                and "gtk_widget_get_parent: assertion" not in line
                # and about parts of the menu that has just closed, whose
                # style libhandy's timer changes once more after "Dark Style"
                and "gtk_widget_get_scale_factor: assertion" not in line]

    # --- looking ----------------------------------------------------------

    def find(self, name=None, roles=None, matching=None):
        """The first node that shows, or None."""
        catch_up()
        for node in walk(self.application):
            try:
                if roles and node.get_role() not in roles:
                    continue
                if name is not None and node.get_name() != name:
                    continue
                if matching and not matching(node):
                    continue
                return node
            except GLib.Error:
                continue
        return None

    def wait(self, name=None, roles=None, matching=None, timeout=10.0):
        what = f"{name or 'a node'} in {self.profile.name}'s window"
        try:
            return wait_until(lambda: self.find(name, roles, matching),
                              timeout, what)
        except AssertionError as fault:
            raise AssertionError(
                f"{fault}; it shows:\n{self.describe()}") from None

    def names(self):
        """Every accessible name that shows."""
        catch_up()
        found = []
        for node in walk(self.application):
            try:
                if node.get_name():
                    found.append(node.get_name())
            except GLib.Error:
                continue
        return found

    def says(self, words):
        """Whether some name on the screen contains these words."""
        return any(words in name for name in self.names())

    def wait_says(self, words, timeout=10.0):
        try:
            wait_until(lambda: self.says(words), timeout, repr(words))
        except AssertionError as fault:
            raise AssertionError(f"{fault} in {self.profile.name}'s window; "
                                 f"it shows:\n{self.describe()}") from None

    def wait_silent(self, words, timeout=10.0):
        wait_until(lambda: not self.says(words), timeout,
                   f"the end of {words!r}")

    def describe(self):
        lines = []
        for node in walk(self.application):
            try:
                lines.append(f"  {node.get_role().value_nick} "
                             f"{node.get_name()!r}")
            except GLib.Error:
                continue
        return "\n".join(lines)

    # --- acting -----------------------------------------------------------

    def press(self, name, timeout=10.0):
        node = self.wait(name, BUTTONS, usable, timeout)
        assert node.get_action_iface().do_action(0), f"{name} does nothing"

    def press_item(self, name):
        """An item of the menu that is open."""
        self.click(self.wait(name, ITEMS))

    def fill(self, name, text):
        node = self.wait(name, FIELDS)
        assert node.get_editable_text_iface().set_text_contents(text), name
        return node

    def text_of(self, name):
        node = self.wait(name, FIELDS)
        length = node.get_text_iface().get_character_count()
        return Atspi.Text.get_text(node.get_text_iface(), 0, length)

    def title(self):
        """As the desktop shows it, and as a screen reader reads it."""
        catch_up()
        return (xdotool("getwindowname", self.x_window).strip(),
                self.application.get_child_at_index(0).get_name())

    def activate(self):
        """Brings the window to the front, so that keys reach it."""
        xdotool("windowactivate", "--sync", self.x_window)

    def key(self, *keys):
        self.activate()
        xdotool("key", "--clearmodifiers", *keys)

    def type(self, text):
        """Types into what has the focus."""
        self.activate()
        xdotool("type", "--clearmodifiers", "--delay", 12, text)

    def click(self, node):
        """With the mouse, in the middle of it, when it has come to rest: what
        slides in is elsewhere by the time that the mouse is there."""
        last = None

        def at_rest():
            nonlocal last
            box = extents(node)
            before, last = last, (box.x, box.y, box.width, box.height)
            return last == before and min(box.x, box.y) >= 0 and box

        self.activate()
        box = wait_until(at_rest, 10, f"{node.get_name()!r} at rest")
        xdotool("mousemove", box.x + box.width // 2, box.y + box.height // 2,
                "click", 1)

    def place(self, x, y, width, height):
        xdotool("windowsize", "--sync", self.x_window, width, height)
        xdotool("windowmove", self.x_window, x, y)

    def close(self):
        """Closes the window as a person does; it must end well."""
        if self.process.poll() is None:
            self.key("ctrl+q")
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"kith goes on:\n{self.log()}") from None
        status = self.process.returncode
        assert status == 0, f"kith ended with {status}:\n{self.log()}"

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()


# --- what people do -------------------------------------------------------

def sign_in(window, link, name, password):
    """From the welcome page into the conversations, by a kith: link (None:
    it was on the command line)."""
    window.wait("Server", FIELDS)
    if link:
        window.fill("Server", link)
    window.fill("Name", name)
    window.fill("Password", password)
    window.press("Sign In")
    window.wait("Add friend", BUTTONS, timeout=30.0)


def befriend(window, name):
    window.press("Add friend")
    window.fill("User name", name)
    window.press("Send Request")


def row_starts(friend):
    """How the row of a friend, or of the server, may begin."""
    return tuple(f"{friend}, {state}"
                 for state in ("online", "offline", "announcements"))


def row_name(window, friend):
    """What the row of a friend in the sidebar is called now, or None."""
    row = window.find(matching=lambda node: node.get_name().startswith(
        row_starts(friend)) and node.get_role() == Atspi.Role.LIST_ITEM)
    return row.get_name() if row else None


def rows(window):
    """The rows of the conversations that show, from the top."""
    catch_up()
    return [node for node in walk(window.application)
            if node.get_role() == Atspi.Role.LIST_ITEM
            and (", online" in node.get_name()
                 or ", offline" in node.get_name())]


def row_names(window):
    return [row.get_name().split(",")[0] for row in rows(window)]


def chosen_row(window):
    """Whose row is the chosen one, or None."""
    chosen = [row.get_name().split(",")[0] for row in rows(window)
              if row.get_state_set().contains(Atspi.StateType.SELECTED)]
    return chosen[0] if chosen else None


def open_conversation(window, friend, timeout=10.0):
    open_announcements(window, friend, timeout)
    window.wait("Message", FIELDS)


def open_announcements(window, server, timeout=10.0):
    """As above, but there is nothing to write with."""
    row = window.wait(matching=lambda node: node.get_name().startswith(
        row_starts(server)) and node.get_role() == Atspi.Role.LIST_ITEM,
        timeout=timeout)
    window.click(row)


def say(window, text):
    """Writes a message and sends it with Return."""
    field = window.wait("Message", FIELDS)
    window.activate()
    field.get_component_iface().grab_focus()
    wait_until(lambda: field.get_state_set().contains(
        Atspi.StateType.FOCUSED), 5, "the focus")
    window.type(text)
    wait_until(lambda: window.text_of("Message") == text, 10,
               f"{text!r} in the composer")
    window.key("Return")


def message(window, text):
    """The accessible name of the bubble with this text, or None: it tells the
    time and, of one's own, how far it has come."""
    row = window.find(matching=lambda node: text in node.get_name()
                      and node.get_role() == Atspi.Role.LIST_ITEM
                      and " at " in node.get_name())
    return row.get_name() if row else None


def wait_message(window, text, state="", timeout=10.0):
    """Waits for a bubble with this text, and (of one's own) in this state."""
    def there():
        name = message(window, text)
        return name if name and name.endswith(f"{state}." if state else "") \
            else None
    try:
        return wait_until(there, timeout, f"{text!r} {state}")
    except AssertionError as fault:
        raise AssertionError(f"{fault} in {window.profile.name}'s window; it "
                             f"shows:\n{window.describe()}") from None


def pause():
    """Lets the last frame be painted before a picture is taken."""
    time.sleep(0.7)
