/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "call.h"

/*
 * How far something long has come: one line on a terminal's standard error that
 * is written over, and nothing elsewhere or with --json. It never waits for the
 * terminal: what it cannot take at once is left out.
 */

/* "Copying: 12 of 200 MiB"; with a total of 0 "Copying ...". */
void progress_show(
    const struct call *call, const char *what, int64_t done, int64_t total);

/* Takes the line away. */
void progress_end(const struct call *call);

/* "12.3 MiB", "700 bytes". The caller frees it. */
char *progress_bytes(int64_t bytes);
