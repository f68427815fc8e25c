/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table friend_request: requests that wait. An answer removes the row. */

#include "store_friend_request.h"

#include "store_friend_link.h"
#include "store_private.h"
#include "store_user.h"

static void
request_from_row(sqlite3_stmt *st, struct store_friend_request *request)
{
	request->id = sqlite3_column_int64(st, 0);
	request->from_id = sqlite3_column_int64(st, 1);
	request->to_id = sqlite3_column_int64(st, 2);
	request->time_us = sqlite3_column_int64(st, 3);
}

static enum kith_code
find_one(
    struct store *s, sqlite3_stmt *st, struct store_friend_request *request_r)
{
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	request_from_row(st, request_r);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_friend_request_find(
    struct store *s, int64_t id, struct store_friend_request *request_r)
{
	return find_one(s,
	    statement_start(
		s, STATEMENT_FRIEND_REQUEST_FIND, VALUES(INTEGER(id))),
	    request_r);
}

enum kith_code
store_friend_request_find_pair(struct store *s, int64_t from_id, int64_t to_id,
    struct store_friend_request *request_r)
{
	return find_one(s,
	    statement_start(s, STATEMENT_FRIEND_REQUEST_FIND_PAIR,
		VALUES(INTEGER(from_id), INTEGER(to_id))),
	    request_r);
}

/* ---- events ---------------------------------------------------------- */

/* Tells both people of it. outcome: 0 while it waits. */
static enum kith_code
tell_both(struct store *s, const struct store_friend_request *request,
    int outcome, int64_t now_us)
{
	struct event_new event = {
		.kind = outcome == 0 ? STORE_EVENT_FRIEND_REQUEST
				     : STORE_EVENT_FRIEND_REQUEST_ENDED,
		.time_us = now_us,
		.number = request->id,
		.user_id = request->from_id,
		.peer_id = request->to_id,
		.extra = outcome,
	};
	enum kith_code code;

	event.audience = -request->from_id;
	code = event_append(s, &event, NULL);
	if (code != KITH_OK)
		return code;
	event.audience = -request->to_id;
	return event_append(s, &event, NULL);
}

/* ---- sending --------------------------------------------------------- */

static enum kith_code
check_people(struct store *s, int64_t from_id, int64_t to_id)
{
	struct store_user from, to;
	struct store_friend_link link;
	enum kith_code code = user_find_to_change(s, from_id, &from);

	if (code != KITH_OK)
		return code;
	if (from_id == to_id)
		return KITH_FORBIDDEN;
	code = store_user_find(s, to_id, &to);
	if (code != KITH_OK)
		return code;
	if (to.state != STORE_USER_ACTIVE && to.state != STORE_USER_LOCKED)
		return KITH_NOT_FOUND;
	code = store_friend_link_find(s, from_id, to_id, &link);
	if (code == KITH_OK)
		return KITH_ALREADY;
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

static enum kith_code
check_new(struct store *s, int64_t from_id, int64_t to_id)
{
	struct store_friend_request own;
	int64_t count;
	enum kith_code code =
	    store_friend_request_find_pair(s, from_id, to_id, &own);

	if (code == KITH_OK)
		return KITH_ALREADY;
	if (code == KITH_NOT_FOUND)
		code = statement_integer(s, STATEMENT_FRIEND_REQUEST_COUNT,
		    VALUES(INTEGER(from_id)), &count);
	if (code == KITH_OK && count >= (int64_t)STORE_FRIEND_REQUESTS_MAX)
		return KITH_TOO_LARGE;
	return code;
}

enum kith_code
store_friend_request_send(struct store *s, int64_t from_id, int64_t to_id,
    int64_t now_us, struct store_friend_request *request_r)
{
	struct store_friend_request request = { 0, from_id, to_id, now_us };
	struct store_friend_request other;
	int64_t conversation_id;
	enum kith_code code = check_people(s, from_id, to_id);

	if (code != KITH_OK)
		return code;
	code = store_friend_request_find_pair(s, to_id, from_id, &other);
	if (code == KITH_OK) /* both want it: nothing is left to ask */
		code = store_friend_link_add(
		    s, from_id, to_id, now_us, &conversation_id);
	else if (code == KITH_NOT_FOUND) {
		code = check_new(s, from_id, to_id);
		if (code == KITH_OK)
			code =
			    statement_integer(s, STATEMENT_FRIEND_REQUEST_ADD,
				VALUES(INTEGER(from_id), INTEGER(to_id),
				    INTEGER(now_us)),
				&request.id);
		if (code == KITH_OK)
			code = tell_both(s, &request, 0, now_us);
	}
	if (code == KITH_OK)
		*request_r = request;
	return code;
}

/* ---- ending ---------------------------------------------------------- */

static enum kith_code
end_one(struct store *s, const struct store_friend_request *request,
    enum store_outcome outcome, int64_t now_us)
{
	enum kith_code code = statement_run(
	    s, STATEMENT_FRIEND_REQUEST_REMOVE, VALUES(INTEGER(request->id)));

	if (code != KITH_OK)
		return code;
	return tell_both(s, request, (int)outcome, now_us);
}

enum kith_code
friend_request_end_between(struct store *s, int64_t a_id, int64_t b_id,
    enum store_outcome outcome, int64_t now_us)
{
	struct store_friend_request request;
	enum kith_code code =
	    store_friend_request_find_pair(s, a_id, b_id, &request);

	if (code == KITH_OK)
		code = end_one(s, &request, outcome, now_us);
	if (code != KITH_OK && code != KITH_NOT_FOUND)
		return code;
	code = store_friend_request_find_pair(s, b_id, a_id, &request);
	if (code == KITH_OK)
		code = end_one(s, &request, outcome, now_us);
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

static bool
take_first(void *context, const struct store_friend_request *request)
{
	*(struct store_friend_request *)context = *request;
	return false;
}

/* Each turn removes the first, so that the end comes by itself. */
enum kith_code
friend_request_end_all(struct store *s, int64_t user_id, int64_t now_us)
{
	struct store_friend_request request;
	enum store_outcome outcome;
	enum kith_code code;

	do {
		request.id = 0;
		code = store_friend_request_each(s, user_id,
		    (struct store_page){ 0, 1 }, take_first, &request);
		if (code != KITH_OK || request.id == 0)
			return code;
		outcome = request.from_id == user_id ? STORE_OUTCOME_CANCELLED
						     : STORE_OUTCOME_REJECTED;
		code = end_one(s, &request, outcome, now_us);
	} while (code == KITH_OK);
	return code;
}

/* Finds it, if user_id is the one who may end it so. */
static enum kith_code
find_to_end(struct store *s, int64_t id, int64_t user_id,
    enum store_outcome outcome, struct store_friend_request *request_r)
{
	struct store_friend_request request;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = store_friend_request_find(s, id, &request);
	if (code != KITH_OK)
		return code;
	if (user_id !=
	    (outcome == STORE_OUTCOME_CANCELLED ? request.from_id
						: request.to_id))
		return KITH_NOT_FOUND;
	*request_r = request;
	return KITH_OK;
}

enum kith_code
store_friend_request_accept(
    struct store *s, int64_t id, int64_t user_id, int64_t now_us)
{
	struct store_friend_request request;
	int64_t conversation_id;
	enum kith_code code =
	    find_to_end(s, id, user_id, STORE_OUTCOME_ACCEPTED, &request);

	if (code != KITH_OK)
		return code;
	return store_friend_link_add(
	    s, request.from_id, request.to_id, now_us, &conversation_id);
}

enum kith_code
store_friend_request_reject(
    struct store *s, int64_t id, int64_t user_id, int64_t now_us)
{
	struct store_friend_request request;
	enum kith_code code =
	    find_to_end(s, id, user_id, STORE_OUTCOME_REJECTED, &request);

	if (code != KITH_OK)
		return code;
	return end_one(s, &request, STORE_OUTCOME_REJECTED, now_us);
}

enum kith_code
store_friend_request_cancel(
    struct store *s, int64_t id, int64_t user_id, int64_t now_us)
{
	struct store_friend_request request;
	enum kith_code code =
	    find_to_end(s, id, user_id, STORE_OUTCOME_CANCELLED, &request);

	if (code != KITH_OK)
		return code;
	return end_one(s, &request, STORE_OUTCOME_CANCELLED, now_us);
}

static enum kith_code
hand_out(struct store *s, sqlite3_stmt *st,
    bool (*each)(void *context, const struct store_friend_request *request),
    void *context)
{
	struct store_friend_request request;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		request_from_row(st, &request);
		if (!each(context, &request)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_friend_request_each(struct store *s, int64_t user_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_friend_request *request),
    void *context)
{
	return hand_out(s,
	    statement_start(s, STATEMENT_FRIEND_REQUEST_EACH,
		VALUES(INTEGER(user_id), INTEGER(page.from),
		    INTEGER(store_page_limit(page.limit)))),
	    each, context);
}

enum kith_code
store_friend_request_all(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_friend_request *request),
    void *context)
{
	return hand_out(s,
	    statement_start(s, STATEMENT_FRIEND_REQUEST_ALL,
		VALUES(
		    INTEGER(page.from), INTEGER(store_page_limit(page.limit)))),
	    each, context);
}
