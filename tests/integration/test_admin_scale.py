# SPDX-License-Identifier: GPL-3.0-or-later
"""Many accounts: listing them takes no more memory than listing few. Times are
judged by tests/bench/admin-scale."""

import shutil
import tempfile

import pytest

from admin_scale import FORMATS, Scale
from patience import VALGRIND
from verbs import new_folder

FEW, MANY = 3000, 20000   # some pages, and many
GROWTH_MAX_KIB = 2048


@pytest.fixture
def scale(programs):
    if b"__asan_init" in programs.kith_admin.read_bytes():
        pytest.skip("AddressSanitizer keeps what was freed")
    if VALGRIND:
        pytest.skip("valgrind needs memory of its own")
    folder = new_folder(tempfile.mkdtemp(prefix="kith-scale-"))
    yield Scale(programs.kith_admin, folder)
    shutil.rmtree(folder)


def test_memory_does_not_grow_with_the_list(scale):
    scale.import_users(FEW)
    few = {form: scale.list_users(form)[3] for form in FORMATS}
    scale.import_users(MANY - FEW)
    for form in FORMATS:
        _, _, size, memory = scale.list_users(form)
        assert size > 40 * MANY
        assert memory < few[form] + GROWTH_MAX_KIB, \
            f"{form}: {few[form]} KiB with {FEW}, {memory} with {MANY}"
