# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin friend`; how they are made is told in verbs.py."""

from verbs import CONFLICT, NOT_FOUND, scenario


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
    assert not are_friends(world, bob, carol)
