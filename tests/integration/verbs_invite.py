# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin invite`; how they are made is told in verbs.py."""

import re

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
