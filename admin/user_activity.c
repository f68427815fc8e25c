/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user activity: who uses the server, and how much. */
#include "database.h"
#include "output.h"
#include "user.h"

#define ACTIVITY_LIMIT_MAX INT64_C(1000000000)

enum {
	ACTIVITY_ID,
	ACTIVITY_NAME,
	ACTIVITY_STATE,
	ACTIVITY_LAST_SEEN,
	ACTIVITY_DEVICES,
	ACTIVITY_FRIENDS,
	ACTIVITY_CONVERSATIONS,
	ACTIVITY_MESSAGES,
	ACTIVITY_LAST_MESSAGE,
	ACTIVITY_FIRST_MESSAGE,
	ACTIVITY_CREATED,
};

const struct column user_activity_columns[] = {
	[ACTIVITY_ID] = { "id", "ID", COLUMN_NUMBER },
	[ACTIVITY_NAME] = { "name", "NAME", COLUMN_TEXT },
	[ACTIVITY_STATE] = { "state", "STATE", COLUMN_TEXT },
	[ACTIVITY_LAST_SEEN] = { "last_seen", "LAST SEEN", COLUMN_TIME },
	[ACTIVITY_DEVICES] = { "devices", "DEVICES", COLUMN_NUMBER },
	[ACTIVITY_FRIENDS] = { "friends", "FRIENDS", COLUMN_NUMBER },
	[ACTIVITY_CONVERSATIONS] = { "conversations", "CONVERSATIONS",
	    COLUMN_NUMBER },
	[ACTIVITY_MESSAGES] = { "messages_sent", "MESSAGES", COLUMN_NUMBER },
	[ACTIVITY_LAST_MESSAGE] = { "last_message", "LAST MESSAGE",
	    COLUMN_TIME },
	[ACTIVITY_FIRST_MESSAGE] = { "first_message", NULL, COLUMN_TIME },
	[ACTIVITY_CREATED] = { "created", NULL, COLUMN_TIME },
	{},
};

struct activity_walk {
	struct call *call;
	struct store_user_query query;
	struct listing *listing;
	int64_t since_us;
	int64_t left;
	int next_argument;
	enum kith_code code; /* of what stopped the page */
};

static enum kith_code
add_row(struct activity_walk *walk, const struct store_user *user)
{
	struct listing *l = walk->listing;
	struct store_user_activity a;
	enum kith_code code =
	    store_user_activity(walk->call->store, user->id, &a);

	if (code != KITH_OK)
		return database_fault(walk->call, code,
		    "What belongs to the account cannot be counted.");
	listing_add_row(l);
	listing_set_number(l, ACTIVITY_ID, user->id);
	listing_set_text(l, ACTIVITY_NAME, user->name);
	listing_set_text(l, ACTIVITY_STATE, user_state_word(user->state));
	listing_set_time(l, ACTIVITY_LAST_SEEN, user->last_seen_us);
	listing_set_number(l, ACTIVITY_DEVICES, a.devices);
	listing_set_number(l, ACTIVITY_FRIENDS, a.friends);
	listing_set_number(l, ACTIVITY_CONVERSATIONS, a.conversations);
	listing_set_number(l, ACTIVITY_MESSAGES, a.messages_sent);
	listing_set_time(l, ACTIVITY_LAST_MESSAGE, a.last_message_us);
	listing_set_time(l, ACTIVITY_FIRST_MESSAGE, a.first_message_us);
	listing_set_time(l, ACTIVITY_CREATED, user->created_us);
	return KITH_OK;
}

static bool
list_one(void *context, const struct store_user *user)
{
	struct activity_walk *walk = context;

	/* newest first: whoever follows was not seen since either */
	if (user->last_seen_us < walk->since_us) {
		walk->left = 0;
		return false;
	}
	walk->code = add_row(walk, user);
	return walk->code == KITH_OK && --walk->left > 0;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct activity_walk *walk = context;
	enum kith_code code;

	walk->listing = l;
	walk->query.limit = LISTING_PAGE_ROWS;
	code = store_user_list(walk->call->store, &walk->query, list_one, walk);
	if (walk->code != KITH_OK)
		return walk->code;
	if (code != KITH_OK)
		return database_fault(
		    walk->call, code, "The users cannot be listed.");
	*more_r = !walk->query.done && walk->left > 0;
	return KITH_OK;
}

/* Those who were named, in that order. */
static enum kith_code
named_page(void *context, struct listing *l, bool *more_r)
{
	struct activity_walk *walk = context;
	struct store_user user;
	enum kith_code code = KITH_OK;

	walk->listing = l;
	while (code == KITH_OK && !listing_full(l) &&
	    walk->next_argument < walk->call->argument_count) {
		code = database_find_user(walk->call,
		    call_argument(walk->call, walk->next_argument++), &user);
		if (code == KITH_OK)
			code = add_row(walk, &user);
	}
	*more_r = walk->next_argument < walk->call->argument_count;
	return code;
}

enum kith_code
user_activity(struct call *call)
{
	struct activity_walk walk = { .call = call,
		.left = ACTIVITY_LIMIT_MAX,
		.query = {
		    .sort = STORE_USER_BY_LAST_SEEN, .descending = true } };
	bool named = call->argument_count > 0, given = false;
	struct listing *l;
	enum kith_code code =
	    user_read_filter(call, &walk.query.filter, &given);

	if (code == KITH_OK)
		code = call_option_number(
		    call, "limit", 1, ACTIVITY_LIMIT_MAX, &walk.left);
	if (code == KITH_OK)
		code =
		    call_option_when(call, "since", FORMAT_AGO, &walk.since_us);
	if (code == KITH_OK && named && (given || walk.since_us != 0))
		code = call_usage(
		    call, "Either users by name or options that choose them.");
	if (code != KITH_OK)
		return code;
	l = listing_begin(call, "users", user_activity_columns);
	return database_list(call, &l, named ? named_page : list_page, &walk);
}
