/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames, addresses, links and pins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "address.h"
#include "frame.h"
#include "invite_link.h"
#include "pin.h"

#define PIN "sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"

static void
a_frame_arrives_byte_by_byte(void **state)
{
	static const uint8_t bytes[] = { 0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1,
		'd' };
	struct buf *b = buf_new(64);
	const uint8_t *body;
	size_t length;

	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(frame_peek(b, 10, &body, &length), KITH_AGAIN);
		assert_int_equal(frame_missing(b, 10), i < 4 ? 4 - i : 7 - i);
		assert_int_equal(buf_put(b, &bytes[i], 1), KITH_OK);
	}
	assert_int_equal(buf_put(b, bytes + 7, 5), KITH_OK);
	assert_int_equal(frame_missing(b, 10), 0);
	assert_int_equal(frame_peek(b, 10, &body, &length), KITH_OK);
	assert_int_equal(length, 3);
	assert_memory_equal(body, "abc", 3);
	frame_consume(b);
	assert_int_equal(frame_peek(b, 10, &body, &length), KITH_OK);
	assert_int_equal(length, 1);
	assert_int_equal(*body, 'd');
	frame_consume(b);
	assert_int_equal(buf_length(b), 0);
	buf_free(&b);
}

static void
a_frame_has_its_limit(void **state)
{
	struct buf *b = buf_new(64);
	const uint8_t *body;
	size_t length;

	assert_int_equal(buf_put(b, "\0\0\0\5", 4), KITH_OK);
	assert_int_equal(frame_peek(b, 4, &body, &length), KITH_TOO_LARGE);
	assert_int_equal(frame_missing(b, 4), 0);
	assert_int_equal(frame_peek(b, 5, &body, &length), KITH_AGAIN);
	buf_consume(b, 4);
	assert_int_equal(buf_put(b, "\xff\xff\xff\xff", 4), KITH_OK);
	assert_int_equal(
	    frame_peek(b, FRAME_MAX, &body, &length), KITH_TOO_LARGE);
	buf_consume(b, 4);
	assert_int_equal(buf_put(b, "\0\0\0\0", 4), KITH_OK);
	assert_int_equal(frame_peek(b, 4, &body, &length), KITH_MALFORMED);
	buf_free(&b);
}

static void
a_frame_is_put_whole_or_not_at_all(void **state)
{
	struct buf *b = buf_new(12);

	assert_int_equal(frame_put(b, 4, "abcde", 5), KITH_TOO_LARGE);
	assert_int_equal(frame_put(b, 8, "abcd", 4), KITH_OK);
	assert_memory_equal(buf_peek(b), "\0\0\0\4abcd", 8);
	assert_int_equal(frame_put(b, 8, "e", 1), KITH_BUSY);
	assert_int_equal(buf_length(b), 8);
	assert_int_equal(frame_put(b, 8, "", 0), KITH_MALFORMED);
	buf_free(&b);
}

static void
expect_address(const char *text, const char *formatted)
{
	struct address a;
	struct fault f;
	char again[ADDRESS_TEXT_SIZE];

	assert_int_equal(address_parse(text, &a, &f), KITH_OK);
	address_format(&a, again);
	assert_string_equal(again, formatted);
}

static void
addresses_are_understood(void **state)
{
	static const char *const bad[] = { "", ":5484", "a b",
		"host:", "host:0", "host:65536", "host:99999999999", "host:1x",
		"[::1", "::1]", "[host]:1", "[::1]1", "[]", "-a.example",
		"a..b", ".a", "1.2.3.999", "host/path", "us\xc3\xa9r.example",
		"a:b:c", "300.1" };
	struct address a;
	struct fault f;

	expect_address("Chat.Example.ORG", "chat.example.org:5484");
	expect_address("localhost:1", "localhost:1");
	expect_address("192.0.2.1:65535", "192.0.2.1:65535");
	expect_address("2001:db8::1", "[2001:db8::1]:5484");
	expect_address("[2001:db8::1]:77", "[2001:db8::1]:77");
	expect_address("0.0.0.0", "0.0.0.0:5484");
	expect_address("[::]", "[::]:5484");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(address_parse(bad[i], &a, &f), KITH_MALFORMED);
}

