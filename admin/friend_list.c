/* SPDX-License-Identifier: GPL-3.0-or-later */
/* friend list: everybody's links, or one person's. Changes nothing. */
#include "database.h"
#include "friend.h"
#include "store_friend_link.h"

enum {
	LINK_USER_ID,
	LINK_USER,
	LINK_FRIEND_ID,
	LINK_FRIEND,
	LINK_SINCE,
	LINK_CONVERSATION,
};

const struct column friend_list_columns[] = {
	[LINK_USER_ID] = { "user_id", NULL, COLUMN_NUMBER },
	[LINK_USER] = { "user", "USER", COLUMN_TEXT },
	[LINK_FRIEND_ID] = { "friend_id", NULL, COLUMN_NUMBER },
	[LINK_FRIEND] = { "friend", "FRIEND", COLUMN_TEXT },
	[LINK_SINCE] = { "since", "SINCE", COLUMN_TIME },
	[LINK_CONVERSATION] = { "conversation_id", NULL, COLUMN_NUMBER },
	{},
};

struct walk {
	struct call *call;
	struct listing *listing;
	struct store_friend_link last;
	int64_t user_id; /* whose links; 0: all */
	uint32_t count;  /* of this page */
	enum kith_code code;
};

static int64_t
other(const struct store_friend_link *link, int64_t id)
{
	return link->low_id == id ? link->high_id : link->low_id;
}

static bool
list_one(void *context, const struct store_friend_link *link)
{
	struct walk *walk = context;
	struct listing *l = walk->listing;
	int64_t first = walk->user_id != 0 ? walk->user_id : link->low_id;

	listing_add_row(l);
	walk->code =
	    friend_set_person(walk->call, l, LINK_USER_ID, LINK_USER, first);
	if (walk->code == KITH_OK)
		walk->code = friend_set_person(walk->call, l, LINK_FRIEND_ID,
		    LINK_FRIEND, other(link, first));
	listing_set_time(l, LINK_SINCE, link->since_us);
	listing_set_number(l, LINK_CONVERSATION, link->conversation_id);
	walk->last = *link;
	walk->count++;
	return walk->code == KITH_OK;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	struct store *s = walk->call->store;
	bool first = walk->last.low_id == 0;
	struct store_page page = { .limit = LISTING_PAGE_ROWS };
	enum kith_code code;

	walk->listing = l;
	walk->count = 0;
	if (!first)
		page.from = other(&walk->last, walk->user_id);
	if (walk->user_id == 0)
		code = store_friend_link_all(
		    s, first ? NULL : &walk->last, page.limit, list_one, walk);
	else
		code = store_friend_link_each(
		    s, walk->user_id, page, list_one, walk);
	*more_r = walk->count == LISTING_PAGE_ROWS;
	if (code != KITH_OK)
		return database_fault(
		    walk->call, code, "%s", kith_code_sentence(code));
	return walk->code;
}

enum kith_code
friend_list(struct call *call)
{
	const char *selector = call_argument(call, 0);
	struct store_user user = { .id = 0 };
	struct walk walk = { .call = call };
	struct listing *l;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK && selector != NULL)
		code = database_find_user(call, selector, &user);
	if (code != KITH_OK)
		return code;
	walk.user_id = user.id;
	l = listing_begin(call, "friends", friend_list_columns);
	return database_list(call, &l, list_page, &walk);
}
