# SPDX-License-Identifier: GPL-3.0-or-later
"""What kith-admin changes shows to those who are online, within a second."""

import json
import time

import pytest

from kith_client import Refused, refused, uuid7
from kith_server import pin_of_file
from patience import seconds

WITHIN_S = 1.0
FAILED, USAGE, NOT_FOUND, CONFLICT = 1, 2, 3, 4


def test_lock_ends_a_live_session(server):
    person = server.person()
    second = server.device(person)
    server.admin("user", "lock", person.name)
    begin = time.monotonic()
    for client in (person, second):
        assert client.wait_closed(WITHIN_S).code == \
            server.pb.Refusal.LOCKED
    assert time.monotonic() - begin < seconds(WITHIN_S)
    with refused("LOCKED"):
        server.connect().sign_in(person.name, token=person.token)
    with refused("LOCKED"):
        server.connect().sign_in(person.name, password=person.password)
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in(person.name, password="some other word")
    server.admin("user", "unlock", person.name)
    server.back(person)


def test_friend_add_and_remove_reach_both(server):
    one, other = server.person(), server.person()
    server.admin("friend", "add", one.name, other.name)
    begin = time.monotonic()
    added = [c.wait_event("friend_added", WITHIN_S) for c in (one, other)]
    assert time.monotonic() - begin < seconds(WITHIN_S)
    conversation = added[0].conversation.id
    assert added[1].conversation.id == conversation
    one.send_text(conversation, "made by the administrator")
    assert other.wait_event("message").content.text == \
        "made by the administrator"
    server.admin("friend", "remove", one.name, other.name)
    begin = time.monotonic()
    for client, friend in ((one, other), (other, one)):
        assert client.wait_event("friend_removed",
                                 WITHIN_S).user_id == friend.id
    assert time.monotonic() - begin < seconds(WITHIN_S)
    with refused("NOT_FRIENDS"):
        one.send_text(conversation, "too late")


def test_open_request_ends_when_the_administrator_decides(server):
    one, other = server.person(), server.person()
    asked = one.change("send_friend_request", name=other.name)
    server.admin("friend", "add", one.name, other.name)
    for client in (one, other):
        ended = client.wait_event("friend_request_ended")
        assert ended.id == asked.id
        client.wait_event("friend_added")


def test_new_password_ends_sessions(server):
    person = server.person()
    server.admin("user", "passwd", person.name, "--password-stdin",
                 stdin="another horse 8\n")
    assert person.wait_closed(5).code == server.pb.Refusal.BAD_CREDENTIALS
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in(person.name, token=person.token)
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in(person.name, password=person.password)
    server.connect().sign_in(person.name, password="another horse 8")


def test_deleted_user_is_gone(server):
    one, other, conversation = server.two_friends()
    one.send_text(conversation, "remember me")
    other.wait_event("message")
    server.admin("user", "delete", one.name, "--yes", "--purge")
    assert one.wait_closed(5).code == server.pb.Refusal.NOT_FOUND
    assert other.wait_event("friend_removed").user_id == one.id
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in(one.name, password=one.password)
    with refused("NOT_FRIENDS"):
        other.send_text(conversation, "are you there?")
    view = server.device(other, live=False).snapshot().conversations[0]
    assert view.id == conversation and not view.friends
    assert view.peer.id == one.id and view.peer.name == f"deleted:{one.id}"
    assert [m.content.text for m in other.whole_history(conversation)] == \
        ["remember me"]


def test_everything_works_while_the_daemon_is_down(server):
    one, other = server.person(), server.person()
    server.stop()
    server.admin("user", "add", "carol", "--password-stdin",
                 stdin="correct horse 7\n")
    server.admin("friend", "add", one.name, other.name)
    server.admin("user", "lock", other.name)
    listed = json.loads(server.admin("user", "list", "--json").stdout)
    assert other.name in json.dumps(listed) and "carol" in json.dumps(listed)
    server.start()
    back = server.back(one)
    assert back.wait_event("friend_added").conversation.peer.name == \
        other.name
    with refused("LOCKED"):
        server.back(other)
    carol = server.connect()
    carol.sign_in("carol", password="correct horse 7")


def test_changes_leave_in_order_with_those_of_the_daemon(server):
    """kith-admin commits between the hub's transactions: no event is lost."""
    one, other, conversation = server.two_friends()
    friends = [server.person() for _ in range(5)]
    total = 0
    for friend in friends:
        for n in range(20):
            one.send("send_message", uuid7(),
                     conversation_id=conversation,
                     content=server.pb.Content(text=str(n)))
            total += 1
        server.admin("friend", "add", one.name, friend.name)
    for _ in friends:
        one.wait_event("friend_added")
    numbers = [other.wait_event("message").number for _ in range(total)]
    assert numbers == list(range(1, total + 1))


@pytest.mark.parametrize("arguments,status", [
    (["user", "lock", "nobody"], NOT_FOUND),
    (["user", "show", "nobody"], NOT_FOUND),
    (["friend", "add", "nobody", "noone"], NOT_FOUND),
    (["friend", "remove", "alice", "bob"], CONFLICT),
    (["user", "add", "alice", "--generate"], CONFLICT),
    (["user", "nonsense"], USAGE),
    (["nonsense"], USAGE),
    (["user", "lock"], USAGE),
])
def test_exit_status(server, arguments, status):
    for name in ("alice", "bob"):
        server.admin("user", "add", name, "--generate")
    done = server.admin(*arguments, check=False)
    assert done.returncode == status, done.stderr
    assert done.stderr.strip()


def find(value, name):
    """The first value of this name, wherever it stands in the answer."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            found = find(part, name)
            if found is not None:
                return found
    return None


def test_generated_password_signs_in(server):
    made = json.loads(server.admin(
        "user", "add", "alice", "--generate", "--json").stdout)
    server.connect().sign_in("alice", password=find(made, "password"))


def test_weak_password_is_refused(server):
    done = server.admin("user", "add", "alice", "--password-stdin",
                        stdin="password\n", check=False)
    assert done.returncode not in (0, USAGE)
    with refused("BAD_CREDENTIALS"):
        server.connect().sign_in("alice", password="password")


def test_status_and_fingerprint(server):
    server.person()
    status = server.admin("server", "status").stdout
    assert server.admin("server", "status", "--json").stdout.startswith("{")
    assert pin_of_file(server.certificate) in \
        server.admin("server", "fingerprint").stdout
    assert status.strip()
    server.stop()
    stopped = server.admin("server", "status", check=False)
    assert stopped.stdout != status
    assert pin_of_file(server.certificate) in \
        server.admin("server", "fingerprint").stdout


def test_tool_is_never_locked_out(server):
    """A crowd keeps the daemon busy; kith-admin still gets its turn."""
    one, _, conversation = server.two_friends()
    requests = [one.send("send_message", uuid7(),
                         conversation_id=conversation,
                         content=server.pb.Content(text="x" * 1000))
                for _ in range(2000)]
    begin = time.monotonic()
    server.admin("user", "add", "late", "--generate")
    assert time.monotonic() - begin < seconds(10)
    for request in requests:
        try:
            one.answer(request, 60)
        except Refused as refusal:
            assert refusal.code == "BUSY"
