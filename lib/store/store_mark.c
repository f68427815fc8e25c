/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table mark. A mark remembers its event, so that the next one can take
 * that event's place: a conversation has one mark event a member at most.
 *
 * An event of friends is for their conversation. Who is no friend (any more)
 * must not see when the other is there and reads: the event is then for its
 * own person, whose other devices follow it.
 */

#include "store_mark.h"

#include "store_private.h"

struct mark_row {
	int64_t delivered;
	int64_t read;
	int64_t sequence;
	int64_t last_number;
	bool friends;
};

static enum kith_code
find_row(struct store *s, int64_t conversation_id, int64_t user_id,
    struct mark_row *row)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_MARK_FIND,
	    VALUES(INTEGER(conversation_id), INTEGER(user_id)));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	row->delivered = sqlite3_column_int64(st, 0);
	row->read = sqlite3_column_int64(st, 1);
	row->sequence = sqlite3_column_int64(st, 2);
	row->last_number = sqlite3_column_int64(st, 3);
	row->friends = sqlite3_column_int(st, 4) != 0;
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_mark_find(struct store *s, int64_t conversation_id, int64_t user_id,
    struct store_mark *mark_r)
{
	struct mark_row row;
	enum kith_code code = find_row(s, conversation_id, user_id, &row);

	if (code == KITH_OK)
		*mark_r = (struct store_mark){ conversation_id, user_id,
			row.delivered, row.read };
	return code;
}

/* *row becomes what is wanted. Does anything rise by it? */
static bool
raise_row(struct mark_row *row, const struct store_mark *wanted)
{
	struct mark_row before = *row;

	if (wanted->read > row->read)
		row->read = wanted->read;
	if (wanted->delivered > row->delivered)
		row->delivered = wanted->delivered;
	if (row->read > row->delivered)
		row->delivered = row->read;
	return row->read != before.read || row->delivered != before.delivered;
}

/* It may have been the conversation's newest, which it then is no more. */
static enum kith_code
remove_event(
    struct store *s, const struct store_mark *mark, const struct mark_row *row)
{
	enum kith_code code;

	if (row->sequence == 0)
		return KITH_OK;
	code = statement_run(
	    s, STATEMENT_EVENT_REMOVE, VALUES(INTEGER(row->sequence)));
	if (code != KITH_OK || row->friends)
		return code;
	return statement_run(s, STATEMENT_CONVERSATION_FIND_SEQUENCE,
	    VALUES(INTEGER(mark->conversation_id)));
}

/* The new event in place of the old one; row->sequence is the new one's. */
static enum kith_code
replace_event(struct store *s, const struct store_mark *mark,
    struct mark_row *row, int64_t now_us)
{
	struct event_new event = {
		.audience =
		    row->friends ? mark->conversation_id : -mark->user_id,
		.kind = STORE_EVENT_MARK,
		.time_us = now_us,
		.conversation_id = mark->conversation_id,
		.user_id = mark->user_id,
	};
	enum kith_code code = remove_event(s, mark, row);

	if (code != KITH_OK)
		return code;
	if (row->friends)
		return event_append_to_conversation(s, &event, &row->sequence);
	return event_append(s, &event, &row->sequence);
}

enum kith_code
store_mark_raise(struct store *s, const struct store_mark *mark, int64_t now_us,
    bool *changed_r)
{
	struct mark_row row;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = find_row(s, mark->conversation_id, mark->user_id, &row);
	if (code != KITH_OK)
		return code;
	if (mark->delivered > row.last_number || mark->read > row.last_number)
		return KITH_NOT_FOUND;
	if (!raise_row(&row, mark)) {
		*changed_r = false;
		return KITH_OK;
	}
	code = replace_event(s, mark, &row, now_us);
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_MARK_SET,
		    VALUES(INTEGER(mark->conversation_id),
			INTEGER(mark->user_id), INTEGER(row.delivered),
			INTEGER(row.read), INTEGER(row.sequence)));
	if (code == KITH_OK)
		*changed_r = true;
	return code;
}
