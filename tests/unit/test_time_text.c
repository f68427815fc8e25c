/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gui/time-text: what a person reads for a point in time, in a fixed zone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "time-text.h"

#define HOUR_US (G_GINT64_CONSTANT(3600) * G_USEC_PER_SEC)
#define DAY_US  (24 * HOUR_US)
/* Wednesday, 18 November 2026, 12:00 in Berlin, an hour ahead of UTC */
#define NOON_US                                                           \
	(G_GINT64_CONSTANT(1795000200) / 86400 * 86400 * G_USEC_PER_SEC + \
	    11 * HOUR_US)

static void
assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	g_free(text);
}

static void
test_clock_is_local(void **state)
{
	assert_text(time_text_clock(NOON_US), "12:00");
}

static void
test_list_goes_from_clock_to_date(void **state)
{
	assert_text(time_text_short(NOON_US - HOUR_US, NOON_US), "11:00");
	assert_text(
	    time_text_short(NOON_US - 13 * HOUR_US, NOON_US), "Yesterday");
	assert_text(time_text_short(NOON_US - 2 * DAY_US, NOON_US), "Monday");
	assert_text(time_text_short(NOON_US - 7 * DAY_US, NOON_US), "11 Nov");
	assert_text(
	    time_text_short(NOON_US - 365 * DAY_US, NOON_US), "18 Nov 2025");
}

static void
test_a_clock_ahead_of_ours_is_today(void **state)
{
	assert_text(time_text_short(NOON_US + 13 * HOUR_US, NOON_US), "01:00");
}

static void
test_separator_names_the_day(void **state)
{
	assert_text(time_text_day(NOON_US, NOON_US), "Today");
	assert_text(time_text_day(NOON_US - DAY_US, NOON_US), "Yesterday");
	assert_text(time_text_day(NOON_US - 2 * DAY_US, NOON_US),
	    "Monday, 16 November");
	assert_text(time_text_day(NOON_US - 365 * DAY_US, NOON_US),
	    "Tuesday, 18 November 2025");
}

static void
test_midnight_is_the_local_one(void **state)
{
	gint64 midnight_us = NOON_US - 12 * HOUR_US;

	assert_true(time_text_same_day(midnight_us, NOON_US));
	assert_false(time_text_same_day(midnight_us - 1, NOON_US));
}

static void
test_an_impossible_time_is_empty(void **state)
{
	assert_text(time_text_clock(G_MAXINT64), "");
	assert_text(time_text_short(G_MAXINT64, NOON_US), "");
	assert_text(time_text_day(G_MAXINT64, NOON_US), "");
	assert_false(time_text_same_day(G_MAXINT64, NOON_US));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_is_local),
		cmocka_unit_test(test_list_goes_from_clock_to_date),
		cmocka_unit_test(test_a_clock_ahead_of_ours_is_today),
		cmocka_unit_test(test_separator_names_the_day),
		cmocka_unit_test(test_midnight_is_the_local_one),
		cmocka_unit_test(test_an_impossible_time_is_empty),
	};

	/* POSIX form: it needs no file of time zones. */
	setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
