/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * friend: who is friends with whom. Both people's clients are told by the
 * events that the store writes with each change.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "database.h"
#include "format.h"
#include "listing.h"
#include "output.h"
#include "store_friend_link.h"

enum {
	FRIEND_USER_ID,
	FRIEND_USER,
	FRIEND_ID,
	FRIEND_NAME,
	FRIEND_SINCE,
};

static const struct column friend_columns[] = {
	[FRIEND_USER_ID] = { "user_id", NULL, COLUMN_NUMBER },
	[FRIEND_USER] = { "user", "USER", COLUMN_TEXT },
	[FRIEND_ID] = { "friend_id", NULL, COLUMN_NUMBER },
	[FRIEND_NAME] = { "friend", "FRIEND", COLUMN_TEXT },
	[FRIEND_SINCE] = { "since", "SINCE", COLUMN_TIME },
	{},
};

struct walk {
	struct call *call;
	struct listing *listing;
	struct store_friend_link last;
	int64_t user_id; /* whose links; 0: all */
	uint32_t page;
	enum kith_code code; /* of a name that could not be found */
};

static void
set_person(struct walk *walk, int id_column, int name_column, int64_t id)
{
	struct store_user user;
	enum kith_code code = store_user_find(walk->call->store, id, &user);

	if (code != KITH_OK) {
		walk->code = code == KITH_NOT_FOUND ? KITH_INTEGRITY : code;
		return;
	}
	listing_set_number(walk->listing, id_column, id);
	listing_set_text(walk->listing, name_column, user.name);
}

static int64_t
other(const struct store_friend_link *link, int64_t id)
{
	return link->low_id == id ? link->high_id : link->low_id;
}

static bool
list_one(void *context, const struct store_friend_link *link)
{
	struct walk *walk = context;
	int64_t first = walk->user_id != 0 ? walk->user_id : link->low_id;

	listing_add_row(walk->listing);
	set_person(walk, FRIEND_USER_ID, FRIEND_USER, first);
	set_person(walk, FRIEND_ID, FRIEND_NAME, other(link, first));
	listing_set_time(walk->listing, FRIEND_SINCE, link->since_us);
	walk->last = *link;
	walk->page++;
	return walk->code == KITH_OK;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	bool first = walk->last.low_id == 0;
	struct store_page page = { .limit = LISTING_PAGE_ROWS };
	enum kith_code code;

	walk->listing = l;
	walk->page = 0;
	if (!first)
		page.from = other(&walk->last, walk->user_id);
	if (walk->user_id == 0)
		code = store_friend_link_all(walk->call->store,
		    first ? NULL : &walk->last, page.limit, list_one, walk);
	else
		code = store_friend_link_each(
		    walk->call->store, walk->user_id, page, list_one, walk);
	if (code == KITH_OK)
		code = walk->code;
	if (code != KITH_OK)
		database_fault(walk->call, code,
		    "A friend link names somebody who is not there.");
	*more_r = walk->page == LISTING_PAGE_ROWS;
	return code;
}

static enum kith_code
friend_list(struct call *call)
{
	const char *selector = call_argument(call, 0);
	struct store_user user = { .id = 0 };
	enum kith_code code = database_open(call, false);
	struct walk walk = { .call = call };
	struct listing *l;

	if (code == KITH_OK && selector != NULL)
		code = database_find_user(call, selector, &user);
	if (code != KITH_OK)
		return code;
	walk.user_id = user.id;
	l = listing_begin(call, "friends", friend_columns);
	return database_list(call, &l, list_page, &walk);
}

static enum kith_code
find_pair(struct call *call, struct store_user *a, struct store_user *b)
{
	enum kith_code code =
	    database_find_user(call, call_argument(call, 0), a);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 1), b);
	if (code == KITH_OK && a->id == b->id)
		return call_usage(call, "Those are one and the same person.");
	return code;
}

static void
answer_pair(struct call *call, const struct store_user *a,
    const struct store_user *b, const char *now)
{
	output_talk(call, "%s and %s are %s.", a->name, b->name, now);
	json_object_set_new(call->answer, "friend_link",
	    json_pack("{s:I, s:s, s:I, s:s}", "user_id", (json_int_t)a->id,
		"user", a->name, "friend_id", (json_int_t)b->id, "friend",
		b->name));
}

static enum kith_code
friend_add(struct call *call)
{
	struct store_user a, b;
	int64_t conversation_id;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = find_pair(call, &a, &b);
	if (code == KITH_OK) {
		code = store_friend_link_add(
		    call->store, a.id, b.id, format_now_us(), &conversation_id);
		if (code == KITH_ALREADY)
			call_fail(call, code, "%s and %s are friends already.",
			    a.name, b.name);
		else if (code != KITH_OK)
			database_fault(
			    call, code, "%s", kith_code_sentence(code));
	}
	code = database_end(call, code);
	if (code == KITH_OK)
		answer_pair(call, &a, &b, "friends now");
	return code;
}

static enum kith_code
friend_remove(struct call *call)
{
	struct store_user a, b;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = find_pair(call, &a, &b);
	if (code == KITH_OK) {
		code = store_friend_link_remove(
		    call->store, a.id, b.id, format_now_us());
		if (code != KITH_OK)
			database_fault(call, code, "%s and %s are not friends.",
			    a.name, b.name);
	}
	code = database_end(call, code);
	if (code == KITH_OK)
		answer_pair(call, &a, &b, "no longer friends");
	return code;
}

const struct command friend_commands[] = {
	{ .noun = "friend",
	    .verb = "add",
	    .arguments = "USER USER",
	    .summary = "Make two people friends",
	    .details = "A friend request between them counts as accepted.",
	    .kinds = { WORD_USER, WORD_USER },
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = friend_add },
	{ .noun = "friend",
	    .verb = "remove",
	    .arguments = "USER USER",
	    .summary = "End a friendship",
	    .details = "Both keep what they wrote, and can no longer write to "
		       "each other.",
	    .kinds = { WORD_USER, WORD_FRIEND },
	    .flags = COMMAND_WRITES,
	    .run = friend_remove },
	{ .noun = "friend",
	    .verb = "list",
	    .arguments = "[USER]",
	    .summary = "List all friend links, or one person's",
	    .kinds = { WORD_USER },
	    .flags = COMMAND_READS,
	    .answer = "friends",
	    .columns = friend_columns,
	    .run = friend_list },
	{},
};
