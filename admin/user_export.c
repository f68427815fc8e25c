/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user export: all accounts in the form that user import takes. Friends stand
 * with both people, so that any part of the list can be imported alone.
 */
#include "user_export.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "store_friend_link.h"
#include "user.h"

/* Each account of a page may have many friends; so a page is small. */
#define EXPORT_PAGE 100u

enum {
	EXPORT_NAME,
	EXPORT_DISPLAY_NAME,
	EXPORT_STATE,
	EXPORT_REASON,
	EXPORT_UNTIL,
	EXPORT_CREATED,
	EXPORT_LAST_SEEN,
	EXPORT_HASH,
	EXPORT_FRIENDS,
};

#define COLUMNS(friends_kind)                                              \
	[EXPORT_NAME] = { "name", "NAME", COLUMN_TEXT },                   \
	[EXPORT_DISPLAY_NAME] = { "display_name", "DISPLAY NAME",          \
		COLUMN_TEXT },                                             \
	[EXPORT_STATE] = { "state", "STATE", COLUMN_TEXT },                \
	[EXPORT_REASON] = { "reason", "REASON", COLUMN_TEXT },             \
	[EXPORT_UNTIL] = { "until", "UNTIL", COLUMN_TIME },                \
	[EXPORT_CREATED] = { "created", "CREATED", COLUMN_TIME },          \
	[EXPORT_LAST_SEEN] = { "last_seen", "LAST SEEN", COLUMN_TIME },    \
	[EXPORT_HASH] = { "password_hash", "PASSWORD HASH", COLUMN_TEXT }, \
	[EXPORT_FRIENDS] = { "friends", "FRIENDS", friends_kind },

/* In JSON an array of names; elsewhere the names with spaces. */
const struct column user_export_columns[] = { COLUMNS(COLUMN_JSON){} };
static const struct column text_columns[] = { COLUMNS(COLUMN_TEXT){} };

struct export
{
	struct call *call;
	struct listing *listing;
	struct store_user_query query;
	bool hashes;
	enum kith_code code; /* of what stopped the page */
};

/* ---- friends ---------------------------------------------------------- */

struct friends {
	struct store *store;
	json_t *names;
	int64_t user_id;
	int64_t last_id;
	uint32_t page;
	enum kith_code code;
};

static bool
add_friend(void *context, const struct store_friend_link *link)
{
	struct friends *f = context;
	struct store_user friend;

	f->last_id = link->low_id == f->user_id ? link->high_id : link->low_id;
	f->page++;
	f->code = store_user_find(f->store, f->last_id, &friend);
	if (f->code != KITH_OK)
		return false;
	/* one who is about to be purged is not in the list either */
	if (friend.state != STORE_USER_DELETING)
		json_array_append_new(f->names, json_string(friend.name));
	return true;
}

static enum kith_code
friends_of(struct store *s, int64_t user_id, json_t *names)
{
	struct friends f = { .store = s, .names = names, .user_id = user_id };
	enum kith_code code;

	do {
		struct store_page page = { .from = f.last_id,
			.limit = STORE_PAGE_MAX };

		f.page = 0;
		code = store_friend_link_each(s, user_id, page, add_friend, &f);
		if (code == KITH_OK)
			code = f.code;
	} while (code == KITH_OK && f.page == STORE_PAGE_MAX);
	return code;
}

/* Takes the names. */
static void
set_friends(struct listing *l, const struct call *call, json_t *names)
{
	size_t room = json_array_size(names) * (TEXT_NAME_MAX + 1) + 1, i;
	char *text, *end;
	json_t *name;

	if (call->json) {
		listing_set_json(l, EXPORT_FRIENDS, names);
		return;
	}
	text = end = mem_new(room, 1);
	json_array_foreach(names, i, name)
	{
		if (i > 0)
			*end++ = ' ';
		end = stpcpy(end, json_string_value(name));
	}
	if (text[0] != '\0')
		listing_set_text(l, EXPORT_FRIENDS, text);
	free(text);
	json_decref(names);
}

/* ---- accounts --------------------------------------------------------- */

static enum kith_code
export_row(struct export *e, const struct store_user *user)
{
	struct listing *l = e->listing;
	json_t *names = json_array();
	enum kith_code code = friends_of(e->call->store, user->id, names);

	if (code != KITH_OK) {
		json_decref(names);
		return database_fault(e->call,
		    code == KITH_NOT_FOUND ? KITH_INTEGRITY : code,
		    "A friend link names somebody who is not there.");
	}
	listing_add_row(l);
	listing_set_text(l, EXPORT_NAME, user->name);
	if (user->display_name[0] != '\0')
		listing_set_text(l, EXPORT_DISPLAY_NAME, user->display_name);
	listing_set_text(l, EXPORT_STATE, user_state_word(user->state));
	if (user->reason[0] != '\0')
		listing_set_text(l, EXPORT_REASON, user->reason);
	listing_set_time(l, EXPORT_UNTIL, user->until_us);
	listing_set_time(l, EXPORT_CREATED, user->created_us);
	listing_set_time(l, EXPORT_LAST_SEEN, user->last_seen_us);
	if (e->hashes && user->phc[0] != '\0')
		listing_set_text(l, EXPORT_HASH, user->phc);
	set_friends(l, e->call, names);
	return KITH_OK;
}

static bool
export_one(void *context, const struct store_user *user)
{
	struct export *e = context;

	e->code = export_row(e, user);
	return e->code == KITH_OK;
}

static enum kith_code
export_page(void *context, struct listing *l, bool *more_r)
{
	struct export *e = context;
	enum kith_code code;

	e->listing = l;
	code = store_user_list(e->call->store, &e->query, export_one, e);
	if (e->code != KITH_OK)
		return e->code;
	if (code != KITH_OK)
		return database_fault(
		    e->call, code, "The users cannot be listed.");
	*more_r = !e->query.done;
	return KITH_OK;
}

static void
tell_left_out(struct call *call)
{
	struct store_user_filter filter = { .states = STORE_USER_IN(
						STORE_USER_DELETING) };
	int64_t count;
	char *text;

	if (store_user_list_count(call->store, &filter, &count) != KITH_OK ||
	    count == 0)
		return;
	text = format_count(count, "account", "accounts");
	output_talk(call, "Left out: %s, deleted and not yet purged.", text);
	free(text);
}

static enum kith_code
export_all(struct call *call)
{
	struct export e = { .call = call,
		.hashes = call_flag(call, "with-hashes"),
		.query = { .sort = STORE_USER_BY_ID, .limit = EXPORT_PAGE } };
	struct listing *l;
	enum kith_code code;

	e.query.filter.states =
	    STORE_USER_STATES_USUAL & ~STORE_USER_IN(STORE_USER_DELETING);
	/* a table is nothing that one could import */
	if (call_option(call, "format") == NULL && !call->json)
		call->format = CALL_CSV;
	l = listing_begin(
	    call, "users", call->json ? user_export_columns : text_columns);
	code = database_list(call, &l, export_page, &e);
	if (code == KITH_OK)
		tell_left_out(call);
	return code;
}

enum kith_code
user_export(struct call *call)
{
	const char *selector = call_argument(call, 0);

	if (selector == NULL)
		return export_all(call);
	if (call_flag(call, "with-hashes"))
		return call_usage(
		    call, "--with-hashes is for exporting all accounts.");
	if (call_option(call, "columns") != NULL ||
	    (call_option(call, "format") != NULL && !call->json))
		return call_usage(call,
		    "What is stored about one person is exported as JSON, "
		    "whole.");
	return user_export_person(call, selector);
}
