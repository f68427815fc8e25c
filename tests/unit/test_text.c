/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules for names, passwords and texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

#define RLO            "\xe2\x80\xae" /* U+202E right-to-left override */
#define LINE_SEPARATOR "\xe2\x80\xa8"
#define ACUTE          "\xcc\x81"     /* U+0301 combining acute accent */
#define JOINER         "\xe2\x80\x8d" /* U+200D zero width joiner */
#define MARKS_8        ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE ACUTE

static enum kith_code
message(const char *text)
{
	return text_check_message(text, strlen(text));
}

static void
names_follow_the_rules(void **state)
{
	assert_int_equal(text_check_name("al"), KITH_OK);
	assert_int_equal(text_check_name("alice.b_c-9"), KITH_OK);
	assert_int_equal(
	    text_check_name("abcdefghijklmnopqrstuvwxyz012345"), KITH_OK);
	assert_int_equal(text_check_name(""), KITH_BAD_NAME);
	assert_int_equal(text_check_name("a"), KITH_BAD_NAME);
	assert_int_equal(text_check_name("abcdefghijklmnopqrstuvwxyz0123456"),
	    KITH_BAD_NAME);
	assert_int_equal(text_check_name("Alice"), KITH_BAD_NAME);
	assert_int_equal(text_check_name("9lives"), KITH_BAD_NAME);
	assert_int_equal(text_check_name("alice."), KITH_BAD_NAME);
	assert_int_equal(text_check_name("al ice"), KITH_BAD_NAME);
	assert_int_equal(text_check_name("us\xd0\xb5r"), KITH_BAD_NAME);
}

static void
display_names_hold_no_tricks(void **state)
{
	char long_name[TEXT_DISPLAY_NAME_MAX + 2];

	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(text_check_display_name(long_name), KITH_TOO_LARGE);
	long_name[TEXT_DISPLAY_NAME_MAX] = '\0';
	assert_int_equal(text_check_display_name(long_name), KITH_OK);
	assert_int_equal(text_check_display_name(""), KITH_OK);
	assert_int_equal(
	    text_check_display_name("Zo\xc3\xab \xf0\x9f\x98\x80"), KITH_OK);
	assert_int_equal(text_check_display_name(" x"), KITH_BAD_TEXT);
	assert_int_equal(text_check_display_name("x\xc2\xa0"), KITH_BAD_TEXT);
	assert_int_equal(text_check_display_name("x\ny"), KITH_BAD_TEXT);
	assert_int_equal(text_check_display_name("x\ty"), KITH_BAD_TEXT);
	assert_int_equal(
	    text_check_display_name("x" LINE_SEPARATOR "y"), KITH_BAD_TEXT);
	assert_int_equal(
	    text_check_display_name("gnp" RLO "js"), KITH_BAD_TEXT);
	assert_int_equal(text_check_display_name("\xff"), KITH_BAD_TEXT);
	assert_int_equal(text_check_display_name(JOINER), KITH_BAD_TEXT);
	assert_int_equal(text_check_display_name("e" MARKS_8), KITH_OK);
	assert_int_equal(
	    text_check_display_name("e" MARKS_8 ACUTE), KITH_BAD_TEXT);
}

static void
devices_are_shorter(void **state)
{
	char name[TEXT_DEVICE_MAX + 2];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(text_check_device(name), KITH_TOO_LARGE);
	name[TEXT_DEVICE_MAX] = '\0';
	assert_int_equal(text_check_device(name), KITH_OK);
}

static void
messages_are_text(void **state)
{
	char *long_text = malloc(TEXT_MESSAGE_MAX + 1);

	memset(long_text, 'x', TEXT_MESSAGE_MAX + 1);
	assert_int_equal(
	    text_check_message(long_text, TEXT_MESSAGE_MAX), KITH_OK);
	assert_int_equal(text_check_message(long_text, TEXT_MESSAGE_MAX + 1),
	    KITH_TOO_LARGE);
	free(long_text);
	assert_int_equal(message("two\nlines\tand a tab"), KITH_OK);
	assert_int_equal(
	    message("\xf0\x9f\x91\xa9" JOINER "\xf0\x9f\x91\xa7"), KITH_OK);
	assert_int_equal(message(RLO "abc"), KITH_OK); /* shown isolated */
	assert_int_equal(message(""), KITH_BAD_TEXT);
	assert_int_equal(message(" \n\t\xc2\xa0"), KITH_BAD_TEXT);
	assert_int_equal(message(JOINER " "), KITH_BAD_TEXT);
	assert_int_equal(message("bell\a"), KITH_BAD_TEXT);
	assert_int_equal(message("\xc2\x85"), KITH_BAD_TEXT); /* C1 */
	assert_int_equal(message("cr\r\n"), KITH_BAD_TEXT);
	assert_int_equal(text_check_message("a\0b", 3), KITH_BAD_TEXT);
	assert_int_equal(message("\xc0\xaf"), KITH_BAD_TEXT); /* overlong */
	assert_int_equal(
	    message("\xed\xa0\x80"), KITH_BAD_TEXT); /* surrogate */
	assert_int_equal(message("cut \xe2\x80"), KITH_BAD_TEXT);
}

