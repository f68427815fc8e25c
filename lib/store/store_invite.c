/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table invite. Codes never come here, only their hashes. */

#include "store_invite.h"

#include <string.h>

#include "store_private.h"

static void
invite_from_row(sqlite3_stmt *st, struct store_invite *invite)
{
	memset(invite, 0, sizeof(*invite));
	invite->id = sqlite3_column_int64(st, 0);
	column_text(st, 1, invite->hint, sizeof(invite->hint));
	column_text(st, 2, invite->note, sizeof(invite->note));
	invite->uses_left = (uint32_t)sqlite3_column_int64(st, 3);
	invite->uses = (uint32_t)sqlite3_column_int64(st, 4);
	invite->created_us = sqlite3_column_int64(st, 5);
	invite->expires_us = sqlite3_column_int64(st, 6);
	invite->befriend_id = sqlite3_column_int64(st, 7);
}

enum kith_code
store_invite_find_code(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH],
    struct store_invite *invite_r)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_INVITE_FIND_CODE,
	    VALUES(BLOB(code_hash, STORE_CODE_HASH_LENGTH)));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	invite_from_row(st, invite_r);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_invite_add(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH],
    const struct store_invite *invite, int64_t *id_r)
{
	struct store_invite other;
	enum kith_code code = store_may_change(s);

	if (code != KITH_OK)
		return code;
	code = store_invite_find_code(s, code_hash, &other);
	if (code == KITH_OK)
		return KITH_CONFLICT;
	if (code != KITH_NOT_FOUND)
		return code;
	return statement_integer(s, STATEMENT_INVITE_ADD,
	    VALUES(BLOB(code_hash, STORE_CODE_HASH_LENGTH), TEXT(invite->hint),
		TEXT(invite->note), INTEGER(invite->uses_left),
		INTEGER(invite->created_us),
		INTEGER_OR_NULL(invite->expires_us),
		INTEGER_OR_NULL(invite->befriend_id)),
	    id_r);
}

enum kith_code
store_invite_find(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH], int64_t now_us,
    struct store_invite *invite_r)
{
	struct store_invite invite;
	enum kith_code code = store_invite_find_code(s, code_hash, &invite);

	if (code == KITH_NOT_FOUND)
		return KITH_BAD_INVITE;
	if (code != KITH_OK)
		return code;
	if (invite.uses_left == 0 ||
	    (invite.expires_us != 0 && invite.expires_us <= now_us))
		return KITH_BAD_INVITE;
	*invite_r = invite;
	return KITH_OK;
}

enum kith_code
store_invite_use(struct store *s,
    const uint8_t code_hash[STORE_CODE_HASH_LENGTH], int64_t now_us,
    struct store_invite *invite_r)
{
	struct store_invite invite;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = store_invite_find(s, code_hash, now_us, &invite);
	if (code == KITH_OK)
		code = statement_run(
		    s, STATEMENT_INVITE_USE, VALUES(INTEGER(invite.id)));
	if (code != KITH_OK)
		return code;
	invite.uses_left--;
	invite.uses++;
	*invite_r = invite;
	return KITH_OK;
}

enum kith_code
store_invite_remove(struct store *s, int64_t id)
{
	int64_t removed;
	enum kith_code code = store_may_change(s);

	if (code != KITH_OK)
		return code;
	return statement_integer(
	    s, STATEMENT_INVITE_REMOVE, VALUES(INTEGER(id)), &removed);
}

enum kith_code
invite_forget_friend(struct store *s, int64_t user_id)
{
	return statement_run(
	    s, STATEMENT_INVITE_FORGET_FRIEND, VALUES(INTEGER(user_id)));
}

enum kith_code
store_invite_each(struct store *s, int64_t after, uint32_t limit,
    bool (*each)(void *context, const struct store_invite *invite),
    void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_INVITE_EACH,
	    VALUES(INTEGER(after), INTEGER(store_page_limit(limit))));
	struct store_invite invite;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		invite_from_row(st, &invite);
		if (!each(context, &invite)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}
