# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin penalty`; how they are made is told in verbs.py."""

from kith_client import refused
from verbs import NOT_FOUND, USAGE, scenario

FREE = 5  # wrong passwords before there is any delay


def address_of(person):
    """Where this one's attempts come from; nobody else's do."""
    return f"127.99.{person.id // 250}.{1 + person.id % 250}"


def guess(world, person, count=FREE + 1):
    """So many different wrong passwords, one after the other."""
    client = world.server.connect(source=address_of(person))
    for attempt in range(count):
        with refused("BAD_CREDENTIALS"):
            client.sign_in(person.name, password=f"wrong {attempt} password")
    with refused("TRY_LATER"):
        client.sign_in(person.name, password="yet another one")
    client.close()


def held_against(world, whom):
    return [row for row in world.admin("penalty", "list")["penalties"]
            if row["whom"] == whom]


@scenario("penalty", "list")
def penalty_list(world):
    eve, = world.people("eve")
    if world.up:
        known = eve.client  # a device that is known is not held up
        guess(world, eve)
        answer = world.verb()
        rows = {(row["kind"], row["whom"]): row for row in answer["penalties"]}
        held = rows["account", eve.name]
        assert held["failures"] == FREE + 1 and held["delay_s"] <= 15
        assert rows["network", address_of(eve)]["failures"] > FREE
        assert answer["running"]
        shown = world.show()
        assert eve.name in shown.stdout and not shown.stderr
        assert known.alive()
    else:
        assert world.verb() == {"version": 1, "ok": True, "running": False,
                                "penalties": []}
        assert "not running" in world.show(data=False).stderr
        assert world.query("SELECT 1 AS one")


@scenario("penalty", "clear")
def penalty_clear(world):
    eve, mallory, frank = world.people("eve", "mallory", "frank")
    world.verb(expect=USAGE)
    world.verb(eve.name, "--all", expect=USAGE)
    world.verb("192.0.2.0/24", expect=USAGE)
    world.verb("id:999999999", expect=NOT_FOUND)
    world.show("nobody-has-this-name", expect=NOT_FOUND)
    nothing = {"accounts": 0, "networks": 0, "connections": 0}
    assert world.verb("2001:db8::7")["cleared"] == nothing
    if world.up:
        for person in (eve, mallory, frank):
            guess(world, person)
        world.verb(frank.name)
        # at once, long before the delay would be over
        client = world.server.connect()
        client.sign_in(frank.name, password=frank.password)
        assert not held_against(world, frank.name)
        assert held_against(world, eve.name)
        done = world.show(f"id:{eve.id}", data=False)
        assert "1 account" in done.stderr
        assert not held_against(world, eve.name)
        assert held_against(world, address_of(eve))
        assert world.verb(address_of(eve))["cleared"]["networks"] == 1
        assert not held_against(world, address_of(eve))
        assert world.verb("--all")["cleared"]["accounts"] >= 1
        assert not world.admin("penalty", "list")["penalties"]
    else:
        assert "not running" in world.show("--all", data=False).stderr
        assert world.verb(eve.name)["cleared"] == nothing
    assert len(world.query(
        f"SELECT 1 FROM audit WHERE command = 'penalty clear' "
        f"AND target LIKE '{frank.name}%'")) == world.up
