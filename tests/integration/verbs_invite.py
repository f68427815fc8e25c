# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin invite`; how they are made is told in verbs.py."""

import re

from kith_client import refused
from patience import wait_until
from verbs import NOT_FOUND, USAGE, scenario


def code_of(link):
    return re.search(r"[?&]invite=([0-9a-z]+)", link).group(1)


@scenario("invite", "create")
def invite_create(world):
    alice, = world.people("alice")
    answer = world.verb("--befriend", alice.name, "--uses", "2", "--note",
                        "for the neighbours")["invite"]
    assert answer["befriend_id"] == alice.id and answer["uses_left"] == 2
    assert world.server.pin in answer["link"].replace("%3A", ":") \
        .replace("sha256-", "sha256:")
    assert code_of(answer["link"]) == answer["code"]
    row, = world.query("SELECT uses_left, befriend_id, note FROM invite "
                       f"WHERE id = {answer['id']}")
    assert row == {"uses_left": 2, "befriend_id": alice.id,
                   "note": "for the neighbours"}
    link = world.show("--expires", "never").stdout.strip()
    if world.up:
        befriended = alice.client  # before anything happens to her
        person = world.server.connect()
        person.sign_up(f"invited-{alice.name}", "correct horse 7",
                       invite=answer["code"])
        assert befriended.wait_event("friend_added") \
            .conversation.peer.name == person.name
        person = world.server.connect()
        person.sign_up(f"other-{alice.name}", "correct horse 7",
                       invite=code_of(link))
    drawn = world.show("--qr")
    assert drawn.stdout.startswith("kith://") and "█" in drawn.stderr
    world.verb("--befriend", "nobody", expect=NOT_FOUND)
    world.show("--uses", "0", expect=USAGE)


def make(world, *words):
    return world.admin("invite", "create", *words)["invite"]


@scenario("invite", "list")
def invite_list(world):
    alice, = world.people("alice")
    made = make(world, "--uses", "2", "--befriend", alice.name, "--note",
                "for the choir", "--expires", "2w")
    spent = make(world, "--expires", "1s", "--note", "soon over")

    def listed(*words):
        return {row["id"]: row for row in world.verb(*words)["invites"]}

    row = listed()[made["id"]]
    assert row["state"] == "open" and made["code"].startswith(row["begins"])
    assert (row["uses"], row["uses_left"]) == (0, 2)
    assert (row["befriend"], row["befriend_id"]) == (alice.name, alice.id)
    assert row["expires"] == made["expires"]
    assert row["note"] == "for the choir"
    wait_until(lambda: listed()[spent["id"]]["state"] == "expired")
    assert spent["id"] not in listed("--open") and made["id"] in \
        listed("--open")
    if world.up:
        world.server.connect().sign_up(
            f"singer-{alice.name}", "correct horse 7", invite=made["code"])
        row = listed()[made["id"]]
        assert (row["uses"], row["uses_left"]) == (1, 1)
    stored, = world.query("SELECT uses, uses_left FROM invite "
                          f"WHERE id = {made['id']}")
    assert stored == {"uses": world.up, "uses_left": 2 - world.up}
    shown = world.show().stdout
    assert "for the choir" in shown and made["code"] not in shown


@scenario("invite", "revoke")
def invite_revoke(world):
    first, second, third, fourth = (make(world) for _ in range(4))

    def there(invite):
        return bool(world.query(
            f"SELECT 1 AS yes FROM invite WHERE id = {invite['id']}"))

    assert world.verb(first["code"])["revoked"]["id"] == first["id"]
    assert not there(first) and there(second)
    done = world.show(second["link"], data=False)
    assert f"id:{second['id']}" in done.stderr and not there(second)
    if world.up:
        with refused("BAD_INVITE"):
            world.server.connect().sign_up(
                f"late-{third['id']}", "correct horse 7",
                invite=second["code"])
    world.verb(first["code"], expect=NOT_FOUND)
    world.show("id:999999999", expect=NOT_FOUND)
    world.verb(f"id:{third['id']}")
    assert there(fourth) and not there(third)
    world.verb(str(fourth["id"]))  # as the list shows it
    assert not there(fourth)
    trail = world.query("SELECT target || detail AS all_of_it FROM audit "
                        "WHERE command LIKE 'invite %'")
    assert trail and not any(invite["code"] in row["all_of_it"]
                             for invite in (first, second, third)
                             for row in trail)
