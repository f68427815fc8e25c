# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin server check: each thing that is wrong is found, and only that."""

import json
import os
import shutil
import socket
import subprocess

import pytest

from admin_tool import FAILED, INTEGRITY, OK
from kith_server import as_ordinary_user, make_certificate, own

# True of the machine and not of the server.
MACHINE = {"clock-sync", "disk", "inodes", "sandbox", "limits"}


def check(server, *words, expect=None, config=None):
    """The rows by id; expect: the exit code."""
    done = server.admin("server", "check", "--json", "--config",
                        str(config or server.configuration), *words,
                        check=False)
    answer = json.loads(done.stdout)
    assert not done.stderr
    assert answer["ok"] is (done.returncode == OK)
    if expect is not None:
        assert done.returncode == expect, done.stdout
    return {row["check"]: row for row in answer["checks"]}


def amiss(rows):
    """What is not in order, but for the machine; each with a remedy."""
    for row in rows.values():
        assert row["finding"] and row["level"] in ("ok", "warning", "problem")
        assert row["level"] == "ok" or row["remedy"], row
    return {name: row["level"] for name, row in rows.items()
            if row["level"] != "ok" and name not in MACHINE}


@pytest.fixture
def stopped(server):
    """A server that has run, and does not."""
    server.person()
    server.stop()
    assert amiss(check(server, expect=OK)) == {"daemon": "warning"}
    return server


def test_all_is_well(server):
    server.two_friends()
    assert amiss(check(server, expect=OK)) == {}
    rows = check(server, "--full", expect=OK)
    assert amiss(rows) == {}
    assert "all its rows" in rows["database"]["finding"]
    shown = server.admin("server", "check", "--config",
                         str(server.configuration)).stdout
    assert len(shown.splitlines()) >= len(rows) + 1


@pytest.mark.parametrize("line, said", [
    ("sign-up = perhaps", "sign-up must be one of"),
    ("no such line", "not a key"),
    ("listen = here", "not a numeric address"),
])
def test_configuration(stopped, line, said):
    with stopped.configuration.open("a") as file:
        file.write(line + "\n")
    rows = check(stopped, expect=FAILED)
    assert rows["configuration"]["level"] == "problem"
    assert said in rows["configuration"]["finding"] or \
        "already set" in rows["configuration"]["finding"]


def test_configuration_that_is_not_there(stopped):
    rows = check(stopped, config="/nonexistent/kithd.conf", expect=FAILED)
    assert "/nonexistent/kithd.conf" in rows["configuration"]["finding"]


def test_configuration_that_others_can_write(stopped):
    stopped.configuration.chmod(0o666)
    assert amiss(check(stopped, expect=FAILED)) == \
        {"configuration": "problem", "daemon": "warning"}


def test_configuration_of_another_database(stopped):
    stopped.settings["database"] = str(stopped.folder / "other.db")
    lines = stopped.configuration.read_text()
    stopped.configuration.write_text(
        lines.replace(str(stopped.database), str(stopped.folder / "o.db")))
    assert amiss(check(stopped, expect=OK)) == \
        {"configuration": "warning", "daemon": "warning"}


