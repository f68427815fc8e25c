/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table event: writing it, and reading it in order for the dispatcher.
 * What one person missed is in store_catch_up.c.
 */

#include "store_event.h"

#include <string.h>

#include "store_private.h"

/* The columns of EVENT_VIEW in statement_sql.c. */
enum {
	VIEW_SEQUENCE,
	VIEW_AUDIENCE,
	VIEW_KIND,
	VIEW_TIME,
	VIEW_CONVERSATION,
	VIEW_NUMBER,
	VIEW_USER,
	VIEW_PEER,
	VIEW_EXTRA,
	VIEW_DELIVERED,
	VIEW_READ,
	VIEW_MESSAGE,
};

bool
store_event_is_internal(enum store_event_kind kind)
{
	return kind >= STORE_EVENT_USER_LOCKED;
}

/* ---- writing --------------------------------------------------------- */

enum kith_code
event_append(struct store *s, const struct event_new *new, int64_t *sequence_r)
{
	int64_t sequence = s->sequence + 1;
	enum kith_code code = statement_run(s, STATEMENT_EVENT_ADD,
	    VALUES(INTEGER(sequence), INTEGER(new->audience),
		INTEGER(new->kind), INTEGER(new->time_us),
		INTEGER_OR_NULL(new->conversation_id),
		INTEGER_OR_NULL(new->number), INTEGER_OR_NULL(new->user_id),
		INTEGER_OR_NULL(new->peer_id), INTEGER_OR_NULL(new->extra)));

	if (code != KITH_OK)
		return code;
	s->sequence = sequence;
	if (sequence_r != NULL)
		*sequence_r = sequence;
	return KITH_OK;
}

enum kith_code
event_append_to_conversation(
    struct store *s, const struct event_new *new, int64_t *sequence_r)
{
	enum kith_code code = event_append(s, new, sequence_r);

	if (code != KITH_OK)
		return code;
	return statement_run(s, STATEMENT_CONVERSATION_SET_SEQUENCE,
	    VALUES(INTEGER(new->audience), INTEGER(s->sequence)));
}

/* ---- reading --------------------------------------------------------- */

static void
request_from_row(sqlite3_stmt *st, struct store_event *event)
{
	event->request.id = event->number;
	event->request.from_id = event->user_id;
	event->request.to_id = sqlite3_column_int64(st, VIEW_PEER);
	event->request.time_us = event->time_us;
	event->outcome = (enum store_outcome)sqlite3_column_int(st, VIEW_EXTRA);
}

void
event_from_row(sqlite3_stmt *st, struct store_event *event)
{
	memset(event, 0, sizeof(*event));
	event->sequence = sqlite3_column_int64(st, VIEW_SEQUENCE);
	event->audience = sqlite3_column_int64(st, VIEW_AUDIENCE);
	event->kind = (enum store_event_kind)sqlite3_column_int(st, VIEW_KIND);
	event->time_us = sqlite3_column_int64(st, VIEW_TIME);
	event->conversation_id = sqlite3_column_int64(st, VIEW_CONVERSATION);
	event->number = sqlite3_column_int64(st, VIEW_NUMBER);
	event->user_id = sqlite3_column_int64(st, VIEW_USER);
	switch (event->kind) {
	case STORE_EVENT_MESSAGE:
		message_from_columns(st, VIEW_MESSAGE, &event->message);
		break;
	case STORE_EVENT_MARK:
		event->mark.conversation_id = event->conversation_id;
		event->mark.user_id = event->user_id;
		event->mark.delivered =
		    sqlite3_column_int64(st, VIEW_DELIVERED);
		event->mark.read = sqlite3_column_int64(st, VIEW_READ);
		break;
	case STORE_EVENT_FRIEND_REQUEST:
	case STORE_EVENT_FRIEND_REQUEST_ENDED:
		request_from_row(st, event);
		break;
	default:
		break;
	}
}

enum kith_code
store_event_each(struct store *s, int64_t after, uint32_t limit,
    bool (*each)(void *context, const struct store_event *event), void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_EVENT_EACH,
	    VALUES(INTEGER(after), INTEGER(store_page_limit(limit))));
	struct store_event event;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		event_from_row(st, &event);
		if (!each(context, &event)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}
