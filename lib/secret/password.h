/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * Argon2id (RFC 9106) in the PHC form
 * "$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH".
 *
 * This is the only user of libargon2 and an archive of its own
 * (libkithpassword.a), which kithd-session never links. A call costs what its
 * parameters say: tens to hundreds of milliseconds and their memory.
 */

struct password_cost {
	uint32_t memory_kib;
	uint32_t passes;
	uint32_t lanes;
};

#define PASSWORD_MEMORY_DEFAULT_KIB 65536u
#define PASSWORD_PASSES_DEFAULT     3u
#define PASSWORD_LANES_DEFAULT      1u

/* What may be configured, and what a stored hash may ask for. */
#define PASSWORD_MEMORY_MAX_KIB 1048576u
#define PASSWORD_PASSES_MAX     10u
#define PASSWORD_LANES_MAX      4u

#define PASSWORD_BYTES_MAX 1024u /* as TEXT_PASSWORD_MAX */
#define PASSWORD_PHC_MAX   255u  /* characters */

/*
 * Within the limits above and not under the OWASP minimum, which is any of
 * (memory MiB, passes): (46, 1), (19, 2), (12, 3), (9, 4), (7, 5). Else
 * KITH_REFUSED with a sentence.
 */
enum kith_code password_check_cost(
    const struct password_cost *cost, struct fault *f);

/*
 * A new PHC string, free() it; the salt is drawn here. KITH_REFUSED for a cost
 * that password_check_cost() refuses, KITH_BAD_PASSWORD over
 * PASSWORD_BYTES_MAX, KITH_INTERNAL when the memory is not there.
 */
enum kith_code password_hash(const struct password_cost *cost,
    const void *password, size_t length, char **phc_r, struct fault *f);

/*
 * KITH_OK, KITH_BAD_CREDENTIALS when the password is another one,
 * KITH_INTEGRITY when phc is not an Argon2id string within the limits above
 * (nothing has been allocated for it then), KITH_INTERNAL when the memory is
 * not there.
 */
enum kith_code password_verify(
    const char *phc, const void *password, size_t length, struct fault *f);

/*
 * The work of password_verify() for a hash of this cost, for a user who does
 * not exist. Always KITH_BAD_CREDENTIALS (or KITH_INTERNAL).
 */
enum kith_code password_verify_nobody(
    const struct password_cost *cost, const void *password, size_t length);

/* Are the parameters of phc others than cost (or phc not readable at all)? */
bool password_needs_rehash(const char *phc, const struct password_cost *cost);

/* Reads the parameters of a PHC string. KITH_INTEGRITY as password_verify(). */
enum kith_code password_read_cost(
    const char *phc, struct password_cost *cost_r);
