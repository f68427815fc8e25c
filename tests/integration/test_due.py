# SPDX-License-Identifier: GPL-3.0-or-later
"""What ends by itself: a lock with an end, a deletion's time of grace."""

import json

import pytest

from kith_client import Refused, refused
from patience import wait_until

# Long enough that it is still so when it is looked at, and then waited for.
SPAN = "3s"
DUE_WITHIN_S = 10


def refusal(server, person):
    """The sentence with which a sign-in by token is refused, or None."""
    client = server.connect()
    try:
        client.sign_in(person.name, token=person.token)
    except Refused as why:
        assert why.code == "LOCKED"
        return why.sentence
    finally:
        client.close()
    return None


def audit(server, *arguments):
    done = server.admin("audit", "list", "--json", *arguments)
    return json.loads(done.stdout)["audit"]


def test_a_lock_ends_by_itself_and_the_person_is_told_until_when(server):
    person = server.person()
    server.admin("user", "lock", person.name, "--until", SPAN)
    ended = person.wait_closed(5)
    assert ended.code == server.pb.Refusal.LOCKED
    assert "locked until 2" in ended.sentence and "UTC" in ended.sentence
    assert "locked until 2" in refusal(server, person)
    wait_until(lambda: refusal(server, person) is None, DUE_WITHIN_S,
               "the end of the lock")
    row = audit(server, "--actor", "kithd")[0]
    assert row["command"] == "user unlock"
    assert row["target"] == f"{person.name} (id:{person.id})"


def test_deletion_waits_and_then_the_name_is_free(server):
    person, friend, conversation = server.two_friends()
    person.send_text(conversation, "before")
    assert friend.wait_event("message").content.text == "before"
    server.admin("user", "delete", person.name, "--grace", SPAN, "--yes",
                 "--no-snapshot")
    ended = person.wait_closed(5)
    assert ended.code == server.pb.Refusal.LOCKED
    assert "going to be deleted" in ended.sentence
    assert "going to be deleted" in refusal(server, person)
    with refused("NAME_TAKEN"):
        server.connect().sign_up(person.name, "correct horse 7")
    gone = friend.wait_event("friend_removed", DUE_WITHIN_S)
    assert gone.user_id == person.id
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in(person.name, token=person.token)
    server.person(person.name)
    row = audit(server, "--actor", "kithd")[0]
    assert row["command"] == "user purge"
    assert row["target"] == f"{person.name} (id:{person.id})"


def test_a_restored_account_is_as_it_was(server):
    person, friend, conversation = server.two_friends()
    server.admin("user", "delete", person.name, "--yes", "--no-snapshot")
    person.wait_closed(5)
    server.admin("user", "restore", person.name)
    again = server.back(person)
    again.send_text(conversation, "still here")
    assert friend.wait_event("message").content.text == "still here"


@pytest.mark.parametrize("how", ["send_friend_request", "sign_in", "sign_up"])
def test_nobody_is_the_server_or_its_friend(server, how):
    person = server.person()
    server.admin("announce", "send", "tea at five", "--yes", "--to",
                 person.name)
    assert person.wait_event("message").content.text == "tea at five"
    with pytest.raises(Refused) as why:
        if how == "send_friend_request":
            person.change("send_friend_request", name=":server")
        else:
            getattr(server.connect(), how)(":server",
                                           password="correct horse 7")
    assert why.value.code in ("NOT_FOUND", "BAD_NAME", "BAD_CREDENTIALS")
