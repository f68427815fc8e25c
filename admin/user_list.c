/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user list, and the filters that it shares with the other verbs about many.
 * Pages are read one by one, each in a transaction of its own.
 */
#include <string.h>

#include "database.h"
#include "output.h"
#include "user.h"

#define LIST_LIMIT_MAX INT64_C(1000000000)

struct list_walk {
	struct call *call;
	struct store_user_query query;
	struct listing *listing;
	int64_t skip; /* rows before the first that is shown */
	int64_t left; /* rows that may still be shown */
	int64_t shown;
};

/* ---- filters ---------------------------------------------------------- */

static const struct {
	const char *option;
	unsigned int states;
} state_options[] = {
	{ "active", STORE_USER_IN(STORE_USER_ACTIVE) },
	{ "locked", STORE_USER_IN(STORE_USER_LOCKED) },
	{ "pending", STORE_USER_IN(STORE_USER_PENDING) },
	{ "deleted", STORE_USER_IN(STORE_USER_DELETING) },
};

enum kith_code
user_read_filter(
    struct call *call, struct store_user_filter *filter_r, bool *given_r)
{
	struct store_user_filter f = { .contains = call_option(call, "name") };
	size_t count = sizeof(state_options) / sizeof(state_options[0]);

	for (size_t i = 0; i < count; i++) {
		if (call_flag(call, state_options[i].option))
			f.states |= state_options[i].states;
	}
	if (f.contains != NULL && f.contains[0] == '\0')
		return call_usage(call, "--name needs a part of a name.");
	if (call_option_when(call, "inactive-since", FORMAT_AGO,
		&f.inactive_since_us) != KITH_OK)
		return KITH_MALFORMED;
	*given_r =
	    f.states != 0 || f.contains != NULL || f.inactive_since_us != 0;
	*filter_r = f;
	return KITH_OK;
}

/* ---- list ------------------------------------------------------------- */

static const struct {
	const char *word;
	enum store_user_sort sort;
} sorts[] = {
	{ "name", STORE_USER_BY_NAME },
	{ "id", STORE_USER_BY_ID },
	{ "created", STORE_USER_BY_CREATED },
	{ "last-seen", STORE_USER_BY_LAST_SEEN },
};

static void
read_sort(struct call *call, struct store_user_query *query)
{
	const char *word = call_option(call, "sort");

	for (size_t i = 0; word && i < sizeof(sorts) / sizeof(sorts[0]); i++) {
		if (strcmp(sorts[i].word, word) == 0)
			query->sort = sorts[i].sort;
	}
	query->descending = call_flag(call, "reverse");
}

static enum kith_code
read_wishes(struct call *call, struct list_walk *walk)
{
	bool given;
	enum kith_code code =
	    user_read_filter(call, &walk->query.filter, &given);

	if (code == KITH_OK)
		code = call_option_number(
		    call, "limit", 1, LIST_LIMIT_MAX, &walk->left);
	if (code == KITH_OK)
		code = call_option_number(
		    call, "offset", 0, LIST_LIMIT_MAX, &walk->skip);
	if (code == KITH_OK && call_option(call, "after") != NULL &&
	    call_option(call, "offset") != NULL)
		code =
		    call_usage(call, "Either --after or --offset, not both.");
	read_sort(call, &walk->query);
	return code;
}

/* Goes on behind a user, wherever that one stands in this order. */
static enum kith_code
go_behind(struct call *call, struct list_walk *walk)
{
	const char *selector = call_option(call, "after");
	struct store_user user;
	enum kith_code code;

	if (selector == NULL)
		return KITH_OK;
	code = database_open(call, false);
	if (code == KITH_OK)
		code = database_find_user(call, selector, &user);
	if (code == KITH_OK)
		store_user_query_after(&walk->query, &user);
	return code;
}

static bool
list_one(void *context, const struct store_user *user)
{
	struct list_walk *walk = context;

	if (walk->skip > 0) {
		walk->skip--;
		return true;
	}
	listing_add_row(walk->listing);
	user_fill(walk->listing, user);
	walk->shown++;
	return --walk->left > 0;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct list_walk *walk = context;
	enum kith_code code;

	walk->listing = l;
	walk->query.limit = LISTING_PAGE_ROWS;
	if (walk->skip + walk->left < LISTING_PAGE_ROWS)
		walk->query.limit = (uint32_t)(walk->skip + walk->left);
	code = store_user_list(walk->call->store, &walk->query, list_one, walk);
	if (code != KITH_OK)
		return database_fault(
		    walk->call, code, "The users cannot be listed.");
	*more_r = !walk->query.done && walk->left > 0;
	return KITH_OK;
}

/* Where only a part was asked for, one wants to know of how many. */
static enum kith_code
tell_total(struct call *call, const struct list_walk *walk)
{
	int64_t total;
	enum kith_code code;

	if (call_option(call, "limit") == NULL &&
	    call_option(call, "offset") == NULL &&
	    call_option(call, "after") == NULL)
		return KITH_OK;
	code = store_user_list_count(call->store, &walk->query.filter, &total);
	if (code != KITH_OK)
		return database_fault(
		    call, code, "The users cannot be counted.");
	json_object_set_new(call->answer, "total", json_integer(total));
	if (call->format == CALL_TABLE)
		output_talk(call, "%lld of %lld.", (long long)walk->shown,
		    (long long)total);
	return KITH_OK;
}

enum kith_code
user_list(struct call *call)
{
	struct list_walk walk = { .call = call, .left = LIST_LIMIT_MAX };
	struct listing *l;
	enum kith_code code = read_wishes(call, &walk);

	if (code == KITH_OK)
		code = go_behind(call, &walk);
	if (code != KITH_OK)
		return code;
	l = listing_begin(call, "users", user_list_columns);
	code = database_list(call, &l, list_page, &walk);
	return code == KITH_OK ? tell_total(call, &walk) : code;
}
