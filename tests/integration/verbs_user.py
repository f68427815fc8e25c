# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin user`, the verbs about one account; how they are
made is told in verbs.py. Those about many are in verbs_user_many.py."""

import datetime

from kith_client import refused
from verbs import CHEAP, CONFLICT, NOT_FOUND, USAGE, scenario

WITHIN_S = 1.0


def user_row(world, person):
    row, = world.query(f"SELECT * FROM user WHERE id = {person.id}")
    return row


def audits(world, person, command):
    return world.query(
        f"SELECT * FROM audit WHERE command = '{command}' AND "
        f"target LIKE '%(id:{person.id})'")


def make_friends(world, one, other):
    """Makes them friends; their conversation, where a daemon runs."""
    clients = [one.client, other.client] if world.up else []
    world.befriend(one, other)
    added = [client.wait_event("friend_added") for client in clients]
    return added[0].conversation.id if added else None


def signs_in(world, person, password):
    world.server.connect().sign_in(person.name, password=password)


@scenario("user", "add")
def user_add(world):
    name = world._name("anna")
    answer = world.verb(name, "--display-name", "Anna Ä.", "--generate",
                        *CHEAP)
    user = answer["user"]
    assert (user["name"], user["display_name"]) == (name, "Anna Ä.")
    row, = world.query(f"SELECT * FROM user WHERE name = '{name}'")
    assert row["id"] == user["id"] and row["state"] == 1
    assert row["phc"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    if world.up:
        client = world.server.connect()
        client.sign_in(name, password=answer["password"])
        assert client.self_user.display_name == "Anna Ä."
    world.verb(name, "--generate", expect=CONFLICT)
    world.verb("Anna!", "--generate", expect=USAGE)
    world.show(name, "--generate", expect=CONFLICT)
    other = world._name("berta")
    shown = world.show(other, "--password-stdin", *CHEAP, data=False,
                       stdin="correct horse 7\n")
    assert other in shown.stderr
    if world.up:
        world.server.connect().sign_in(other, password="correct horse 7")


@scenario("user", "show")
def user_show(world):
    alice, bob = world.people("alice", "bob")
    conversation = make_friends(world, alice, bob)
    if world.up:
        alice.client.send_text(conversation, "one")
        alice.client.send_text(conversation, "two")
    user = world.verb(alice.name)["user"]
    assert (user["id"], user["name"], user["friends"]) == \
        (alice.id, alice.name, 1)
    assert user["devices"] == (1 if world.up else 0)
    assert user["messages_sent"] == (2 if world.up else 0)
    assert (user["last_seen"] is not None) is world.up
    assert (user["last_message"] is not None) is world.up
    assert user["has_password"] and user["state_before"] is None
    row = user_row(world, alice)
    assert row["name"] == user["name"] and "phc" not in user
    shown = world.show(f"id:{alice.id}")
    assert alice.name in shown.stdout and not shown.stderr
    assert "argon2" not in shown.stdout
    world.verb("nobody-at-all", expect=NOT_FOUND)
    world.verb(alice.name[:-1] + "z", expect=NOT_FOUND)
    world.verb("What?", expect=USAGE)


@scenario("user", "passwd")
def user_passwd(world):
    alice, bob = world.people("alice", "bob")
    clients = [alice.client, bob.client] if world.up else []
    before = user_row(world, alice)["phc"]
    made = world.verb(alice.name, "--generate", "--end-sessions", *CHEAP)
    assert made["user"]["id"] == alice.id and made["user"]["devices"] == 0
    assert user_row(world, alice)["phc"] not in (before, "")
    shown = world.show(bob.name, "--password-stdin", "--keep-sessions",
                       *CHEAP, stdin="another horse 8\n", data=False)
    assert bob.name in shown.stderr
    assert "another" not in shown.stderr
    if world.up:
        assert clients[0].wait_closed(WITHIN_S).code == \
            world.server.pb.Refusal.BAD_CREDENTIALS
        signs_in(world, alice, made["password"])
        with refused("BAD_CREDENTIALS"):
            signs_in(world, alice, alice.password)
        assert clients[1].alive()
        signs_in(world, bob, "another horse 8")
    for row in audits(world, alice, "user passwd"):
        assert made["password"] not in str(row)
    world.verb(alice.name, "--generate", "--end-sessions", "--keep-sessions",
               expect=USAGE)
    world.verb("nobody-at-all", "--generate", expect=NOT_FOUND)


@scenario("user", "rename-display")
def user_rename_display(world):
    alice, bob = world.people("alice", "bob")
    world.befriend(alice, bob)
    clients = [alice.client, bob.client] if world.up else []
    answer = world.verb(alice.name, "Alice ☕")
    assert answer["user"]["display_name"] == "Alice ☕"
    assert user_row(world, alice)["display_name"] == "Alice ☕"
    for client in clients:
        changed = client.wait_event("user_changed", WITHIN_S,
                                    lambda user: user.id == alice.id)
        assert changed.display_name == "Alice ☕"
    world.show(alice.name, "", data=False)
    assert user_row(world, alice)["display_name"] == ""
    row = audits(world, alice, "user rename-display")[0]
    assert "Alice ☕" in row["detail"]
    world.verb(alice.name, "two\nlines", expect=USAGE)
    world.verb(alice.name, "x" * 129, expect=USAGE)
    world.verb("nobody-at-all", "x", expect=NOT_FOUND)


@scenario("user", "lock")
def user_lock(world):
    alice, bob = world.people("alice", "bob")
    client = alice.client if world.up else None
    answer = world.verb(alice.name, f"id:{bob.id}", "--reason", "spam",
                        "--until", "7d")
    assert [u["state"] for u in answer["users"]] == ["locked", "locked"]
    for person in (alice, bob):
        row = user_row(world, person)
        assert (row["state"], row["reason"]) == (3, "spam")
        left = row["until_us"] / 1e6 - \
            datetime.datetime.now().timestamp()
        assert 6.9 < left / 86400 <= 7
    if world.up:
        assert client.wait_closed(WITHIN_S).code == \
            world.server.pb.Refusal.LOCKED
        with refused("LOCKED"):
            signs_in(world, alice, alice.password)
    world.verb(alice.name, "--reason", "spam", expect=CONFLICT)
    world.show(alice.name, "--until", "never", data=False)
    row = user_row(world, alice)
    assert (row["until_us"], row["reason"]) in ((None, "spam"), (0, "spam"))
    world.verb(alice.name, "--until", "yesterday", expect=USAGE)
    world.verb(alice.name, "--until", "2020-01-01", expect=USAGE)
    # all of them or none
    carol, = world.people("carol")
    world.verb(carol.name, "nobody-at-all", expect=NOT_FOUND)
    assert user_row(world, carol)["state"] == 1


@scenario("user", "unlock")
def user_unlock(world):
    alice, bob = world.people("alice", "bob")
    world.admin("user", "lock", alice.name, bob.name, "--reason", "spam")
    answer = world.verb(alice.name)
    assert [u["state"] for u in answer["users"]] == ["active"]
    row = user_row(world, alice)
    assert (row["state"], row["reason"]) == (1, "")
    if world.up:
        signs_in(world, alice, alice.password)
        with refused("LOCKED"):
            signs_in(world, bob, bob.password)
    world.show(f"id:{bob.id}", data=False)
    assert user_row(world, bob)["state"] == 1
    world.verb(alice.name, expect=CONFLICT)
    world.show("nobody-at-all", expect=NOT_FOUND)


@scenario("user", "devices")
def user_devices(world):
    alice, = world.people("alice")
    assert world.verb(alice.name)["devices"] == []
    shown = world.show(alice.name, data=False)
    assert "none" in shown.stderr
    rows = world.query(f"SELECT * FROM device WHERE user_id = {alice.id}")
    assert rows == []
    if world.up:
        assert alice.client.alive()
        signs_in(world, alice, alice.password)
        devices = world.verb(f"id:{alice.id}")["devices"]
        rows = world.query(f"SELECT id FROM device WHERE user_id = {alice.id}")
        assert sorted(d["id"] for d in devices) == \
            sorted(row["id"] for row in rows)
        assert len(devices) == 2
        assert all(d["last_seen"] for d in devices)
        assert str(devices[0]["id"]) in world.show(alice.name).stdout
    world.verb("nobody-at-all", expect=NOT_FOUND)


def devices_of(world, person):
    return [row["id"] for row in world.query(
        f"SELECT id FROM device WHERE user_id = {person.id} ORDER BY id")]


def revoke_while_down(world, alice):
    """What was signed in before it was stopped is signed out by then."""
    world.server.start()
    client = world.server.connect()
    client.sign_in(alice.name, password=alice.password)
    client.password = alice.password
    client.go_live()
    world.server.stop()
    answer = world.verb(alice.name, "--all")
    assert len(answer["devices"]) == 1 and not devices_of(world, alice)
    world.show(alice.name, "--all", expect=NOT_FOUND)
    world.server.start()
    with refused("BAD_CREDENTIALS"):
        world.server.back(client)
    world.server.stop()


@scenario("user", "revoke", alone=True)
def user_revoke(world):
    alice, bob = world.people("alice", "bob")
    world.verb(alice.name, "--all", expect=NOT_FOUND)
    world.verb(alice.name, expect=USAGE)
    world.verb(alice.name, "1", "--all", expect=USAGE)
    world.verb(alice.name, "phone", expect=USAGE)
    world.verb(alice.name, "999999", expect=NOT_FOUND)
    if not world.up:
        revoke_while_down(world, alice)
        return
    first = alice.client
    second, third = (world.server.device(first) for _ in range(2))
    other = bob.client
    ids = devices_of(world, alice)
    # another's device is not to be had by its number
    world.verb(bob.name, ids[0], expect=NOT_FOUND)
    answer = world.verb(alice.name, ids[1])
    assert answer["user"] == {"id": alice.id, "name": alice.name}
    assert [d["id"] for d in answer["devices"]] == [ids[1]]
    assert second.wait_closed(WITHIN_S)
    assert first.alive() and third.alive()
    assert devices_of(world, alice) == [ids[0], ids[2]]
    world.show(alice.name, "--all", data=False)
    assert first.wait_closed(WITHIN_S) and third.wait_closed(WITHIN_S)
    assert devices_of(world, alice) == [] and other.alive()
    with refused("BAD_CREDENTIALS"):
        world.server.connect().sign_in(alice.name, token=first.token)
    signs_in(world, alice, alice.password)


@scenario("user", "activity")
def user_activity(world):
    alice, bob = world.people("alice", "bob")
    conversation = make_friends(world, alice, bob)
    if world.up:
        for text in "one", "two", "three":
            alice.client.send_text(conversation, text)
    answer = world.verb(alice.name, f"id:{bob.id}")
    first, second = answer["users"]
    assert (first["name"], second["name"]) == (alice.name, bob.name)
    assert first["friends"] == second["friends"] == 1
    assert first["conversations"] == 1
    rows = world.query(
        f"SELECT number FROM message WHERE sender_id = {alice.id}")
    assert first["messages_sent"] == len(rows) == (3 if world.up else 0)
    assert second["messages_sent"] == 0
    names = [u["name"] for u in world.verb()["users"]]
    assert alice.name in names and bob.name in names
    recent = [u["name"] for u in world.verb("--since", "1h")["users"]]
    assert (alice.name in recent) is world.up
    assert (bob.name in recent) is world.up
    assert alice.name in world.show(alice.name).stdout
    world.verb(alice.name, "--since", "1h", expect=USAGE)
    world.verb("--since", "2999-01-01", expect=USAGE)
    world.verb("nobody-at-all", expect=NOT_FOUND)
