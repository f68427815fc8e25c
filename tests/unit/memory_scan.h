/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Looks for a secret in all writable memory of this process. */

#define MEMORY_SECRET_MAX 64u /* bytes */

/* Kept masked, so that the scan does not find itself. */
struct memory_secret {
	uint8_t masked[MEMORY_SECRET_MAX];
	size_t length;
};

/* False under valgrind, which keeps copies of registers in the same memory. */
bool memory_is_our_own(void);

/* How often the secret stands in memory. */
size_t memory_scan(const struct memory_secret *secret);

/*
 * Of a P-256 key in PEM: its scalar as bytes (big-endian) and as mbedTLS holds
 * it (little-endian limbs), and a line of the PEM text. Leaves no trace.
 */
void memory_secrets_of_key(const char *pem, struct memory_secret secrets_r[3]);
