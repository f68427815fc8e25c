/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * Who stands behind this run, for the audit trail: the login that the kernel
 * remembers (/proc/self/loginuid), through su and sudo; else, started as root,
 * who sudo says (SUDO_UID); else the real user. "alice (uid:1000)". To be asked
 * before root's rights are given up. The caller frees it. *root_r: is that root?
 */
char *actor_name(bool *root_r);
