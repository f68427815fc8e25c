# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin server`; how they are made is told in verbs.py."""

import re

from patience import wait_until
from verbs import FAILED, NOT_FOUND, USAGE, scenario

METRIC = re.compile(r'kith_[a-z_]+(\{[a-z]+="[a-z]+"\})? \d+(\.\d+)?')


def options(world):
    """kithd.conf of this server, also when kithd never ran on this database."""
    return ("--config", str(world.server.configuration))


def users_in(world):
    return world.query("SELECT count(*) AS n FROM user"
                       " WHERE state NOT IN (4, 6)")[0]["n"]


@scenario("server", "status")
def server_status(world):
    alice, = world.people("alice")
    if world.up:
        assert alice.client.alive()
    before = users_in(world)
    status = world.verb(*options(world))["server"]
    assert before <= status["users"] <= users_in(world)
    assert status["database"] == str(world.server.database)
    assert status["database_bytes"] > 0 and status["disk_free_bytes"] > 0
    assert 28 <= status["certificate_days_left"] <= 30
    assert status["state"] == ("running" if world.up else "stopped")
    if world.up:
        assert status["fingerprint"] == world.server.pin
        assert status["version"] == status["admin_version"]
        assert status["people_online"] >= 1
        assert status["connections"] >= 1
    else:
        assert status["people_online"] is None
    if world.state == "load":
        # the crowd may still be signing in
        wait_until(lambda: world.verb(*options(world))["server"][
            "messages_last_minute"], 30, "a message that is counted")
        assert world.verb(*options(world))["server"][
            "messages_since_start"] > 0
    shown = world.show(*options(world)).stdout
    assert re.search(r"^State +(running|stopped)$", shown, re.M)


@scenario("server", "stats")
def server_stats(world):
    world.befriend(*world.people("alice", "bob"))
    links = "SELECT count(*) AS n FROM friend_link"
    before = world.query(links)[0]["n"]
    stats = world.verb(*options(world))["stats"]
    assert before <= stats["friend_links"] <= world.query(links)[0]["n"]
    assert stats["up"] == int(world.up)
    assert stats["certificate_until"]
    world.show(*options(world))
    text = world.show(*options(world), "--format", "prometheus").stdout
    assert text.endswith("\n")
    told = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in told and kind in ("gauge", "counter")
            told[name] = kind
        elif not line.startswith("# HELP "):
            assert METRIC.fullmatch(line), line
            assert re.match("[a-z_]+", line)[0] in told, line
    assert f"kith_up {int(world.up)}\n" in text
    assert ("kith_people_online" in told) is world.up
    assert told["kith_users"] == "gauge"
    world.show("--format", "xml", expect=USAGE)


@scenario("server", "check")
def server_check(world):
    answer = world.verb(*options(world))
    found = {row["check"]: row for row in answer["checks"]}
    assert "code" not in answer
    for name in ("configuration", "database", "database-mode", "folder-mode",
                 "certificate", "key", "clock", "versions"):
        assert found[name]["level"] == "ok", found[name]
    assert found["daemon"]["level"] == ("ok" if world.up else "warning")
    assert ("port" in found) is world.up
    if world.up:
        assert found["port"]["level"] == "ok", found["port"]
    assert world.query("PRAGMA quick_check") == [{"quick_check": "ok"}]
    full = world.verb("--full", *options(world))
    assert "problem" not in [row["level"] for row in full["checks"]]
    shown = world.show(*options(world))
    assert "configuration" in shown.stdout
    assert "in order." in shown.stderr or "Nothing is a problem." in \
        shown.stderr
    wrong = world.path("wrong.conf")
    wrong.write_text("sign-up = perhaps\n")
    answer = world.verb("--config", wrong, expect=FAILED)
    assert [row["check"] for row in answer["checks"]
            if row["level"] == "problem"] == ["configuration"]
    shown = world.show("--config", wrong, expect=FAILED)
    assert "wrong.conf:1: sign-up" in shown.stdout


@scenario("server", "fingerprint")
def server_fingerprint(world):
    if not world.up:
        known = world.query("SELECT value FROM meta"
                            " WHERE key = 'public_key_pin'")
        if not known:
            world.verb(expect=NOT_FOUND)
            words = ("--certificate", str(world.server.certificate))
        else:
            words = ()
    else:
        words = ()
    answer = world.verb(*words)
    assert answer["key"]["fingerprint"] == world.server.pin
    shown = world.show(*words)
    assert shown.stdout == world.server.pin + "\n"
    if world.up:
        assert world.query("SELECT value FROM meta"
                           " WHERE key = 'public_key_pin'") == \
            [{"value": world.server.pin}]
        linked = world.verb("--host", "chat.example.org:77")["key"]["link"]
        assert linked == \
            f"kith://chat.example.org:77/?key={world.server.pin}"
    world.show("--host", "a b", expect=USAGE)
