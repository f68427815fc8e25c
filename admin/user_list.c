/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user list. */
#include <string.h>

#include "database.h"
#include "output.h"
#include "user.h"

enum {
	USER_ID,
	USER_NAME,
	USER_DISPLAY_NAME,
	USER_STATE,
	USER_CREATED,
};

const struct column user_list_columns[] = {
	[USER_ID] = { "id", "ID", COLUMN_NUMBER },
	[USER_NAME] = { "name", "NAME", COLUMN_TEXT },
	[USER_DISPLAY_NAME] = { "display_name", "DISPLAY NAME", COLUMN_TEXT },
	[USER_STATE] = { "state", "STATE", COLUMN_TEXT },
	[USER_CREATED] = { "created", "CREATED", COLUMN_TIME },
	{},
};

static void
set_user(struct listing *l, const struct store_user *user)
{
	listing_set_number(l, USER_ID, user->id);
	listing_set_text(l, USER_NAME, user->name);
	if (user->display_name[0] != '\0')
		listing_set_text(l, USER_DISPLAY_NAME, user->display_name);
	listing_set_text(l, USER_STATE, user_state_word(user->state));
	listing_set_time(l, USER_CREATED, user->created_us);
}

struct list_walk {
	struct call *call;
	struct listing *listing;
	char last[TEXT_NAME_MAX + 1];
	uint32_t page;
};

static bool
list_one(void *context, const struct store_user *user)
{
	struct list_walk *walk = context;

	listing_add_row(walk->listing);
	set_user(walk->listing, user);
	memcpy(walk->last, user->name, sizeof(walk->last));
	walk->page++;
	return true;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct list_walk *walk = context;
	enum kith_code code;

	walk->listing = l;
	walk->page = 0;
	code = store_user_each(
	    walk->call->store, walk->last, LISTING_PAGE_ROWS, list_one, walk);
	*more_r = walk->page == LISTING_PAGE_ROWS;
	return code;
}

enum kith_code
user_list(struct call *call)
{
	struct list_walk walk = { .call = call };
	struct listing *l = listing_begin(call, "users", user_list_columns);

	return database_list(call, &l, list_page, &walk);
}
