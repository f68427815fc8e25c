# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin audit`; how they are made is told in verbs.py."""

from verbs import scenario


@scenario("audit", "list")
def audit_list(world):
    alice, bob = world.people("alice", "bob")
    world.befriend(alice, bob)
    world.admin("user", "lock", bob.name, "--reason", "rude")
    rows = world.verb("--user", f"id:{bob.id}")["audit"]
    assert [row["command"] for row in rows] == \
        ["user lock", "friend add", "user add"]
    whom = f"{bob.name} (id:{bob.id})"
    assert all(whom in row["target"] for row in rows)
    assert rows[0]["detail"]["reason"] == "rude"
    assert len({row["actor"] for row in rows}) == 1
    stored = world.query(
        f"SELECT * FROM audit WHERE id = {rows[0]['id']}")[0]
    assert (stored["actor"], stored["command"], stored["target"]) == \
        (rows[0]["actor"], "user lock", whom)
    shown = world.show("--user", bob.name, "--limit", "1").stdout
    assert whom in shown and "user lock" in shown
    assert "user add" not in shown
