/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hash.h"

#include <stdlib.h>

#include <mbedtls/md.h>

void
hash_sha256(const void *bytes, size_t length, uint8_t digest_r[HASH_SIZE])
{
	/* md.h has had this name and meaning since 2.7, in 3.6 too */
	const mbedtls_md_info_t *sha256 =
	    mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);

	if (sha256 == NULL || mbedtls_md(sha256, bytes, length, digest_r) != 0)
		abort();
}

bool
hash_equal(const uint8_t a[HASH_SIZE], const uint8_t b[HASH_SIZE])
{
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < HASH_SIZE; i++)
		difference |= a[i] ^ b[i];
	return difference == 0;
}
