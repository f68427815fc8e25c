/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/* base64url without padding (RFC 4648, section 5). */

/* Characters for length bytes, without the NUL. */
#define BASE64URL_LENGTH(length) (((length)*4u + 2u) / 3u)

/* A new string; free() it. */
char *base64url_encode(const void *bytes, size_t length);

/*
 * Exactly size bytes from a text of exactly BASE64URL_LENGTH(size) characters.
 * KITH_MALFORMED, and to_r untouched, for anything else: another length, a
 * foreign character, padding, or bits set beyond the last byte.
 */
enum kith_code base64url_decode(
    const char *text, size_t length, void *to_r, size_t size);
