/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates and keys as kith-admin makes, renews and announces them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "certificate.h"
#include "mem.h"
#include "token.h"

static const char *const names[] = { "chat.example", "192.0.2.7",
	"2001:db8::7" };

static void
a_renewal_keeps_the_key(void **state)
{
	struct certificate_wish wish = { names, 3, 10, NULL };
	char *first = NULL, *key = NULL, *second = NULL, *same = NULL;
	struct certificate_info before, after;

	assert_int_equal(certificate_make(&wish, &first, &key, NULL), KITH_OK);
	wish.key = key;
	wish.days = 20;
	assert_int_equal(
	    certificate_make(&wish, &second, &same, NULL), KITH_OK);
	assert_string_equal(key, same);
	assert_string_not_equal(first, second);
	assert_int_equal(
	    certificate_read(first, strlen(first), &before, NULL), KITH_OK);
	assert_int_equal(
	    certificate_read(second, strlen(second), &after, NULL), KITH_OK);
	assert_string_equal(before.pin, after.pin);
	assert_true(after.not_after_us > before.not_after_us);
	free(first);
	free(second);
	secret_free(&key);
	secret_free(&same);
}

static void
a_certificate_tells_its_names_and_key(void **state)
{
	const struct certificate_wish wish = { names, 3, 10, NULL };
	char *certificate = NULL, *key = NULL, *chain;
	struct certificate_info info;

	assert_int_equal(
	    certificate_make(&wish, &certificate, &key, NULL), KITH_OK);
	chain = mem_format("%s%s", certificate, certificate);
	assert_int_equal(
	    certificate_read(chain, strlen(chain), &info, NULL), KITH_OK);
	assert_string_equal(info.names, "chat.example, 192.0.2.7, 2001:db8::7");
	assert_string_equal(info.kind, "EC 256");
	assert_string_equal(info.subject, "CN=chat.example");
	assert_string_equal(info.issuer, info.subject);
	assert_int_equal(info.chain_length, 2);
	free(chain);
	free(certificate);
	secret_free(&key);
}

/* What is announced is what the certificate will show. */
static void
an_announced_pin_is_that_of_the_certificate(void **state)
{
	struct certificate_wish wish = { names, 1, 10, NULL };
	char *key = NULL, *public = NULL, *certificate = NULL, *same = NULL;
	char pin[PIN_SIZE], announced[PIN_SIZE];
	struct certificate_info info;

	assert_int_equal(certificate_make_key(&key, NULL), KITH_OK);
	assert_int_equal(
	    certificate_public_key(key, strlen(key), &public, pin, NULL),
	    KITH_OK);
	assert_non_null(strstr(public, "BEGIN PUBLIC KEY"));
	assert_null(strstr(public, "PRIVATE"));
	assert_int_equal(certificate_read_public_key(
			     public, strlen(public), announced, NULL),
	    KITH_OK);
	wish.key = key;
	assert_int_equal(
	    certificate_make(&wish, &certificate, &same, NULL), KITH_OK);
	assert_int_equal(
	    certificate_read(certificate, strlen(certificate), &info, NULL),
	    KITH_OK);
	assert_string_equal(pin, announced);
	assert_string_equal(pin, info.pin);
	free(public);
	free(certificate);
	secret_free(&key);
	secret_free(&same);
}

static void
nonsense_is_no_key(void **state)
{
	struct certificate_wish wish = { names, 1, 10, "nonsense" };
	char *certificate = NULL, *key = NULL, *public = NULL;
	char pin[PIN_SIZE] = "untouched";
	struct fault f;

	assert_int_equal(
	    certificate_read_public_key("", 0, pin, &f), KITH_MALFORMED);
	assert_int_equal(certificate_read_public_key("nonsense", 8, pin, &f),
	    KITH_MALFORMED);
	assert_int_equal(
	    certificate_public_key("nonsense", 8, &public, pin, &f),
	    KITH_MALFORMED);
	assert_int_equal(
	    certificate_make(&wish, &certificate, &key, &f), KITH_MALFORMED);
	/* a private key is not announced by mistake */
	assert_int_equal(certificate_make_key(&key, NULL), KITH_OK);
	assert_int_equal(certificate_read_public_key(key, strlen(key), pin, &f),
	    KITH_MALFORMED);
	assert_string_equal(pin, "untouched");
	assert_null(certificate);
	assert_null(public);
	secret_free(&key);
}

/* RSA with 1,024 bits, which nobody should use. */
static const char weak_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCq8u3gtIE0PWNKl8OkDFsT8gF8\n"
    "EWkNpgGmkywGKya1EXp531iy6w8QOxdQRcBr7vffG8LwOTx4WY7r7Fk2x6+Xd4Xo\n"
    "7MVA4X7xUhH4nqKHeYsxRqfrzB3hTtGmzyaCxl30bP2InvHIK2V78Vaopmf4n6Xy\n"
    "By5b40XFEWVUNqcuawIDAQAB\n"
    "-----END PUBLIC KEY-----\n";

static void
a_weak_key_is_not_announced(void **state)
{
	char pin[PIN_SIZE];
	struct fault f;

	assert_int_equal(certificate_read_public_key(
			     weak_public, strlen(weak_public), pin, &f),
	    KITH_REFUSED);
	assert_non_null(strstr(f.sentence, "too weak"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_renewal_keeps_the_key),
		cmocka_unit_test(a_certificate_tells_its_names_and_key),
		cmocka_unit_test(an_announced_pin_is_that_of_the_certificate),
		cmocka_unit_test(nonsense_is_no_key),
		cmocka_unit_test(a_weak_key_is_not_announced),
	};
	struct fault f;

	if (tls_random_reseed(&f) != KITH_OK)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
