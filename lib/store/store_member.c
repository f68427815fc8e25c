/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table member: who is in which conversation. */

#include "store_conversation.h"
#include "store_private.h"

enum kith_code
store_membership_find(struct store *s, int64_t user_id, int64_t conversation_id,
    struct store_membership *membership_r)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_MEMBER_FIND,
	    VALUES(INTEGER(user_id), INTEGER(conversation_id)));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	membership_r->kind =
	    (enum store_conversation_kind)sqlite3_column_int(st, 0);
	membership_r->peer_id = sqlite3_column_int64(st, 1);
	membership_r->friends = sqlite3_column_int(st, 2) != 0;
	membership_r->first_kept = sqlite3_column_int64(st, 3);
	membership_r->last_number = sqlite3_column_int64(st, 4);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_member_each(struct store *s, int64_t conversation_id,
    bool (*each)(void *context, int64_t user_id), void *context)
{
	sqlite3_stmt *st = statement_start(
	    s, STATEMENT_MEMBER_EACH, VALUES(INTEGER(conversation_id)));
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		if (!each(context, sqlite3_column_int64(st, 0))) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
member_tell_peers(
    struct store *s, int64_t user_id, const struct event_new *event)
{
	sqlite3_stmt *st = statement_start(
	    s, STATEMENT_MEMBER_PEERS, VALUES(INTEGER(user_id)));
	struct event_new one = *event;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		one.audience = -sqlite3_column_int64(st, 0);
		code = event_append(s, &one, NULL);
		if (code != KITH_OK) {
			statement_end(st);
			return code;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}
