# SPDX-License-Identifier: GPL-3.0-or-later
"""What kith-admin user leaves for a running daemon to do: locks that end, and
deletions whose time of grace is over."""

import json

from kith_client import Refused, refused
from patience import seconds, wait_until


def can_sign_in(server, person):
    client = server.connect()
    try:
        client.sign_in(person.name, password=person.password)
        return True
    except Refused:
        return False
    finally:
        client.close()


def shown(server, name):
    return json.loads(server.admin("user", "show", name, "--json").stdout)[
        "user"]


def test_a_lock_ends_by_itself(server):
    person = server.person()
    server.admin("user", "lock", person.name, "--until", "2s")
    assert person.wait_closed().code == server.pb.Refusal.LOCKED
    with refused("LOCKED"):
        server.connect().sign_in(person.name, token=person.token)
    wait_until(lambda: can_sign_in(server, person), 10, "the lock's end")
    server.back(person)
    row, = json.loads(server.admin(
        "audit", "list", "--command", "user unlock", "--json").stdout)[
        "audit"]
    assert row["actor"] == "kithd"


def test_a_lock_ends_while_the_daemon_is_down(server):
    person = server.person()
    server.admin("user", "lock", person.name, "--until", "1s")
    server.stop()
    server.start()
    wait_until(lambda: can_sign_in(server, person), 10, "the lock's end")


def test_the_time_of_grace_ends(server):
    one, other, conversation = server.two_friends()
    one.send_text(conversation, "remember me")
    other.wait_event("message")
    server.admin("user", "delete", one.name, "--yes", "--grace", "2s",
                 "--no-snapshot")
    assert one.wait_closed()
    assert shown(server, one.name)["state"] == "deleting"
    # until then friends keep what they have
    assert other.wait_event("friend_removed", 20).user_id == one.id
    server.admin("user", "add", one.name, "--generate")
    assert [m.content.text for m in other.whole_history(conversation)] == \
        ["remember me"]


def test_who_is_restored_in_time_stays(server):
    grace = f"{int(seconds(2))}s"
    one, other, conversation = server.two_friends()
    server.admin("user", "delete", one.name, "--yes", "--grace", grace,
                 "--no-snapshot")
    assert one.wait_closed()
    third = server.person()
    server.admin("user", "restore", one.name)
    server.admin("user", "delete", third.name, "--yes", "--grace", grace,
                 "--no-snapshot")
    # the other one's purge is later than this one's would have been
    wait_until(lambda: server.query(
        f"SELECT 1 FROM user WHERE id = {third.id} AND state = 4"), 15,
        "the purge")
    back = server.back(one)
    back.send_text(conversation, "here again")
    assert other.wait_event("message").content.text == "here again"
