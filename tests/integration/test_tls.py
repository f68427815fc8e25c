# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS policy, from outside.

A probe that is refused proves nothing until it has been seen to succeed. So
each one speaks first to a permissive server of this file's own, with an RSA
certificate and OpenSSL's security level 0, where everything is allowed.
"""

import contextlib
import socket
import ssl
import subprocess
import tempfile
import threading
import warnings

import pytest

from kith_client import ALPN, Client, tls_context
from kith_server import (Server, finish, free_port, make_certificate,
                         pin_of_file, wait_until)

EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"


def lax_context(side):
    context = ssl.SSLContext(side)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers(EVERYTHING)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def probe_context(versions=(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2),
                  ciphers=EVERYTHING, alpn=(ALPN,), curve=None):
    context = lax_context(ssl.PROTOCOL_TLS_CLIENT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = versions
    context.set_ciphers(ciphers)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    if curve:
        context.set_ecdh_curve(curve)
    return context


class PermissiveServer:
    """Takes every handshake that OpenSSL is able to make."""

    def __init__(self, certificate, key):
        self.context = lax_context(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.set_alpn_protocols([ALPN, "http/1.1"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), plain:
                with self.context.wrap_socket(plain, server_side=True) as tls:
                    tls.sendall(b"hello")

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)


def talk(address, context):
    """A handshake and the first byte from the other side; (version, suite).

    The first byte matters: with TLS 1.3 a client's handshake ends before the
    server has judged it."""
    with socket.create_connection(address, timeout=20) as plain, \
            context.wrap_socket(plain, server_hostname="localhost") as tls:
        if not tls.recv(1):
            raise ConnectionError("closed at once")
        return tls.version(), tls.cipher()[0]


@pytest.fixture(scope="module")
def rsa(pb, programs, request):
    """A kithd with an RSA certificate, which makes every probe possible."""
    server = Server(pb, programs, tempfile.mkdtemp(prefix="kith-server-"))
    server.certificate, server.key = make_certificate(
        server.folder, "rsa", algorithm="2048")
    server.set()
    server.start()
    yield server
    finish([server], request.node)


@pytest.fixture(scope="module")
def permissive(rsa):
    server = PermissiveServer(rsa.certificate, rsa.key)
    yield server
    server.close()


TLS12 = ssl.TLSVersion.TLSv1_2
PROBES = {
    "TLS 1.0": {"versions": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1)},
    "TLS 1.1": {"versions": (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)},
    "static RSA, GCM": {"ciphers": "AES128-GCM-SHA256:AES256-GCM-SHA384:"
                                   "@SECLEVEL=0"},
    "static RSA, CBC": {"ciphers": "AES128-SHA:AES256-SHA256:@SECLEVEL=0"},
    "CBC with SHA-1": {"ciphers": "ECDHE-RSA-AES128-SHA:"
                                  "ECDHE-RSA-AES256-SHA:@SECLEVEL=0"},
    "CBC with SHA-2": {"ciphers": "ECDHE-RSA-AES128-SHA256:"
                                  "ECDHE-RSA-AES256-SHA384:@SECLEVEL=0"},
    "CCM": {"ciphers": "AES128-CCM:AES256-CCM8:@SECLEVEL=0"},
    "finite-field DH": {"ciphers": "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"},
    "no ALPN": {"alpn": ()},
    "another ALPN": {"alpn": ("http/1.1",)},
    "P-521 only": {"curve": "secp521r1",
                   "ciphers": "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"},
}


@pytest.mark.parametrize("name", PROBES)
def test_probe_is_refused_by_policy(rsa, permissive, name):
    if name == "finite-field DH":
        permissive.context.load_dh_params(dh_parameters(rsa.folder))
    talk(permissive.address, probe_context(**PROBES[name]))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        talk(rsa.address, probe_context(**PROBES[name]))
    # it was the policy and not the daemon that failed
    Client(rsa.pb, rsa.address, pin=rsa.pin).close()


def dh_parameters(folder):
    path = folder / "dh.pem"
    if not path.exists():
        path.write_bytes(subprocess.run(
            ["openssl", "genpkey", "-genparam", "-algorithm", "DH",
             "-pkeyopt", "group:ffdhe2048"], check=True,
            stdout=subprocess.PIPE).stdout)
    return path


SUITES = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]


@pytest.mark.parametrize("suite", SUITES)
def test_suites_that_are_promised(shared, rsa, suite):
    for server, kind in ((shared, "ECDSA"), (rsa, "RSA")):
        version, chosen = talk(server.address, probe_context(
            ciphers=f"ECDHE-{kind}-{suite}"))
        assert (version, chosen) == ("TLSv1.2", f"ECDHE-{kind}-{suite}")


@pytest.mark.parametrize("group", ["X25519", "P-256", "P-384"])
def test_groups_that_are_promised(rsa, group):
    done = subprocess.run(
        ["openssl", "s_client", "-connect",
         f"{rsa.address[0]}:{rsa.address[1]}", "-tls1_2", "-alpn", ALPN,
         "-groups", group], stdin=subprocess.DEVNULL, timeout=30,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace")
    assert f"ALPN protocol: {ALPN}" in done.stdout
    used = {"P-256": "prime256v1", "P-384": "secp384r1"}.get(group, group)
    assert f"Server Temp Key: {used}" in done.stdout.replace(
        "ECDH, ", "") or used in done.stdout, done.stdout


def test_tls13_where_the_library_has_it(shared, programs):
    libraries = subprocess.run(
        ["ldd", programs.build / "daemon/kithd-session"], check=True,
        capture_output=True, text=True).stdout
    context = tls_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if "libmbedtls.so.14" in libraries:  # 2.28, which has none
        with pytest.raises(ssl.SSLError):
            talk(shared.address, context)
        assert talk(shared.address, tls_context())[0] == "TLSv1.2"
    else:
        assert talk(shared.address, context)[0] == "TLSv1.3"
        assert talk(shared.address, tls_context())[0] == "TLSv1.3"


def test_sessions_are_not_resumed(shared, rsa, permissive):
    def reused(address):
        context = probe_context(
            ciphers="ECDHE-RSA-AES128-GCM-SHA256:"
                    "ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0")
        session = None
        for _ in range(2):
            with socket.create_connection(address, timeout=20) as plain, \
                    context.wrap_socket(plain, session=session,
                                        server_hostname="localhost") as tls:
                tls.recv(1)
                session, again = tls.session, tls.session_reused
        return again

    assert reused(permissive.address)
    assert not reused(shared.address)
    assert not reused(rsa.address)


def test_renegotiation_is_refused(rsa):
    address = f"{rsa.address[0]}:{rsa.address[1]}"

    def renegotiate(port):
        done = subprocess.run(
            ["openssl", "s_client", "-connect", port, "-tls1_2", "-alpn",
             ALPN, "-legacy_renegotiation"], input=b"R\n",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
        output = done.stdout.decode(errors="replace")
        assert "RENEGOTIATING" in output
        return output[output.index("RENEGOTIATING"):].replace(
            "verify error", "")

    port = free_port()
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert",
         rsa.certificate, "-key", rsa.key, "-tls1_2", "-alpn", ALPN,
         "-client_renegotiation", "-quiet"], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: can_connect(port), what="s_server")
        assert "error" not in renegotiate(f"127.0.0.1:{port}").lower()
    finally:
        server.kill()
        server.wait()
    assert "error" in renegotiate(address).lower()


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


def test_another_key_is_noticed(shared, tmp_path):
    other, _ = make_certificate(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        Client(shared.pb, shared.address, pin=pin_of_file(other))


def test_plain_text_gets_nothing(shared):
    with socket.create_connection(shared.address, timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = plain.recv(4096)  # an alert at most
        assert len(answer) <= 7 and b"kith" not in answer
    assert shared.connect().alive()


def test_the_end_is_announced(shared):
    """A goodbye is followed by close_notify: nothing was cut off."""
    person = shared.person()
    person.request("sign_out")
    person.wait_closed()
    with contextlib.suppress(Exception):
        person.connection.receive(5)
    assert person.connection.clean_end
