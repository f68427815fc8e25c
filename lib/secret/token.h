/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hash.h"

/*
 * Random bytes and device tokens. Everything here comes from getrandom(2), so
 * nothing can repeat after a fork.
 */

#define TOKEN_SIZE      32u  /* bytes of a device token */
#define RANDOM_TEXT_MAX 128u /* characters of random_text() */

/* Fills length bytes, or aborts: no kith program goes on without randomness. */
void random_bytes(void *to_r, size_t length);

/*
 * length characters (at most RANDOM_TEXT_MAX) and a NUL, each drawn evenly
 * from 32 letters and digits that cannot be mistaken for each other when read
 * aloud (no 0, 1, l, o): 5 bits a character. For invite codes and generated
 * passwords.
 */
void random_text(char *text_r, size_t length);

void token_new(uint8_t token_r[TOKEN_SIZE]);

/* What is stored in the place of a token. */
void token_hash(const uint8_t token[TOKEN_SIZE], uint8_t hash_r[HASH_SIZE]);

/* Wipes a string, frees it and sets it to NULL. NULL is allowed. */
void secret_free(char **text);
