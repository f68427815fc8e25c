# SPDX-License-Identifier: GPL-3.0-or-later
"""What kith-admin changes reaches live clients, under load too. How fast is
judged by tests/bench/admin-latency."""

import pytest

from admin_reach import Load, Reach
from patience import VALGRIND

TRIES = 1 if VALGRIND else 5


@pytest.fixture
def busy(server):
    load = Load(server, pairs=4, rate=200)
    yield server
    load.close()


def test_changes_reach_live_clients(busy):
    reach = Reach(busy)
    for _ in range(TRIES):
        for kind in Reach.KINDS:
            reach.try_once(kind)
