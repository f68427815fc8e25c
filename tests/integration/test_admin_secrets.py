# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin, certificates and passwords."""

import fcntl
import os
import pathlib
import subprocess

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    CHEAP, CONFLICT, FAILED, NOT_FOUND, OK, on_terminal, PASSWORD, USAGE,
    waits_in, admin)
from patience import seconds, wait_until

# --- certificates ---------------------------------------------------------

def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], text=True,
                          capture_output=True, check=True).stdout


def test_cert_create_and_show(admin, programs):
    certificate = admin.folder / "certificate.pem"
    key = admin.folder / "key.pem"
    words = ("--certificate", str(certificate))
    made = admin.json("cert", "create", *words, "--key", str(key), "--names",
                      "chat.example.org,192.0.2.1", "--days", "100")
    pin = made["certificate"]["fingerprint"]
    assert certificate.stat().st_mode & 0o777 == 0o644
    assert key.stat().st_mode & 0o777 == 0o600
    text = openssl("x509", "-in", certificate, "-noout", "-text")
    assert "DNS:chat.example.org" in text and "192.0.2.1" in text
    assert "prime256v1" in text
    assert openssl("x509", "-in", certificate, "-noout", "-pubkey") == \
        openssl("pkey", "-in", key, "-pubout")
    shown = admin.json("cert", "show", *words)["certificate"]
    assert shown == made["certificate"]
    assert 98 <= shown["days_left"] <= 100
    assert admin.run("server", "fingerprint", *words).stdout.strip() == pin
    assert pin in admin.run("cert", "show", *words).stdout
    # never over what is there, also when only one of the two is
    before = certificate.read_bytes(), key.read_bytes()
    both = (*words, "--key", str(key))
    assert admin.json("cert", "create", *both,
                      expect=CONFLICT)["code"] == "already"
    certificate.unlink()
    admin.run("cert", "create", *both, expect=CONFLICT)
    assert not certificate.exists() and key.read_bytes() == before[1]
    certificate.write_bytes(before[0])
    key.unlink()
    admin.run("cert", "create", *both, expect=CONFLICT)
    assert certificate.read_bytes() == before[0] and not key.exists()
    assert not list(admin.folder.glob("*.new-*"))


def test_cert_of_this_machine(admin):
    certificate, key = admin.folder / "c.pem", admin.folder / "k.pem"
    admin.run("cert", "create", "--certificate", str(certificate), "--key",
              str(key))
    assert os.uname().nodename in openssl(
        "x509", "-in", certificate, "-noout", "-ext", "subjectAltName")


def test_cert_that_is_none(admin):
    words = ("--certificate", str(admin.folder / "c.pem"))
    admin.run("cert", "show", *words, expect=NOT_FOUND)
    (admin.folder / "c.pem").write_text("nothing\n")
    admin.run("cert", "show", *words, expect=FAILED)
    admin.run("server", "fingerprint", *words, expect=FAILED)
    admin.run("cert", "create", "--certificate", "/nowhere/c.pem", "--key",
              "/nowhere/k.pem", expect=FAILED)
    admin.run("cert", "create", *words, "--key", "k", "--names", "a b",
              expect=USAGE)


# --- passwords are nobody's business --------------------------------------

def test_prompt_without_echo(admin):
    status, shown = on_terminal(
        admin, "user", "add", "alice", *CHEAP,
        answers=[("New password: ", PASSWORD), ("again: ", PASSWORD)])
    assert status == OK, shown
    assert PASSWORD not in shown and "alice is added" in shown
    status, shown = on_terminal(
        admin, "user", "passwd", "alice", *CHEAP,
        answers=[("New password: ", PASSWORD), ("again: ", "other horse")])
    assert status == FAILED and "differ" in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("typed", ["", "\x04"], ids=["return", "end"])
def test_nothing_typed_is_not_asked_for_again(admin, typed):
    status, shown = on_terminal(admin, "user", "add", "alice", *CHEAP,
                                answers=[("New password: ", typed)])
    assert status == FAILED and "again" not in shown
    assert "No password was typed" in shown


def test_without_a_terminal_it_says_what_to_do(admin):
    done = subprocess.run(admin.command("user", "add", "alice"),
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, start_new_session=True)
    assert done.returncode == USAGE
    assert "--password-stdin" in done.stderr


def test_the_password_is_in_no_ones_sight(admin):
    """While it waits for the lock, neither arguments nor environment tell."""
    admin.add("alice")
    with open(admin.folder / "kith.db.lock", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = subprocess.Popen(
            admin.command("user", "add", "bob", "--password-stdin", *CHEAP),
            stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(PASSWORD.encode() + b"\n")
        process.stdin.close()
        wait_until(lambda: "flock" in waits_in(process.pid), 20,
                   "waiting for the lock")
        for name in ("cmdline", "environ"):
            assert PASSWORD.encode() not in pathlib.Path(
                "/proc", str(process.pid), name).read_bytes()
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert process.wait(seconds(20)) == OK
    process.stderr.close()


def test_a_password_is_no_argument(admin):
    admin.run("user", "add", "alice", PASSWORD, expect=USAGE)
    admin.run("user", "add", "alice", "--password", PASSWORD, expect=USAGE)
