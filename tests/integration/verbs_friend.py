# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin friend`; how they are made is told in verbs.py."""

import csv

from verbs import CONFLICT, NOT_FOUND, USAGE, scenario


def are_friends(world, one, other):
    low, high = sorted((one.id, other.id))
    return bool(world.query(
        f"SELECT 1 AS yes FROM friend_link WHERE low_id = {low} "
        f"AND high_id = {high}"))


@scenario("friend", "add")
def friend_add(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    clients = [person.client for person in (alice, bob)] if world.up else []
    answer = world.verb(alice.name, bob.name)["friend_link"]
    assert (answer["user"], answer["friend"]) == (alice.name, bob.name)
    assert (answer["user_id"], answer["friend_id"]) == (alice.id, bob.id)
    assert are_friends(world, alice, bob)
    for client, friend in zip(clients, (bob, alice)):
        added = client.wait_event("friend_added")
        assert added.conversation.peer.name == friend.name
    world.show(f"id:{alice.id}", carol.name, data=False)
    assert are_friends(world, alice, carol)
    world.verb(bob.name, alice.name, expect=CONFLICT)
    world.show(bob.name, alice.name, expect=CONFLICT)
    world.verb(alice.name, "nobody", expect=NOT_FOUND)
    world.show(alice.name, f"id:{alice.id}", expect=USAGE)
    assert not are_friends(world, bob, carol)
    asked = world.verb(bob.name, carol.name, "--request")["friend_request"]
    assert (asked["from_id"], asked["to_id"]) == (bob.id, carol.id)
    assert not are_friends(world, bob, carol)
    if world.up:
        request = clients[1].wait_event("friend_request")
        assert (request.id, request.to.name) == (asked["id"], carol.name)
    world.show(bob.name, carol.name, "--request", expect=CONFLICT)
    # asked both ways: what is there left to ask?
    world.verb(carol.name, bob.name, "--request")
    assert are_friends(world, bob, carol)


@scenario("friend", "remove")
def friend_remove(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    world.befriend(alice, bob)
    world.befriend(carol, alice)
    clients = [person.client for person in (alice, bob)] if world.up else []
    answer = world.verb(bob.name, alice.name)["friend_link"]
    assert (answer["user_id"], answer["friend_id"]) == (bob.id, alice.id)
    assert not are_friends(world, alice, bob)
    for client, friend in zip(clients, (bob, alice)):
        removed = client.wait_event("friend_removed")
        assert removed.user_id == friend.id
    answer = world.verb(alice.name, bob.name, expect=CONFLICT)
    assert (answer["code"], answer["message"]) == \
        ("already", f"{alice.name} and {bob.name} are not friends.")
    world.show(alice.name, "nobody", expect=NOT_FOUND)
    world.show("id:999999999", alice.name, expect=NOT_FOUND)
    assert are_friends(world, alice, carol)
    done = world.show(alice.name, carol.name, data=False)
    assert "no longer friends" in done.stderr
    assert not are_friends(world, alice, carol)


@scenario("friend", "list")
def friend_list(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    world.befriend(bob, alice)
    world.befriend(alice, carol)
    rows = world.verb(alice.name)["friends"]
    assert [row["friend"] for row in rows] == [bob.name, carol.name]
    assert {row["user"] for row in rows} == {alice.name}
    stored = world.query("SELECT high_id, conversation_id FROM friend_link "
                         f"WHERE low_id = {alice.id} ORDER BY high_id")
    assert [(row["friend_id"], row["conversation_id"]) for row in rows] == \
        [(row["high_id"], row["conversation_id"]) for row in stored]
    assert world.verb(bob.name)["friends"][0]["friend_id"] == alice.id
    everybody = {(row["user"], row["friend"])
                 for row in world.verb()["friends"]}
    assert {(alice.name, bob.name), (alice.name, carol.name)} <= everybody
    shown = world.show(alice.name).stdout
    assert bob.name in shown and carol.name in shown
    lines = world.show(alice.name, "--format", "csv", "--columns",
                       "friend,friend_id").stdout.splitlines()
    assert list(csv.reader(lines)) == [
        ["friend", "friend_id"], [bob.name, str(bob.id)],
        [carol.name, str(carol.id)]]
    world.verb("nobody", expect=NOT_FOUND)


def ask(world, one, other):
    """A friend request: its id."""
    return world.admin("friend", "add", one.name, other.name,
                       "--request")["friend_request"]["id"]


def waiting(world, one, other):
    return [row["id"] for row in world.query(
        "SELECT id FROM friend_request "
        f"WHERE from_id = {one.id} AND to_id = {other.id}")]


@scenario("friend", "requests")
def friend_requests(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    to_bob = ask(world, alice, bob)
    to_alice = ask(world, carol, alice)

    def listed(*words):
        return [row["id"] for row in world.verb(*words)["friend_requests"]]

    assert listed(alice.name) == [to_bob, to_alice]
    assert listed(alice.name, "--incoming") == [to_alice]
    assert listed(alice.name, "--outgoing") == [to_bob]
    assert listed(bob.name, "--outgoing") == []
    assert {to_bob, to_alice} <= set(listed())
    row, = world.verb(bob.name)["friend_requests"]
    assert (row["from"], row["to"]) == (alice.name, bob.name)
    assert waiting(world, alice, bob) == [to_bob]
    shown = world.show(bob.name).stdout
    assert shown.index(alice.name) < shown.index(bob.name)
    world.verb("--incoming", expect=USAGE)


@scenario("friend", "accept")
def friend_accept(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    number = ask(world, alice, bob)
    clients = [person.client for person in (alice, bob)] if world.up else []
    wrong = world.verb(alice.name, bob.name, expect=NOT_FOUND)
    assert f"{alice.name} has asked {bob.name}" in wrong["message"]
    answer = world.verb(bob.name, alice.name)["friend_request"]
    assert (answer["id"], answer["from"], answer["to"]) == \
        (number, alice.name, bob.name)
    assert are_friends(world, alice, bob)
    assert not waiting(world, alice, bob)
    for client in clients:
        ended = client.wait_event("friend_request_ended")
        assert (ended.id, ended.outcome) == (number, ended.ACCEPTED)
        client.wait_event("friend_added")
    world.verb(bob.name, alice.name, expect=NOT_FOUND)
    ask(world, carol, bob)
    done = world.show(bob.name, carol.name, data=False)
    assert f"{bob.name} has accepted the request of {carol.name}" in \
        done.stderr
    assert are_friends(world, carol, bob)


@scenario("friend", "reject")
def friend_reject(world):
    alice, bob = world.people("alice", "bob")
    clients = [person.client for person in (alice, bob)] if world.up else []

    def ended(number, outcome):
        for client in clients:
            told = client.wait_event("friend_request_ended",
                                     where=lambda e: e.id == number)
            assert told.outcome == getattr(told, outcome)

    number = ask(world, alice, bob)
    world.verb(bob.name, alice.name, "--cancel", expect=NOT_FOUND)
    answer = world.verb(bob.name, alice.name)["friend_request"]
    assert answer["outcome"] == "rejected"
    ended(number, "REJECTED")
    assert not waiting(world, alice, bob)
    number = ask(world, alice, bob)
    assert world.verb(alice.name, bob.name, "--cancel")["friend_request"] \
        ["outcome"] == "cancelled"
    ended(number, "CANCELLED")
    assert not waiting(world, alice, bob)
    assert not are_friends(world, alice, bob)
    number = ask(world, alice, bob)
    done = world.show(f"id:{bob.id}", alice.name, data=False)
    assert "turned down" in done.stderr
    ended(number, "REJECTED")
    world.verb(bob.name, alice.name, expect=NOT_FOUND)
