# SPDX-License-Identifier: GPL-3.0-or-later
"""What the storm does: for each writing verb, a command that must succeed now.

A Pool is one worker's share of the accounts; nobody else touches their state,
so that what the database says of them still holds when the command runs.
"""

import itertools

from crowd import Fault, PASSWORD, rows

ACTIVE, LOCKED, DELETING = 1, 3, 5  # as store_user.h
COST = ("--argon2-memory-kib", "19456", "--argon2-passes", "2")

TRIES_MAX = 1000

actions = {}  # "noun verb" -> function of a Pool: (words, stdin), or None


def action(noun, verb):
    def register(function):
        actions[f"{noun} {verb}"] = function
        return function
    return register


def covered():
    return set(actions)


class Pool:
    """The accounts of one worker."""

    def __init__(self, server, number, chance):
        self.server = server
        self.number = number
        self.chance = chance
        self.guests = []
        self.quiet = []
        self.talkers = []
        self.members = {}
        self.counter = itertools.count()

    def query(self, sql, *values):
        return rows(self.server.database, sql, *values)

    def count(self, table):
        return self.query(f"SELECT count(*) FROM {table}")[0][0]

    def in_state(self, state, names):
        marks = ",".join("?" * len(names))
        found = [row[0] for row in self.query(
            f"SELECT name FROM user WHERE state = ? AND name IN ({marks})",
            state, *names)]
        return self.chance.choice(found) if found else None

    def anybody(self):
        return self.guests + self.quiet + self.talkers

    def victims(self):
        return self.guests + self.quiet

    def pair(self, friends):
        """A guest and somebody else who are friends, or not; or None."""
        linked = {frozenset(row) for row in self.query(
            "SELECT a.name, b.name FROM friend_link "
            "JOIN user a ON a.id = low_id JOIN user b ON b.id = high_id")}
        there = {row[0] for row in self.query(
            "SELECT name FROM user WHERE state = ?", ACTIVE)}
        guests = [n for n in self.guests if n in there]
        others = [n for n in self.anybody() if n in there]
        for _ in range(100):
            if not guests or len(others) < 2:
                return None
            one = self.chance.choice(guests)
            other = self.chance.choice(others)
            if one != other and (frozenset((one, other)) in linked) is friends:
                return one, other
        return None

    def request(self):
        """(who was asked, who asks) of an open request, or None; then somebody
        is told to ask."""
        found = [row for row in self.query(
            "SELECT b.name, a.name FROM friend_request "
            "JOIN user a ON a.id = from_id JOIN user b ON b.id = to_id "
            "WHERE a.state = ?1 AND b.state = ?1", ACTIVE)
            if set(row) <= set(self.victims())]
        if found:
            return self.chance.choice(found)
        pair = self.pair(friends=False)
        if pair and pair[0] in self.guests and pair[1] in self.victims():
            self.members[pair[0]].asks.append(pair[1])
        return None

    def let_in(self):
        """The commands that let everybody in again."""
        while name := self.in_state(LOCKED, self.anybody()):
            yield ["user", "unlock", name], ""
        while name := self.in_state(DELETING, self.anybody()):
            yield ["user", "restore", name], ""


def choose(pool, *verbs):
    """A command that must succeed now: (words, stdin)."""
    for _ in range(TRIES_MAX):
        found = actions[pool.chance.choice(verbs or sorted(actions))](pool)
        if found:
            return found
    raise Fault(f"nobody is there for any of {verbs or 'the verbs'}")


def with_user(noun, verb, state, names, *options, stdin=""):
    @action(noun, verb)
    def command(pool):
        name = pool.in_state(state, names(pool))
        return name and ([noun, verb, name, *options], stdin)
    return command


@action("user", "add")
def user_add(pool):
    name = f"new{pool.number}x{next(pool.counter)}"
    if pool.query("SELECT 1 FROM user WHERE name = ?", name):
        return None  # killed after its commit
    return ["user", "add", name, "--password-stdin", *COST], PASSWORD + "\n"


with_user("user", "lock", ACTIVE, Pool.anybody, "--reason", "a storm")
with_user("user", "unlock", LOCKED, Pool.anybody)


@action("user", "passwd")
def user_passwd(pool):
    name = pool.in_state(ACTIVE, pool.anybody())
    keep = pool.chance.choice((["--keep-sessions"], []))
    return name and (
        ["user", "passwd", name, "--password-stdin", *COST, *keep],
        PASSWORD + "\n")


with_user("user", "rename-display", ACTIVE, Pool.anybody, "A new name")
with_user("user", "restore", DELETING, Pool.victims)


@action("user", "delete")
def user_delete(pool):
    """Disabled for now, which may be anybody without an unanswered message;
    or gone for good, who came with the storm."""
    if pool.chance.random() < 0.5:
        name = pool.in_state(ACTIVE, pool.victims())
        return name and (["user", "delete", name, "--yes", "--no-snapshot"],
                         "")
    found = pool.query(
        "SELECT name FROM user WHERE state IN (?, ?) AND name GLOB ?",
        ACTIVE, DELETING, f"new{pool.number}x*")
    if not found:
        return None
    return ["user", "delete", pool.chance.choice(found)[0], "--purge",
            "--yes"], ""


@action("user", "revoke")
def user_revoke(pool):
    found = dict(pool.query(
        "SELECT user.name, device.id FROM device "
        "JOIN user ON user.id = device.user_id"))
    names = [n for n in pool.anybody() if n in found]
    if not names:
        return None
    name = pool.chance.choice(names)
    return ["user", "revoke", name, "--all"], ""


@action("user", "import")
def user_import(pool):
    first = f"new{pool.number}x{next(pool.counter)}i"
    if pool.query("SELECT 1 FROM user WHERE name GLOB ?", first + "*"):
        return None  # killed after its commit
    people = "".join(f"{first}{n},{first}{(n + 1) % 3}\n" for n in range(3))
    return ["user", "import", "-", "--without-passwords"], \
        "name,friends\n" + people


@action("penalty", "clear")
def penalty_clear(_):
    return ["penalty", "clear", "--all"], ""


@action("friend", "add")
def friend_add(pool):
    pair = pool.pair(friends=False)
    return pair and (["friend", "add", *pair], "")


@action("friend", "remove")
def friend_remove(pool):
    pair = pool.pair(friends=True)
    return pair and (["friend", "remove", *pair], "")


@action("friend", "accept")
def friend_accept(pool):
    request = pool.request()
    return request and (["friend", "accept", *request], "")


@action("friend", "reject")
def friend_reject(pool):
    request = pool.request()
    return request and (["friend", "reject", *request], "")


@action("announce", "send")
def announce_send(pool):
    """To some; once in a while to everybody."""
    words = ["announce", "send", "A word from the administrator.", "--yes"]
    if pool.chance.random() < 0.1:
        return words, ""
    to = {pool.in_state(ACTIVE, pool.anybody()) for _ in range(3)} - {None}
    return to and ([*words, "--to", *sorted(to)], "")


@action("db", "vacuum")
def db_vacuum(pool):
    return (["db", "vacuum"], "") if pool.number == 0 else None


@action("invite", "create")
def invite_create(pool):
    words = ["invite", "create", "--note", f"storm {pool.number}"]
    name = pool.in_state(ACTIVE, pool.victims())
    return words + (["--befriend", name] if name else []), ""


@action("invite", "revoke")
def invite_revoke(pool):
    found = pool.query("SELECT id FROM invite WHERE note = ?",
                       f"storm {pool.number}")
    if not found:
        return None
    return ["invite", "revoke", f"id:{pool.chance.choice(found)[0]}"], ""
