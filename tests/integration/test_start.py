# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong before the first person comes: one clear sentence each."""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import tempfile

import pytest

from kith_client import Closed, Refused, refused, uuid7
from kith_server import as_ordinary_user, make_certificate, own, unique_name
from patience import seconds, wait_until


def check(server, *arguments):
    """kithd --check: (status, what it says)."""
    done = subprocess.run(server.command("--check", *arguments),
                          capture_output=True, text=True, timeout=seconds(30),
                          env=server.environment())
    return done.returncode, done.stdout + done.stderr


def refuses_to_start(server, *words):
    """It ends by itself, not well, and says why in a sentence with these."""
    server.spawn()
    assert server.wait(30) != 0
    said = server.log()
    for word in words:
        assert str(word).lower() in said.lower(), said
    assert said.count("\n") <= 12, f"too many words:\n{said}"


# --- kithd --check ----------------------------------------------------------

def test_check_of_a_good_configuration(make_server):
    status, _ = check(make_server())
    assert status == 0


@pytest.mark.parametrize("line,words", [
    ("nonsense = 1", ["nonsense"]),
    ("max-connections = many", ["max-connections", "many"]),
    ("max-connections = 0", ["max-connections", "1"]),
    ("sign-up = maybe", ["sign-up", "maybe", "invite"]),
    ("sandbox = half", ["sandbox", "half"]),
    ("argon2-memory = 1", ["argon2-memory"]),
    ("[section]", ["section"]),
    ("just words", ["="]),
    ("idle-timeout = 60\nidle-timeout = 61", ["idle-timeout"]),
])
def test_check_names_line_and_fault(make_server, line, words):
    server = make_server()
    for key in ("argon2-memory", "argon2-passes", "sign-up", "sandbox"):
        server.set(**{key.replace("-", "_"): None})
    text = server.configuration.read_text()
    server.configuration.write_text(text + line + "\n")
    number = text.count("\n") + 1 + line.count("\n")
    status, said = check(server)
    assert status != 0
    assert str(number) in said, said
    for word in words:
        assert word in said, said


@pytest.mark.parametrize("listen", [
    "nonsense", "127.0.0.1:99999", "[::1", "",
    "127.0.0.1:5484, [::1]:5484, 127.0.0.1"])
def test_check_of_bad_addresses(make_server, listen):
    server = make_server()
    server.set(listen=listen)
    status, said = check(server)
    assert status != 0 and "listen" in said, said


def test_check_looks_at_the_certificate(make_server):
    server = make_server()
    _, server.key = make_certificate(server.folder, "other")
    server.set()
    status, said = check(server)
    assert status != 0 and "key" in said.lower(), said
    server.set(private_key="/nowhere/key.pem")
    status, said = check(server)
    assert status != 0 and "/nowhere/key.pem" in said, said


def test_missing_configuration_and_bad_usage(make_server):
    server = make_server()
    done = subprocess.run(
        [*as_ordinary_user(), server.programs.kithd, "--check", "--config",
         "/nowhere/kithd.conf"], capture_output=True, text=True,
        timeout=seconds(30))
    assert done.returncode != 0 and "/nowhere/kithd.conf" in done.stderr
    done = subprocess.run(
        [*as_ordinary_user(), server.programs.kithd, "--nonsense"],
        capture_output=True, text=True, timeout=seconds(30))
    assert done.returncode == 2 and "--nonsense" in done.stderr


# --- certificate, port ------------------------------------------------------

def test_certificate_that_does_not_match_its_key(make_server):
    server = make_server()
    _, server.key = make_certificate(server.folder, "other")
    server.set()
    refuses_to_start(server, "key")


def test_missing_certificate(make_server):
    server = make_server()
    server.certificate.unlink()
    refuses_to_start(server, server.certificate)


def test_key_that_everybody_can_read(make_server):
    server = make_server()
    server.key.chmod(0o644)
    refuses_to_start(server, server.key)


def test_weak_key_is_refused(make_server):
    server = make_server()
    server.certificate, server.key = make_certificate(
        server.folder, "weak", algorithm="1024")
    server.set()
    refuses_to_start(server, "key")


def test_port_in_use(make_server):
    server = make_server()
    with socket.create_server(server.address):
        refuses_to_start(server, f"{server.address[0]}:{server.address[1]}",
                         "use")
    server.start()


def test_several_addresses_and_ipv6(make_server):
    from kith_client import Client
    from kith_server import free_port
    server = make_server()
    six = free_port("::1")
    server.set(listen=f"127.0.0.1:{server.address[1]}, [::1]:{six}")
    server.start()
    client = Client(server.pb, ("::1", six), pin=server.pin)
    assert client.alive() and server.connect().alive()
    client.close()


def test_a_sandbox_that_is_off_is_told(make_server):
    server = make_server(sandbox="off").start()
    server.wait_log(r"warning .*sandbox = off")
    said = json.loads(server.admin("server", "status", "--json").stdout)
    assert any("sandbox" in line["text"] for line in said["notices"]), said


# --- the database -----------------------------------------------------------

