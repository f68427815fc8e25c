/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where mbedTLS gets its random bytes: each draw is getrandom(2)'s. A generator
 * in memory, as mbedTLS would have it, is duplicated by fork, and two sessions
 * would draw the same bytes (seen with 2.28 and with 3.6); the kernel's cannot
 * be. A handshake draws some dozen times, which is not worth a generator.
 */
#include "tls_internal.h"

#include <stdio.h>

#include <mbedtls/error.h>

#include "token.h"

int
tls_random(void *unused, unsigned char *to_r, size_t length)
{
	random_bytes(to_r, length);
	return 0;
}

enum kith_code
tls_random_reseed(struct fault *f)
{
	if (compat_start() != 0)
		return fault_set(
		    f, KITH_INTERNAL, "The cryptographic library cannot start");
	return KITH_OK;
}

enum kith_code
tls_fault(struct fault *f, enum kith_code code, int error, const char *doing)
{
	char text[TLS_ERROR_TEXT_SIZE] = "";

	mbedtls_strerror(error, text, sizeof(text));
	return fault_set(f, code, "%s: %s", doing, text);
}
