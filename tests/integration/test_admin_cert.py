# SPDX-License-Identifier: GPL-3.0-or-later
"""kith-admin cert: a key's life, and that people who pinned it live with it."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import time

import pytest

from admin_tool import (  # noqa: F401 (fixtures)
    CONFLICT, FAILED, NOT_FOUND, OK, REFUSED, USAGE, admin)
from kith_client import Client, pin_of
from kith_server import make_certificate, own, pin_of_file
from patience import wait_until


def reload(server):
    server.process.send_signal(signal.SIGHUP)


def served_pin(server):
    client = Client(server.pb, server.address)
    client.close()
    return pin_of(client.connection.certificate)


class Pinned:
    """Somebody who pinned the server, and does what PROTOCOL.md says."""

    def __init__(self, server):
        self.server = server
        self.pin = server.pin
        self.next_pin = None
        self.client = None
        self.connect(None)

    def connect(self, known):
        """known: None for an account that is to be made."""
        for pin in filter(None, (self.pin, self.next_pin)):
            with contextlib.suppress(ssl.SSLCertVerificationError):
                client = Client(self.server.pb, self.server.address, pin=pin,
                                features=("next-key",))
                break
        else:
            raise ssl.SSLCertVerificationError("neither key")
        self.server.clients.append(client)
        if known is None:
            self.name, self.password = f"pinned-{id(self)}", "correct horse 7"
            client.sign_up(self.name, self.password)
        else:
            client.sign_in(self.name, token=self.token)
        if pin == self.next_pin:
            self.pin, self.next_pin = pin, None
        self.token = client.token or self.token
        self.take(client.next_key)
        client.go_live()
        self.client = client
        return self

    def take(self, pin):
        self.next_pin = pin or None

    def hear(self):
        """What was told meanwhile."""
        self.client.drain(0.05)
        self.take(self.client.next_key)
        return self.next_pin

    def back(self):
        self.client.close()
        return self.connect(self.token)


def cert(server, *words, expect=OK):
    """kith-admin cert, on the files that kithd.conf names; its JSON."""
    done = server.admin("cert", *words, "--config",
                        str(server.configuration), "--json", check=False)
    assert done.returncode == expect, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture
def announcing(make_server):
    """A running server whose files kith-admin may change."""
    server = make_server()
    server.set(next_public_key=str(server.folder / "next-public-key.pem"))
    return server.start()


def test_pinned_people_survive_an_announced_change(announcing):
    server = announcing
    fleet = [Pinned(server) for _ in range(5)]
    late = fleet.pop()
    late.client.close()
    old = server.pin
    assert not any(person.hear() for person in fleet)

    # announced: who is there hears it at once, who comes hears it then
    pin = cert(server, "announce-next")["next_key"]["next_fingerprint"]
    reload(server)
    for person in fleet:
        wait_until(lambda p=person: p.hear() == pin, what="the next key")
    assert late.connect(late.token).next_pin == pin
    assert server.pin == old == served_pin(server)
    answer = json.loads(server.admin("server", "fingerprint",
                                     "--json").stdout)["key"]
    assert answer["fingerprint"] == old
    assert answer["next_fingerprint"] == pin

    # changed: all of them come back by themselves, and hold on to it
    stranger = Pinned(server)
    stranger.next_pin = None  # has not listened
    cert(server, "create", "--next", "--yes")
    reload(server)
    wait_until(lambda: served_pin(server) == pin, what="the new key")
    for person in [*fleet, late]:
        assert person.back().pin == pin
        assert person.next_pin is None
    with pytest.raises(ssl.SSLCertVerificationError):
        stranger.back()
    assert not (server.folder / "next-public-key.pem").exists()
    assert not list(server.folder.glob("next-private-key.pem"))

    # and the old key is worth nothing any more
    kept, = server.folder.glob("certificate-key.pem.old-*")
    assert kept.stat().st_mode & 0o077 == 0


def test_withdrawn_announcement_is_told(announcing):
    server = announcing
    person = Pinned(server)
    cert(server, "announce-next")
    reload(server)
    wait_until(person.hear, what="the next key")
    cert(server, "announce-next", "--withdraw", "--yes")
    reload(server)
    wait_until(lambda: person.hear() is None, what="the withdrawal")
    assert person.back().next_pin is None


def test_who_does_not_know_the_feature_hears_nothing(announcing):
    server = announcing
    person = server.person()  # an independent client raises on what it is not
    cert(server, "announce-next")
    reload(server)
    server.wait_log("people are told of the next key")
    person.drain(0.1)
    again = server.back(person)
    assert "next-key" in again.greeting.features and again.alive()


def test_announced_key_is_told_after_a_restart(announcing):
    server = announcing
    pin = cert(server, "announce-next")["next_key"]["next_fingerprint"]
    server.restart()
    assert Pinned(server).next_pin == pin


def test_a_broken_announcement_stops_nothing(announcing):
    """A reload that cannot be is none; a start says what is wrong."""
    server = announcing
    path = server.folder / "next-public-key.pem"
    path.write_text("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                    "-----END PUBLIC KEY-----\n")
    own(path)
    person = server.person()
    reload(server)
    server.wait_log("next-public-key: The public key cannot be read")
    assert person.alive() and served_pin(server) == server.pin
    done = subprocess.run(server.command("--check"), capture_output=True,
                          text=True, check=False)
    assert done.returncode == 1 and "next-public-key" in done.stderr
    path.unlink()
    server.stop()


def test_imported_chain_is_served(announcing):
    server = announcing
    person = Pinned(server)
    chain, key = make_certificate(server.folder, "other")
    pin = cert(server, "announce-next", "--key",
               str(key))["next_key"]["next_fingerprint"]
    assert pin == pin_of_file(chain)
    reload(server)
    wait_until(lambda: person.hear() == pin, what="the next key")
    cert(server, "import", str(chain), "--key", str(key), "--yes")
    reload(server)
    wait_until(lambda: served_pin(server) == pin, what="the imported key")
    assert person.back().pin == pin


def test_renewal_keeps_everybody(announcing):
    server = announcing
    person = Pinned(server)
    before = server.pin
    renewed = cert(server, "create", "--renew", "--days", "7")["certificate"]
    assert renewed["days_left"] in (6, 7) and renewed["fingerprint"] == before
    assert renewed["names"] == "localhost, 127.0.0.1, ::1"
    reload(server)
    server.wait_log("reloaded ")
    assert person.back().pin == before


# --- what is refused --------------------------------------------------------

def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], capture_output=True,
                   check=True)


CA = """[ca]
default_ca = one
[one]
database = {0}/index.txt
serial = {0}/serial
new_certs_dir = {0}
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def make_expired(folder, key, end="20200102000000Z"):
    """Only an authority can date back: it is its own."""
    (folder / "ca.conf").write_text(CA.format(folder))
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    openssl("req", "-new", "-key", key, "-subj", "/CN=x", "-out",
            folder / "x.csr")
    openssl("ca", "-batch", "-selfsign", "-config", folder / "ca.conf",
            "-keyfile", key, "-in", folder / "x.csr", "-notext",
            "-startdate", "20200101000000Z", "-enddate", end,
            "-out", folder / "expired.pem")
    own(folder / "expired.pem")
    return folder / "expired.pem"


