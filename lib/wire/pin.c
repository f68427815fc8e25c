/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pin.h"

#include <string.h>

#include "base64url.h"
#include "hash.h"

bool
pin_valid(const char *text)
{
	uint8_t digest[HASH_SIZE];
	size_t prefix = strlen(PIN_PREFIX);

	return text != NULL && strlen(text) == PIN_LENGTH &&
	    strncmp(text, PIN_PREFIX, prefix) == 0 &&
	    base64url_decode(text + prefix, PIN_LENGTH - prefix, digest,
		sizeof(digest)) == KITH_OK;
}
