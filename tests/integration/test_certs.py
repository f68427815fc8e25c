# SPDX-License-Identifier: GPL-3.0-or-later
"""The recipes of certs/: a private authority and a server that it vouches for."""

import pathlib
import ssl
import subprocess

import pytest

from kith_client import ALPN
from kith_server import own
from test_tls import talk

CERTS = pathlib.Path(__file__).resolve().parent.parent.parent / "certs"


def recipe(name, *arguments, status=0):
    done = subprocess.run([CERTS / name, *arguments], check=False,
                          capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    return done.stderr


def context_of(authority):
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols([ALPN])
    return context


@pytest.fixture
def vouched(make_server):
    """A server with a certificate of a private authority of its own."""
    server = make_server()
    recipe("make-ca", server.folder)
    recipe("make-server-certificate", "--folder", server.folder, "localhost",
           "127.0.0.1", "::1")
    server.certificate = server.folder / "server.pem"
    server.key = server.folder / "server-key.pem"
    own(server.certificate)
    own(server.key)
    server.set()
    return server.start()


def test_client_of_that_authority_trusts_the_server(vouched):
    version, _ = talk(vouched.address, context_of(vouched.folder / "ca.pem"))
    assert version in ("TLSv1.2", "TLSv1.3")


def test_another_authority_is_not_enough(vouched, tmp_path):
    recipe("make-ca", tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        talk(vouched.address, context_of(tmp_path / "ca.pem"))


def test_keys_are_for_their_owner_only(tmp_path):
    recipe("make-ca", tmp_path)
    recipe("make-server-certificate", "--folder", tmp_path, "localhost")
    for name in ("ca-key.pem", "server-key.pem"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_authority_is_not_replaced_by_accident(tmp_path):
    recipe("make-ca", tmp_path)
    before = (tmp_path / "ca.pem").read_bytes()
    assert "already" in recipe("make-ca", tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() == before
    recipe("make-ca", "--force", tmp_path)
    assert (tmp_path / "ca.pem").read_bytes() != before


def test_mistakes_are_told(tmp_path):
    assert "make-ca" in recipe("make-server-certificate", "--folder", tmp_path,
                               "localhost", status=1)
    recipe("make-ca", tmp_path)
    assert "NAME" in recipe("make-server-certificate", "--folder", tmp_path,
                            status=2)
    assert "not a name" in recipe("make-server-certificate", "--folder",
                                  tmp_path, "a b", status=2)
