/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

/* Times and spans of time as people write them. */

/*
 * "90s", "30m", "12h", "7d", "2w": a whole number above 0 and one unit, at
 * most ten years. False when it is not.
 */
bool format_read_span(const char *text, int64_t *span_us_r);

/* Where a time has to lie that somebody gave. */
enum format_direction {
	FORMAT_AHEAD,    /* "30d" is in thirty days; the time must be to come */
	FORMAT_AGO,      /* "30d" was thirty days ago; the time must be over */
	FORMAT_WHENEVER, /* any time, but no span */
};

/*
 * WHEN, as every command that takes a time takes it: a span as above, or
 * "2026-12-01" (the day's beginning), "2026-12-01T10:00[:30[.5]]" (or with a
 * space), local time unless "Z" or an offset ("+01:00") ends it; what --json
 * prints is read too. At most ten years ahead. KITH_MALFORMED with a sentence
 * that names the text and says what is wrong with it.
 */
enum kith_code format_read_when(const char *text,
    enum format_direction direction, int64_t now_us, int64_t *when_us_r,
    struct fault *f);

/* "3 days", "1 hour": the largest unit. The caller frees it. */
char *format_span(int64_t span_us);

/* "1 account", "2 accounts". The caller frees it. */
char *format_count(int64_t count, const char *one, const char *many);

/* Now, in microseconds since 1970. */
int64_t format_now_us(void);
