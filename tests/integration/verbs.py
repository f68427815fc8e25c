# SPDX-License-Identifier: GPL-3.0-or-later
"""The matrix of verbs: how to put a verb of kith-admin under test.

test_verbs.py asks the built program for its dispatch table (`kith-admin help
--json`) and runs each verb in three states: the daemon is down, up, or up and
busy with kith-bench. A verb needs two things, or a test with its name fails:

1. tests/schemas/NOUN-VERB.json, a JSON Schema (2020-12) of what it answers on
   success: strict (each object has "additionalProperties": false), with
   "version" and "ok" among the required keys. Write "#/$defs/time" and the like
   for what tests/schemas/common.json defines; that file's $defs are in reach of
   each schema. Failures are checked against tests/schemas/failure.json, unless
   the verb's own schema allows "ok": false (a doctor's findings).

2. A scenario in tests/integration/verbs_NOUN.py:

       @scenario("friend", "add")
       def friend_add(world):
           alice, bob = world.people("alice", "bob")
           answer = world.verb(alice.name, bob.name)
           assert answer["friend_link"]["user"] == alice.name
           assert world.query("SELECT 1 AS one FROM friend_link WHERE ...")
           if world.up:
               alice.client.wait_event("friend_added")

   It prepares what it needs (only people of its own: the server is shared with
   the other scenarios of its state, and their order is open), runs the verb,
   and reads the result back. What `world` offers:

   .state, .up        "down", "up" or "load"; whether a daemon runs
   .people("a", "b")  new accounts, their names beginning so; each Person has
                      .name, .id, .password and, where a daemon runs, .client,
                      an independent client (kith_client.py), live from its
                      first use on
   .befriend(a, b)    by kith-admin
   .admin(...)        any other command, for preparing: its JSON
   .verb(...)         the verb under test with --json: the answer as a dict.
                      Checks the exit code (expect=), the schema, and that
                      nothing else is printed
   .show(...)         the verb as people run it: .stdout and .stderr. Checks the
                      exit code, that a failure prints nothing on stdout and one
                      sentence on stderr, and that there are no colours.
                      Say data=False where nothing belongs on stdout
   .refused(...)      for verbs that need the stopped server: exit 6 with a
                      sentence that says what to stop, and nothing has changed.
                      Call it when world.up, and return
   .query(sql)        rows as dicts, by `sqlite3 -readonly`
   .path("x.csv")     a file that is not there yet, in a folder of this run's
                      own which kith-admin may write to
   .server            the Server (kith_server.py)

   All of .verb, .show and .query (or a person's .client) must have been used,
   or the test fails; in states where the verb is refused, .refused is enough.
   @scenario("db", "restore", alone=True) gives the run a server of its own,
   which may be stopped, started and broken.

   What the table says of a verb is asked of it without the author's doing: one
   that reads answers its last success in each --format and with --columns
   (again=False: it cannot be repeated), one that destroys must have been seen
   with --dry-run and to do nothing where nobody says yes.

Try one verb: pytest tests/integration/test_verbs.py -k "friend-add".
"""

import csv
import dataclasses
import json
import os
import pathlib
import re
import subprocess

import jsonschema

from admin_tool import (CHEAP, CONFLICT, FAILED, INTEGRITY,  # noqa: F401
                        NOT_FOUND, OK, REFUSED, USAGE)
from kith_server import REPORTS, as_ordinary_user, own
from patience import seconds

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "schemas"
STATES = ("down", "up", "load")
TIMEOUT_S = seconds(60)
COLOUR = "\x1b["

# What of a database stands still unless somebody changes it by kith-admin,
# whatever load there is.
STANDING = """
SELECT id, name, display_name, state, state_us, reason FROM user;
SELECT * FROM friend_link;
SELECT * FROM friend_request;
SELECT * FROM invite;
SELECT * FROM meta WHERE key = 'epoch';
"""


@dataclasses.dataclass
class Scenario:
    """What a verb's author registered."""

    run: object
    alone: bool
    again: bool


scenarios = {}  # "noun verb" -> Scenario


