/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bounded buffer, checked memory and faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "fault.h"
#include "mem.h"

static void
a_buffer_never_exceeds_its_maximum(void **state)
{
	struct buf *b = buf_new(10);

	assert_int_equal(buf_put(b, "1234567", 7), KITH_OK);
	assert_int_equal(buf_room(b), 3);
	assert_int_equal(buf_put(b, "8901", 4), KITH_TOO_LARGE);
	assert_int_equal(buf_length(b), 7);
	assert_int_equal(buf_put(b, "890", 3), KITH_OK);
	assert_null(buf_reserve(b, 1));
	assert_memory_equal(buf_peek(b), "1234567890", 10);
	buf_free(&b);
	assert_null(b);
	buf_free(&b);
}

/* A queue in steady use moves its bytes, and keeps their order. */
static void
a_buffer_keeps_the_order(void **state)
{
	struct buf *b = buf_new(1000);
	uint8_t in = 0, out = 0;

	for (int round = 0; round < 500; round++) {
		for (int i = 0; i < 37 && buf_room(b) > 0; i++, in++)
			assert_int_equal(buf_put(b, &in, 1), KITH_OK);
		for (int i = 0; i < 31; i++, out++) {
			assert_int_equal(*buf_peek(b), out);
			buf_consume(b, 1);
		}
	}
	while (buf_length(b) > 0) {
		assert_int_equal(*buf_peek(b), out++);
		buf_consume(b, 1);
	}
	assert_int_equal(in, out);
	buf_free(&b);
}

static void
numbers_are_big_endian(void **state)
{
	struct buf *b = buf_new(8);
	uint32_t value = 7;

	assert_int_equal(buf_peek_u32be(b, &value), KITH_AGAIN);
	assert_int_equal(value, 7);
	assert_int_equal(buf_put_u32be(b, 0x01020304), KITH_OK);
	assert_memory_equal(buf_peek(b), "\1\2\3\4", 4);
	assert_int_equal(buf_peek_u32be(b, &value), KITH_OK);
	assert_int_equal(value, 0x01020304);
	buf_free(&b);
}

static void
what_is_consumed_is_wiped(void **state)
{
	struct buf *b = buf_new(64);
	const uint8_t *place;

	assert_int_equal(buf_put(b, "secret and more", 15), KITH_OK);
	place = buf_peek(b);
	buf_consume(b, 6);
	assert_memory_equal(place, "\0\0\0\0\0\0 and more", 15);
	buf_free(&b);
}

static void
a_fault_is_cut_not_overrun(void **state)
{
	struct fault f;
	char long_text[400];

	memset(long_text, 'x', sizeof(long_text));
	long_text[sizeof(long_text) - 1] = '\0';
	assert_int_equal(
	    fault_set_errno(&f, KITH_IO, 2, "open %s", "it"), KITH_IO);
	assert_string_equal(f.sentence, "open it: No such file or directory");
	fault_set_errno(&f, KITH_IO, 2, "%s", long_text);
	assert_int_equal(strlen(f.sentence), FAULT_SENTENCE_MAX - 1);
	assert_int_equal(fault_set(NULL, KITH_BUSY, "nobody asks"), KITH_BUSY);
}

static void
every_code_has_its_words(void **state)
{
	for (int code = 0; code < KITH_CODE_COUNT; code++) {
		assert_non_null(kith_code_word((enum kith_code)code));
		assert_non_null(kith_code_sentence((enum kith_code)code));
	}
	assert_string_equal(kith_code_word(KITH_CODE_COUNT), "unknown");
}

static void
memory_is_copied_and_formatted(void **state)
{
	char *text = mem_format("%s-%d", "a", 1);
	char *copy = mem_dup_string(text);
	uint8_t *zeros = mem_new(0, 8);

	assert_string_equal(copy, "a-1");
	assert_null(mem_dup_string(NULL));
	assert_null(mem_dup("x", 0));
	free(text);
	free(copy);
	free(zeros);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_never_exceeds_its_maximum),
		cmocka_unit_test(a_buffer_keeps_the_order),
		cmocka_unit_test(numbers_are_big_endian),
		cmocka_unit_test(what_is_consumed_is_wiped),
		cmocka_unit_test(a_fault_is_cut_not_overrun),
		cmocka_unit_test(every_code_has_its_words),
		cmocka_unit_test(memory_is_copied_and_formatted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
