/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table meta: values of which there is one for the whole server. */

#include <string.h>

#include "store_private.h"

/* On disk. */
static const char *const meta_keys[STORE_META_COUNT] = {
	[STORE_META_SERVER_NAME] = "server_name",
	[STORE_META_LISTEN] = "listen",
	[STORE_META_PUBLIC_KEY_PIN] = "public_key_pin",
	[STORE_META_CONTROL_SOCKET] = "control_socket",
	[STORE_META_NEXT_PUBLIC_KEY_PIN] = "next_public_key_pin",
	[STORE_META_CONFIGURATION] = "configuration",
};

enum kith_code
store_epoch(struct store *s, uint8_t epoch_r[STORE_EPOCH_LENGTH])
{
	sqlite3_stmt *st =
	    statement_start(s, STATEMENT_META_GET, VALUES(TEXT("epoch")));
	enum kith_code code = statement_next(s, st);

	if (code == KITH_OK &&
	    sqlite3_column_bytes(st, 0) == (int)STORE_EPOCH_LENGTH) {
		memcpy(epoch_r, sqlite3_column_blob(st, 0), STORE_EPOCH_LENGTH);
		statement_end(st);
		return KITH_OK;
	}
	statement_end(st);
	if (code == KITH_OK || code == KITH_NOT_FOUND)
		return store_contradiction(s, "the epoch is missing");
	return code;
}

enum kith_code
store_meta_get(
    struct store *s, enum store_meta key, char value_r[STORE_META_MAX])
{
	sqlite3_stmt *st = statement_start(
	    s, STATEMENT_META_GET, VALUES(TEXT(meta_keys[key])));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	column_text(st, 0, value_r, STORE_META_MAX);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_meta_set(struct store *s, enum store_meta key, const char *value)
{
	enum kith_code code = store_may_change(s);

	if (code != KITH_OK)
		return code;
	if (strlen(value) >= STORE_META_MAX)
		return KITH_TOO_LARGE;
	return statement_run(
	    s, STATEMENT_META_SET, VALUES(TEXT(meta_keys[key]), TEXT(value)));
}