def scenario(noun, verb, alone=False, again=True):
    """Registers the function below it as the test of this verb."""
    def register(function):
        key = f"{noun} {verb}"
        assert key not in scenarios, f"two scenarios for {key}"
        scenarios[key] = Scenario(function, alone, again)
        return function
    return register


def schema_path(key):
    return SCHEMAS / (key.replace(" ", "-") + ".json")


def load_schema(path):
    """A schema with the common definitions in its reach."""
    schema = json.loads(path.read_text())
    common = json.loads((SCHEMAS / "common.json").read_text())["$defs"]
    schema["$defs"] = {**common, **schema.get("$defs", {})}
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def fits(answer, path):
    """The first thing that is wrong with an answer, or None."""
    found = jsonschema.Draft202012Validator(load_schema(path))
    for error in found.iter_errors(answer):
        return f"{path.name}: {error.json_path}: {error.message}"
    return None


class Person:
    """An account that the scenario may do everything with."""

    def __init__(self, world, name, number, password):
        self.world = world
        self.name = name
        self.id = number
        self.password = password
        self.device = None

    @property
    def client(self):
        """Signed in and live; the same one until it is closed."""
        if self.device is None:
            assert self.world.up, "nobody can sign in: the daemon is down"
            self.world.used.add("read back")
            self.device = self.world.server.connect()
            self.device.sign_in(self.name, password=self.password)
            self.device.password = self.password
            self.device.go_live()
        return self.device


