# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin cert`; how they are made is told in verbs.py."""

from kith_server import make_certificate, own, pin_of_file
from verbs import CONFLICT, FAILED, NOT_FOUND, REFUSED, scenario


def files(world):
    """A kithd.conf of this scenario's own; (options, certificate, key)."""
    config = world.path("kithd.conf")
    certificate, key = world.path("certificate.pem"), world.path("key.pem")
    config.write_text(f"certificate = {certificate}\nprivate-key = {key}\n"
                      f"next-public-key = {world.path('next.pem')}\n")
    own(config)
    return ("--config", str(config)), certificate, key


def noted(world, pin):
    """The commands that the audit trail has about this key."""
    return [row["command"] for row in world.query(
        f"SELECT command FROM audit WHERE target = '{pin}' ORDER BY id")]


@scenario("cert", "create")
def cert_create(world):
    config, certificate, key = files(world)
    would = world.verb(*config, "--names", "a.example", "--dry-run")
    assert would["dry_run"] and not certificate.exists()
    made = world.verb(*config, "--names", "a.example,192.0.2.1")
    made = made["certificate"]
    assert made["names"] == "a.example, 192.0.2.1"
    assert made["fingerprint"] == pin_of_file(certificate)
    assert noted(world, made["fingerprint"]) == ["cert create"]
    assert key.stat().st_mode & 0o777 == 0o600
    world.verb(*config, expect=CONFLICT)
    world.show(*config, expect=CONFLICT)
    before = certificate.read_bytes()
    renewed = world.verb(*config, "--renew", "--days", "9")["certificate"]
    assert renewed["fingerprint"] == made["fingerprint"]
    assert renewed["names"] == made["names"] and renewed["days_left"] < 10
    assert before in [path.read_bytes()
                      for path in world.folder.glob("certificate.pem.old-*")]
    world.show(*config, "--next", expect=NOT_FOUND)
    world.show(*config, "--renew")


@scenario("cert", "show")
def cert_show(world):
    config, certificate, key = files(world)
    world.verb(*config, expect=NOT_FOUND)
    made = world.admin("cert", "create", *config, "--names", "b.example")
    shown = world.verb(*config)["certificate"]
    assert shown == made["certificate"]
    assert noted(world, shown["fingerprint"]) == ["cert create"]
    assert shown["fingerprint"] in world.show(*config).stdout
    whole = certificate.read_text()
    certificate.write_text("nothing\n")
    world.show(*config, expect=FAILED)
    certificate.write_text(whole)


@scenario("cert", "import")
def cert_import(world):
    config, certificate, key = files(world)
    chain, its_key = make_certificate(world.folder, "given")
    words = (str(chain), "--key", str(its_key), *config)
    assert world.verb(*words, "--dry-run")["dry_run"]
    assert not certificate.exists()
    taken = world.verb(*words)["certificate"]
    assert taken["fingerprint"] == pin_of_file(chain)
    assert certificate.read_bytes() == chain.read_bytes()
    assert key.read_bytes() == its_key.read_bytes()
    assert key.stat().st_mode & 0o777 == 0o600
    assert noted(world, taken["fingerprint"]) == ["cert import"]
    other, other_key = make_certificate(world.folder, "other")
    world.verb(str(other), *config, expect=REFUSED)  # not of the key there
    both = (str(other), "--key", str(other_key), *config)
    world.show(*both, expect=REFUSED)  # nobody says yes
    assert certificate.read_bytes() == chain.read_bytes()
    assert "is kept as" in world.show(*both, "--yes").stderr
    assert pin_of_file(certificate) == pin_of_file(other)
    kept = list(world.folder.glob("key.pem.old-*"))
    assert [path.read_bytes() for path in kept] == [its_key.read_bytes()]


@scenario("cert", "announce-next")
def cert_announce_next(world):
    config, certificate, key = files(world)
    world.admin("cert", "create", *config, "--names", "c.example")
    assert world.verb(*config, "--dry-run")["dry_run"]
    announced = world.verb(*config)["next_key"]
    assert announced["fingerprint"] == pin_of_file(certificate)
    pin = announced["next_fingerprint"]
    assert pin != announced["fingerprint"]
    assert announced["public_key"] == str(world.path("next.pem"))
    assert noted(world, pin) == ["cert announce-next"]
    world.show(*config, expect=CONFLICT)
    world.show(*config, "--withdraw", expect=REFUSED)  # nobody says yes
    world.show(*config, "--withdraw", "--yes", data=False)
    assert not world.path("next.pem").exists()
    world.verb(*config, "--withdraw", expect=NOT_FOUND)
    pin = world.show(*config).stdout.strip()
    world.admin("cert", "create", *config, "--next", "--yes")
    assert pin_of_file(certificate) == pin
    assert not world.path("next.pem").exists()
