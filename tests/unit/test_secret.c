/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashes, tokens, ids and base64url, against the vectors of their standards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base64url.h"
#include "hash.h"
#include "token.h"
#include "uuid.h"

static void
sha256_is_sha256(void **state)
{
	/* FIPS 180-4's examples: "abc", and nothing */
	static const uint8_t abc[HASH_SIZE] = { 0xba, 0x78, 0x16, 0xbf, 0x8f,
		0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
		0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4,
		0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad };
	static const uint8_t nothing[HASH_SIZE] = { 0xe3, 0xb0, 0xc4, 0x42,
		0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f,
		0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
		0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55 };
	uint8_t digest[HASH_SIZE];

	hash_sha256("abc", 3, digest);
	assert_memory_equal(digest, abc, HASH_SIZE);
	assert_true(hash_equal(digest, abc));
	hash_sha256(NULL, 0, digest);
	assert_memory_equal(digest, nothing, HASH_SIZE);
	digest[HASH_SIZE - 1] ^= 1;
	assert_false(hash_equal(digest, nothing));
}

static void
base64url_has_no_padding(void **state)
{
	/* RFC 4648, section 10, without the padding */
	static const struct {
		const char *bytes, *text;
	} vectors[] = { { "", "" }, { "f", "Zg" }, { "fo", "Zm8" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "-_-_" } };

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		size_t length = strlen(vectors[i].bytes);
		char *text = base64url_encode(vectors[i].bytes, length);
		char bytes[8] = "";

		assert_string_equal(text, vectors[i].text);
		assert_int_equal(
		    base64url_decode(text, strlen(text), bytes, length),
		    KITH_OK);
		assert_memory_equal(bytes, vectors[i].bytes, length);
		free(text);
	}
}

static void
base64url_takes_one_form_only(void **state)
{
	char bytes[4] = "abc";

	assert_int_equal(base64url_decode("Zg==", 4, bytes, 1), KITH_MALFORMED);
	assert_int_equal(base64url_decode("Zg", 2, bytes, 2), KITH_MALFORMED);
	assert_int_equal(base64url_decode("Zh", 2, bytes, 1), KITH_MALFORMED);
	assert_int_equal(base64url_decode("Z+8", 3, bytes, 2), KITH_MALFORMED);
	assert_int_equal(base64url_decode("Z\n8", 3, bytes, 2), KITH_MALFORMED);
	assert_string_equal(bytes, "abc");
}

static void
tokens_differ(void **state)
{
	uint8_t a[TOKEN_SIZE] = { 0 }, b[TOKEN_SIZE] = { 0 };
	uint8_t hash[HASH_SIZE], again[HASH_SIZE];

	token_new(a);
	token_new(b);
	assert_memory_not_equal(a, b, TOKEN_SIZE);
	token_hash(a, hash);
	token_hash(a, again);
	assert_true(hash_equal(hash, again));
	assert_memory_not_equal(hash, a, HASH_SIZE);
}

static void
random_text_is_readable(void **state)
{
	char text[RANDOM_TEXT_MAX + 1];
	bool seen[256] = { false };
	size_t kinds = 0;

	for (int round = 0; round < 50; round++) {
		random_text(text, RANDOM_TEXT_MAX);
		assert_int_equal(strlen(text), RANDOM_TEXT_MAX);
		for (const char *p = text; *p != '\0'; p++) {
			kinds += !seen[(uint8_t)*p];
			seen[(uint8_t)*p] = true;
		}
	}
	assert_int_equal(kinds, 32);
	assert_false(seen['0'] || seen['1'] || seen['l'] || seen['o']);
}

static void
a_secret_can_be_let_go_of(void **state)
{
	char *text = strdup("secret");
	char *nothing = NULL;

	secret_free(&text);
	assert_null(text);
	secret_free(&nothing);
}

/* RFC 9562, section 5.7. */
static void
assert_is_v7(const uint8_t id[UUID_SIZE])
{
	assert_int_equal(id[6] >> 4, 7);
	assert_int_equal(id[8] >> 6, 2);
}

static void
ids_rise(void **state)
{
	uint8_t before[UUID_SIZE], now[UUID_SIZE];

	uuid_new(before);
	for (int i = 0; i < 20000; i++) {
		uuid_new(now);
		assert_is_v7(now);
		assert_true(memcmp(before, now, UUID_SIZE) < 0);
		memcpy(before, now, UUID_SIZE);
	}
}

static void
ids_carry_their_time(void **state)
{
	uint8_t id[UUID_SIZE];
	int64_t ms = 0, apart;

	uuid_new(id);
	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id[i];
	apart = ms - (int64_t)time(NULL) * 1000;
	assert_true(apart > -2000 && apart < 60000);
}

/* What a forked child draws, read through a pipe. */
static void
draw_in_child(uint8_t id_r[UUID_SIZE])
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		uuid_new(id_r);
		_exit(write(ends[1], id_r, UUID_SIZE) == UUID_SIZE ? 0 : 1);
	}
	assert_int_equal(read(ends[0], id_r, UUID_SIZE), UUID_SIZE);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(ends[0]);
	close(ends[1]);
}

static void
children_draw_different_ids(void **state)
{
	uint8_t a[UUID_SIZE], b[UUID_SIZE];

	uuid_new(a);
	draw_in_child(a);
	draw_in_child(b);
	assert_memory_not_equal(a + 8, b + 8, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_is_sha256),
		cmocka_unit_test(base64url_has_no_padding),
		cmocka_unit_test(base64url_takes_one_form_only),
		cmocka_unit_test(tokens_differ),
		cmocka_unit_test(random_text_is_readable),
		cmocka_unit_test(a_secret_can_be_let_go_of),
		cmocka_unit_test(ids_rise),
		cmocka_unit_test(ids_carry_their_time),
		cmocka_unit_test(children_draw_different_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
