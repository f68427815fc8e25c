/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user show, and how an account looks wherever one is shown. */
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
	USER_LAST_SEEN,
	USER_STATE_SINCE,
	USER_UNTIL,
	USER_REASON,
	/* from here on only of one user */
	USER_STATE_BEFORE,
	USER_PASSWORD,
	USER_FRIENDS,
	USER_REQUESTS,
	USER_DEVICES,
	USER_INVITES,
	USER_CONVERSATIONS,
	USER_MESSAGES,
	USER_LAST_MESSAGE,
};

const struct column user_list_columns[] = {
	[USER_ID] = { "id", "ID", COLUMN_NUMBER },
	[USER_NAME] = { "name", "NAME", COLUMN_TEXT },
	[USER_DISPLAY_NAME] = { "display_name", "DISPLAY NAME", COLUMN_TEXT },
	[USER_STATE] = { "state", "STATE", COLUMN_TEXT },
	[USER_CREATED] = { "created", "CREATED", COLUMN_TIME },
	[USER_LAST_SEEN] = { "last_seen", "LAST SEEN", COLUMN_TIME },
	[USER_STATE_SINCE] = { "state_since", NULL, COLUMN_TIME },
	[USER_UNTIL] = { "until", NULL, COLUMN_TIME },
	[USER_REASON] = { "reason", NULL, COLUMN_TEXT },
	{},
};

const struct column user_show_columns[] = {
	[USER_ID] = { "id", "ID", COLUMN_NUMBER },
	[USER_NAME] = { "name", "Name", COLUMN_TEXT },
	[USER_DISPLAY_NAME] = { "display_name", "Display name", COLUMN_TEXT },
	[USER_STATE] = { "state", "State", COLUMN_TEXT },
	[USER_CREATED] = { "created", "Created", COLUMN_TIME },
	[USER_LAST_SEEN] = { "last_seen", "Last seen", COLUMN_TIME },
	[USER_STATE_SINCE] = { "state_since", "In this state since",
	    COLUMN_TIME },
	[USER_UNTIL] = { "until", "Until", COLUMN_TIME },
	[USER_REASON] = { "reason", "Reason or note", COLUMN_TEXT },
	[USER_STATE_BEFORE] = { "state_before", "State before", COLUMN_TEXT },
	[USER_PASSWORD] = { "has_password", "Has a password", COLUMN_FLAG },
	[USER_FRIENDS] = { "friends", "Friends", COLUMN_NUMBER },
	[USER_REQUESTS] = { "friend_requests", "Friend requests waiting",
	    COLUMN_NUMBER },
	[USER_DEVICES] = { "devices", "Devices signed in", COLUMN_NUMBER },
	[USER_INVITES] = { "invites", "Invites that befriend", COLUMN_NUMBER },
	[USER_CONVERSATIONS] = { "conversations", "Conversations",
	    COLUMN_NUMBER },
	[USER_MESSAGES] = { "messages_sent", "Messages sent", COLUMN_NUMBER },
	[USER_LAST_MESSAGE] = { "last_message", "Last message sent",
	    COLUMN_TIME },
	{},
};

static const struct {
	const char *word;
	enum store_user_state state;
	enum listing_mark mark;
} states[] = {
	{ "active", STORE_USER_ACTIVE, LISTING_PLAIN },
	{ "pending", STORE_USER_PENDING, LISTING_WARNING },
	{ "locked", STORE_USER_LOCKED, LISTING_BAD },
	{ "deleted", STORE_USER_DELETED, LISTING_FAINT },
	{ "deleting", STORE_USER_DELETING, LISTING_FAINT },
	{ "system", STORE_USER_SYSTEM, LISTING_PLAIN },
};

#define STATE_COUNT (sizeof(states) / sizeof(states[0]))

const char *
user_state_word(enum store_user_state state)
{
	for (size_t i = 0; i < STATE_COUNT; i++) {
		if (states[i].state == state)
			return states[i].word;
	}
	return "unknown";
}

bool
user_read_state(const char *word, enum store_user_state *state_r)
{
	for (size_t i = 0; i < STATE_COUNT; i++) {
		if (strcmp(states[i].word, word) == 0) {
			*state_r = states[i].state;
			return true;
		}
	}
	return false;
}

static void
mark_state(struct listing *l, enum store_user_state state)
{
	for (size_t i = 0; i < STATE_COUNT; i++) {
		if (states[i].state == state)
			listing_mark(l, USER_STATE, states[i].mark);
	}
}

void
user_fill(struct listing *l, const struct store_user *user)
{
	listing_set_number(l, USER_ID, user->id);
	listing_set_text(l, USER_NAME, user->name);
	if (user->display_name[0] != '\0')
		listing_set_text(l, USER_DISPLAY_NAME, user->display_name);
	listing_set_text(l, USER_STATE, user_state_word(user->state));
	mark_state(l, user->state);
	listing_set_time(l, USER_CREATED, user->created_us);
	listing_set_time(l, USER_LAST_SEEN, user->last_seen_us);
	listing_set_time(l, USER_STATE_SINCE, user->state_us);
	listing_set_time(l, USER_UNTIL, user->until_us);
	if (user->reason[0] != '\0')
		listing_set_text(l, USER_REASON, user->reason);
}

static void
fill_activity(struct listing *l, const struct store_user_activity *a)
{
	listing_set_number(l, USER_FRIENDS, a->friends);
	listing_set_number(
	    l, USER_REQUESTS, (int64_t)a->requests_sent + a->requests_received);
	listing_set_number(l, USER_DEVICES, a->devices);
	listing_set_number(l, USER_INVITES, a->invites);
	listing_set_number(l, USER_CONVERSATIONS, a->conversations);
	listing_set_number(l, USER_MESSAGES, a->messages_sent);
	listing_set_time(l, USER_LAST_MESSAGE, a->last_message_us);
}

/* Of the state that it is in now, with the read ended before it is shown. */
static enum kith_code
answer(struct call *call, const struct store_user *user)
{
	struct store_user_activity activity;
	enum kith_code code =
	    store_user_activity(call->store, user->id, &activity);
	struct listing *l;

	database_end_read(call);
	if (code != KITH_OK)
		return database_fault(call, code,
		    "What belongs to the account cannot be counted.");
	l = listing_begin_record(call, "user", user_show_columns);
	user_fill(l, user);
	if (user->state_before != 0)
		listing_set_text(
		    l, USER_STATE_BEFORE, user_state_word(user->state_before));
	listing_set_flag(l, USER_PASSWORD, user->phc[0] != '\0');
	fill_activity(l, &activity);
	return listing_end(&l, KITH_OK);
}

enum kith_code
user_show(struct call *call)
{
	struct store_user user;
	enum kith_code code = database_open_read(call);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK)
		return answer(call, &user);
	database_end_read(call);
	return code;
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
	return call->json ? answer(call, &user) : KITH_OK;
}

enum kith_code
user_fault(struct call *call, enum kith_code code,
    const struct store_user *user, const char *otherwise)
{
	switch (code) {
	case KITH_OK:
		return code;
	case KITH_FORBIDDEN:
		return call_fail(call, code,
		    "%s sends the announcements; it cannot be changed.",
		    user->name);
	case KITH_CONFLICT:
		return call_fail(call, code,
		    "%s is deleted; \"kith-admin user restore %s\" comes "
		    "first.",
		    user->name, user->name);
	case KITH_NOT_FOUND:
		return call_fail(call, code, "%s is gone.", user->name);
	default:
		return database_fault(
		    call, code, "%s %s", user->name, otherwise);
	}
}