@pytest.fixture
def files(admin):
    """kithd.conf with a pair in place: (options, certificate, key)."""
    config = admin.folder / "kithd.conf"
    certificate, key = make_certificate(admin.folder, "present")
    config.write_text(f"certificate = {certificate}\nprivate-key = {key}\n"
                      f"next-public-key = {admin.folder / 'next.pem'}\n")
    return ("--config", str(config)), certificate, key


def test_half_a_day_over_is_a_day_too_late(admin, files):
    """As server status and the doctor count it: 0 days would be in time."""
    config, certificate, key = files
    ended = time.gmtime(time.time() - 12 * 3600)
    certificate.write_bytes(make_expired(
        admin.folder, key, time.strftime("%Y%m%d%H%M%SZ", ended)).read_bytes())
    shown = admin.json("cert", "show", *config)["certificate"]
    assert shown["days_left"] == -1
    admin.run("user", "add", "somebody", "--generate")
    status = admin.json("server", "status", *config)["server"]
    assert status["certificate_days_left"] == -1


def refused_import(admin, files, chain, key, expect):
    config, certificate, present_key = files
    before = certificate.read_bytes(), present_key.read_bytes()
    answer = admin.json("cert", "import", str(chain), "--key", str(key),
                        *config, "--yes", expect=expect)
    assert (certificate.read_bytes(), present_key.read_bytes()) == before
    assert not list(admin.folder.glob("*.new-*"))
    assert not list(admin.folder.glob("*.old-*"))
    return answer["message"]


