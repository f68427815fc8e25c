# SPDX-License-Identifier: GPL-3.0-or-later
"""Two people talk, through two real windows and a real daemon."""

from conftest import PASSWORD
from patience import wait_until


def enter_password(window):
    """There is no keyring on this desktop, so kith asks at each start."""
    window.wait("Sign In Again", timeout=20)
    window.fill("Password", PASSWORD)
    window.press("Sign In")
    wait_until(lambda: not window.find("Sign In Again"), 20,
               "the end of the question")


def test_request_is_answered_in_place(two):
    from kith_window import befriend, open_conversation

    alice, bob = two
    befriend(alice, "bob")
    alice.wait("Withdraw")
    bob.wait_says("Wants to be friends")
    bob.press("Accept")
    open_conversation(alice, "bob")
    open_conversation(bob, "alice")
    alice.wait_silent("Has not answered yet")
    bob.wait_silent("Wants to be friends")


def test_words_and_ticks_both_ways(friends, words):
    from kith_window import say, wait_message

    alice, bob = friends
    there, back = words(), words()
    say(alice, there)
    wait_message(alice, there, "Delivered")
    wait_message(bob, there)
    say(bob, back)
    wait_message(alice, back)
    # bob's window was the active one, so what alice said is read now.
    wait_message(alice, there, "Read")
    alice.activate()
    wait_message(bob, back, "Read")


def test_shift_return_breaks_the_line(friends, words):
    from kith_window import FIELDS, wait_message

    alice, bob = friends
    first, second = words(1), words(1)
    field = alice.wait("Message", FIELDS)
    alice.activate()
    field.get_component_iface().grab_focus()
    alice.type(first)
    alice.key("shift+Return")
    alice.type(second)
    alice.key("Return")
    wait_message(bob, f"{first}\n{second}")
    wait_until(lambda: alice.text_of("Message") == "", what="an empty composer")


def test_markup_is_only_text(friends, words):
    from kith_window import FIELDS, wait_message

    alice, bob = friends
    text = f"<b>{words(1)}</b> & <span foreground='red'>x</span>"
    alice.activate()
    alice.wait("Message", FIELDS).get_component_iface().grab_focus()
    alice.fill("Message", text)
    alice.press("Send")
    wait_message(bob, text)


def test_typing_shows(friends, words):
    alice, bob = friends
    from kith_window import FIELDS

    alice.activate()
    alice.wait("Message", FIELDS).get_component_iface().grab_focus()
    alice.type(words(1))
    bob.wait_says("alice is typing…")
    alice.key("ctrl+a", "BackSpace")
    bob.wait_silent("alice is typing…")


def test_unread_is_counted_and_read_by_opening(two, words):
    from kith_window import (befriend, open_conversation, row_name, say,
                             wait_message)

    alice, bob = two
    befriend(alice, "bob")
    bob.press("Accept")
    open_conversation(alice, "bob")
    said = [words() for _ in range(3)]
    for text in said:
        say(alice, text)
    wait_until(lambda: row_name(bob, "alice")
               == "alice, online, 3 unread messages", what="3 unread")
    open_conversation(bob, "alice")
    bob.activate()
    bob.wait("New messages")
    wait_until(lambda: row_name(bob, "alice") == "alice, online",
               what="nothing unread")
    wait_message(alice, said[-1], "Read")


def test_the_title_counts_what_is_unread(two, server, words):
    from kith_window import open_conversation, say

    alice, bob = two
    server.admin("friend", "add", "alice", "bob")
    open_conversation(alice, "bob")
    assert bob.title() == ("kith", "kith")
    say(alice, words())
    wait_until(lambda: bob.title() == ("(1) kith", "kith, 1 unread message"),
               what=f"one unread in {bob.title()}")
    say(alice, words())
    wait_until(lambda: bob.title() == ("(2) kith", "kith, 2 unread messages"),
               what=f"two unread in {bob.title()}")
    open_conversation(bob, "alice")
    bob.activate()
    wait_until(lambda: bob.title() == ("kith", "kith"),
               what=f"nothing unread in {bob.title()}")


def test_lock_signs_out_within_a_second(friends, server):
    alice, bob = friends
    server.admin("user", "lock", "bob")
    bob.wait_says("locked", timeout=1.5)


def test_unfriending_shows_within_a_second(friends, server):
    alice, bob = friends
    server.admin("friend", "remove", "alice", "bob")
    for window in friends:
        window.wait_says("Not a friend any more", timeout=1.5)
        window.wait_says("are not friends any more", timeout=1.5)


