/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table operation: requests that were answered, so as to repeat that. */

#include "store_operation.h"

#include <string.h>

#include "store_private.h"

#define DAY_US (24LL * 60 * 60 * 1000000)

enum kith_code
store_operation_add(
    struct store *s, const struct store_operation *operation, int64_t now_us)
{
	enum kith_code code = store_may_change(s);

	if (code != KITH_OK)
		return code;
	if (operation->result_length > STORE_RESULT_MAX)
		return KITH_TOO_LARGE;
	return statement_run(s, STATEMENT_OPERATION_ADD,
	    VALUES(INTEGER(operation->user_id),
		BLOB(operation->id, STORE_OPERATION_LENGTH),
		BLOB(operation->digest, STORE_DIGEST_LENGTH),
		BLOB(operation->result, operation->result_length),
		INTEGER(now_us)));
}

enum kith_code
store_operation_find(struct store *s, struct store_operation *operation)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_OPERATION_FIND,
	    VALUES(INTEGER(operation->user_id),
		BLOB(operation->id, STORE_OPERATION_LENGTH)));
	enum kith_code code = statement_next(s, st);
	const void *digest;

	if (code != KITH_OK)
		return code;
	digest = sqlite3_column_blob(st, 0);
	if (sqlite3_column_bytes(st, 0) != (int)STORE_DIGEST_LENGTH ||
	    memcmp(digest, operation->digest, STORE_DIGEST_LENGTH) != 0) {
		statement_end(st);
		return KITH_CONFLICT;
	}
	operation->result_length = (size_t)sqlite3_column_bytes(st, 1);
	operation->result = store_keep_bytes(
	    s, sqlite3_column_blob(st, 1), operation->result_length);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_operation_purge(struct store *s, int64_t now_us, uint32_t *forgotten_r)
{
	int64_t before_us = now_us - STORE_OPERATION_KEPT_DAYS * DAY_US;
	int64_t oldest_us = 0;
	enum kith_code code = store_may_change(s);

	/* Most of the time there is nothing, and then it costs one look. */
	if (code == KITH_OK)
		code = statement_integer(
		    s, STATEMENT_OPERATION_OLDEST, NO_VALUES, &oldest_us);
	if (code == KITH_NOT_FOUND ||
	    (code == KITH_OK && oldest_us >= before_us)) {
		*forgotten_r = 0;
		return KITH_OK;
	}
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_OPERATION_PURGE,
		    VALUES(INTEGER(before_us),
			INTEGER(STORE_OPERATION_PURGE_MAX)));
	if (code == KITH_OK)
		*forgotten_r = (uint32_t)sqlite3_changes(s->db);
	return code;
}
