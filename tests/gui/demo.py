# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of tools/demo that needs no person: two windows on a virtual
display sign in, befriend each other and talk; then it looks whether what they
said is where it must be. Started by tools/demo, as an ordinary user.
"""

import os
import pathlib
import secrets
import subprocess

from kith_desktop import Desktop
from patience import wait_until

WORK = pathlib.Path(os.environ["KITH_DEMO_WORK"])
LINK = os.environ["KITH_DEMO_LINK"]
DAEMON = os.environ["KITH_DEMO_DAEMON"]
PASSWORDS = {"alice": os.environ["KITH_DEMO_ALICE"],
             "bob": os.environ["KITH_DEMO_BOB"]}
SCREEN = (1640, 780)
WINDOW = (816, 776)


def fresh_words():
    """Words that nobody has said before."""
    return " ".join("".join(secrets.choice("bdfgklmnprst")
                            + secrets.choice("aeiou") for _ in range(3))
                    for _ in range(3))


def show_processes():
    """What ps says of the daemon while two people are signed in."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[entry.name] = stat[stat.rindex(")") + 2:].split()[1]
    family = {DAEMON}
    while more := {pid for pid, parent in parents.items()
                   if parent in family} - family:
        family |= more
    print(subprocess.run(["ps", "-o", "user:8,pid,ppid,args", "-p",
                          ",".join(sorted(family, key=int))],
                         capture_output=True, text=True).stdout.rstrip())


def in_database(text):
    """How often the database has a message with this text."""
    done = subprocess.run(
        ["sqlite3", "-readonly", "-cmd", ".timeout 5000",
         str(WORK / "kith.db"),
         f"SELECT count(*) FROM message "
         f"WHERE instr(body, CAST('{text}' AS BLOB)) > 0"],
        capture_output=True, text=True, check=True)
    return int(done.stdout)


def talk(alice, bob):
    """Both ways, in turn; what was said, in order."""
    from kith_window import message, say, wait_message

    said = []
    for _ in range(3):
        for window, other in ((alice, bob), (bob, alice)):
            text = fresh_words()
            say(window, text)
            wait_message(other, text)
            wait_until(lambda: (message(window, text) or "").endswith(
                ("Delivered.", "Read.")), 20, f"two ticks for {text!r}")
            said.append((window, other, text))
    return said


def main():
    from kith_window import (Window, befriend, open_conversation, pause,
                             sign_in, wait_message)

    windows = {}
    for x, name in ((0, "alice"), (820, "bob")):
        window = Window(WORK / "programs/kith", WORK / name, LINK)
        window.place(x, 0, *WINDOW)
        sign_in(window, None, name, PASSWORDS[name])
        print(f"{name} is signed in")
        windows[name] = window
    alice, bob = windows["alice"], windows["bob"]
    befriend(alice, "bob")
    bob.press("Accept")
    open_conversation(alice, "Bob")
    open_conversation(bob, "Alice")
    print("alice and bob are friends")
    show_processes()

    said = talk(alice, bob)
    # Whoever looks at it has read it: each window has its turn.
    for window in (alice, bob):
        window.activate()
        for writer, other, text in said:
            if other is window:
                wait_message(writer, text, "Read", timeout=20)
    for _, _, text in said:
        for name, window in windows.items():
            wait_message(window, text)
        count = wait_until(lambda text=text: in_database(text), 5,
                           f"{text!r} in the database")
        assert count == 1, f"{text!r} is {count} times in the database"
        print(f"in both windows and once in the database: {text}")
    alice.wait_silent("You have asked bob", timeout=20)  # its note ends itself
    pause()
    DESKTOP.screenshot(WORK / "demo.png")
    for window in windows.values():
        window.close()
        assert not window.complaints(), "\n".join(window.complaints())


with Desktop(WORK / "desktop", *SCREEN) as DESKTOP:
    main()
