/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What belongs to a user, over all tables. */

#include <string.h>

#include "store_private.h"
#include "store_user.h"

static enum kith_code
count_belongings(struct store *s, int64_t id, struct store_user_activity *a)
{
	sqlite3_stmt *st =
	    statement_start(s, STATEMENT_USER_BELONGINGS, VALUES(INTEGER(id)));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	a->devices = (uint32_t)sqlite3_column_int64(st, 0);
	a->friends = (uint32_t)sqlite3_column_int64(st, 1);
	a->requests_sent = (uint32_t)sqlite3_column_int64(st, 2);
	a->requests_received = (uint32_t)sqlite3_column_int64(st, 3);
	a->invites = (uint32_t)sqlite3_column_int64(st, 4);
	statement_end(st);
	return KITH_OK;
}

/* When the user wrote first and last in a conversation. */
static enum kith_code
look_at_messages(struct store *s, int64_t id, int64_t conversation_id,
    struct store_user_activity *a)
{
	const struct value *of = VALUES(INTEGER(conversation_id), INTEGER(id));
	int64_t first, last;
	enum kith_code code =
	    statement_integer(s, STATEMENT_USER_FIRST_MESSAGE, of, &first);

	if (code == KITH_OK)
		code = statement_integer(
		    s, STATEMENT_USER_LAST_MESSAGE, of, &last);
	if (code == KITH_NOT_FOUND) /* none of them is kept */
		return KITH_OK;
	if (code != KITH_OK)
		return code;
	if (a->first_message_us == 0 || first < a->first_message_us)
		a->first_message_us = first;
	if (last > a->last_message_us)
		a->last_message_us = last;
	return KITH_OK;
}

/*
 * Messages are looked at only where the user has written some: then the first
 * of them stands near the beginning and the last near the end, where people
 * talk with each other.
 */
static enum kith_code
look_at_conversations(
    struct store *s, int64_t id, struct store_user_activity *a)
{
	sqlite3_stmt *st = statement_start(
	    s, STATEMENT_USER_CONVERSATIONS, VALUES(INTEGER(id)));
	enum kith_code code;
	int64_t sent;

	while ((code = statement_next(s, st)) == KITH_OK) {
		sent = sqlite3_column_int64(st, 1);
		a->conversations++;
		a->messages_sent += sent;
		if (sent == 0)
			continue;
		code = look_at_messages(s, id, sqlite3_column_int64(st, 0), a);
		if (code != KITH_OK) {
			statement_end(st);
			return code;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_user_activity(
    struct store *s, int64_t id, struct store_user_activity *activity_r)
{
	struct store_user_activity activity = { 0 };
	bool own;
	enum kith_code code = store_read_scope(s, &own);

	if (code != KITH_OK)
		return code;
	code = count_belongings(s, id, &activity);
	if (code == KITH_OK)
		code = look_at_conversations(s, id, &activity);
	if (own)
		store_end_read(s);
	if (code == KITH_OK)
		*activity_r = activity;
	return code;
}