def test_who_is_renamed_is_called_so_everywhere(friends, server, words):
    from kith_window import message, wait_message

    alice, bob = friends
    text = words()
    bob.fill("Message", text)
    bob.press("Send")
    wait_message(alice, text)
    assert message(alice, text).startswith("bob at ")
    server.admin("user", "rename-display", "bob", "Robert")
    alice.wait("This is the beginning of your conversation with Robert.")
    wait_until(lambda: message(alice, text).startswith("Robert at "),
               what=f"the new name in {message(alice, text)!r}")


def test_announcements_are_the_servers(two, server, words):
    from kith_window import open_announcements, wait_message

    text, later = words(), words()
    alice, bob = two
    server.admin("announce", "send", text, "--yes")
    for window in (alice, bob):
        open_announcements(window, "A test", timeout=2)
        wait_message(window, text)
        window.wait("Announcements")
        window.wait("These are announcements of the administrator of this "
                    "server.")
        assert not window.find("Message"), "there is something to write with"
        assert not window.find("Not a friend any more")
    server.admin("announce", "send", later, "--to", "alice")
    wait_message(alice, later)


def test_befriending_by_the_administrator_shows(two, server):
    from kith_window import row_name

    alice, bob = two
    server.admin("friend", "add", "alice", "bob")
    wait_until(lambda: row_name(alice, "bob") and row_name(bob, "alice"), 2,
               "the friend in both windows")


def test_offline_bar_and_outbox(friends, server, words):
    from kith_window import say, wait_message

    alice, bob = friends
    before, offline = words(), words()
    say(alice, before)
    wait_message(bob, before)
    server.stop()
    alice.wait("Retry Now")
    bob.wait("Retry Now")
    say(alice, offline)
    wait_message(alice, offline, "Waiting to be sent")
    server.start()
    wait_message(bob, offline, timeout=60)
    wait_message(alice, offline, "Delivered", timeout=60)
    count = sum(offline in name for name in bob.names()
                if " at " in name)
    assert count == 1
    rows = server.query("SELECT count(*) FROM message WHERE "
                        f"instr(body, CAST('{offline}' AS BLOB)) > 0")
    assert rows == [["1"]], rows
    alice.wait_silent("Retry Now")


def test_history_is_there_after_a_restart(friends, open_window, words):
    from kith_window import open_conversation, say, wait_message

    alice, bob = friends
    text = words()
    say(alice, text)
    wait_message(bob, text)
    alice.close()
    again = open_window("alice")
    enter_password(again)
    open_conversation(again, "bob", timeout=30)
    wait_message(again, text)


def test_draft_is_kept(friends, open_window, words):
    from kith_window import FIELDS, open_conversation

    alice, _ = friends
    draft = words()
    alice.activate()
    alice.wait("Message", FIELDS).get_component_iface().grab_focus()
    alice.type(draft)
    alice.close()
    again = open_window("alice")
    enter_password(again)
    open_conversation(again, "bob", timeout=30)
    wait_until(lambda: again.text_of("Message") == draft, what="the draft")


def test_wrong_password_says_so(server, open_window):
    server.account("carol")
    window = open_window("carol")
    window.fill("Server", server.link)
    window.fill("Name", "carol")
    window.fill("Password", "not this one 99")
    window.press("Sign In")
    window.wait_says("password", timeout=20)
    window.press("Sign In")


def test_unknown_key_is_shown_before_the_password_leaves(server, open_window):
    from kith_window import BUTTONS, usable

    server.account("dora")
    window = open_window("dora")
    window.fill("Server", "127.0.0.1:%d" % server.address[1])
    window.fill("Name", "dora")
    window.fill("Password", PASSWORD)
    window.press("Sign In")
    window.wait("Is this the right server?", timeout=20)
    shown = "".join(window.names()).replace(" ", "")
    assert server.pin.removeprefix("sha256:") in shown
    assert not usable(window.wait("Trust This Server", BUTTONS))
    window.press("I have compared the fingerprint")
    window.press("Trust This Server")
    window.wait("Add friend", BUTTONS, timeout=30)


def test_every_widget_has_a_name(friends):
    """What can be pressed or typed into says what it is."""
    from kith_window import BUTTONS, FIELDS, walk

    alice, _ = friends
    nameless = [node.get_role().value_nick
                for node in walk(alice.application)
                if node.get_role() in BUTTONS + FIELDS
                and not node.get_name()]
    assert nameless == []


def test_keys_reach_everything(friends):
    from kith_window import FIELDS, row_name

    alice, _ = friends
    alice.key("ctrl+n")
    alice.wait("User name", FIELDS)
    alice.key("Escape")
    wait_until(lambda: not alice.find("User name", FIELDS), what="its end")
    alice.key("ctrl+k")
    alice.wait("Find a conversation", FIELDS)
    alice.type("zzz")
    wait_until(lambda: not row_name(alice, "bob"), what="an empty list")
    alice.key("Escape")
    wait_until(lambda: not alice.find("Find a conversation", FIELDS),
               what="the end of the search")
    alice.key("ctrl+question")
    alice.wait_says("Break the line")
    alice.key("Escape")
    alice.key("F10")
    alice.wait_says("Dark Style")
    alice.key("Escape")


