/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * What clients have asked for by operation id and what was answered, so that a
 * request that comes again gets its first answer again.
 */

#define STORE_DIGEST_LENGTH       32u   /* bytes, SHA-256 of the request */
#define STORE_RESULT_MAX          4096u /* bytes */
#define STORE_OPERATION_KEPT_DAYS 30
#define STORE_OPERATION_PURGE_MAX 1000 /* rows a call */

struct store_operation {
	int64_t user_id;
	const uint8_t *id;     /* STORE_OPERATION_LENGTH */
	const uint8_t *digest; /* STORE_DIGEST_LENGTH */
	const uint8_t *result; /* the packed answer, may be empty */
	size_t result_length;
};

/* In the transaction (and savepoint) of what it did. */
enum kith_code store_operation_add(
    struct store *s, const struct store_operation *operation, int64_t now_us);

/*
 * In: user_id, id, digest. NOT_FOUND: not seen yet. CONFLICT: seen with
 * another digest. OK: operation->result is the first answer, valid until the
 * next call on the store.
 */
enum kith_code store_operation_find(
    struct store *s, struct store_operation *operation);

/* Forgets some that are older than STORE_OPERATION_KEPT_DAYS. Cheap. */
enum kith_code store_operation_purge(
    struct store *s, int64_t now_us, uint32_t *forgotten_r);