def test_database_is_made_for_its_owner_alone(server):
    server.person()
    for path in server.folder.glob("kith.db*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_folder_of_the_database_is_missing(make_server):
    server = make_server()
    server.set(database=server.folder / "nowhere" / "kith.db")
    refuses_to_start(server, server.folder / "nowhere")


def test_database_is_read_only(make_server):
    server = make_server().start()
    server.stop()
    seen = len(server.log())
    for path in server.folder.glob("kith.db*"):
        path.chmod(0o400)
        os.chown(path, 0, 0) if os.getuid() == 0 else None
        path.chmod(0o444)
    server.spawn()
    assert server.wait(30) != 0
    assert "kith.db" in server.log()[seen:]
    for path in server.folder.glob("kith.db*"):
        own(path)
        path.chmod(0o600)
    server.start()


def test_database_of_a_newer_version(make_server):
    server = make_server().start()
    server.stop()
    with sqlite3.connect(server.database) as connection:
        connection.execute("PRAGMA user_version = 9999")
    connection.close()
    for path in server.folder.glob("kith.db*"):
        own(path)
    before = server.database.read_bytes()
    server.log_path.unlink()
    refuses_to_start(server, "newer")
    assert server.database.read_bytes() == before


@pytest.mark.parametrize("kind", ["another program's", "text", "empty folder"])
def test_file_that_is_no_database_of_ours(make_server, kind):
    server = make_server()
    if kind == "text":
        server.database.write_text("Dear diary,\n" * 1000)
    elif kind == "empty folder":
        server.database.mkdir()
    else:
        with sqlite3.connect(server.database) as connection:
            connection.execute("CREATE TABLE diary (page TEXT)")
            connection.execute("INSERT INTO diary VALUES ('dear')")
        connection.close()
    own(server.database)
    before = server.database.read_bytes() if server.database.is_file() else b""
    refuses_to_start(server, "kith.db")
    if before:
        assert server.database.read_bytes() == before


def test_damaged_database(make_server):
    server = make_server().start()
    server.person()
    server.stop()
    server.log_path.unlink()
    with server.database.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 4096)
    refuses_to_start(server, "kith.db")


def test_locked_database_delays_and_loses_nothing(server):
    """kith-admin, or whoever, holds the write lock for a while."""
    one, other, conversation = server.two_friends()
    lock = pathlib.Path(f"{server.database}.lock")
    assert lock.exists()
    with lock.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        operations = [uuid7() for _ in range(20)]
        requests = [one.send("send_message", operations[n],
                             conversation_id=conversation,
                             content=server.pb.Content(text=str(n)))
                    for n in range(20)]
        # nobody is answered, or told to try again; reading goes on
        assert not other.history(conversation).messages
        fcntl.flock(held, fcntl.LOCK_UN)
    stored = 0
    for n, request in enumerate(requests):
        try:
            one.answer(request)
        except Refused as refusal:
            assert refusal.code == "BUSY"
            one.send_text(conversation, str(n), operations[n])
        stored += 1
    assert len(other.whole_history(conversation)) == stored == 20


def has_open(pid, ending):
    """Has it a file open whose name ends so?"""
    for descriptor in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            if os.readlink(descriptor).endswith(ending):
                return True
    return False


def test_kith_admin_that_just_ends_is_waited_for(make_server):
    """It empties the log in a hub's place; then the start goes on."""
    server = make_server().start()
    server.stop()
    with open(f"{server.database}.running", "r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        server.spawn()
        waiting = wait_until(lambda: server.processes("hub"), 20, "a hub")
        wait_until(lambda: has_open(waiting[0].pid, ".running"), 20,
                   "its lock file")
        fcntl.flock(held, fcntl.LOCK_UN)
    server.wait_log("serving on")


# --- a full disk ------------------------------------------------------------

@pytest.fixture
def small_disk():
    if os.getuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kith-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o",
                    "size=8m,mode=0755", "tmpfs", folder], check=True)
    own(folder)
    yield folder
    subprocess.run(["umount", folder], check=True)
    folder.rmdir()


def fill(disk):
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass
    return filler


def send_until_full(client, conversation):
    """The number of the last message that was taken; and the refusal."""
    number = 0
    for _ in range(400):
        try:
            number = client.send_text(conversation, "x" * 4000).number
        except Refused as refusal:
            return number, refusal
    raise AssertionError("nothing was refused")


def test_full_disk(make_server, small_disk):
    server = make_server()
    server.database = small_disk / "kith.db"
    server.set(database=server.database)
    server.start()
    one, other, conversation = server.two_friends()
    hub = server.only("hub").pid
    sent = one.send_text(conversation, "while there was room")
    filler = fill(small_disk)
    number, refusal = send_until_full(one, conversation)
    number = max(number, sent.number)
    assert refusal.code == "STORAGE_FULL" and refusal.sentence
    # reading goes on, nothing was restarted, nothing acknowledged is missing
    whole = other.whole_history(conversation)
    assert [m.number for m in whole] == list(range(1, number + 1))
    assert whole[0].number == sent.number
    assert server.only("hub").pid == hub
    filler.unlink()

    def room():
        try:
            return one.send_text(conversation, "there is room again").number
        except Refused as refusal:
            assert refusal.code in ("STORAGE_FULL", "BUSY")
            return None

    assert wait_until(room, 15, "an answer") == number + 1
    assert server.only("hub").pid == hub
    server.stop()
    check = subprocess.run(["sqlite3", "-readonly", server.database,
                            "PRAGMA integrity_check"], capture_output=True,
                           text=True)
    assert check.stdout == "ok\n"


