#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes ./configure from a fresh clone.
set -eu
cd "$(dirname "$0")"
mkdir -p build-aux m4
exec autoreconf --force --install --warnings=all,no-portability,no-obsolete
