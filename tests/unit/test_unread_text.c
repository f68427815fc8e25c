/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gui/unread-text: how a count is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unread-text.h"

static void
assert_text(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	g_free(text);
}

static void
test_a_badge_stays_short(void **state)
{
	assert_text(unread_text_badge(1), "1");
	assert_text(unread_text_badge(999), "999");
	assert_text(unread_text_badge(1000), "999+");
}

static void
test_words_are_exact(void **state)
{
	assert_text(unread_text_words(1), "1 unread message");
	assert_text(unread_text_words(1000), "1000 unread messages");
}

static void
test_a_title_counts_what_there_is(void **state)
{
	assert_text(unread_text_title(0), "kith");
	assert_text(unread_text_title(7), "(7) kith");
	assert_text(unread_text_title(G_MAXUINT), "(999+) kith");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_badge_stays_short),
		cmocka_unit_test(test_words_are_exact),
		cmocka_unit_test(test_a_title_counts_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
