/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table announcement, and delivering one: as messages, so that clients need
 * to know nothing of announcements to show and keep them.
 */

#include "store_announcement.h"

#include <string.h>

#include "store_conversation.h"
#include "store_message.h"
#include "store_private.h"

/* One announcement on its way. */
struct delivery {
	struct store *s;
	int64_t system_id;
	const char *body;
	size_t length;
	int64_t now_us;
	uint32_t recipients;
};

/* Clients know no conversation of which they have not been told. */
static enum kith_code
tell_of_conversation(
    struct delivery *d, int64_t user_id, int64_t conversation_id)
{
	const struct event_new event = {
		.audience = -user_id,
		.kind = STORE_EVENT_FRIEND_ADDED,
		.time_us = d->now_us,
		.conversation_id = conversation_id,
		.user_id = d->system_id,
	};

	return event_append(d->s, &event, NULL);
}

static enum kith_code
deliver_to(struct delivery *d, int64_t user_id)
{
	bool made;
	struct store_message message = {
		.sender_id = d->system_id,
		.time_us = d->now_us,
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)d->body,
		.body_length = d->length,
	};
	enum kith_code code = conversation_make_direct(d->s, d->system_id,
	    user_id, d->now_us, &message.conversation_id, &made);

	if (code == KITH_OK && made)
		code =
		    tell_of_conversation(d, user_id, message.conversation_id);
	if (code == KITH_OK)
		code = message_add_unasked(d->s, &message);
	if (code == KITH_OK)
		d->recipients++;
	return code;
}

/* Nothing of what is written meanwhile is in the table that is gone through. */
static enum kith_code
deliver_to_all(struct delivery *d)
{
	sqlite3_stmt *st =
	    statement_start(d->s, STATEMENT_ANNOUNCEMENT_AUDIENCE, NO_VALUES);
	enum kith_code code;

	while ((code = statement_next(d->s, st)) == KITH_OK) {
		code = deliver_to(d, sqlite3_column_int64(st, 0));
		if (code != KITH_OK) {
			statement_end(st);
			return code;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

static enum kith_code
check_recipient(struct store *s, int64_t id)
{
	struct store_user user;
	enum kith_code code = store_user_find(s, id, &user);

	if (code == KITH_OK && user.state != STORE_USER_ACTIVE &&
	    user.state != STORE_USER_LOCKED)
		return KITH_NOT_FOUND;
	return code;
}

static enum kith_code
deliver_to_some(struct delivery *d, const struct store_announcement_new *new,
    int64_t *missing_id_r)
{
	enum kith_code code = KITH_OK;
	size_t i;

	for (i = 0; i < new->user_count &&code == KITH_OK; i++) {
		code = check_recipient(d->s, new->user_ids[i]);
		if (code == KITH_NOT_FOUND)
			*missing_id_r = new->user_ids[i];
		if (code == KITH_OK)
			code = deliver_to(d, new->user_ids[i]);
	}
	return code;
}

/* The row first, so that its id is there before anybody hears of it. */
static enum kith_code
add_row(
    struct store *s, const struct store_announcement_new *new, int64_t *id_r)
{
	if (strlen(new->actor) > STORE_ANNOUNCEMENT_ACTOR_MAX)
		return KITH_TOO_LARGE;
	return statement_integer(s, STATEMENT_ANNOUNCEMENT_ADD,
	    VALUES(INTEGER(new->now_us), TEXT(new->actor), TEXT(new->body)),
	    id_r);
}

static enum kith_code
deliver(struct delivery *d, const struct store_announcement_new *new,
    int64_t *missing_id_r)
{
	enum kith_code code = new->user_ids == NULL
	    ? deliver_to_all(d)
	    : deliver_to_some(d, new, missing_id_r);

	/* Told to nobody it would be a row that says so. */
	return code == KITH_OK && d->recipients == 0 ? KITH_NOT_FOUND : code;
}

enum kith_code
store_announce(struct store *s, const struct store_announcement_new *new,
    struct store_announcement *announcement_r, int64_t *missing_id_r)
{
	struct delivery d = { .s = s,
		.body = new->body,
		.length = strlen(new->body),
		.now_us = new->now_us };
	int64_t id = 0, missing_id = 0;
	enum kith_code code = text_check_message(d.body, d.length);

	if (code == KITH_OK)
		code = user_make_system(
		    s, new->server_name, new->now_us, &d.system_id);
	if (code == KITH_OK)
		code = add_row(s, new, &id);
	if (code == KITH_OK)
		code = deliver(&d, new, &missing_id);
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_ANNOUNCEMENT_SET_RECIPIENTS,
		    VALUES(INTEGER(id), INTEGER(d.recipients)));
	if (code == KITH_OK)
		*announcement_r = (struct store_announcement){ id, new->now_us,
			new->actor, new->body, d.recipients };
	if (missing_id_r != NULL)
		*missing_id_r = missing_id;
	return code;
}

/* ---- reading --------------------------------------------------------- */

enum kith_code
store_announcement_audience(struct store *s, int64_t *count_r)
{
	return statement_integer(
	    s, STATEMENT_ANNOUNCEMENT_AUDIENCE_COUNT, NO_VALUES, count_r);
}

static void
announcement_from_row(sqlite3_stmt *st, struct store_announcement *announcement)
{
	announcement->id = sqlite3_column_int64(st, 0);
	announcement->time_us = sqlite3_column_int64(st, 1);
	announcement->actor = (const char *)sqlite3_column_text(st, 2);
	announcement->body = (const char *)sqlite3_column_text(st, 3);
	announcement->recipients = (uint32_t)sqlite3_column_int64(st, 4);
}

enum kith_code
store_announcement_each(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_announcement *announcement),
    void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_ANNOUNCEMENT_EACH,
	    VALUES(INTEGER(page.from != 0 ? page.from : INT64_MAX),
		INTEGER(store_page_limit(page.limit))));
	struct store_announcement announcement;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		announcement_from_row(st, &announcement);
		if (!each(context, &announcement)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}
