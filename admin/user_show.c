/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user show, and how an account looks wherever one is shown. */
#include "belongings.h"
#include "database.h"
#include "output.h"
#include "user.h"

enum {
	USER_ID,
	USER_NAME,
	USER_DISPLAY_NAME,
	USER_STATE,
	USER_CREATED,
	USER_STATE_SINCE,
	USER_REASON,
	USER_PASSWORD,
	USER_FRIENDS,
	USER_REQUESTS,
	USER_DEVICES,
	USER_LAST_SEEN,
};

const struct column user_show_columns[] = {
	[USER_ID] = { "id", "ID", COLUMN_NUMBER },
	[USER_NAME] = { "name", "Name", COLUMN_TEXT },
	[USER_DISPLAY_NAME] = { "display_name", "Display name", COLUMN_TEXT },
	[USER_STATE] = { "state", "State", COLUMN_TEXT },
	[USER_CREATED] = { "created", "Created", COLUMN_TIME },
	[USER_STATE_SINCE] = { "state_since", "In this state since",
	    COLUMN_TIME },
	[USER_REASON] = { "reason", "Reason or note", COLUMN_TEXT },
	[USER_PASSWORD] = { "has_password", "Has a password", COLUMN_FLAG },
	[USER_FRIENDS] = { "friends", "Friends", COLUMN_NUMBER },
	[USER_REQUESTS] = { "friend_requests", "Friend requests waiting",
	    COLUMN_NUMBER },
	[USER_DEVICES] = { "devices", "Devices signed in", COLUMN_NUMBER },
	[USER_LAST_SEEN] = { "last_seen", "Last seen", COLUMN_TIME },
	{},
};

const char *
user_state_word(enum store_user_state state)
{
	switch (state) {
	case STORE_USER_ACTIVE:
		return "active";
	case STORE_USER_PENDING:
		return "pending";
	case STORE_USER_LOCKED:
		return "locked";
	case STORE_USER_DELETED:
		return "deleted";
	case STORE_USER_DELETING:
		return "deleting";
	case STORE_USER_SYSTEM:
		return "system";
	}
	return "unknown";
}

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

enum kith_code
user_answer(struct call *call, const struct store_user *user)
{
	struct belongings b;
	struct listing *l;
	enum kith_code code = belongings_count(call, user->id, &b);

	if (code != KITH_OK)
		return code;
	l = listing_begin_record(call, "user", user_show_columns);
	set_user(l, user);
	listing_set_time(l, USER_STATE_SINCE, user->state_us);
	if (user->reason[0] != '\0')
		listing_set_text(l, USER_REASON, user->reason);
	listing_set_flag(l, USER_PASSWORD, user->phc[0] != '\0');
	listing_set_number(l, USER_FRIENDS, b.friends);
	listing_set_number(l, USER_REQUESTS, b.requests);
	listing_set_number(l, USER_DEVICES, b.devices);
	listing_set_time(l, USER_LAST_SEEN, b.last_seen_us);
	return listing_end(&l, KITH_OK);
}

enum kith_code
user_show(struct call *call)
{
	struct store_user user;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	return code == KITH_OK ? user_answer(call, &user) : code;
}

enum kith_code
user_answer_changed(struct call *call, int64_t id, const char *done)
{
	struct store_user user;
	enum kith_code code = store_user_find(call->store, id, &user);

	if (code != KITH_OK)
		return database_fault(call, code, "The account is gone.");
	output_talk(
	    call, "%s is %s (id:%lld).", user.name, done, (long long)user.id);
	return call->json ? user_answer(call, &user) : KITH_OK;
}