def test_a_new_hub_serves_what_is_there_while_the_disk_is_full(
        make_server, small_disk):
    server = make_server()
    server.database = small_disk / "kith.db"
    server.set(database=server.database)
    server.start()
    one, other, conversation = server.two_friends()
    for _ in range(20):
        sent = one.send_text(conversation, "y" * 4000)
    filler = fill(small_disk)
    number, _ = send_until_full(one, conversation)
    number = max(number, sent.number)
    server.expect_deaths = True
    hub = server.only("hub").pid
    os.kill(hub, signal.SIGKILL)

    def back(person):
        with contextlib.suppress(Closed, OSError, Refused):
            return server.back(person)
        return None

    again = wait_until(lambda: back(other), 20, "a hub that serves")
    whole = again.whole_history(conversation)
    assert [m.number for m in whole] == list(range(1, number + 1))
    with refused("STORAGE_FULL"):
        again.send_text(conversation, "z" * 4000)
    hub = server.only("hub").pid
    filler.unlink()
    assert again.send_text(conversation, "room").number == number + 1
    assert server.only("hub").pid == hub
    server.stop()
    server.admin("db", "verify")


# --- secrets ----------------------------------------------------------------

def test_no_secret_is_ever_logged(make_server):
    server = make_server(log_level="debug", sign_up="invite").start()
    code = server.admin("invite", "create", "--json").stdout
    code = json.loads(code)["invite"]["code"]
    client = server.connect()
    name = unique_name()
    client.sign_up(name, "canary-password-1", invite=code,
                   display_name="canary display")
    client.go_live()
    client.password = "canary-password-1"
    server.admin("user", "add", "helper", "--password-stdin",
                 stdin="canary-password-2\n")
    server.admin("friend", "add", name, "helper")
    helper = server.connect()
    helper.sign_in("helper", password="canary-password-2")
    conversation = helper.go_live().conversations[0].id
    client.send_text(conversation, "canary text of a message")
    for password in ("canary-password-3", "canary-password-4"):
        try:
            server.connect().sign_in(name, password=password)
        except Refused:
            pass
    for token in (client.token, bytes(range(32))):
        try:
            server.connect().sign_in(name, token=token)
        except Refused:
            pass
    try:
        server.connect().sign_up(unique_name(), "canary-password-5",
                                 invite="canary-invite")
    except Refused:
        pass
    client.connection.send_frame(b"\x0a\x30canary garbage that is no frame")
    client.wait_closed()
    server.stop()
    log = server.log()
    assert log.count("\n") > 5
    assert "canary" not in log
    assert code not in log
    key = server.key.read_text().split("\n")[1]
    for secret in (key, client.token.hex(), helper.token.hex()):
        assert secret not in log


def test_log_lines_cannot_be_forged(make_server):
    server = make_server(log_level="debug").start()
    forged = "x\n2026-01-01 error: forged"
    for name in (forged, "\x1b[31mred"):
        try:
            server.connect().sign_in(name, password="correct horse 7",
                                     device=forged)
        except Refused:
            pass
    client = server.connect(hello=False)
    try:
        client.request("hello", client=forged)
    except Refused:
        pass
    server.stop()
    assert "\n2026-01-01 error: forged" not in server.log()
    assert "\x1b" not in server.log()


def test_programs_and_folder_are_all_that_is_needed(make_server):
    """Nothing is left behind in the run directory after a clean stop."""
    server = make_server().start()
    server.person()
    server.stop()
    left = {p.name for p in server.folder.iterdir()}
    assert "control" not in left
    assert left <= {"kith.db", "kith.db-wal", "kith.db-shm", "kith.db.lock",
                    "kith.db.running", "kithd.conf", "kithd.log",
                    "certificate.pem", "certificate-key.pem"}


def test_starts_without_any_environment(make_server):
    """As some init systems and "env -i" start a daemon."""
    server = make_server()
    server.environment = dict
    server.start()
    assert server.person().alive()


def test_detaches_once_it_serves(server):
    """Without --foreground: the command ends well when the port answers, and
    not well when there is nothing to detach."""
    second = subprocess.run(server.command(), env=server.environment(),
                            capture_output=True, text=True,
                            timeout=seconds(30))
    assert second.returncode == 1
    assert "cannot listen" in second.stderr.lower()
    server.stop()

    with server.log_path.open("ab") as log:
        subprocess.run(server.command(), env=server.environment(),
                       stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                       timeout=seconds(30), check=True)
    pid = int(re.findall(r"parent\[(\d+)\]: serving", server.log())[-1])
    try:
        server.connect().close()
        assert os.getsid(pid) == pid
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pathlib.Path(f"/proc/{pid}").exists(), 20,
               "the end of the daemon")
