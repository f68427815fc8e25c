# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: the protocol's Python code, the programs, and daemons."""

import importlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

from kith_server import Programs, Server, finish  # noqa: E402
from patience import VALGRIND  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    config.addinivalue_line(
        "markers", "not_under_valgrind(reason): what it looks at is not "
        "there, or is valgrind's own, with KITH_VALGRIND set")


def pytest_runtest_setup(item):
    marker = item.get_closest_marker("not_under_valgrind")
    if marker and VALGRIND:
        pytest.skip("under valgrind: " + marker.args[0])


@pytest.fixture(scope="session")
def build():
    folder = pathlib.Path(os.environ.get("KITH_BUILD_DIR", ROOT / "build"))
    if not (folder / "daemon" / "kithd").exists():
        pytest.exit(f"there is no kithd in {folder}; set KITH_BUILD_DIR", 2)
    return folder


@pytest.fixture(scope="session")
def workspace():
    """A folder that an ordinary user can enter."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kith-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def pb(workspace):
    generated = workspace / "python"
    generated.mkdir()
    subprocess.run(["protoc", f"--proto_path={ROOT / 'proto'}",
                    f"--python_out={generated}", "kith.proto"], check=True)
    sys.path.insert(0, str(generated))
    return importlib.import_module("kith_pb2")


@pytest.fixture(scope="session")
def programs(build, workspace):
    programs = Programs(build, workspace / "programs")
    yield programs
    programs.judge()


@pytest.fixture(autouse=True)
def judged(request):
    """No process of a test, whichever it was, made valgrind report."""
    programs = request.getfixturevalue("programs") if VALGRIND else None
    yield
    if programs:
        programs.judge()


@pytest.fixture
def make_server(pb, programs, request):
    """Makes servers (not started) and judges each at the end of the test."""
    servers = []

    def make(**settings):
        server = Server(pb, programs, tempfile.mkdtemp(prefix="kith-server-"),
                        **settings)
        servers.append(server)
        return server

    yield make
    finish(servers, request.node)


@pytest.fixture
def server(make_server):
    """A running server of this test's own."""
    return make_server().start()


@pytest.fixture(scope="module")
def shared(pb, programs, request):
    """A running server for a whole file: people keep out of each other's way
    by having names of their own."""
    server = Server(pb, programs, tempfile.mkdtemp(prefix="kith-server-"))
    server.start()
    yield server
    finish([server], request.node)
