# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README tells a newcomer to type is enough for two to talk."""

import os
import subprocess

import newcomer
from kith_server import as_ordinary_user


def put(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_readme_brings_two_friends_together(server, workspace):
    """With sudo and kith-admin as they are after an installation: the one
    becomes the database's owner, the other knows where the database is."""
    shims = workspace / "newcomer"
    shims.mkdir()
    put(shims, "sudo", f'exec {" ".join(as_ordinary_user())} "$@"')
    put(shims, "kith-admin", f'exec {server.programs.kith_admin} "$@" '
        f'--database {server.database}')
    path = f"{shims}:{os.environ['PATH']}"

    def run(line):
        return subprocess.run(
            ["sh", "-c", line], check=True, capture_output=True, text=True,
            env={**server.environment(), "PATH": path}).stdout
    passwords, pin = newcomer.follow(run)
    assert pin == server.pin
    one, other = (server.connect() for _ in passwords)
    for client, (name, password) in zip((one, other), passwords.items()):
        client.sign_in(name, password=password)
    conversation, = one.go_live().conversations
    other.go_live()
    one.send_text(conversation.id, "we talk")
    assert other.wait_event("message").content.text == "we talk"


def test_readme_uses_what_help_tells(programs):
    shown = subprocess.run(
        [*as_ordinary_user(), programs.kith_admin, "help"], check=True,
        capture_output=True, text=True).stdout
    for line in newcomer.commands():
        _, _, noun, verb = line.split()[:4]
        assert f"  {noun} {verb} " in shown, line
