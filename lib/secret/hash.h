/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4), and comparing what must not be guessed by timing. */

#define HASH_SIZE 32u /* bytes */

/* length 0 is allowed, also with bytes NULL. */
void hash_sha256(const void *bytes, size_t length, uint8_t digest_r[HASH_SIZE]);

/* Takes the same time whatever differs. */
bool hash_equal(const uint8_t a[HASH_SIZE], const uint8_t b[HASH_SIZE]);
