#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command with a limit, and leaves no process of it behind.

    reaper.py SECONDS COMMAND [ARGUMENT ...]

Whatever the command started, in whatever session, becomes a child of this
process when its parent dies, and is killed at the end. Exit status: the
command's, 124 when the limit was reached.
"""

import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 3.0


def children():
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_text()
        except OSError:
            continue
        if int(stat[stat.rindex(")") + 2:].split()[1]) == os.getpid():
            found.append(int(entry))
    return found


def reap():
    """Ends what is left: asked first, then not asked."""
    deadline = time.monotonic() + GRACE_S
    while left := children():
        late = time.monotonic() > deadline
        for pid in left:
            os.kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        time.sleep(0.1)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return


def main():
    limit, command = float(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    process = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        status = process.wait(limit)
    except subprocess.TimeoutExpired:
        print(f"not ended after {limit:.0f} s: {' '.join(command)}",
              file=sys.stderr)
        status = 124
    except KeyboardInterrupt:
        status = 130
    finally:
        reap()
    sys.exit(status if status >= 0 else 128 - status)


main()
