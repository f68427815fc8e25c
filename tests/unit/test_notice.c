/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is logged and told: which lines, how many are kept, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mem.h"
#include "notice.h"

struct told {
	int count;
	enum log_level level;
	char text[LOG_LINE_MAX];
};

static void
on_log(enum log_level level, const char *text, void *context)
{
	struct told *told = context;

	told->count++;
	told->level = level;
	snprintf(told->text, sizeof(told->text), "%s", text);
	log_error("said while telling");
}

static void
test_warnings_and_errors_are_told(void **state)
{
	struct told told = { 0 };

	log_open("test");
	log_listen(on_log, &told);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("not that");
	log_info("nor that");
	assert_int_equal(told.count, 0);
	log_warning("the %s", "first");
	assert_int_equal(told.count, 1);
	assert_int_equal(told.level, LOG_LEVEL_WARNING);
	assert_string_equal(told.text, "the first");
	log_error("the second");
	assert_int_equal(told.count, 2);
	assert_int_equal(told.level, LOG_LEVEL_ERROR);
	/* what is not logged is not told either */
	log_set_level(LOG_LEVEL_ERROR);
	log_warning("too quiet");
	assert_int_equal(told.count, 2);
	/* a fork begins anew */
	log_open("child");
	log_error("the third");
	assert_int_equal(told.count, 2);
	log_set_level(LOG_LEVEL_INFO);
}

/* Whoever reads the log may stop; the daemon must not. */
static void
test_a_log_that_nobody_reads_holds_up_nobody(void **state)
{
	static char bytes[65536];
	int ends[2], saved = dup(STDERR_FILENO);
	size_t found = 0;
	ssize_t length;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	log_open("test");
	alarm(20); /* what would hang fails */
	for (int i = 0; i < 2000; i++)
		log_error("a line that fills the pipe, as %d others do", i);
	alarm(0);
	/* what did fit is whole, and when there is room it goes on */
	length = read(ends[0], bytes, sizeof(bytes) - 1);
	assert_true(length > 4096);
	assert_int_equal(bytes[length - 1], '\n');
	log_error("the last one");
	do {
		length = read(ends[0], bytes, sizeof(bytes) - 1);
		bytes[length > 0 ? length : 0] = '\0';
		found += strstr(bytes, "left out") != NULL;
	} while (length > 0 && strstr(bytes, "the last one") == NULL);
	dup2(saved, STDERR_FILENO);
	assert_true(length > 0);
	assert_true(found > 0);
	close(ends[0]);
	close(ends[1]);
	close(saved);
}

static void
add(struct notices *notices, const char *text, enum log_level level)
{
	Kith__Ipc__Notice message;

	notice_fill(&message, "test", level, text);
	notices_add(notices, &message);
}

static void
test_the_last_ones_are_kept(void **state)
{
	struct notices *notices = MEM_NEW(struct notices);
	Kith__Ipc__Notice message;
	char text[16];

	for (unsigned i = 0; i < NOTICES_MAX + 5; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		add(notices, text,
		    i % 2 == 0 ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING);
	}
	assert_int_equal(notices->count, NOTICES_MAX);
	assert_int_equal(notices->errors + notices->warnings, NOTICES_MAX + 5);
	notices_get(notices, 0, &message);
	assert_string_equal(message.text, "line 5");
	assert_string_equal(message.role, "test");
	assert_true(message.time_us > 0);
	notices_get(notices, NOTICES_MAX - 1, &message);
	snprintf(text, sizeof(text), "line %u", NOTICES_MAX + 4);
	assert_string_equal(message.text, text);
	free(notices);
}

static void
test_a_long_line_is_cut(void **state)
{
	struct notices *notices = MEM_NEW(struct notices);
	char text[2 * LOG_LINE_MAX];
	Kith__Ipc__Notice message;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	kith__ipc__notice__init(&message);
	message.role = message.text = text;
	message.level = 99;
	notices_add(notices, &message);
	notices_get(notices, 0, &message);
	assert_int_equal(strlen(message.text), LOG_LINE_MAX - 1);
	assert_int_equal(strlen(message.role), NOTICE_ROLE_SIZE - 1);
	assert_int_equal(message.level, LOG_LEVEL_WARNING);
	free(notices);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warnings_and_errors_are_told),
		cmocka_unit_test(test_a_log_that_nobody_reads_holds_up_nobody),
		cmocka_unit_test(test_the_last_ones_are_kept),
		cmocka_unit_test(test_a_long_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
