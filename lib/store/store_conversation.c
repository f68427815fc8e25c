/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table conversation, and each member's view of one. */

#include "store_conversation.h"

#include <string.h>

#include "store_private.h"

/* The columns of CONVERSATION_VIEW in statement_sql.c. */
enum {
	VIEW_ID,
	VIEW_KIND,
	VIEW_FIRST_KEPT,
	VIEW_LAST_NUMBER,
	VIEW_LAST_SEQUENCE,
	VIEW_PEER_ID,
	VIEW_PEER_NAME,
	VIEW_PEER_DISPLAY_NAME,
	VIEW_PEER_STATE,
	VIEW_PEER_CREATED,
	VIEW_FRIENDS,
	VIEW_READ,
	VIEW_MESSAGE,
};

/* ---- making one ------------------------------------------------------ */

static enum kith_code
add_member(struct store *s, int64_t conversation_id, int64_t user_id)
{
	enum kith_code code = statement_run(s, STATEMENT_MEMBER_ADD,
	    VALUES(INTEGER(conversation_id), INTEGER(user_id)));

	if (code != KITH_OK)
		return code;
	return statement_run(s, STATEMENT_MARK_ADD,
	    VALUES(INTEGER(conversation_id), INTEGER(user_id)));
}

enum kith_code
conversation_make_direct(struct store *s, int64_t a_id, int64_t b_id,
    int64_t now_us, int64_t *id_r, bool *made_r)
{
	bool made = false;
	int64_t low = a_id < b_id ? a_id : b_id;
	int64_t high = a_id < b_id ? b_id : a_id;
	int64_t id;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK && a_id == b_id)
		return KITH_FORBIDDEN;
	if (code == KITH_OK)
		code = statement_integer(s, STATEMENT_CONVERSATION_FIND_PAIR,
		    VALUES(INTEGER(low), INTEGER(high)), &id);
	if (code == KITH_NOT_FOUND) {
		code = statement_integer(s, STATEMENT_CONVERSATION_ADD,
		    VALUES(INTEGER(STORE_CONVERSATION_DIRECT), INTEGER(low),
			INTEGER(high), INTEGER(now_us)),
		    &id);
		if (code == KITH_OK)
			code = add_member(s, id, low);
		if (code == KITH_OK)
			code = add_member(s, id, high);
		made = true;
	}
	if (code == KITH_OK) {
		*id_r = id;
		*made_r = made;
	}
	return code;
}

enum kith_code
store_conversation_make_direct(
    struct store *s, int64_t a_id, int64_t b_id, int64_t now_us, int64_t *id_r)
{
	bool made;

	return conversation_make_direct(s, a_id, b_id, now_us, id_r, &made);
}

/* ---- looking at one -------------------------------------------------- */

static enum kith_code
count_unread(struct store *s, int64_t user_id, int64_t read,
    struct store_conversation *c)
{
	int64_t count;
	enum kith_code code;

	if (read >= c->last_number)
		return KITH_OK;
	code = statement_integer(s, STATEMENT_CONVERSATION_UNREAD,
	    VALUES(INTEGER(c->id), INTEGER(read), INTEGER(user_id),
		INTEGER(STORE_UNREAD_MAX)),
	    &count);
	if (code == KITH_OK)
		c->unread = (uint32_t)count;
	return code;
}

static enum kith_code
read_marks(struct store *s, struct store_conversation *c)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_MARK_EACH,
	    VALUES(INTEGER(c->id), INTEGER(STORE_CONVERSATION_MARKS_MAX)));
	struct store_mark *mark;
	enum kith_code code = KITH_OK;

	while (c->mark_count < STORE_CONVERSATION_MARKS_MAX &&
	    (code = statement_next(s, st)) == KITH_OK) {
		mark = &c->marks[c->mark_count++];
		mark->conversation_id = c->id;
		mark->user_id = sqlite3_column_int64(st, 0);
		mark->delivered = sqlite3_column_int64(st, 1);
		mark->read = sqlite3_column_int64(st, 2);
	}
	if (c->mark_count == STORE_CONVERSATION_MARKS_MAX) {
		statement_end(st);
		return KITH_OK;
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

static enum kith_code
view_from_row(struct store *s, sqlite3_stmt *st, int64_t user_id,
    struct store_conversation *c)
{
	enum kith_code code;

	memset(c, 0, sizeof(*c));
	c->id = sqlite3_column_int64(st, VIEW_ID);
	c->kind =
	    (enum store_conversation_kind)sqlite3_column_int(st, VIEW_KIND);
	c->first_kept = sqlite3_column_int64(st, VIEW_FIRST_KEPT);
	c->last_number = sqlite3_column_int64(st, VIEW_LAST_NUMBER);
	c->last_sequence = sqlite3_column_int64(st, VIEW_LAST_SEQUENCE);
	c->peer_id = sqlite3_column_int64(st, VIEW_PEER_ID);
	c->peer.id = c->peer_id;
	column_text(st, VIEW_PEER_NAME, c->peer.name, sizeof(c->peer.name));
	column_text(st, VIEW_PEER_DISPLAY_NAME, c->peer.display_name,
	    sizeof(c->peer.display_name));
	c->peer.state =
	    (enum store_user_state)sqlite3_column_int(st, VIEW_PEER_STATE);
	c->peer.created_us = sqlite3_column_int64(st, VIEW_PEER_CREATED);
	c->friends = sqlite3_column_int(st, VIEW_FRIENDS) != 0;
	if (c->last_number > 0)
		message_from_columns(st, VIEW_MESSAGE, &c->last_message);
	code = count_unread(s, user_id, sqlite3_column_int64(st, VIEW_READ), c);
	return code == KITH_OK ? read_marks(s, c) : code;
}

enum kith_code
store_conversation_each(struct store *s, int64_t user_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_conversation *conversation),
    void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_CONVERSATION_EACH,
	    VALUES(INTEGER(user_id), INTEGER(page.from),
		INTEGER(store_page_limit(page.limit))));
	struct store_conversation conversation;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		code = view_from_row(s, st, user_id, &conversation);
		if (code != KITH_OK || !each(context, &conversation)) {
			statement_end(st);
			return code;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_conversation_find(struct store *s, int64_t user_id, int64_t id,
    struct store_conversation *conversation_r)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_CONVERSATION_FIND,
	    VALUES(INTEGER(user_id), INTEGER(id)));
	struct store_conversation conversation;
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	code = view_from_row(s, st, user_id, &conversation);
	if (code == KITH_OK) {
		conversation.last_message.body =
		    store_keep_bytes(s, conversation.last_message.body,
			conversation.last_message.body_length);
		*conversation_r = conversation;
	}
	statement_end(st);
	return code;
}
