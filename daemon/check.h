/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * kithd --check: says on standard error everything that is wrong with the
 * configuration, as "FILE:LINE: sentence", and returns the exit status.
 * Disturbs no daemon that runs: nothing is bound and no database is opened.
 */
int check_main(const char *config);