def test_import_refuses_what_would_not_work(admin, files):
    folder = admin.folder
    good, good_key = make_certificate(folder, "good")
    other, other_key = make_certificate(folder, "other")
    assert "does not belong" in refused_import(
        admin, files, good, other_key, REFUSED)
    weak, weak_key = make_certificate(folder, "weak", algorithm="1024")
    assert "too weak" in refused_import(admin, files, weak, weak_key, REFUSED)
    expired = make_expired(folder, good_key)
    assert "expired" in refused_import(
        admin, files, expired, good_key, REFUSED)
    assert refused_import(admin, files, good_key, good, FAILED)
    (folder / "empty.pem").write_text("")
    assert refused_import(admin, files, folder / "empty.pem", good_key,
                          FAILED)
    (folder / "long.pem").write_text("x" * 70000)
    assert "over 65536 bytes" in refused_import(
        admin, files, folder / "long.pem", good_key, FAILED)
    refused_import(admin, files, folder / "none.pem", good_key, FAILED)


def test_import_of_a_pair_takes_what_is_secret_with_it(admin, files):
    config, certificate, key = files
    key.chmod(0o640)
    chain, its_key = make_certificate(admin.folder, "given")
    its_key.chmod(0o644)  # carelessly
    own(its_key)
    admin.json("cert", "import", str(chain), "--key", str(its_key), *config,
               "--yes")
    assert key.stat().st_mode & 0o777 == 0o640
    assert certificate.stat().st_mode & 0o777 in (0o600, 0o644)
    # once more is nothing: no copies pile up
    admin.json("cert", "import", str(chain), "--key", str(its_key), *config)
    assert len(list(admin.folder.glob("*.old-*"))) == 2


def test_half_a_pair_is_not_left_behind(admin, files):
    """The certificate cannot be put in place: nor is its key."""
    config, certificate, key = files
    public = admin.folder / "public"
    public.mkdir()
    moved = certificate.rename(public / certificate.name)
    conf = admin.folder / "kithd.conf"
    conf.write_text(conf.read_text().replace(str(certificate), str(moved)))
    before = moved.read_bytes(), key.read_bytes()
    chain, its_key = make_certificate(admin.folder, "given")
    words = ("cert", "import", str(chain), "--key", str(its_key), *config,
             "--yes")
    public.chmod(0o555)
    admin.run(*words, expect=FAILED)
    assert (moved.read_bytes(), key.read_bytes()) == before
    assert not list(admin.folder.glob("*.old-*"))
    moved_key = key.rename(admin.folder / "elsewhere.pem")
    admin.run(*words, expect=FAILED)  # nor where there was none
    assert not key.exists()
    moved_key.rename(key)
    own(public)
    public.chmod(0o755)
    admin.run(*words)
    assert key.read_bytes() == its_key.read_bytes()
    assert moved.read_bytes() == chain.read_bytes()


