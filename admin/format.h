/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Spans of time as people write them. */

/*
 * "90s", "30m", "12h", "7d", "2w": a whole number above 0 and one unit, at
 * most ten years. False when it is not.
 */
bool format_read_span(const char *text, int64_t *span_us_r);

/* "3 days", "1 hour": the largest unit. The caller frees it. */
char *format_span(int64_t span_us);

/* "1 account", "2 accounts". The caller frees it. */
char *format_count(int64_t count, const char *one, const char *many);

/* Now, in microseconds since 1970. */
int64_t format_now_us(void);
