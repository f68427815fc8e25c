/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table friend_link. A pair is one row, the lower id first. */

#include "store_friend_link.h"

#include "store_conversation.h"
#include "store_private.h"
#include "store_user.h"

static int64_t
lower(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
higher(int64_t a, int64_t b)
{
	return a < b ? b : a;
}

static void
link_from_row(sqlite3_stmt *st, struct store_friend_link *link)
{
	link->low_id = sqlite3_column_int64(st, 0);
	link->high_id = sqlite3_column_int64(st, 1);
	link->since_us = sqlite3_column_int64(st, 2);
	link->conversation_id = sqlite3_column_int64(st, 3);
}

enum kith_code
store_friend_link_find(struct store *s, int64_t a_id, int64_t b_id,
    struct store_friend_link *link_r)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_FRIEND_LINK_FIND,
	    VALUES(INTEGER(lower(a_id, b_id)), INTEGER(higher(a_id, b_id))));
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	link_from_row(st, link_r);
	statement_end(st);
	return KITH_OK;
}

/* Tells each of the two about the other. */
static enum kith_code
tell_both(struct store *s, enum store_event_kind kind, int64_t now_us,
    const struct store_friend_link *link)
{
	struct event_new event = {
		.audience = -link->low_id,
		.kind = kind,
		.time_us = now_us,
		.conversation_id = link->conversation_id,
		.user_id = link->high_id,
	};
	enum kith_code code = event_append(s, &event, NULL);

	if (code != KITH_OK)
		return code;
	event.audience = -link->high_id;
	event.user_id = link->low_id;
	return event_append(s, &event, NULL);
}

static enum kith_code
check_person(struct store *s, int64_t id)
{
	struct store_user user;
	enum kith_code code = store_user_find(s, id, &user);

	if (code == KITH_OK && user.state == STORE_USER_DELETED)
		return KITH_NOT_FOUND;
	if (code == KITH_OK && user.state == STORE_USER_SYSTEM)
		return KITH_FORBIDDEN;
	return code;
}

static enum kith_code
check_new(struct store *s, int64_t a_id, int64_t b_id)
{
	struct store_friend_link link;
	enum kith_code code = store_may_change(s);

	if (code != KITH_OK)
		return code;
	if (a_id == b_id)
		return KITH_FORBIDDEN;
	code = check_person(s, a_id);
	if (code == KITH_OK)
		code = check_person(s, b_id);
	if (code != KITH_OK)
		return code;
	code = store_friend_link_find(s, a_id, b_id, &link);
	if (code == KITH_OK)
		return KITH_ALREADY;
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_friend_link_add(struct store *s, int64_t a_id, int64_t b_id,
    int64_t now_us, int64_t *conversation_id_r)
{
	struct store_friend_link link = { lower(a_id, b_id), higher(a_id, b_id),
		now_us, 0 };
	enum kith_code code = check_new(s, a_id, b_id);

	if (code == KITH_OK)
		code = store_conversation_make_direct(
		    s, a_id, b_id, now_us, &link.conversation_id);
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_FRIEND_LINK_ADD,
		    VALUES(INTEGER(link.low_id), INTEGER(link.high_id),
			INTEGER(now_us), INTEGER(link.conversation_id)));
	if (code == KITH_OK)
		code = friend_request_end_between(
		    s, a_id, b_id, STORE_OUTCOME_ACCEPTED, now_us);
	if (code == KITH_OK)
		code = tell_both(s, STORE_EVENT_FRIEND_ADDED, now_us, &link);
	if (code == KITH_OK)
		*conversation_id_r = link.conversation_id;
	return code;
}

enum kith_code
store_friend_link_remove(
    struct store *s, int64_t a_id, int64_t b_id, int64_t now_us)
{
	struct store_friend_link link;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = store_friend_link_find(s, a_id, b_id, &link);
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_FRIEND_LINK_REMOVE,
		    VALUES(INTEGER(link.low_id), INTEGER(link.high_id)));
	if (code == KITH_OK)
		code = tell_both(s, STORE_EVENT_FRIEND_REMOVED, now_us, &link);
	return code;
}

static bool
take_first(void *context, const struct store_friend_link *link)
{
	*(struct store_friend_link *)context = *link;
	return false;
}

/* Each turn removes the first, so that the end comes by itself. */
enum kith_code
friend_link_remove_all(struct store *s, int64_t user_id, int64_t now_us)
{
	struct store_friend_link link;
	enum kith_code code;

	do {
		link.low_id = 0;
		code = store_friend_link_each(
		    s, user_id, (struct store_page){ 0, 1 }, take_first, &link);
		if (code != KITH_OK || link.low_id == 0)
			return code;
		code = store_friend_link_remove(
		    s, link.low_id, link.high_id, now_us);
	} while (code == KITH_OK);
	return code;
}

static enum kith_code
hand_out(struct store *s, sqlite3_stmt *st,
    bool (*each)(void *context, const struct store_friend_link *link),
    void *context)
{
	struct store_friend_link link;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		link_from_row(st, &link);
		if (!each(context, &link)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_friend_link_each(struct store *s, int64_t user_id, struct store_page page,
    bool (*each)(void *context, const struct store_friend_link *link),
    void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_FRIEND_LINK_EACH,
	    VALUES(INTEGER(user_id), INTEGER(page.from),
		INTEGER(store_page_limit(page.limit))));

	return hand_out(s, st, each, context);
}

enum kith_code
store_friend_link_all(struct store *s, const struct store_friend_link *after,
    uint32_t limit,
    bool (*each)(void *context, const struct store_friend_link *link),
    void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_FRIEND_LINK_ALL,
	    VALUES(INTEGER(after != NULL ? after->low_id : 0),
		INTEGER(after != NULL ? after->high_id : 0),
		INTEGER(store_page_limit(limit))));

	return hand_out(s, st, each, context);
}
