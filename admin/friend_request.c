/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Friend requests: sent, listed, and answered in somebody's place. A request
 * has a direction; every sentence here says which one is meant.
 */
#include <stdlib.h>

#include "database.h"
#include "format.h"
#include "friend.h"
#include "output.h"
#include "store_friend_request.h"

enum {
	REQUEST_ID,
	REQUEST_FROM_ID,
	REQUEST_FROM,
	REQUEST_TO_ID,
	REQUEST_TO,
	REQUEST_TIME,
};

const struct column friend_request_columns[] = {
	[REQUEST_ID] = { "id", NULL, COLUMN_NUMBER },
	[REQUEST_FROM_ID] = { "from_id", NULL, COLUMN_NUMBER },
	[REQUEST_FROM] = { "from", "FROM", COLUMN_TEXT },
	[REQUEST_TO_ID] = { "to_id", NULL, COLUMN_NUMBER },
	[REQUEST_TO] = { "to", "TO", COLUMN_TEXT },
	[REQUEST_TIME] = { "time", "SINCE", COLUMN_TIME },
	{},
};

static void
answer_request(struct call *call, const struct store_friend_request *request,
    const struct store_user *from, const struct store_user *to,
    const char *outcome)
{
	char *time = output_time_utc(request->time_us);

	json_object_set_new(call->answer, "friend_request",
	    json_pack("{s:I, s:I, s:s, s:I, s:s, s:s, s:s}", "id",
		(json_int_t)request->id, "from_id", (json_int_t)from->id,
		"from", from->name, "to_id", (json_int_t)to->id, "to", to->name,
		"time", time, "outcome", outcome));
	free(time);
}

/* ---- asking ---------------------------------------------------------------- */

static enum kith_code
send_request(struct call *call, const struct store_user *from,
    const struct store_user *to, struct store_friend_request *made)
{
	enum kith_code code = store_friend_request_send(
	    call->store, from->id, to->id, format_now_us(), made);

	if (code == KITH_ALREADY)
		return call_fail(call, code,
		    "%s and %s are friends already, or %s has asked already.",
		    from->name, to->name, from->name);
	if (code == KITH_TOO_LARGE)
		return call_fail(call, KITH_CONFLICT,
		    "%u friend requests of %s wait for an answer; that is the "
		    "most.",
		    STORE_FRIEND_REQUESTS_MAX, from->name);
	if (code == KITH_FORBIDDEN)
		return call_fail(
		    call, code, "The server itself is nobody's friend.");
	if (code != KITH_OK)
		return database_fault(call, code,
		    "%s cannot be asked: the account is not in use.", to->name);
	return friend_audit(
	    call, from, to, json_pack("{s:b}", "request", made->id != 0));
}

enum kith_code
friend_ask(struct call *call)
{
	struct store_friend_request made;
	struct store_user from, to;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = friend_find_pair(call, &from, &to);
	if (code == KITH_OK)
		code = send_request(call, &from, &to, &made);
	code = database_end(call, code);
	if (code != KITH_OK)
		return code;
	if (made.id != 0) {
		output_talk(call, "%s has asked %s, who can accept.", from.name,
		    to.name);
		answer_request(call, &made, &from, &to, "waiting");
	} else {
		output_talk(call,
		    "%s had asked %s already: they are friends now.", to.name,
		    from.name);
		json_object_set_new(call->answer, "friend_link",
		    json_pack("{s:I, s:s, s:I, s:s}", "user_id",
			(json_int_t)from.id, "user", from.name, "friend_id",
			(json_int_t)to.id, "friend", to.name));
	}
	return KITH_OK;
}

/* ---- the list ---------------------------------------------------------------- */

struct walk {
	struct call *call;
	struct listing *listing;
	int64_t user_id; /* whose; 0: everybody's */
	bool incoming;   /* those to the user are wanted */
	bool outgoing;
	int64_t last_id;
	uint32_t count; /* of this page, shown or not */
	enum kith_code code;
};

static bool
list_one(void *context, const struct store_friend_request *request)
{
	struct walk *walk = context;
	struct listing *l = walk->listing;

	walk->last_id = request->id;
	walk->count++;
	if (walk->user_id != 0 &&
	    !(request->to_id == walk->user_id ? walk->incoming
					      : walk->outgoing))
		return true;
	listing_add_row(l);
	listing_set_number(l, REQUEST_ID, request->id);
	walk->code = friend_set_person(
	    walk->call, l, REQUEST_FROM_ID, REQUEST_FROM, request->from_id);
	if (walk->code == KITH_OK)
		walk->code = friend_set_person(
		    walk->call, l, REQUEST_TO_ID, REQUEST_TO, request->to_id);
	listing_set_time(l, REQUEST_TIME, request->time_us);
	return walk->code == KITH_OK;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	struct store *s = walk->call->store;
	struct store_page page = { .from = walk->last_id,
		.limit = LISTING_PAGE_ROWS };
	enum kith_code code;

	walk->listing = l;
	walk->count = 0;
	if (walk->user_id != 0)
		code = store_friend_request_each(
		    s, walk->user_id, page, list_one, walk);
	else
		code = store_friend_request_all(s, page, list_one, walk);
	*more_r = walk->count == LISTING_PAGE_ROWS;
	if (code != KITH_OK)
		return database_fault(
		    walk->call, code, "%s", kith_code_sentence(code));
	return walk->code;
}

