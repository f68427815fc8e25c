/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table announcement, and delivering one: as messages, so that clients need
 * to know nothing of announcements to show and keep them.
 *
 * One to everybody goes in parts, by the ids of people. How far it is stands in
 * meta, written with each part, so that whoever comes next goes on there; it is
 * for those who were there when it was made.
 */

#include "store_announcement.h"

#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "store_conversation.h"
#include "store_message.h"
#include "store_private.h"

/* On disk. */
#define META_ID    "announcing" /* 0: none is on its way */
#define META_AFTER "announcing_after"
#define META_UNTIL "announcing_until"

/* One announcement on its way. */
struct delivery {
	struct store *s;
	int64_t id;
	int64_t system_id;
	const char *body;
	size_t length;
	int64_t now_us;
	uint32_t recipients;
	/* To everybody: the last who was told, and the last who is to be. */
	int64_t after, until;
	bool more;
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
deliver_part(struct delivery *d)
{
	sqlite3_stmt *st =
	    statement_start(d->s, STATEMENT_ANNOUNCEMENT_AUDIENCE,
		VALUES(INTEGER(d->after), INTEGER(d->until),
		    INTEGER(STORE_ANNOUNCEMENT_PART)));
	uint32_t told = 0;
	enum kith_code code;

	while ((code = statement_next(d->s, st)) == KITH_OK) {
		d->after = sqlite3_column_int64(st, 0);
		code = deliver_to(d, d->after);
		if (code != KITH_OK) {
			statement_end(st);
			return code;
		}
		told++;
	}
	d->more = told == STORE_ANNOUNCEMENT_PART;
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
deliver_first(struct delivery *d, const struct store_announcement_new *new,
    int64_t *missing_id_r)
{
	enum kith_code code;

	if (new->user_ids != NULL) {
		code = deliver_to_some(d, new, missing_id_r);
	} else {
		code = statement_integer(
		    d->s, STATEMENT_ANNOUNCEMENT_UNTIL, NO_VALUES, &d->until);
		if (code == KITH_OK)
			code = deliver_part(d);
	}
	/* Told to nobody it would be a row that says so. */
	return code == KITH_OK && d->recipients == 0 ? KITH_NOT_FOUND : code;
}

static enum kith_code
set_meta(struct store *s, const char *key, int64_t value)
{
	return statement_run(
	    s, STATEMENT_META_SET, VALUES(TEXT(key), INTEGER(value)));
}

static enum kith_code
get_meta(struct store *s, const char *key, int64_t *value_r)
{
	enum kith_code code = statement_integer(
	    s, STATEMENT_META_GET, VALUES(TEXT(key)), value_r);

	if (code != KITH_NOT_FOUND)
		return code;
	*value_r = 0;
	return KITH_OK;
}

static enum kith_code
save(struct delivery *d)
{
	enum kith_code code =
	    statement_run(d->s, STATEMENT_ANNOUNCEMENT_SET_RECIPIENTS,
		VALUES(INTEGER(d->id), INTEGER(d->recipients)));

	if (code == KITH_OK)
		code = set_meta(d->s, META_ID, d->more ? d->id : 0);
	if (code == KITH_OK)
		code = set_meta(d->s, META_AFTER, d->after);
	return code == KITH_OK ? set_meta(d->s, META_UNTIL, d->until) : code;
}

/* So that it comes before the next one to everybody who gets both. */
static enum kith_code
finish_earlier(struct store *s)
{
	enum kith_code code;
	bool more = true;

	do
		code = store_announcement_advance(s, &more);
	while (code == KITH_OK && more);
	return code;
}

enum kith_code
store_announce(struct store *s, const struct store_announcement_new *new,
    struct store_announcement *announcement_r, int64_t *missing_id_r)
{
	struct delivery d = { .s = s,
		.body = new->body,
		.length = strlen(new->body),
		.now_us = new->now_us };
	int64_t missing_id = 0;
	enum kith_code code = text_check_message(d.body, d.length);

	if (code == KITH_OK)
		code = user_make_system(
		    s, new->server_name, new->now_us, &d.system_id);
	if (code == KITH_OK)
		code = finish_earlier(s);
	if (code == KITH_OK)
		code = add_row(s, new, &d.id);
	if (code == KITH_OK)
		code = deliver_first(&d, new, &missing_id);
	if (code == KITH_OK)
		code = save(&d);
	if (code == KITH_OK)
		*announcement_r =
		    (struct store_announcement){ d.id, new->now_us, new->actor,
			    new->body, d.recipients, d.more };
	if (missing_id_r != NULL)
		*missing_id_r = missing_id;
	return code;
}

/* ---- the rest of it -------------------------------------------------- */

static void
announcement_from_row(sqlite3_stmt *st, struct store_announcement *announcement)
{
	announcement->id = sqlite3_column_int64(st, 0);
	announcement->time_us = sqlite3_column_int64(st, 1);
	announcement->actor = (const char *)sqlite3_column_text(st, 2);
	announcement->body = (const char *)sqlite3_column_text(st, 3);
	announcement->recipients = (uint32_t)sqlite3_column_int64(st, 4);
}

/* *body_r: free(). */
static enum kith_code
load_row(struct delivery *d, char **body_r)
{
	sqlite3_stmt *st = statement_start(d->s, STATEMENT_ANNOUNCEMENT_EACH,
	    VALUES(INTEGER(d->id + 1), INTEGER(1)));
	struct store_announcement row = { 0 };
	enum kith_code code = statement_next(d->s, st);

	if (code == KITH_OK)
		announcement_from_row(st, &row);
	if (code == KITH_NOT_FOUND || (code == KITH_OK && row.id != d->id))
		code = store_contradiction(
		    d->s, "the announcement on its way is not there");
	if (code == KITH_OK) {
		*body_r = mem_dup_string(row.body);
		d->body = *body_r;
		d->length = strlen(row.body);
		d->now_us = row.time_us;
		d->recipients = row.recipients;
	}
	statement_end(st);
	return code;
}

static enum kith_code
load(struct delivery *d, char **body_r)
{
	struct store_user system;
	enum kith_code code = store_user_find_system(d->s, &system);

	if (code == KITH_NOT_FOUND)
		return store_contradiction(
		    d->s, "an announcement on its way has no sender");
	if (code != KITH_OK)
		return code;
	d->system_id = system.id;
	code = get_meta(d->s, META_AFTER, &d->after);
	if (code == KITH_OK)
		code = get_meta(d->s, META_UNTIL, &d->until);
	return code == KITH_OK ? load_row(d, body_r) : code;
}

enum kith_code
store_announcement_advance(struct store *s, bool *more_r)
{
	struct delivery d = { .s = s };
	char *body = NULL;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = get_meta(s, META_ID, &d.id);
	if (code == KITH_OK && d.id != 0) {
		code = load(&d, &body);
		if (code == KITH_OK)
			code = deliver_part(&d);
		if (code == KITH_OK)
			code = save(&d);
		free(body);
	}
	if (code == KITH_OK)
		*more_r = d.more;
	return code;
}

enum kith_code
store_announcement_pending(struct store *s, bool *pending_r)
{
	int64_t id;
	enum kith_code code = get_meta(s, META_ID, &id);

	if (code == KITH_OK)
		*pending_r = id != 0;
	return code;
}

/* ---- reading --------------------------------------------------------- */

enum kith_code
store_announcement_audience(struct store *s, int64_t *count_r)
{
	return statement_integer(
	    s, STATEMENT_ANNOUNCEMENT_AUDIENCE_COUNT, NO_VALUES, count_r);
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

enum kith_code
store_announcement_recipients(struct store *s, int64_t id, uint32_t *count_r)
{
	int64_t count;
	enum kith_code code = statement_integer(
	    s, STATEMENT_ANNOUNCEMENT_RECIPIENTS, VALUES(INTEGER(id)), &count);

	if (code == KITH_OK)
		*count_r = (uint32_t)count;
	return code;
}
