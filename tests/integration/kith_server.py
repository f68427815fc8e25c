# SPDX-License-Identifier: GPL-3.0-or-later
"""A real kithd in a folder of its own, and everything that must hold of it.

The harness starts the daemon as an ordinary user (kithd refuses root), waits
until it greets, and at the end judges it: exit status, sanitizer reports,
children that died of a signal, processes left behind.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time

from kith_client import Client, Closed, ProtocolFault, pin_of
from patience import (VALGRIND, findings_in, put_under_valgrind, seconds,
                      wait_until)

ORDINARY_ID = 64738      # a uid and gid without an entry anywhere
START_TIMEOUT_S = seconds(30.0)
STOP_TIMEOUT_S = 20.0

# Sign-ups and floods of one test must not run into limits meant for people.
DEFAULTS = {
    "server-name": "A test",
    "sign-up": "open",
    "argon2-memory": "19",
    "argon2-passes": "2",
    "messages-per-minute": "0",
    "friend-requests-per-hour": "0",
    "max-connections-per-address": "1000",
}

# What LeakSanitizer says of a thread that was joined but is still ending: auth
# ends its threads right before it exits. No finding.
REMARKS = re.compile(r"^==\d+==Unable to get registers from thread \d+\.$",
                     re.MULTILINE)
REPORTS = re.compile(
    r"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|"
    r"runtime error:|ThreadSanitizer")
DEATHS = re.compile(r"\bsignal\b.*\b(\d+|SIG[A-Z]+|Segmentation|Aborted)|"
                    r"\b(killed|died|dumped) by\b", re.I)


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def as_ordinary_user():
    """The words before a command that keep root out of it."""
    if os.getuid() != 0:
        return []
    return ["setpriv", f"--reuid={ORDINARY_ID}", f"--regid={ORDINARY_ID}",
            "--clear-groups"]


def own(path):
    """Gives a file or folder to the user the daemon runs as."""
    if os.getuid() == 0:
        os.chown(path, ORDINARY_ID, ORDINARY_ID)


def make_certificate(folder, name="certificate", algorithm="ec",
                     common_name="localhost", days="30"):
    """A self-signed certificate and its key; (certificate, key) paths."""
    certificate = pathlib.Path(folder, f"{name}.pem")
    key = pathlib.Path(folder, f"{name}-key.pem")
    newkey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] \
        if algorithm == "ec" else ["-newkey", f"rsa:{algorithm}"]
    subprocess.run(
        ["openssl", "req", "-x509", *newkey, "-nodes", "-days", days,
         "-subj", f"/CN={common_name}", "-addext",
         "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1",
         "-keyout", key, "-out", certificate],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for path in (certificate, key):
        path.chmod(0o600)
        own(path)
    return certificate, key


def pin_of_file(certificate):
    return pin_of(ssl.PEM_cert_to_DER_cert(certificate.read_text()))


class Process:
    """What /proc says of one process."""

    def __init__(self, pid, stat):
        fields = stat[stat.rindex(")") + 2:].split()
        self.pid = pid
        self.state = fields[0]
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        try:
            self.title = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() \
                .rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            self.title = ""
        if VALGRIND:
            self.title = self._title_under_valgrind(stat)

    def _title_under_valgrind(self, stat):
        """A process changes its title in a copy there, which nobody sees:
        each role is known by how it was started."""
        role = re.search(r" --role (\w+)$", self.title)
        if role:
            return f"kithd: {role.group(1)}"
        if "(kithd-session)" in stat:  # a listener leads a group of its own
            role = "listener" if self.group == self.pid else "session"
            return f"kithd-session: {role}"
        return "kithd: parent"

    def __repr__(self):
        return f"{self.pid} {self.state} {self.title!r}"


def processes_of(session):
    """All processes of a session (as setsid() makes it), zombies left out."""
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError):
            process = Process(int(entry),
                              pathlib.Path("/proc", entry, "stat").read_text())
            if process.session == session and process.state not in "ZX":
                found.append(process)
    return found


class Server:
    """One folder with a configuration, a database and a daemon over them."""

    def __init__(self, pb, programs, folder, **settings):
        self.pb = pb
        self.programs = programs
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        own(self.folder)
        self.database = self.folder / "kith.db"
        self.control = self.folder / "control"
        self.configuration = self.folder / "kithd.conf"
        self.log_path = self.folder / "kithd.log"
        self.address = ("127.0.0.1", free_port())
        self.certificate, self.key = make_certificate(self.folder)
        self.settings = dict(DEFAULTS)
        if VALGRIND:  # it needs calls that no role has
            self.settings["sandbox"] = "off"
        self.set(**settings)
        self.process = None
        self.expect_deaths = False  # set by tests that kill
        self.before = []  # the words before the command that starts kithd
        self.clients = []
        self.connections = 0

    # --- configuration ----------------------------------------------------

    def set(self, **settings):
        """Changes keys (with _ for -); None takes one out. Writes the file."""
        for key, value in settings.items():
            self.settings[key.replace("_", "-")] = value
        lines = {
            "listen": f"{self.address[0]}:{self.address[1]}",
            "database": self.database,
            "certificate": self.certificate,
            "private-key": self.key,
            "run-directory": self.folder,
            **self.settings,
        }
        self.configuration.write_text("".join(
            f"{key} = {value}\n" for key, value in lines.items()
            if value is not None))
        self.configuration.chmod(0o644)

    @property
    def pin(self):
        return pin_of_file(self.certificate)

    # --- life -------------------------------------------------------------

    def command(self, *arguments):
        return [*as_ordinary_user(), str(self.programs.kithd), "--config",
                str(self.configuration), *arguments]

    def environment(self):
        environment = dict(os.environ)
        environment.pop("NOTIFY_SOCKET", None)
        reports = self.folder / "report"
        environment["ASAN_OPTIONS"] = \
            f"detect_leaks=1:abort_on_error=0:exitcode=99:log_path={reports}"
        environment["UBSAN_OPTIONS"] = \
            f"print_stacktrace=1:log_path={reports}"
        return environment

    def spawn(self):
        """Starts kithd without waiting for it to serve."""
        assert self.process is None
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.before, *self.command("--foreground")],
                stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=self.environment(),
                start_new_session=True)
        return self

    def start(self):
        self.spawn()
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            if self.process.poll() is not None:
                status = self.process.returncode
                self.process = None
                raise AssertionError(
                    f"kithd ended with {status}:\n{self.log()}")
            try:
                Client(self.pb, self.address, hello=False).close()
                return self
            except (OSError, Closed, ProtocolFault):
                if time.monotonic() > deadline:
                    raise AssertionError(
                        f"kithd does not serve:\n{self.log()}") from None
                time.sleep(0.02)

    def wait(self, timeout=STOP_TIMEOUT_S):
        """Waits for kithd's own end; its exit status."""
        try:
            return self.process.wait(seconds(timeout))
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"kithd goes on after {seconds(timeout)} s: "
                f"{self.processes()}\n{self.log()}") from None
        finally:
            if self.process.poll() is not None:
                self.last_session = self.process.pid
                self.process = None

    def stop(self):
        """SIGTERM; everything must end by itself, and well."""
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.close()
        self.clients.clear()
        if self.process is None:
            return
        session = self.process.pid
        self.process.send_signal(signal.SIGTERM)
        status = self.wait()
        wait_until(lambda: not processes_of(session), 5,
                   f"the end of {processes_of(session)}")
        assert status == 0, f"kithd ended with {status}:\n{self.log()}"

    def restart(self):
        self.stop()
        return self.start()

    def kill(self):
        """For the end of a broken test: leaves nothing behind."""
        if self.process is None:
            return
        for process in processes_of(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def judge(self):
        """What must be true of every run, whatever the test was about."""
        reports = [REMARKS.sub("", p.read_text(errors="replace"))
                   for p in self.folder.glob("report.*")]
        reports = [report for report in reports if report.strip()]
        assert not reports, "sanitizer reports:\n" + "\n".join(reports)
        log = self.log()
        assert not REPORTS.search(log), f"a sanitizer report:\n{log}"
        if not self.expect_deaths:
            deaths = [line for line in log.splitlines()
                      if DEATHS.search(line)]
            assert not deaths, "unplanned deaths:\n" + "\n".join(deaths)

    # --- looking at it ----------------------------------------------------

    def log(self):
        if not self.log_path.exists():
            return ""
        return self.log_path.read_text(errors="replace")

    def wait_log(self, pattern, timeout=10.0, since=0):
        """Waits for a line; the match."""
        return wait_until(
            lambda: re.search(pattern, self.log()[since:]), timeout,
            f"a log line {pattern!r}, log:\n{self.log()[since:]}\n: it")

    def processes(self, role=None):
        """All of the daemon's processes, or those with a role in the title."""
        found = processes_of(self.process.pid)
        if role == "parent":
            return [p for p in found if p.pid == self.process.pid]
        if role:
            return [p for p in found
                    if re.search(rf": {role}\b", p.title)
                    and p.pid != self.process.pid]
        return found

    def only(self, role):
        found = wait_until(lambda: self.processes(role), 10, f"one {role}")
        assert len(found) == 1, found
        return found[0]

    def query(self, sql):
        """Rows of the database, read by the sqlite3 program."""
        done = subprocess.run(
            [*as_ordinary_user(), "sqlite3", "-readonly", "-separator", "\x1f",
             "-cmd", ".timeout 5000", str(self.database), sql],
            capture_output=True, text=True, check=True)
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def admin_command(self, *arguments):
        """kith-admin on this database."""
        return [*as_ordinary_user(), str(self.programs.kith_admin),
                *arguments, "--database", str(self.database)]

    def admin(self, *arguments, stdin=None, check=True):
        done = subprocess.run(
            self.admin_command(*arguments), input=stdin, capture_output=True,
            text=True, timeout=seconds(60), env=self.environment())
        assert not REPORTS.search(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, \
                f"kith-admin {arguments}: {done.returncode} {done.stderr}"
        return done

    # --- people -----------------------------------------------------------

    def connect(self, source=None, **options):
        """A device that has said hello, from an address of its own, so that
        the limits for each address see a crowd and not one person."""
        self.connections += 1
        source = source or "127.{}.{}.{}".format(
            1 + self.connections // 250 ** 2, self.connections // 250 % 250,
            1 + self.connections % 250)
        client = Client(self.pb, self.address, pin=self.pin, source=source,
                        **options)
        self.clients.append(client)
        return client

    def person(self, name=None, password="correct horse 7"):
        """A new account on a new device, live."""
        client = self.connect()
        client.sign_up(name or unique_name(), password)
        client.password = password
        client.go_live()
        return client

    def device(self, person, live=True):
        """One more device of the same person."""
        client = self.connect()
        client.sign_in(person.name, password=person.password)
        client.password = person.password
        if live:
            client.go_live()
        return client

    def back(self, person, live=True):
        """The same device after it was away: its token and its cursor."""
        client = self.connect()
        client.sign_in(person.name, token=person.token)
        client.token, client.password = person.token, person.password
        client.cursor = person.cursor
        if live:
            client.go_live()
        return client

    def befriend(self, one, other):
        """Makes two people friends; the id of their conversation."""
        asked = one.change("send_friend_request", name=other.name)
        other.change("accept_friend_request", id=asked.id)
        added = other.wait_event("friend_added")
        one.wait_event("friend_added")
        one.drain(0.05)
        other.drain(0.05)
        one.events.clear()
        other.events.clear()
        return added.conversation.id

    def two_friends(self):
        one, other = self.person(), self.person()
        return one, other, self.befriend(one, other)


def unique_name():
    unique_name.count += 1
    return f"person{os.getpid()}-{unique_name.count}"


unique_name.count = 0


class Programs:
    """The built programs, where an ordinary user can reach them."""

    def __init__(self, build, folder):
        self.build = pathlib.Path(build)
        self.folder = pathlib.Path(folder)
        self.reports = self.folder / "reports"
        self.reports.mkdir(parents=True, exist_ok=True)
        self.reports.chmod(0o1777)  # each process writes as who it is
        self.kithd = self._reachable("daemon/kithd")
        self.kithd_session = self._reachable("daemon/kithd-session")
        self.kith_admin = self._reachable("admin/kith-admin")

    def _reachable(self, relative):
        """A copy: the checkout may lie in a folder that is root's alone."""
        target = self._copy(relative, self.folder / relative)
        if VALGRIND:
            real = self._copy(relative, self.folder / "real" / relative)
            put_under_valgrind(target, real, self.reports)
        return target

    def _copy(self, relative, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.build / relative, target)
        target.chmod(0o755)
        return target

    def judge(self):
        """Takes what valgrind has found since the last time; fails on it."""
        findings = []
        for report in self.reports.iterdir():
            found = findings_in(report)
            if found:
                findings.append(found)
                report.unlink()
        assert not findings, "valgrind reports:\n" + "\n".join(findings)


def finish(servers, node):
    """Stops the servers of a test and judges each."""
    faults = []
    for server in servers:
        try:
            server.stop()
        except AssertionError as fault:
            faults.append(str(fault))
        finally:
            server.kill()
        try:
            server.judge()
        except AssertionError as fault:
            faults.append(str(fault))
        if faults:
            print(f"--- log of {node.name}\n{server.log()}")
        shutil.rmtree(server.folder, ignore_errors=True)
    assert not faults, "\n".join(faults)