enum kith_code
friend_requests(struct call *call)
{
	const char *selector = call_argument(call, 0);
	struct store_user user = { .id = 0 };
	struct walk walk = { .call = call,
		.incoming = !call_flag(call, "outgoing"),
		.outgoing = !call_flag(call, "incoming") };
	struct listing *l;
	enum kith_code code;

	if (!walk.incoming && !walk.outgoing)
		walk.incoming = walk.outgoing = true;
	if (selector == NULL && !(walk.incoming && walk.outgoing))
		return call_usage(call,
		    "--incoming and --outgoing are about one USER: say whose "
		    "requests.");
	code = database_open(call, false);
	if (code == KITH_OK && selector != NULL)
		code = database_find_user(call, selector, &user);
	if (code != KITH_OK)
		return code;
	walk.user_id = user.id;
	l = listing_begin(call, "friend_requests", friend_request_columns);
	return database_list(call, &l, list_page, &walk);
}

/* ---- answering ------------------------------------------------------------------ */

/* What is done with a request that waits. */
struct ending {
	enum kith_code (*end)(
	    struct store *s, int64_t id, int64_t user_id, int64_t now_us);
	bool cancels; /* by the one who asked */
	const char *outcome;
	const char *did; /* between who does it and the other one */
	const char *then;
};

static const struct ending accepting = { .end = store_friend_request_accept,
	.outcome = "accepted",
	.did = "has accepted the request of",
	.then = ": they are friends now" };
static const struct ending rejecting = { .end = store_friend_request_reject,
	.outcome = "rejected",
	.did = "has turned down the request of",
	.then = "" };
static const struct ending cancelling = { .end = store_friend_request_cancel,
	.cancels = true,
	.outcome = "cancelled",
	.did = "has taken back the request to",
	.then = "" };

/* Not there; but perhaps the other way round, which is easily confused. */
static enum kith_code
not_asked(struct call *call, const struct store_user *from,
    const struct store_user *to)
{
	struct store_friend_request request;

	if (store_friend_request_find_pair(
		call->store, to->id, from->id, &request) == KITH_OK)
		return call_fail(call, KITH_NOT_FOUND,
		    "%s has not asked %s: %s has asked %s. The one who does "
		    "something about it is named first.",
		    from->name, to->name, to->name, from->name);
	return call_fail(
	    call, KITH_NOT_FOUND, "%s has not asked %s.", from->name, to->name);
}

/* user: who does it. */
static enum kith_code
end_between(struct call *call, const struct ending *ending,
    const struct store_user *user, const struct store_user *other,
    struct store_friend_request *request)
{
	const struct store_user *from = ending->cancels ? user : other;
	const struct store_user *to = ending->cancels ? other : user;
	enum kith_code code = store_friend_request_find_pair(
	    call->store, from->id, to->id, request);

	if (code == KITH_NOT_FOUND)
		return not_asked(call, from, to);
	if (code == KITH_OK)
		code = ending->end(
		    call->store, request->id, user->id, format_now_us());
	if (code != KITH_OK)
		return database_fault(
		    call, code, "%s", kith_code_sentence(code));
	return friend_audit(
	    call, from, to, json_pack("{s:s}", "outcome", ending->outcome));
}

static enum kith_code
end_request(struct call *call, const struct ending *ending)
{
	struct store_friend_request request;
	struct store_user user, other;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = friend_find_pair(call, &user, &other);
	if (code == KITH_OK)
		code = end_between(call, ending, &user, &other, &request);
	code = database_end(call, code);
	if (code != KITH_OK)
		return code;
	output_talk(call, "%s %s %s%s.", user.name, ending->did, other.name,
	    ending->then);
	answer_request(call, &request, ending->cancels ? &user : &other,
	    ending->cancels ? &other : &user, ending->outcome);
	return KITH_OK;
}

enum kith_code
friend_accept(struct call *call)
{
	return end_request(call, &accepting);
}

enum kith_code
friend_reject(struct call *call)
{
	return end_request(
	    call, call_flag(call, "cancel") ? &cancelling : &rejecting);
}
