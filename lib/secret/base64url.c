/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base64url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/base64.h>

#include "mem.h"

char *
base64url_encode(const void *bytes, size_t length)
{
	size_t size = (length + 2) / 3 * 4 + 1;
	char *text = mem_new(size, 1);
	size_t written;

	if (mbedtls_base64_encode(
		(unsigned char *)text, size, &written, bytes, length) != 0)
		abort();
	for (char *p = text; *p != '\0'; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
	}
	text[BASE64URL_LENGTH(length)] = '\0';
	return text;
}

/* Into standard base64 with its padding; false for a foreign character. */
static bool
to_standard(const char *text, size_t length, char *to)
{
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '-')
			c = '+';
		else if (c == '_')
			c = '/';
		else if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			     (c >= '0' && c <= '9')))
			return false;
		*to++ = c;
	}
	for (; length % 4 != 0; length++)
		*to++ = '=';
	return true;
}

enum kith_code
base64url_decode(const char *text, size_t length, void *to_r, size_t size)
{
	char *standard;
	char *again;
	uint8_t *bytes;
	size_t written;
	enum kith_code code = KITH_MALFORMED;

	if (length != BASE64URL_LENGTH(size))
		return KITH_MALFORMED;
	if (size == 0)
		return KITH_OK;
	standard = mem_new(length + 4, 1);
	bytes = mem_new(size + 3, 1);
	if (to_standard(text, length, standard) &&
	    mbedtls_base64_decode(bytes, size + 3, &written,
		(unsigned char *)standard, (length + 3) / 4 * 4) == 0 &&
	    written == size) {
		/* one value has one text: no bits behind its end */
		again = base64url_encode(bytes, size);
		if (memcmp(again, text, length) == 0) {
			memcpy(to_r, bytes, size);
			code = KITH_OK;
		}
		explicit_bzero(again, length);
		free(again);
	}
	explicit_bzero(standard, length);
	explicit_bzero(bytes, size);
	free(standard);
	free(bytes);
	return code;
}
