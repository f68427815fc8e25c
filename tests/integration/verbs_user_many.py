# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin user`, the verbs about many accounts."""

import csv
import io
import json

from admin_tool import FAILED
from kith_client import refused
from kith_server import own
from verbs import CHEAP, CONFLICT, NOT_FOUND, REFUSED, USAGE, scenario
from verbs_user import WITHIN_S, make_friends, signs_in, user_row


def names(answer):
    return [user["name"] for user in answer["users"]]


@scenario("user", "list")
def user_list(world):
    mark = world._name("mark")
    alice, bob, carol, dora = world.people(*(f"{n}-{mark}" for n in "abcd"))
    world.admin("user", "lock", bob.name)
    world.admin("user", "delete", carol.name, "--yes", "--no-snapshot")
    of_ours = ("--name", mark)
    answer = world.verb(*of_ours)
    assert names(answer) == [p.name for p in (alice, bob, carol, dora)]
    assert names(world.verb(*of_ours, "--locked")) == [bob.name]
    assert names(world.verb(*of_ours, "--deleted", "--locked")) == \
        [bob.name, carol.name]
    assert names(world.verb(*of_ours, "--sort", "id", "--reverse")) == \
        [p.name for p in (dora, carol, bob, alice)]
    page = world.verb(*of_ours, "--limit", "2")
    assert names(page) == [alice.name, bob.name] and page["total"] == 4
    assert names(world.verb(*of_ours, "--limit", "2", "--after", bob.name)) \
        == [carol.name, dora.name]
    assert names(world.verb(*of_ours, "--offset", "3")) == [dora.name]
    assert names(world.verb(*of_ours, "--pending")) == []
    assert names(world.verb(*of_ours, "--inactive-since", "30d")) == []
    rows = world.query("SELECT name, state FROM user WHERE name LIKE "
                       f"'%{mark}%' ORDER BY name")
    assert [(r["name"], r["state"]) for r in rows] == \
        [(alice.name, 1), (bob.name, 3), (carol.name, 5), (dora.name, 1)]
    shown = world.show(*of_ours)
    assert alice.name in shown.stdout and "locked" in shown.stdout
    done = world.run("user", "list", *of_ours, "--columns", "name,state",
                     "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout)))[:3] == \
        [["name", "state"], [alice.name, "active"], [bob.name, "locked"]]
    world.verb("--sort", "colour", expect=USAGE)
    world.verb("--limit", "0", expect=USAGE)
    world.verb("--after", alice.name, "--offset", "1", expect=USAGE)
    world.verb("--after", "nobody-at-all", expect=NOT_FOUND)


@scenario("user", "delete")
def user_delete(world):
    mark = world._name("mark")
    alice, bob, carol, dora = world.people(*(f"{n}-{mark}" for n in "abcd"))
    world.befriend(alice, bob)
    client = alice.client if world.up else None
    answer = world.verb(alice.name, "--dry-run")
    assert answer["would"] == {"accounts": 1, "friends": 1,
                               "friend_requests": 0, "invites": 0,
                               "devices": 1 if world.up else 0}
    assert user_row(world, alice)["state"] == 1
    declined = world.run("user", "delete", alice.name, stdin="n\n",
                         expect=REFUSED)
    assert "1 friend link" in declined.stderr
    assert user_row(world, alice)["state"] == 1
    answer = world.verb(alice.name, "--yes")
    assert answer["deleted"][0]["id"] == alice.id
    assert answer["deleted"][0]["state"] == "deleting"
    assert answer["deleted"][0]["purged_at"] and answer["snapshot"]
    row = user_row(world, alice)
    assert (row["state"], row["name"]) == (5, alice.name)
    if world.up:
        assert client.wait_closed(WITHIN_S)
        with refused("BAD_CREDENTIALS", "LOCKED"):
            signs_in(world, alice, alice.password)
    world.verb(alice.name, "--yes", expect=CONFLICT)
    # by filter, for good
    shown = world.show("--name", f"c-{mark}", "--purge", "--yes",
                       "--no-snapshot", data=False)
    assert "1 account" in shown.stderr or carol.name in shown.stderr
    row = user_row(world, carol)
    assert (row["state"], row["name"]) == (4, f"deleted:{carol.id}")
    world.verb("--name", f"c-{mark}", "--yes", expect=NOT_FOUND)
    world.verb("--yes", expect=USAGE)
    world.verb(dora.name, "--locked", "--yes", expect=USAGE)
    world.verb(dora.name, "--purge", "--grace", "3d", "--yes", expect=USAGE)
    answer = world.verb(alice.name, dora.name, "--purge", "--yes",
                        "--no-snapshot")
    assert {d["name"] for d in answer["deleted"]} == {alice.name, dora.name}
    assert not world.query("SELECT 1 AS one FROM friend_link WHERE "
                           f"{alice.id} IN (low_id, high_id)")
    if world.up:
        bob.client.drain()
        with refused("BAD_CREDENTIALS"):
            signs_in(world, dora, dora.password)


@scenario("user", "restore")
def user_restore(world):
    alice, bob, carol = world.people("alice", "bob", "carol")
    world.befriend(alice, bob)
    world.admin("user", "lock", carol.name, "--reason", "spam")
    for person in alice, bob, carol:
        world.admin("user", "delete", person.name, "--yes", "--no-snapshot")
    answer = world.verb(alice.name, carol.name)
    assert [u["state"] for u in answer["users"]] == ["active", "locked"]
    assert user_row(world, alice)["state"] == 1
    assert user_row(world, bob)["state"] == 5
    world.show(f"id:{bob.id}", data=False)
    assert world.query("SELECT 1 AS one FROM friend_link WHERE "
                       f"{alice.id} IN (low_id, high_id)")
    if world.up:
        conversation = alice.client.snapshot().conversations[0]
        assert conversation.friends
        alice.client.go_live()
        alice.client.send_text(conversation.id, "here again")
        with refused("LOCKED"):
            signs_in(world, carol, carol.password)
    world.verb(alice.name, expect=CONFLICT)
    world.admin("user", "delete", alice.name, "--yes", "--purge",
                "--no-snapshot")
    world.verb(alice.name, expect=NOT_FOUND)


@scenario("user", "export")
def user_export(world):
    alice, bob = world.people("alice", "bob")
    conversation = make_friends(world, alice, bob)
    if world.up:
        alice.client.send_text(conversation, "mine, \"quoted\"\n☕")
        bob.client.send_text(conversation, "not hers")
    users = {u["name"]: u for u in world.verb()["users"]}
    assert users[alice.name]["friends"] == [bob.name]
    assert users[alice.name]["password_hash"] is None
    users = {u["name"]: u for u in world.verb("--with-hashes")["users"]}
    assert users[alice.name]["password_hash"] == user_row(world, alice)["phc"]
    person = world.verb(alice.name)
    assert person["profile"]["id"] == alice.id
    assert [f["name"] for f in person["friends"]] == [bob.name]
    assert [c["with"] for c in person["conversations"]] == [bob.name]
    assert [m["text"] for m in person["messages"]] == \
        (["mine, \"quoted\"\n☕"] if world.up else [])
    assert len(person["devices"]) == (1 if world.up else 0)
    assert "argon2" not in json.dumps(person)
    rows = list(csv.DictReader(io.StringIO(world.show().stdout)))
    row, = (row for row in rows if row["name"] == alice.name)
    assert (row["state"], row["friends"]) == ("active", bob.name)
    world.verb(alice.name, "--with-hashes", expect=USAGE)
    world.verb("nobody-at-all", expect=NOT_FOUND)


@scenario("user", "import")
def user_import(world):
    alice, = world.people("alice")
    new, other, third = (world._name(n) for n in ("new", "other", "third"))
    phc = user_row(world, alice)["phc"]
    path = world.path("people.csv")
    path.write_text("name,display_name,password_hash,friends\n"
                    f"{new},Ñew,{phc},{alice.name} {other}\n"
                    .replace(phc, f'"{phc}"') +
                    f"{other},,\"{phc}\",{new}\n")
    own(path)
    live = alice.client if world.up else None
    answer = world.verb(path, "--dry-run")
    assert answer["import"] == {"added": 2, "skipped": 0, "friend_links": 2,
                                "dry_run": True}
    assert not world.query(f"SELECT 1 AS one FROM user WHERE name = '{new}'")
    answer = world.verb(path)
    assert answer["import"] == {"added": 2, "skipped": 0, "friend_links": 2,
                                "dry_run": False}
    rows = world.query("SELECT name, display_name, phc FROM user WHERE name "
                       f"IN ('{new}', '{other}') ORDER BY id")
    assert rows == [
        {"name": new, "display_name": "Ñew", "phc": phc},
        {"name": other, "display_name": "", "phc": phc}]
    if live:
        added = live.wait_event("friend_added", WITHIN_S)
        assert added.conversation.peer.name == new
        client = world.server.connect()
        client.sign_in(new, password=alice.password)
        assert len(client.snapshot().conversations) == 2
    answer = world.verb(path, expect=CONFLICT)
    assert [p["line"] for p in answer["problems"]] == [2, 3]
    answer = world.verb(path, "--skip-existing")
    assert answer["import"]["skipped"] == 2
    path.write_text(json.dumps([{"name": third}]))
    world.verb(path, expect=FAILED)
    shown = world.show(path, "--generate", *CHEAP)
    heading, (name, password) = csv.reader(io.StringIO(shown.stdout))
    assert (heading, name) == (["name", "password"], third)
    if world.up:
        world.server.connect().sign_in(third, password=password)
