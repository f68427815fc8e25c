/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The times that kith-admin's options take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "format.h"

#define S   INT64_C(1000000)
#define DAY (86400 * S)
#define NOW (INT64_C(1795363200) * S) /* 2026-11-22T16:00:00Z */

static enum kith_code
read_ahead(const char *text, int64_t *when_us)
{
	struct fault f = { 0 };
	enum kith_code code =
	    format_read_when(text, FORMAT_AHEAD, NOW, when_us, &f);

	assert_true((code == KITH_OK) == (f.sentence[0] == '\0'));
	return code;
}

static void
assert_ahead(const char *text, int64_t expected_us)
{
	int64_t when_us = 0;

	assert_int_equal(read_ahead(text, &when_us), KITH_OK);
	assert_int_equal(when_us, expected_us);
}

static void
test_spans(void **state)
{
	int64_t when_us;
	struct fault f;

	(void)state;
	assert_ahead("30d", NOW + 30 * DAY);
	assert_ahead("12h", NOW + DAY / 2);
	assert_ahead("2w", NOW + 14 * DAY);
	assert_ahead("1s", NOW + S);
	assert_int_equal(
	    format_read_when("90m", FORMAT_AGO, NOW, &when_us, &f), KITH_OK);
	assert_int_equal(when_us, NOW - 5400 * S);
}

static void
test_moments_in_a_zone(void **state)
{
	(void)state;
	assert_ahead("2026-11-22T16:00:01Z", NOW + S);
	assert_ahead("2026-11-22T16:00:00.000123Z", NOW + 123);
	assert_ahead("2026-11-22T16:00:00.5Z", NOW + S / 2);
	assert_ahead("2026-11-22T18:00+01:00", NOW + 3600 * S);
	assert_ahead("2026-11-22 18:00+0100", NOW + 3600 * S);
	assert_ahead("2026-11-22T18:00:00-05:00", NOW + 7 * 3600 * S);
}

static void
test_local_moments(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_ahead("2026-12-01", NOW + 8 * DAY + 7 * 3600 * S);
	assert_ahead("2026-11-22T17:00:01", NOW + S);
	assert_ahead("2026-11-22 17:01", NOW + 60 * S);
	/* in summer it is another hour */
	assert_ahead("2027-07-01T02:00",
	    (INT64_C(1814400000) /* 2027-07-01T00:00:00Z */) * S);
	unsetenv("TZ");
	tzset();
}

static void
test_what_is_no_time(void **state)
{
	static const char *const words[] = { "", " ", "tomorrow", "30", "d30",
		"-1d", "0d", "1.5d", "30 d", "30dd", "4000d9", "99999d",
		"2026-13-01", "2026-02-30", "2027-02-29", "2026-12-32",
		"2026-12-01T", "2026-12-01T25:00", "2026-12-01T10:61",
		"2026-12-01T10", "2026-12-01Z", "2026-12-01T10:00ZZ",
		"2026-12-01T10:00 Z x", "2026-12-01x", "12-01-2026",
		"0026-12-01", "9999999999999999999d", " 2026-12-01",
		"2026-12-01\nx", "2096-12-01" };
	int64_t when_us = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (read_ahead(words[i], &when_us) != KITH_MALFORMED)
			fail_msg("\"%s\" was taken for a time", words[i]);
	}
	assert_int_equal(when_us, -1);
}

static void
test_the_direction_is_kept(void **state)
{
	int64_t when_us = -1;
	struct fault f;

	(void)state;
	assert_int_equal(
	    read_ahead("2026-11-22T16:00:00Z", &when_us), KITH_MALFORMED);
	assert_int_equal(format_read_when("2026-11-22T16:00:01Z", FORMAT_AGO,
			     NOW, &when_us, &f),
	    KITH_MALFORMED);
	assert_int_equal(when_us, -1);
	assert_int_equal(format_read_when("2026-11-22T16:00:00Z", FORMAT_AGO,
			     NOW, &when_us, &f),
	    KITH_OK);
	assert_int_equal(when_us, NOW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_moments_in_a_zone),
		cmocka_unit_test(test_local_moments),
		cmocka_unit_test(test_what_is_no_time),
		cmocka_unit_test(test_the_direction_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
