# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts and friends at once, by kith-admin's import: one password and
one hash for all, so that making them costs next to nothing."""

import json

CHEAP = ("--argon2-memory-kib", "19456", "--argon2-passes", "2")


def make(admin, names, pairs=(), password="correct horse 7"):
    """admin(*words, stdin=) runs kith-admin and gives what it printed. Pairs of
    names become friends."""
    first, *others = names
    admin("user", "add", first, "--password-stdin", *CHEAP,
          stdin=password + "\n")
    phc = next(user["password_hash"] for user in json.loads(
        admin("user", "export", "--with-hashes", "--json"))["users"]
        if user["name"] == first)
    friends = {}
    for one, other in pairs:
        one, other = (other, one) if other == first else (one, other)
        # told on the line of who is not there yet
        friends.setdefault(other, []).append(one)
    admin("user", "import", "-", stdin="name,password_hash,friends\n" + "".join(
        f'{name},"{phc}",{" ".join(friends.get(name, ()))}\n'
        for name in others))


def on_server(server):
    """The admin() of a kith_server.Server."""
    return lambda *words, stdin=None: server.admin(*words, stdin=stdin).stdout
