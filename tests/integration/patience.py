# SPDX-License-Identifier: GPL-3.0-or-later
"""How long tests wait, and how valgrind comes before a program.

With KITH_VALGRIND set, every program under test runs under memcheck, which
makes it VALGRIND_FACTOR times slower at worst. Limits of tests are written for
a program that runs by itself, and seconds() stretches them.
"""

import os
import re
import time

VALGRIND = bool(os.environ.get("KITH_VALGRIND"))
VALGRIND_FACTOR = 10

# Leaks are LeakSanitizer's business, which knows what a process still holds.
MEMCHECK = ("valgrind", "-q", "--trace-children=yes", "--leak-check=no",
            "--error-exitcode=99", "--vgdb=no")

# Whoever asks whether the kernel has seccomp and Landlock gets a "no" from
# valgrind, which says so at length. No finding.
REMARKS = re.compile(
    r"(--\d+-- )WARNING: unhandled \S+ syscall: (317|44[456])\n"
    r"(\1.*\n){4}", re.MULTILINE)


def seconds(limit):
    """A limit for the program under test, as long as it needs here."""
    return limit * VALGRIND_FACTOR if VALGRIND else limit


def wait_until(condition, timeout=10.0, what="it", step=0.02):
    """Waits for a condition; its value, or AssertionError."""
    deadline = time.monotonic() + seconds(timeout)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(
                f"{what} did not happen in {seconds(timeout)} s")
        time.sleep(step)


def put_under_valgrind(program, real, reports):
    """Puts a script in a program's place that starts the real one under
    memcheck; what that finds goes to a file of each process in reports."""
    program.write_text(
        "#!/bin/sh\n"
        # pids come again while a long run lasts
        f"exec {' '.join(MEMCHECK)} "
        f"--log-file={reports}/%p-$(date +%s%N) {real} \"$@\"\n")
    program.chmod(0o755)


def findings_in(report):
    """What memcheck has found, out of one process's file; "": nothing."""
    return REMARKS.sub("", report.read_text(errors="replace")).strip()
