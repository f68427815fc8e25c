/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "token.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define GETRANDOM_AT_ONCE \
	256u /* never cut short by a signal, see getrandom(2) */

static const char readable[32] = "23456789abcdefghijkmnpqrstuvwxyz";

void
random_bytes(void *to_r, size_t length)
{
	uint8_t *to = to_r;

	while (length > 0) {
		size_t n =
		    length < GETRANDOM_AT_ONCE ? length : GETRANDOM_AT_ONCE;
		ssize_t got = getrandom(to, n, 0);

		if (got < 0) {
			if (errno != EINTR)
				abort();
			continue;
		}
		to += got;
		length -= (size_t)got;
	}
}

void
random_text(char *text_r, size_t length)
{
	uint8_t bytes[RANDOM_TEXT_MAX];

	assert(length <= RANDOM_TEXT_MAX);
	random_bytes(bytes, length);
	for (size_t i = 0; i < length; i++)
		text_r[i] = readable[bytes[i] % sizeof(readable)];
	text_r[length] = '\0';
	explicit_bzero(bytes, sizeof(bytes));
}

void
token_new(uint8_t token_r[TOKEN_SIZE])
{
	random_bytes(token_r, TOKEN_SIZE);
}

void
token_hash(const uint8_t token[TOKEN_SIZE], uint8_t hash_r[HASH_SIZE])
{
	hash_sha256(token, TOKEN_SIZE, hash_r);
}

void
secret_free(char **text)
{
	if (*text == NULL)
		return;
	explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
