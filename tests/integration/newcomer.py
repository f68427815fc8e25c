# SPDX-License-Identifier: GPL-3.0-or-later
"""The newcomer's commands, as the README has them. Also for
tools/test-packages, which runs them where the packages are installed."""

import pathlib
import re

README = pathlib.Path(__file__).resolve().parent.parent.parent / "README.md"
BLOCK = re.compile(r"<!-- newcomer:.*?-->\n```sh\n(.*?)```", re.S)
COMMANDS_MAX = 5


def commands():
    """The lines of the block; each is one command of kith-admin."""
    lines = BLOCK.search(README.read_text()).group(1).splitlines()
    lines = [line for line in lines if line.strip()]
    assert 0 < len(lines) <= COMMANDS_MAX, lines
    assert all(line.startswith("sudo kith-admin ") for line in lines), lines
    return lines


def follow(run):
    """Runs them as they stand; run(line) gives what was printed. What a person
    reads off the screen: ({name: password}, pin)."""
    passwords, pin = {}, None
    for line in commands():
        said = run(line)
        made = re.search(r" user add (\S+)", line)
        if made:
            passwords[made.group(1)] = said.split()[-1]
        found = re.search(r"sha256:[\w-]{43}", said)
        if found and not made:
            pin = found.group(0)
    assert len(passwords) == 2 and pin, (passwords, pin)
    return passwords, pin
