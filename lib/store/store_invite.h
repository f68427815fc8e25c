/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * Invites to sign up. A code is shown once, when it is made: here are only its
 * SHA-256 and its first characters, by which a person recognises it.
 */

#define STORE_CODE_HASH_LENGTH 32u
#define STORE_HINT_MAX         9u   /* bytes, with the NUL */
#define STORE_NOTE_MAX         257u /* bytes, with the NUL */

struct store_invite {
	int64_t id;
	char hint[STORE_HINT_MAX];
	char note[STORE_NOTE_MAX];
	uint32_t uses_left;
	uint32_t uses; /* so far */
	int64_t created_us;
	int64_t expires_us;  /* 0: never */
	int64_t befriend_id; /* whose friend one becomes by it; 0: nobody's */
};

/* In: everything but id, uses. CONFLICT when the code is there already. */
enum kith_code store_invite_add(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH],
    const struct store_invite *invite, int64_t *id_r);

/* BAD_INVITE when unknown, used up or expired. Changes nothing. */
enum kith_code store_invite_find(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH], int64_t now_us,
    struct store_invite *invite_r);

/* Uses it once, with the results of store_invite_find(). */
enum kith_code store_invite_use(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH], int64_t now_us,
    struct store_invite *invite_r);

/* NOT_FOUND. By its id, or by the code. */
enum kith_code store_invite_remove(struct store *s, int64_t id);
enum kith_code store_invite_find_code(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH],
    struct store_invite *invite_r);

/* The usable and the used-up alike, oldest first, ids above `after`. */
enum kith_code store_invite_each(struct store *s, int64_t after, uint32_t limit,
    bool (*each)(void *context, const struct store_invite *invite),
    void *context);
