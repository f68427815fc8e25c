# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenarios of `kith-admin cert`; how they are made is told in verbs.py."""
