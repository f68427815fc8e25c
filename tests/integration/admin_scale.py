# SPDX-License-Identifier: GPL-3.0-or-later
"""What kith-admin costs with many accounts: time to the first page, memory,
import. Used by a test of the shapes (memory does not grow) and by
tests/bench/admin-scale, which judges the times."""

import os
import pathlib
import re
import subprocess
import time

from kith_server import as_ordinary_user

CHUNK = 65536
FORMATS = ("table", "json", "tsv", "csv")
COLUMNS = "name,display_name,password_hash\n"


class Scale:
    """One database, without a daemon."""

    def __init__(self, program, folder):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "kith.db"
        self.made = 0
        self.phc = self._make_hash()

    def command(self, *words):
        return [*as_ordinary_user(), self.program, *words, "--database",
                str(self.database)]

    def _run(self, *words, **options):
        return subprocess.run(self.command(*words), check=True, text=True,
                              capture_output=True, **options)

    def _make_hash(self):
        """One for everybody: what is measured is no hashing."""
        self._run("user", "add", "first", "--password-stdin",
                  "--argon2-memory-kib", "19456", "--argon2-passes", "2",
                  input="correct horse 7\n")
        exported = self._run("user", "export", "--with-hashes").stdout
        return re.search(r"\$argon2id\$[^\s\"]+(?=\"?)", exported) \
            .group(0).split(",,")[0]

    def import_users(self, count):
        """Seconds that it takes to import so many more."""
        table = self.folder / "people.csv"
        with table.open("w", encoding="utf-8") as file:
            file.write(COLUMNS)
            for n in range(self.made, self.made + count):
                file.write(f'user{n:06},User {n},"{self.phc}"\n')
        self.made += count
        begin = time.monotonic()
        self._run("user", "import", str(table), timeout=600)
        seconds = time.monotonic() - begin
        table.unlink()
        return seconds

    def list_users(self, form):
        """(seconds to the first page, seconds, bytes, most memory in KiB)."""
        begin = time.monotonic()
        first, total, memory = 0.0, 0, 0
        with subprocess.Popen(
                self.command("user", "list", "--format", form, "--no-pager"),
                stdout=subprocess.PIPE) as process:
            while data := os.read(process.stdout.fileno(), CHUNK):
                first = first or time.monotonic() - begin
                total += len(data)
                memory = max(memory, most_memory(process.pid))
        seconds = time.monotonic() - begin
        assert process.returncode == 0, process.returncode
        return first, seconds, total, memory


def most_memory(pid):
    """KiB that a process ever had resident, since its exec; 0: it is gone."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
    return int(found.group(1)) if found else 0