def test_another_key_stops_the_client(friends, server, words):
    from kith_server import make_certificate
    from kith_window import BUTTONS, say, usable, wait_message

    alice, bob = friends
    server.stop()
    server.certificate, server.key = make_certificate(server.folder, "other")
    server.set()
    server.start()
    for window in friends:
        window.wait("The server shows another key", timeout=60)
        # Nothing that can be pressed leads past it.
        assert not usable(window.wait("Use the New Key", BUTTONS))
        window.fill("New link or fingerprint", server.link)
        window.press("Use the New Key")
        window.wait("Add friend", BUTTONS, timeout=30)
    text = words()
    say(alice, text)
    wait_message(bob, text, timeout=30)


def test_remove_friend_asks_first(friends):
    alice, bob = friends
    for answer in ("Cancel", "Remove"):
        alice.press("This conversation")
        alice.press_item("Remove Friend…")
        alice.wait("Remove bob from your friends?")
        alice.press(answer)
        wait_until(lambda: not alice.find("Remove bob from your friends?"),
                   what="the end of the question")
        assert bob.says("Not a friend any more") is False or answer == "Remove"
    for window in friends:
        window.wait_says("are not friends any more")


def test_sign_out_forgets(friends, words):
    from kith_window import FIELDS, say, wait_message

    alice, bob = friends
    text = words()
    say(alice, text)
    wait_message(bob, text)
    alice.press("Menu")
    alice.press_item("Sign Out…")
    alice.wait("Sign out?")
    alice.press("Sign Out")
    alice.wait("Server", FIELDS, timeout=20)
    assert not any(text.encode() in path.read_bytes()
                   for path in alice.profile.rglob("*") if path.is_file())
    bob.wait_says("alice, offline")


def test_narrow_window_folds(friends):
    from kith_window import BUTTONS, open_conversation

    alice, _ = friends
    alice.place(0, 0, 420, 700)
    alice.wait("Back", BUTTONS)
    wait_until(lambda: not alice.find("Add friend", BUTTONS),
               what="the list out of sight")
    alice.press("Back")
    alice.wait("Add friend", BUTTONS)
    open_conversation(alice, "bob")
    alice.key("Escape")
    alice.wait("Add friend", BUTTONS)


def test_history_comes_in_pages(friends, open_window):
    from kith_window import message, open_conversation, say, wait_message

    alice, bob = friends
    last = 130
    for number in range(1, last + 1):
        alice.fill("Message", f"message number {number} of many")
        alice.press("Send")
    wait_message(bob, f"message number {last} of many", timeout=60)
    bob.close()
    again = open_window("bob", x=820)
    enter_password(again)
    open_conversation(again, "alice", timeout=30)
    wait_message(again, f"message number {last} of many")
    assert not message(again, "message number 1 of many")
    for _ in range(60):
        if again.says("This is the beginning of your conversation"):
            break
        again.key("Prior")
    wait_message(again, "message number 1 of many")
    again.press("Go to the newest message")
    wait_message(again, f"message number {last} of many")
    again.activate()
    say(again, "and back")
    wait_message(alice, "and back")


def test_a_conversation_moves_up_and_the_chosen_stays(friends, server,
                                                      open_window, words):
    from kith_window import (chosen_row, open_conversation, row_names, say,
                             sign_in, wait_message)

    alice, bob = friends
    for name in ("carol", "dave"):
        server.account(name)
        server.admin("friend", "add", "alice", name)
    say(alice, words())
    wait_until(lambda: row_names(alice)[:1] == ["bob"], what="bob on top")
    carol = open_window("carol", x=820)
    sign_in(carol, server.link, "carol", PASSWORD)
    open_conversation(carol, "alice", timeout=20)
    text = words()
    say(carol, text)
    wait_until(lambda: row_names(alice)[:2] == ["carol", "bob"],
               what="carol on top")
    assert chosen_row(alice) == "bob"
    # What bob says moves the chosen one itself.
    back = words()
    say(bob, back)
    wait_until(lambda: row_names(alice)[:2] == ["bob", "carol"],
               what="bob on top again")
    assert chosen_row(alice) == "bob"
    wait_message(alice, back)
    # The keyboard goes through the list in the order that shows.
    alice.key("ctrl+Next")
    wait_message(alice, text)
    wait_until(lambda: chosen_row(alice) == "carol", what="the next one")