@pytest.mark.skipif(os.getuid() != 0, reason="needs root")
def test_root_leaves_files_to_whom_they_belong(admin, files):
    config, certificate, key = files
    before = key.stat()
    done = subprocess.run(
        [admin.program, "cert", "create", "--renew", *config, "--database",
         str(admin.database)], capture_output=True, text=True, check=False)
    assert done.returncode == OK, done.stderr
    chain, its_key = make_certificate(admin.folder, "given")
    done = subprocess.run(
        [admin.program, "cert", "import", str(chain), "--key", str(its_key),
         *config, "--yes", "--database", str(admin.database)],
        capture_output=True, text=True, check=False)
    assert done.returncode == OK, done.stderr
    after = key.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == \
        (before.st_uid, before.st_gid, before.st_mode)
    assert key.read_bytes() == its_key.read_bytes()


def test_next_refuses_what_was_not_announced(admin, files):
    config, certificate, key = files
    before = certificate.read_bytes(), key.read_bytes()
    admin.json("cert", "create", "--next", "--yes", *config, expect=NOT_FOUND)
    pin = admin.json("cert", "announce-next",
                     *config)["next_key"]["next_fingerprint"]
    private = admin.folder / "next-private-key.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    assert pin == admin.json("cert", "show",
                             *config)["certificate"]["next_fingerprint"]
    # somebody put another key there
    whole = private.read_bytes()
    private.write_bytes(key.read_bytes())
    admin.json("cert", "create", "--next", "--yes", *config, expect=CONFLICT)
    private.unlink()
    assert "cert import" in admin.json(
        "cert", "create", "--next", "--yes", *config,
        expect=NOT_FOUND)["message"]
    assert (certificate.read_bytes(), key.read_bytes()) == before
    private.write_bytes(whole)
    own(private)
    admin.json("cert", "create", "--next", *config, expect=REFUSED)
    admin.json("cert", "create", "--next", "--renew", *config, expect=USAGE)
    admin.json("cert", "create", "--next", "--yes", *config)
    assert pin_of_file(certificate) == pin


def test_killed_at_any_moment_leaves_a_whole_pair(admin, files):
    """And the same command then finishes what was begun."""
    config, certificate, key = files
    renew = ("cert", "create", "--renew", *config)
    begun = time.monotonic()
    admin.run(*renew)
    whole_s = time.monotonic() - begun
    before = key.read_bytes()
    pin = pin_of_file(certificate)
    for number in range(60):
        with subprocess.Popen(admin.command(*renew),
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            time.sleep(whole_s * number / 50)
            process.kill()
        assert key.read_bytes() == before
        assert pin_of_file(certificate) == pin, number
    admin.run(*renew)
    assert pin_of_file(certificate) == pin


def test_announcing_the_present_key_is_no_announcement(admin, files):
    config, certificate, key = files
    admin.json("cert", "announce-next", "--key", str(key), *config,
               expect=CONFLICT)
    assert not (admin.folder / "next.pem").exists()


def test_kithd_conf_with_a_mistake(admin, files):
    config = admin.folder / "kithd.conf"
    config.write_text("private-key = here\n")
    assert "kithd.conf:1: private-key must be" in admin.json(
        "cert", "show", "--config", str(config), expect=FAILED)["message"]


def test_nothing_secret_is_shown(admin, files):
    config, certificate, key = files
    secrets = [key.read_text()]
    done = admin.run("cert", "announce-next", *config)
    secrets.append((admin.folder / "next-private-key.pem").read_text())
    shown = done.stdout + done.stderr
    for words in (("cert", "show"), ("cert", "create", "--next", "--yes")):
        done = admin.run(*words, *config, "--json")
        shown += done.stdout + done.stderr
    for secret in secrets:
        assert secret.splitlines()[1] not in shown
    assert "PRIVATE" not in shown