class World:
    """One run of one scenario in one state."""

    count = 0

    def __init__(self, key, entry, state, server, folder):
        self.noun, self.verb_name = key.split(" ")
        self.key = key
        self.entry = entry  # of the dispatch table
        self.state = state
        self.up = state != "down"
        self.server = server
        self.folder = pathlib.Path(folder)
        self.used = set()
        self.words = None  # of the last success, for more of the same
        self.answer = None
        self.tried = set()  # (option, exit code)

    # --- preparing --------------------------------------------------------

    def _name(self, hint):
        World.count += 1
        return f"{hint}-{os.getpid()}-{World.count}"

    def people(self, *hints):
        return [self._person(self._name(hint)) for hint in hints]

    def _person(self, name):
        password = "correct horse 7"
        answer = self.admin("user", "add", name, "--password-stdin", *CHEAP,
                            stdin=password + "\n")
        return Person(self, name, answer["user"]["id"], password)

    def befriend(self, one, other):
        self.admin("friend", "add", one.name, other.name)

    def path(self, name):
        return self.folder / name

    # --- running ----------------------------------------------------------

    def run(self, *words, stdin="", expect=OK):
        words = [str(word) for word in words]
        if words[:2] == [self.noun, self.verb_name]:
            self._note(words, expect)
        done = subprocess.run(
            [*as_ordinary_user(), str(self.server.programs.kith_admin),
             *words, "--database", str(self.server.database)],
            input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S,
            env=self.server.environment())
        assert not REPORTS.search(done.stderr), done.stderr
        assert done.returncode == expect, \
            f"kith-admin {' '.join(words)}: {done.returncode}, not {expect}" \
            f"\n{done.stdout}\n{done.stderr}"
        return done

    def _note(self, words, expect):
        self.tried |= {(word, expect) for word in words}
        if "--yes" not in words:
            self.tried.add(("no --yes", expect))

    def admin(self, *words, stdin="", expect=OK):
        done = self.run(*words, "--json", stdin=stdin, expect=expect)
        return json.loads(done.stdout)

    def verb(self, *words, stdin="", expect=OK):
        done = self.run(self.noun, self.verb_name, *words, "--json",
                        stdin=stdin, expect=expect)
        try:
            answer = json.loads(done.stdout)
        except json.JSONDecodeError as fault:
            raise AssertionError(
                f"not one JSON document: {done.stdout!r}") from fault
        assert not done.stderr, f"talk beside --json: {done.stderr!r}"
        self.check_answer(answer, expect)
        if expect == OK:
            self.used.add("json")
        if expect == OK and self.entry["answer"] in answer:
            self.words, self.answer = list(words), answer
        return answer

    def check_answer(self, answer, expect):
        assert answer["ok"] is (expect == OK), answer
        wrong = fits(answer, schema_path(self.key))
        if not wrong:
            self.used.add("json")
        elif expect != OK:
            wrong = fits(answer, SCHEMAS / "failure.json")
        assert not wrong, f"{wrong}\n{json.dumps(answer, indent=2)}"

    def show(self, *words, stdin="", expect=OK, data=True):
        done = self.run(self.noun, self.verb_name, *words, stdin=stdin,
                        expect=expect)
        assert COLOUR not in done.stdout + done.stderr, "colour in a pipe"
        if expect == OK:
            assert bool(done.stdout) is data, \
                f"stdout is for data: {done.stdout!r}, talk: {done.stderr!r}"
        elif not data or not done.stdout:
            self.check_sentence(done)
        self.used.add("human")
        return done

    @staticmethod
    def check_sentence(done):
        assert not done.stdout, f"a failure on stdout: {done.stdout!r}"
        said = [line for line in done.stderr.splitlines()
                if line.startswith("kith-admin: ")]
        assert len(said) == 1, f"not one sentence: {done.stderr!r}"

    def refused(self, *words, stdin=""):
        before = self.standing()
        answer = self.verb(*words, stdin=stdin, expect=REFUSED)
        assert re.search(r"\bstop", answer["message"]), \
            f"what is to be stopped? {answer['message']}"
        done = self.run(self.noun, self.verb_name, *words, stdin=stdin,
                        expect=REFUSED)
        self.check_sentence(done)
        assert self.standing() == before, "refused, and yet changed"
        self.used |= {"json", "human", "read back", "refused"}
        return answer

    # --- reading back -----------------------------------------------------

    def _sqlite(self, mode, sql):
        return subprocess.run(
            [*as_ordinary_user(), "sqlite3", "-readonly", mode, "-cmd",
             ".timeout 5000", str(self.server.database), sql],
            capture_output=True, text=True, check=True).stdout

    def query(self, sql):
        self.used.add("read back")
        return json.loads(self._sqlite("-json", sql) or "[]")

    def standing(self):
        """What load does not change, and which file it is."""
        return (self.server.database.stat().st_ino,
                self._sqlite("-quote", STANDING))

    # --- judging ----------------------------------------------------------

    def judge(self):
        for what, call in (("json", ".verb()"), ("human", ".show()"),
                           ("read back", ".query() or a person's .client")):
            assert what in self.used, f"{self.key}: {call} was never used"
        flags = set(self.entry["flags"])
        if "refused" in self.used:
            return
        if flags & {"destructive", "dry_run"}:
            assert ("--dry-run", OK) in self.tried, \
                f"{self.key}: --dry-run was never tried"
        if "destructive" in flags:
            assert ("no --yes", REFUSED) in self.tried, \
                f"{self.key}: what if nobody says yes?"
        if "reads" in flags and scenarios[self.key].again:
            assert self.words is not None, f"{self.key}: nothing was read"
            self.judge_formats()

    def judge_formats(self):
        """The same rows in each format, and only the columns asked for."""
        keys = [column["key"] for column in self.entry["columns"]]
        lines = list(csv.reader(self._again("--format", "csv")))
        assert set(lines[0]) <= set(keys), lines[0]
        assert all(len(line) == len(lines[0]) for line in lines), lines
        rows = self.answer[self.entry["answer"]]
        if not self.up:  # where nothing moves
            assert len(lines) - 1 == \
                (len(rows) if isinstance(rows, list) else 1), lines
        tabs = {line.count("\t") for line in self._again("--format", "tsv")}
        assert tabs == {len(lines[0]) - 1}, tabs
        wrong = fits(json.loads("".join(self._again("--format", "json"))),
                     schema_path(self.key))
        assert not wrong, wrong
        wanted = f"{keys[-1]},{keys[0]}" if len(keys) > 1 else keys[0]
        lines = csv.reader(self._again("--format", "csv", "--columns", wanted))
        assert ",".join(next(lines)) == wanted

    def _again(self, *options):
        words = [word for word in self.words if word != "--json"]
        return self.run(self.noun, self.verb_name, *words, *options) \
            .stdout.splitlines(keepends=True)


def new_folder(path):
    path = pathlib.Path(path)
    path.chmod(0o755)
    own(path)
    return path
