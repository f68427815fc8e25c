/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table message. Numbers are taken from the conversation's last_number in
 * the transaction that writes the message, so they have no gap.
 */

#include "store_message.h"

#include <string.h>

#include "store_conversation.h"
#include "store_private.h"

void
message_from_columns(
    sqlite3_stmt *st, int column, struct store_message *message)
{
	const void *operation = sqlite3_column_blob(st, column + 4);

	message->conversation_id = sqlite3_column_int64(st, column);
	message->number = sqlite3_column_int64(st, column + 1);
	message->sender_id = sqlite3_column_int64(st, column + 2);
	message->time_us = sqlite3_column_int64(st, column + 3);
	message->has_operation = operation != NULL &&
	    sqlite3_column_bytes(st, column + 4) == STORE_OPERATION_LENGTH;
	if (message->has_operation)
		memcpy(message->operation, operation, STORE_OPERATION_LENGTH);
	message->kind =
	    (enum store_message_kind)sqlite3_column_int(st, column + 5);
	message->body = sqlite3_column_blob(st, column + 6);
	message->body_length = (size_t)sqlite3_column_bytes(st, column + 6);
}

/* ---- adding ---------------------------------------------------------- */

/* What the conversation says about the next message, and who may write it. */
static enum kith_code
next_in_conversation(struct store *s, const struct store_message *message,
    struct store_message_sent *next, bool *may_write_r)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_MESSAGE_MAY_ADD,
	    VALUES(INTEGER(message->conversation_id),
		INTEGER(message->sender_id)));
	enum kith_code code = statement_next(s, st);
	int64_t last_us;
	bool direct, friends;

	if (code != KITH_OK)
		return code;
	direct = sqlite3_column_int(st, 0) == STORE_CONVERSATION_DIRECT;
	next->number = sqlite3_column_int64(st, 1) + 1;
	last_us = sqlite3_column_int64(st, 2);
	friends = sqlite3_column_int(st, 3) != 0;
	statement_end(st);
	/* A clock that was set back must not reorder what people read. */
	next->time_us = message->time_us > last_us ? message->time_us : last_us;
	*may_write_r = friends || !direct;
	return KITH_OK;
}

static enum kith_code
add_row(struct store *s, const struct store_message *message,
    const struct store_message_sent *sent)
{
	const struct value no_operation = { .kind = VALUE_NULL };
	const struct value operation =
	    BLOB(message->operation, STORE_OPERATION_LENGTH);

	return statement_run(s, STATEMENT_MESSAGE_ADD,
	    VALUES(INTEGER(message->conversation_id), INTEGER(sent->number),
		INTEGER(message->sender_id), INTEGER(sent->time_us),
		message->has_operation ? operation : no_operation,
		INTEGER(message->kind),
		BLOB(message->body, message->body_length)));
}

/* The row, its event, and where the conversation stands now. */
static enum kith_code
add_next(struct store *s, const struct store_message *message,
    struct store_message_sent *sent)
{
	enum kith_code code = add_row(s, message, sent);

	if (code == KITH_OK)
		code = event_append(s,
		    &(struct event_new){
			.audience = message->conversation_id,
			.kind = STORE_EVENT_MESSAGE,
			.time_us = sent->time_us,
			.conversation_id = message->conversation_id,
			.number = sent->number,
		    },
		    &sent->sequence);
	if (code != KITH_OK)
		return code;
	return statement_run(s, STATEMENT_CONVERSATION_SET_LAST,
	    VALUES(INTEGER(message->conversation_id), INTEGER(sent->number),
		INTEGER(sent->time_us), INTEGER(sent->sequence),
		INTEGER(message->sender_id)));
}

enum kith_code
store_message_add(struct store *s, const struct store_message *message,
    struct store_message_sent *sent_r)
{
	struct store_message_sent sent;
	enum kith_code code = store_may_change(s);
	bool may_write;

	if (code == KITH_OK)
		code = next_in_conversation(s, message, &sent, &may_write);
	if (code == KITH_OK && !may_write)
		code = KITH_NOT_FRIENDS;
	if (code == KITH_OK)
		code = add_next(s, message, &sent);
	if (code == KITH_OK)
		*sent_r = sent;
	return code;
}

enum kith_code
message_add_unasked(struct store *s, const struct store_message *message)
{
	struct store_message_sent sent;
	bool may_write;
	enum kith_code code =
	    next_in_conversation(s, message, &sent, &may_write);

	return code == KITH_OK ? add_next(s, message, &sent) : code;
}

/* ---- reading --------------------------------------------------------- */

enum kith_code
store_message_find(struct store *s, int64_t conversation_id, int64_t number,
    struct store_message *message_r)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_MESSAGE_FIND,
	    VALUES(INTEGER(conversation_id), INTEGER(number)));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	memset(message_r, 0, sizeof(*message_r));
	message_from_columns(st, 0, message_r);
	message_r->body =
	    store_keep_bytes(s, message_r->body, message_r->body_length);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_message_each(struct store *s, int64_t conversation_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_message *message),
    void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_MESSAGE_EACH,
	    VALUES(INTEGER(conversation_id),
		INTEGER(page.from != 0 ? page.from : INT64_MAX),
		INTEGER(store_page_limit(page.limit))));
	struct store_message message = { 0 };
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		message_from_columns(st, 0, &message);
		if (!each(context, &message)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_message_count(struct store *s, int64_t *count_r)
{
	return statement_integer(
	    s, STATEMENT_MESSAGE_COUNT, NO_VALUES, count_r);
}
