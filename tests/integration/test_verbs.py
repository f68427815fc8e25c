# SPDX-License-Identifier: GPL-3.0-or-later
"""Every verb of kith-admin, with the daemon down, up, and under load.

How a verb gets here is told in verbs.py.
"""

import contextlib
import importlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import verbs
from admin_reach import Load
from kith_server import Server, as_ordinary_user, finish

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

BENCH_PAIRS = 6
BENCH_RATE = 150  # messages a second

for module in sorted(HERE.glob("verbs_*.py")):
    importlib.import_module(module.stem)


def dispatch_table():
    """All verbs, as the built program tells them."""
    build = pathlib.Path(os.environ.get("KITH_BUILD_DIR", ROOT / "build"))
    program = build / "admin" / "kith-admin"
    if not program.exists():
        pytest.exit(f"there is no kith-admin in {build}; set KITH_BUILD_DIR",
                    2)
    done = subprocess.run([program, "help", "--json"], capture_output=True,
                          text=True, check=True)
    return {f"{c['noun']} {c['verb']}": c
            for c in json.loads(done.stdout)["commands"]}


TABLE = dispatch_table()
NAMES = [pytest.param(key, id=key.replace(" ", "-")) for key in sorted(TABLE)]


def lacking(key):
    """What a verb still needs, in words; empty when it has all."""
    needs = []
    if key not in verbs.scenarios:
        needs.append(f"a scenario in verbs_{key.split()[0]}.py")
    if not verbs.schema_path(key).exists():
        needs.append(f"tests/schemas/{verbs.schema_path(key).name}")
    return " and ".join(needs)


# --- the servers ------------------------------------------------------------


@pytest.fixture(scope="module")
def make_place(pb, programs, request):
    """A context manager: a server in one of the three states."""
    @contextlib.contextmanager
    def make(state):
        server = Server(pb, programs, tempfile.mkdtemp(prefix="kith-verbs-"),
                        sign_up="invite")
        load = None
        try:
            server.start()  # once, so that the database knows its server
            if state == "down":
                server.stop()
            if state == "load":
                load = Load(server, BENCH_PAIRS, BENCH_RATE)
            yield server
        finally:
            try:
                if load:
                    load.close()
            finally:
                finish([server], request.node)
    return make


@pytest.fixture(scope="module")
def place(request, make_place):
    """(state, server): one server for all verbs of a state."""
    with make_place(request.param) as server:
        yield request.param, server


@pytest.fixture
def world(request, place, make_place):
    state, server = place
    key = request.node.callspec.params["key"]
    folder = verbs.new_folder(tempfile.mkdtemp(prefix="kith-verb-"))
    alone = key in verbs.scenarios and verbs.scenarios[key].alone
    with make_place(state) if alone else contextlib.nullcontext(server) as own:
        yield verbs.World(key, TABLE[key], state, own, folder)
    shutil.rmtree(folder)


# --- the tests --------------------------------------------------------------


@pytest.mark.parametrize("key", NAMES)
@pytest.mark.parametrize("place", verbs.STATES, indirect=True)
def test_verb(key, world):
    needs = lacking(key)
    assert not needs, f"{key} needs {needs}"
    verbs.scenarios[key].run(world)
    world.judge()


@pytest.mark.parametrize("key", NAMES)
def test_help_and_usage(key, programs):
    """Help is on stdout; a mistake is a sentence, and the same in JSON."""
    noun, verb = key.split()
    program = [*as_ordinary_user(), str(programs.kith_admin), noun, verb]

    def run(*words):
        return subprocess.run([*program, *words], capture_output=True,
                              text=True, check=False)
    shown = run("--help")
    assert shown.returncode == 0 and not shown.stderr
    assert shown.stdout.startswith(f"Usage: kith-admin {noun} {verb}")
    wrong = run("--no-such-option", "--json")
    assert wrong.returncode == verbs.USAGE and not wrong.stderr
    assert not verbs.fits(json.loads(wrong.stdout),
                          verbs.SCHEMAS / "failure.json")
    wrong = run("--no-such-option")
    assert wrong.returncode == verbs.USAGE and not wrong.stdout
    assert wrong.stderr.startswith("kith-admin: ")


def objects_of(schema, where="$"):
    """Each object schema in it, with its place."""
    if isinstance(schema, list):
        for i, part in enumerate(schema):
            yield from objects_of(part, f"{where}[{i}]")
    if isinstance(schema, dict):
        if "properties" in schema:
            yield where, schema
        for name, part in schema.items():
            yield from objects_of(part, f"{where}.{name}")


@pytest.mark.parametrize("path", sorted(verbs.SCHEMAS.glob("*.json")),
                         ids=lambda path: path.stem)
def test_schema_is_strict(path):
    schema = verbs.load_schema(path)
    for where, part in objects_of(json.loads(path.read_text())):
        assert part.get("additionalProperties") is False, \
            f"{where} lets anything through"
    if path.stem != "common":
        assert {"version", "ok"} <= set(schema.get("required", ())), \
            "version and ok are in every answer"


def test_nothing_is_tested_that_is_not_there():
    for key in verbs.scenarios:
        assert key in TABLE, f"there is no {key}, but a scenario for it"
    known = {"common", "failure"} | {key.replace(" ", "-") for key in TABLE}
    for path in verbs.SCHEMAS.glob("*.json"):
        assert path.stem in known, f"whose schema is {path.name}?"