def damage(path, sql):
    done = subprocess.run([*as_ordinary_user(), "sqlite3", str(path), sql],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_damaged_rows_are_found_by_full(stopped):
    damage(stopped.database, "UPDATE meta SET value = -1"
           " WHERE key = 'last_sequence';"
           " INSERT INTO event (audience, kind, time_us)"
           " VALUES (-1, 7, 1)")
    check(stopped, expect=OK)
    rows = check(stopped, "--full", expect=INTEGRITY)
    assert "counter" in rows["database"]["finding"]
    assert "db restore" in rows["database"]["remedy"]


def test_damaged_file(stopped):
    size = stopped.database.stat().st_size
    with stopped.database.open("r+b") as file:
        for page in range(4096, size, 4096):
            file.seek(page)
            file.write(b"\xa5" * 2048)
    rows = check(stopped, expect=INTEGRITY)
    assert rows["database"]["level"] == "problem"


def test_no_database(stopped):
    stopped.database.unlink()
    rows = check(stopped, expect=FAILED)
    assert amiss(rows) == {"database": "problem", "daemon": "warning"}
    assert "user add" in rows["database"]["remedy"]


def test_modes(stopped):
    stopped.database.chmod(0o644)
    rows = check(stopped, expect=FAILED)
    assert amiss(rows) == {"database-mode": "problem", "daemon": "warning"}
    assert "0644" in rows["database-mode"]["finding"]
    stopped.database.chmod(0o600)
    stopped.folder.chmod(0o777)
    assert amiss(check(stopped, expect=FAILED)) == \
        {"folder-mode": "problem", "daemon": "warning"}
    stopped.folder.chmod(0o755)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_owners(stopped):
    path = stopped.folder / "kith.db.running"
    os.chown(path, 64739, 64739)
    rows = check(stopped)
    assert rows["database-mode"]["level"] == "problem"
    assert "64739" in rows["database-mode"]["finding"]


def test_certificate_and_key(stopped):
    whole = stopped.certificate.read_bytes()
    other, other_key = make_certificate(stopped.folder, "other", days="3")
    stopped.certificate.write_bytes(other.read_bytes())
    rows = check(stopped, expect=FAILED)
    assert "does not belong" in rows["key"]["finding"]
    assert "cert import" in rows["key"]["remedy"]
    assert "chgrp" not in rows["key"]["remedy"]
    stopped.key.write_bytes(other_key.read_bytes())
    rows = check(stopped, expect=OK)  # three days are left
    assert amiss(rows) == {"certificate": "warning", "daemon": "warning"}
    assert "--renew" in rows["certificate"]["remedy"]
    stopped.key.chmod(0o644)
    rows = check(stopped, expect=FAILED)
    assert amiss(rows)["key"] == "problem"
    assert "chmod" in rows["key"]["remedy"]
    assert rows["key"]["finding"].count(str(stopped.key)) == 1
    stopped.key.chmod(0o600)
    stopped.certificate.write_text("nothing\n")
    rows = check(stopped, expect=FAILED)
    assert rows["certificate"]["level"] == "problem" and "key" not in rows
    stopped.certificate.unlink()
    assert "cert create" in check(
        stopped, expect=FAILED)["certificate"]["remedy"]
    stopped.certificate.write_bytes(whole)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_key_that_kithd_cannot_read(stopped):
    """Asked as root, judged as the user of kithd."""
    os.chown(stopped.key, 0, 0)
    done = subprocess.run(
        [str(stopped.programs.kith_admin), "server", "check", "--json",
         "--config", str(stopped.configuration), "--database",
         str(stopped.database)], capture_output=True, text=True, check=False)
    rows = {row["check"]: row for row in json.loads(done.stdout)["checks"]}
    assert done.returncode == FAILED
    assert rows["key"]["level"] == "problem"
    assert "Permission denied" in rows["key"]["finding"]
    assert rows["key"]["finding"].count(str(stopped.key)) == 1
    assert "chgrp" in rows["key"]["remedy"]


def test_next_key(stopped):
    path = stopped.folder / "next-public-key.pem"
    stopped.set(next_public_key=str(path))
    assert "next-key" not in check(stopped, expect=OK)
    path.write_text("nothing\n")
    own(path)
    assert check(stopped, expect=FAILED)["next-key"]["level"] == "problem"
    subprocess.run(["openssl", "pkey", "-in", str(stopped.key), "-pubout",
                    "-out", str(path)], check=True)
    rows = check(stopped, expect=OK)
    assert rows["next-key"]["level"] == "warning"
    assert "in use" in rows["next-key"]["finding"]


def test_certificate_that_was_not_reloaded(server):
    shutil.copy(server.certificate, server.folder / "kept.pem")
    other, other_key = make_certificate(server.folder, "other")
    server.certificate.write_bytes(other.read_bytes())
    server.key.write_bytes(other_key.read_bytes())
    rows = check(server, expect=OK)
    assert amiss(rows) == {"certificate-loaded": "warning"}
    assert "reload" in rows["certificate-loaded"]["remedy"]


def test_errors_in_the_log(server):
    server.set(sign_up="perhaps")
    server.process.send_signal(1)
    server.wait_log("nothing was reloaded")
    server.set(sign_up="open")
    rows = check(server, expect=OK)
    assert amiss(rows) == {"log": "warning"}
    assert "sign-up" in rows["log"]["finding"]


def test_port_that_another_program_has(stopped):
    with socket.create_server(stopped.address):
        rows = check(stopped, expect=FAILED)
    assert rows["port"]["level"] == "problem"
    assert "Another program" in rows["port"]["finding"]


def test_port_that_nobody_can_reach(server):
    """kithd.conf has been changed: what it says now is not what is there."""
    good = server.address
    server.address = (good[0], 1)
    server.set()
    rows = check(server, expect=FAILED)
    assert rows["port"]["level"] == "problem"
    assert "Connection refused" in rows["port"]["finding"]
    server.address = good
    server.set()


def test_stranger_on_the_port(server, make_server):
    """Somebody answers, but with another key."""
    other = make_server().start()
    good = server.address
    server.address = other.address
    server.set()
    rows = check(server, expect=FAILED)
    assert "another key" in rows["port"]["finding"]
    server.address = good
    server.set()


def test_clock_behind_the_database(stopped):
    damage(stopped.database, "INSERT INTO event (audience, kind, time_us)"
           " VALUES (-1, 7, 4102444800000000);"
           " UPDATE meta SET value = 999 WHERE key = 'last_sequence'")
    rows = check(stopped, expect=FAILED)
    assert rows["clock"]["level"] == "problem"
    assert "ahead of the clock" in rows["clock"]["finding"]


def test_sandbox_switched_off(stopped):
    stopped.set(sandbox="off")
    assert check(stopped, expect=OK)["sandbox"]["level"] == "warning"


def test_limits_of_the_running_daemon(make_server):
    server = make_server(max_connections="100000").start()
    row = check(server)["limits"]
    with open(f"/proc/{server.process.pid}/limits", encoding="ascii") as file:
        soft = [line.split()[3] for line in file
                if line.startswith("Max open files")][0]
    few = soft != "unlimited" and int(soft) < 100000
    assert row["level"] == ("warning" if few else row["level"])
    if few:
        assert soft in row["finding"] and "LimitNOFILE" in row["remedy"]