static void
a_long_host_is_refused(void **state)
{
	char host[ADDRESS_HOST_MAX + 8];
	struct address a;

	for (size_t i = 0; i < sizeof(host) - 1; i++)
		host[i] = i % 50 == 49 ? '.' : 'a';
	host[ADDRESS_HOST_MAX + 1] = '\0';
	assert_int_equal(address_parse(host, &a, NULL), KITH_MALFORMED);
	host[ADDRESS_HOST_MAX] = '\0';
	assert_int_equal(address_parse(host, &a, NULL), KITH_OK);
}

static void
expect_link(const char *text, const char *invite, const char *pin)
{
	struct invite_link l;
	struct fault f;

	assert_int_equal(invite_link_parse(text, &l, &f), KITH_OK);
	assert_string_equal(l.invite, invite);
	assert_string_equal(l.pin, pin);
}

static void
links_are_understood(void **state)
{
	expect_link("kith://a.example/?invite=CODE&key=" PIN, "CODE", PIN);
	expect_link("KITH://a.example:77?key=" PIN "&invite=x-_9", "x-_9", PIN);
	expect_link("kith://[::1]:77/?invite=%43ODE&later=%zz", "CODE", "");
	expect_link("kith://a.example/?key=sha256%3A"
		    "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU#top",
	    "", PIN);
	expect_link("kith://a.example", "", "");
}

static void
broken_links_are_refused(void **state)
{
	static const char *const bad[] = { "", "kith:", "http://a.example/",
		"kith://", "kith:///?invite=a", "kith://a.example/path",
		"kith://a.example/?invite=a&invite=b",
		"kith://a.example/?key=" PIN "&key=" PIN,
		"kith://a.example/?key=sha256:short",
		"kith://a.example/?key=md5:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJ",
		"kith://a.example/?invite=", "kith://a.example/?invite",
		"kith://a.example/?invite=a%20b", "kith://a.example/?invite=%4",
		"kith://a.example/?invite=%00", "kith://user@a.example/",
		"kith://a.example:0/" };
	char text[INVITE_LINK_MAX + 64];
	struct invite_link l;
	struct fault f;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    invite_link_parse(bad[i], &l, &f), KITH_MALFORMED);
	memset(text, 'a', sizeof(text));
	memcpy(text, "kith://a/?x=", 12);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(invite_link_parse(text, &l, &f), KITH_TOO_LARGE);
	memcpy(text, "kith://a/?invite=", 17);
	text[17 + INVITE_CODE_MAX + 1] = '\0';
	assert_int_equal(invite_link_parse(text, &l, &f), KITH_MALFORMED);
	text[17 + INVITE_CODE_MAX] = '\0';
	assert_int_equal(invite_link_parse(text, &l, &f), KITH_OK);
}

static void
links_come_back_as_they_went(void **state)
{
	static const char *const links[] = { "kith://a.example/",
		"kith://a.example/?invite=CODE", "kith://a.example/?key=" PIN,
		"kith://[::1]:77/?invite=CODE&key=" PIN };

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		struct invite_link l;
		char *text;

		assert_int_equal(
		    invite_link_parse(links[i], &l, NULL), KITH_OK);
		text = invite_link_format(&l);
		assert_string_equal(text, links[i]);
		free(text);
	}
}

static void
pins_have_one_form(void **state)
{
	assert_true(pin_valid(PIN));
	assert_false(pin_valid(NULL));
	assert_false(pin_valid(""));
	assert_false(pin_valid(PIN "="));
	assert_false(pin_valid("SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hS"
			       "uFU"));
	/* bits behind the end: another text for the same key */
	assert_false(pin_valid("sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hS"
			       "uFV"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_arrives_byte_by_byte),
		cmocka_unit_test(a_frame_has_its_limit),
		cmocka_unit_test(a_frame_is_put_whole_or_not_at_all),
		cmocka_unit_test(addresses_are_understood),
		cmocka_unit_test(a_long_host_is_refused),
		cmocka_unit_test(links_are_understood),
		cmocka_unit_test(broken_links_are_refused),
		cmocka_unit_test(links_come_back_as_they_went),
		cmocka_unit_test(pins_have_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
