/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Argon2id: made, verified, bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "password.h"

#define SALT_AND_HASH \
	"$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static const struct password_cost cheap = { 7168, 5, 1 };

static enum kith_code
verify(const char *phc, const char *password)
{
	struct fault f;

	return password_verify(phc, password, strlen(password), &f);
}

static void
a_password_matches_itself_only(void **state)
{
	char *phc = NULL, *other = NULL;
	struct fault f;

	assert_int_equal(
	    password_hash(&cheap, "correct horse", 13, &phc, &f), KITH_OK);
	assert_int_equal(
	    password_hash(&cheap, "correct horse", 13, &other, &f), KITH_OK);
	assert_string_not_equal(phc, other); /* a salt each */
	assert_ptr_equal(strstr(phc, "$argon2id$v=19$m=7168,t=5,p=1$"), phc);
	assert_int_equal(verify(phc, "correct horse"), KITH_OK);
	assert_int_equal(verify(phc, "correct horsf"), KITH_BAD_CREDENTIALS);
	assert_int_equal(verify(phc, ""), KITH_BAD_CREDENTIALS);
	assert_false(password_needs_rehash(phc, &cheap));
	assert_true(
	    password_needs_rehash(phc, &(struct password_cost){ 19456, 2, 1 }));
	free(phc);
	free(other);
}

/* One of the vectors that the reference implementation is tested with. */
static void
a_foreign_hash_is_understood(void **state)
{
	assert_int_equal(verify("$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"
				"nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
			     "password"),
	    KITH_OK);
}

static void
hostile_parameters_are_refused_unused(void **state)
{
	static const char *const phcs[] = {
		"",
		"plain",
		"$argon2id$v=19$m=1048577,t=3,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=4294967296,t=3,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=65536,t=11,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=65536,t=0,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=65536,t=3,p=5" SALT_AND_HASH,
		"$argon2id$v=19$m=7,t=3,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=+65536,t=3,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=065536,t=3,p=1" SALT_AND_HASH,
		"$argon2id$v=16$m=65536,t=3,p=1" SALT_AND_HASH,
		"$argon2i$v=19$m=65536,t=3,p=1" SALT_AND_HASH,
		"$argon2id$v=19$t=3,m=65536,p=1" SALT_AND_HASH,
		"$argon2id$v=19$m=65536,t=3,p=1" SALT_AND_HASH "=",
		"$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0$AAAA",
		"$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0",
	};
	clock_t before = clock();

	for (size_t i = 0; i < sizeof(phcs) / sizeof(phcs[0]); i++) {
		assert_int_equal(verify(phcs[i], "x"), KITH_INTEGRITY);
		assert_true(password_needs_rehash(phcs[i], &cheap));
	}
	assert_true(clock() - before < CLOCKS_PER_SEC / 10);
}

static void
the_floor_is_the_owasp_minimum(void **state)
{
	static const struct password_cost good[] = { { 65536, 3, 1 },
		{ 47104, 1, 1 }, { 19456, 2, 1 }, { 12288, 3, 1 },
		{ 9216, 4, 1 }, { 7168, 5, 1 }, { 1048576, 10, 4 } };
	static const struct password_cost bad[] = { { 47103, 1, 1 },
		{ 19455, 2, 1 }, { 7167, 10, 1 }, { 0, 0, 0 },
		{ 1048577, 3, 1 }, { 65536, 11, 1 }, { 65536, 3, 5 },
		{ 65536, 3, 0 } };
	char *phc = NULL;
	struct fault f;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(password_check_cost(&good[i], &f), KITH_OK);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
		    password_check_cost(&bad[i], &f), KITH_REFUSED);
		assert_int_equal(
		    password_hash(&bad[i], "x", 1, &phc, &f), KITH_REFUSED);
	}
	assert_null(phc);
}

static void
long_passwords_are_not_hashed(void **state)
{
	char password[PASSWORD_BYTES_MAX + 1] = { 0 };
	char *phc = NULL;
	struct fault f;

	assert_int_equal(
	    password_hash(&cheap, password, sizeof(password), &phc, &f),
	    KITH_BAD_PASSWORD);
	assert_null(phc);
}

static double
cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
nobody_costs_as_much_as_somebody(void **state)
{
	char *phc = NULL;
	double start, somebody, nobody;

	assert_int_equal(password_hash(&cheap, "x", 1, &phc, NULL), KITH_OK);
	start = cpu_seconds();
	for (int i = 0; i < 8; i++)
		assert_int_equal(verify(phc, "y"), KITH_BAD_CREDENTIALS);
	somebody = cpu_seconds() - start;
	start = cpu_seconds();
	for (int i = 0; i < 8; i++)
		assert_int_equal(password_verify_nobody(&cheap, "y", 1),
		    KITH_BAD_CREDENTIALS);
	nobody = cpu_seconds() - start;
	assert_true(nobody > somebody / 2 && nobody < somebody * 2);
	free(phc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_matches_itself_only),
		cmocka_unit_test(a_foreign_hash_is_understood),
		cmocka_unit_test(hostile_parameters_are_refused_unused),
		cmocka_unit_test(the_floor_is_the_owasp_minimum),
		cmocka_unit_test(long_passwords_are_not_hashed),
		cmocka_unit_test(nobody_costs_as_much_as_somebody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