static void
marks_cannot_be_piled_up(void **state)
{
	assert_int_equal(message("o" MARKS_8 "o" MARKS_8), KITH_OK);
	assert_int_equal(message("o" MARKS_8 ACUTE), KITH_BAD_TEXT);
	/* a joiner is no base character */
	assert_int_equal(message("o" MARKS_8 JOINER ACUTE), KITH_BAD_TEXT);
}

static void
passwords_are_composed(void **state)
{
	char *prepared = NULL;
	char *untouched = (char *)"";
	char long_password[TEXT_PASSWORD_MAX + 2];

	assert_int_equal(
	    text_prepare_password("e" ACUTE "\xc2\xa0x", &prepared), KITH_OK);
	assert_string_equal(prepared, "\xc3\xa9 x");
	free(prepared);
	assert_int_equal(text_prepare_password("", &prepared), KITH_OK);
	assert_string_equal(prepared, "");
	free(prepared);
	assert_int_equal(
	    text_prepare_password("\xff", &untouched), KITH_BAD_PASSWORD);
	memset(long_password, 'x', sizeof(long_password));
	long_password[sizeof(long_password) - 1] = '\0';
	assert_int_equal(text_prepare_password(long_password, &untouched),
	    KITH_BAD_PASSWORD);
	assert_string_equal(untouched, "");
	long_password[TEXT_PASSWORD_MAX] = '\0';
	assert_int_equal(
	    text_prepare_password(long_password, &prepared), KITH_OK);
	free(prepared);
}

/* U+0958 is longer in NFC than as it is: 3 bytes become 6. */
static void
composing_may_not_outgrow_the_limit(void **state)
{
	char typed[TEXT_PASSWORD_MAX];
	char *untouched = NULL;

	for (size_t i = 0; i < 300; i++)
		memcpy(typed + 3 * i, "\xe0\xa5\x98", 4);
	assert_int_equal(
	    text_prepare_password(typed, &untouched), KITH_BAD_PASSWORD);
	assert_null(untouched);
}

static void
new_passwords_are_not_common(void **state)
{
	assert_int_equal(
	    text_check_new_password("correct horse", "alice"), KITH_OK);
	assert_int_equal(text_check_new_password("\xc3\xa9\xc3\xa9\xc3\xa9"
						 "\xc3\xa9",
			     "alice"),
	    KITH_BAD_PASSWORD);
	assert_int_equal(
	    text_check_new_password("short12", "alice"), KITH_BAD_PASSWORD);
	assert_int_equal(
	    text_check_new_password("password", "alice"), KITH_BAD_PASSWORD);
	assert_int_equal(
	    text_check_new_password("PassWord123", "alice"), KITH_BAD_PASSWORD);
	assert_int_equal(
	    text_check_new_password("zxcvbnm123", NULL), KITH_BAD_PASSWORD);
	assert_int_equal(text_check_new_password("alice.smith", "alice.smith"),
	    KITH_BAD_PASSWORD);
	assert_int_equal(text_check_new_password("alice.smith", NULL), KITH_OK);
}

static void
expect_clean(const char *text, size_t maximum, const char *expected)
{
	char *clean = text_clean_line(text, maximum);

	assert_string_equal(clean, expected);
	assert_true(strlen(clean) <= maximum);
	free(clean);
}

static void
foreign_text_is_made_fit_to_be_shown(void **state)
{
	expect_clean(NULL, 8, "");
	expect_clean("plain", 8, "plain");
	expect_clean("a\nb", 16,
	    "a\xef\xbf\xbd"
	    "b");
	expect_clean("a" RLO "b", 16,
	    "a\xef\xbf\xbd"
	    "b");
	expect_clean("a\xff"
		     "b",
	    16,
	    "a\xef\xbf\xbd"
	    "b");
	expect_clean("12345678", 8, "12345678");
	expect_clean("123456789", 8, "12345\xe2\x80\xa6");
	expect_clean("\xc3\xa9\xc3\xa9\xc3\xa9", 5, "\xc3\xa9\xe2\x80\xa6");
	expect_clean("e" MARKS_8 ACUTE "x", 64, "e" MARKS_8 "x");
}

/* What stands for the server is what no person can be called. */
static void
test_server_name(void **state)
{
	assert_true(text_is_server_name(":server"));
	assert_false(text_is_server_name("server"));
	assert_false(text_is_server_name(":"));
	assert_false(text_is_server_name("::server"));
	assert_false(text_is_server_name(":Server"));
	assert_false(text_is_server_name(""));
	assert_int_equal(text_check_name(":server"), KITH_BAD_NAME);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_name),
		cmocka_unit_test(names_follow_the_rules),
		cmocka_unit_test(display_names_hold_no_tricks),
		cmocka_unit_test(devices_are_shorter),
		cmocka_unit_test(messages_are_text),
		cmocka_unit_test(marks_cannot_be_piled_up),
		cmocka_unit_test(passwords_are_composed),
		cmocka_unit_test(composing_may_not_outgrow_the_limit),
		cmocka_unit_test(new_passwords_are_not_common),
		cmocka_unit_test(foreign_text_is_made_fit_to_be_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
