/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user: people's accounts. A password is hashed before the transaction begins,
 * so that nobody waits for Argon2 behind the write lock.
 */
#include <stdlib.h>
#include <string.h>

#include "belongings.h"
#include "call.h"
#include "database.h"
#include "format.h"
#include "mem.h"
#include "output.h"
#include "password.h"
#include "prompt.h"
#include "token.h"

#define LIST_PAGE 1000u /* users read in one go */

/* ---- showing ---------------------------------------------------------- */

enum {
	USER_ID,
	USER_NAME,
	USER_DISPLAY_NAME,
	USER_STATE,
	USER_CREATED,
	USER_LIST_COLUMNS,
	/* from here on only of one user */
	USER_STATE_SINCE = USER_LIST_COLUMNS,
	USER_REASON,
	USER_PASSWORD,
	USER_FRIENDS,
	USER_REQUESTS,
	USER_DEVICES,
	USER_LAST_SEEN,
};

static const struct column list_columns[] = {
	[USER_ID] = { "id", "ID", COLUMN_NUMBER },
	[USER_NAME] = { "name", "NAME", COLUMN_TEXT },
	[USER_DISPLAY_NAME] = { "display_name", "DISPLAY NAME", COLUMN_TEXT },
	[USER_STATE] = { "state", "STATE", COLUMN_TEXT },
	[USER_CREATED] = { "created", "CREATED", COLUMN_TIME },
	{},
};

static const struct column show_columns[] = {
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

static const char *
state_word(enum store_user_state state)
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
	listing_set_text(l, USER_STATE, state_word(user->state));
	listing_set_time(l, USER_CREATED, user->created_us);
}

static enum kith_code
show(struct call *call, const struct store_user *user)
{
	struct belongings b;
	struct listing *l;
	enum kith_code code = belongings_count(call, user->id, &b);

	if (code != KITH_OK)
		return code;
	l = listing_new(show_columns);
	listing_add_row(l);
	set_user(l, user);
	listing_set_time(l, USER_STATE_SINCE, user->state_us);
	if (user->reason[0] != '\0')
		listing_set_text(l, USER_REASON, user->reason);
	listing_set_flag(l, USER_PASSWORD, user->phc[0] != '\0');
	listing_set_number(l, USER_FRIENDS, b.friends);
	listing_set_number(l, USER_REQUESTS, b.requests);
	listing_set_number(l, USER_DEVICES, b.devices);
	listing_set_time(l, USER_LAST_SEEN, b.last_seen_us);
	code = listing_answer_record(l, call, "user");
	listing_free(&l);
	return code;
}

static enum kith_code
user_show(struct call *call)
{
	struct store_user user;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	return code == KITH_OK ? show(call, &user) : code;
}

struct list_walk {
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
user_list(struct call *call)
{
	struct list_walk walk = { .listing = listing_new(list_columns) };
	enum kith_code code = database_open_read(call);

	while (code == KITH_OK) {
		walk.page = 0;
		code = store_user_each(
		    call->store, walk.last, LIST_PAGE, list_one, &walk);
		if (walk.page < LIST_PAGE)
			break;
	}
	database_end_read(call);
	if (code == KITH_OK)
		code = listing_answer(walk.listing, call, "users");
	else if (call->store != NULL)
		code = database_fault(call, code, "Cannot list the users.");
	listing_free(&walk.listing);
	return code;
}

/* ---- changing --------------------------------------------------------- */

/* Says what was done, and in JSON shows the account as it is now. */
static enum kith_code
answer_changed(struct call *call, int64_t id, const char *done)
{
	struct store_user user;
	enum kith_code code = store_user_find(call->store, id, &user);

	if (code != KITH_OK)
		return database_fault(call, code, "The account is gone.");
	output_talk(
	    call, "%s is %s (id:%lld).", user.name, done, (long long)user.id);
	return call->json ? show(call, &user) : KITH_OK;
}

static enum kith_code
read_cost(struct call *call, struct password_cost *cost)
{
	int64_t memory_kib = PASSWORD_MEMORY_DEFAULT_KIB;
	int64_t passes = PASSWORD_PASSES_DEFAULT;
	enum kith_code code;

	code = call_option_number(
	    call, "argon2-memory-kib", 1, PASSWORD_MEMORY_MAX_KIB, &memory_kib);
	if (code == KITH_OK)
		code = call_option_number(
		    call, "argon2-passes", 1, PASSWORD_PASSES_MAX, &passes);
	if (code != KITH_OK)
		return code;
	*cost = (struct password_cost){ (uint32_t)memory_kib, (uint32_t)passes,
		PASSWORD_LANES_DEFAULT };
	/* before anybody is asked for a password that would be thrown away */
	return password_check_cost(cost, &call->fault);
}

/* Asks for a password and hashes it. Both are the caller's to wipe. */
static enum kith_code
new_hash(struct call *call, const char *name, char **password_r, char **phc_r)
{
	struct password_cost cost;
	enum kith_code code = read_cost(call, &cost);

	if (code == KITH_OK)
		code = prompt_new_password(call, name, password_r);
	if (code == KITH_OK)
		code = password_hash(&cost, *password_r, strlen(*password_r),
		    phc_r, &call->fault);
	return code;
}

static enum kith_code
add(struct call *call, const char *name, const char *phc)
{
	const char *display_name = call_option(call, "display-name");
	struct store_user_new wanted = {
		.name = name,
		.display_name = display_name != NULL ? display_name : "",
		.phc = phc,
		.state = STORE_USER_ACTIVE,
		.now_us = format_now_us(),
	};
	enum kith_code code = database_begin(call);
	int64_t id = 0;

	if (code != KITH_OK)
		return code;
	code = store_user_add(call->store, &wanted, &id);
	if (code != KITH_OK)
		database_fault(call, code, "The name \"%s\" is taken.", name);
	code = database_end(call, code);
	return code == KITH_OK ? answer_changed(call, id, "added") : code;
}

/* All that can be said without asking for a password is said before. */
static enum kith_code
check_new_user(struct call *call, const char *name)
{
	const char *display_name = call_option(call, "display-name");
	struct store_user user;
	enum kith_code code = text_check_name(name);

	if (code == KITH_OK && display_name != NULL)
		code = text_check_display_name(display_name);
	if (code == KITH_TOO_LARGE)
		return call_fail(call, code,
		    "A display name has at most %u bytes.",
		    TEXT_DISPLAY_NAME_MAX);
	if (code != KITH_OK)
		return code;
	code = database_open(call, true);
	if (code != KITH_OK)
		return code;
	code = store_user_find_name(call->store, name, &user);
	if (code == KITH_OK)
		return call_fail(
		    call, KITH_NAME_TAKEN, "The name \"%s\" is taken.", name);
	if (code != KITH_NOT_FOUND)
		return database_fault(call, code, "Cannot look for the name.");
	return KITH_OK;
}

static enum kith_code
user_add(struct call *call)
{
	const char *name = call_argument(call, 0);
	char *password = NULL, *phc = NULL;
	enum kith_code code = check_new_user(call, name);

	if (code == KITH_OK)
		code = new_hash(call, name, &password, &phc);
	if (code == KITH_OK)
		code = add(call, name, phc);
	if (code == KITH_OK)
		prompt_show_generated(call, password);
	secret_free(&password);
	secret_free(&phc);
	return code;
}

static enum kith_code
set_password(struct call *call, int64_t id, const char *phc)
{
	bool end_sessions = !call_flag(call, "keep-sessions");
	enum kith_code code = database_begin(call);

	if (code != KITH_OK)
		return code;
	code = store_user_set_password(
	    call->store, id, phc, end_sessions, format_now_us());
	if (code != KITH_OK)
		database_fault(call, code, "The account is gone.");
	return database_end(call, code);
}

static enum kith_code
user_passwd(struct call *call)
{
	char *password = NULL, *phc = NULL;
	struct store_user user;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK)
		code = new_hash(call, user.name, &password, &phc);
	if (code == KITH_OK)
		code = set_password(call, user.id, phc);
	if (code == KITH_OK)
		code = answer_changed(call, user.id, "given a new password");
	if (code == KITH_OK)
		prompt_show_generated(call, password);
	secret_free(&password);
	secret_free(&phc);
	return code;
}

static enum kith_code
user_lock(struct call *call)
{
	const char *reason = call_option(call, "reason");
	struct store_user user;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK) {
		code = store_user_lock(call->store, user.id,
		    reason != NULL ? reason : "", format_now_us());
		if (code == KITH_ALREADY)
			call_fail(
			    call, code, "%s is locked already.", user.name);
		else if (code != KITH_OK)
			database_fault(call, code, "%s",
			    "The reason is too long, or has characters that "
			    "are not allowed.");
	}
	code = database_end(call, code);
	return code == KITH_OK ? answer_changed(call, user.id, "locked") : code;
}

static enum kith_code
user_unlock(struct call *call)
{
	struct store_user user;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK) {
		code = store_user_unlock(call->store, user.id, format_now_us());
		if (code != KITH_OK)
			database_fault(
			    call, code, "%s is not locked.", user.name);
	}
	code = database_end(call, code);
	return code == KITH_OK ? answer_changed(call, user.id, "unlocked")
			       : code;
}

static bool
confirm_delete(struct call *call, const struct store_user *user,
    const struct belongings *b)
{
	char *links = format_count(b->friends, "friend link", "friend links");
	char *requests =
	    format_count(b->requests, "friend request", "friend requests");
	char *devices = format_count(b->devices, "device", "devices");
	char *question = mem_format("Delete %s (id:%lld) with %s, %s and %s? "
				    "The messages stay.",
	    user->name, (long long)user->id, links, requests, devices);
	bool yes = prompt_confirm(call, question);

	free(links);
	free(requests);
	free(devices);
	free(question);
	return yes;
}

static void
answer_deleted(struct call *call, const struct store_user *user,
    const struct belongings *b)
{
	output_talk(
	    call, "%s is deleted (id:%lld).", user->name, (long long)user->id);
	json_object_set_new(call->answer, "deleted",
	    json_pack("{s:I, s:s, s:I, s:I, s:I}", "id", (json_int_t)user->id,
		"name", user->name, "friends", (json_int_t)b->friends,
		"friend_requests", (json_int_t)b->requests, "devices",
		(json_int_t)b->devices));
}

static enum kith_code
user_delete(struct call *call)
{
	struct store_user user;
	struct belongings b;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK)
		code = belongings_count(call, user.id, &b);
	if (code != KITH_OK)
		return code;
	if (!confirm_delete(call, &user, &b))
		return call_fail(call, KITH_REFUSED, "Nothing was deleted.");
	code = database_begin(call);
	if (code != KITH_OK)
		return code;
	/* by its id: the name may be another's by now */
	code = store_user_delete(call->store, user.id, format_now_us());
	if (code != KITH_OK)
		database_fault(call, code, "%s is gone already.", user.name);
	code = database_end(call, code);
	if (code == KITH_OK)
		answer_deleted(call, &user, &b);
	return code;
}

/* ---- the table -------------------------------------------------------- */

#define COST_OPTIONS                                              \
	{ "argon2-memory-kib", "N",                               \
		"memory of the password's hash; default 65536" }, \
	{                                                         \
		"argon2-passes", "N",                             \
		    "passes of the password's hash; default 3"    \
	}

static const struct command_option add_options[] = {
	{ "display-name", "TEXT", "the name that people see" },
	PROMPT_PASSWORD_OPTIONS, COST_OPTIONS, {}
};

static const struct command_option passwd_options[] = { PROMPT_PASSWORD_OPTIONS,
	{ "keep-sessions", NULL,
	    "leave the devices signed in that are signed in" },
	COST_OPTIONS, {} };

static const struct command_option lock_options[] = {
	{ "reason", "TEXT", "why; shown by \"user show\"" }, {}
};

static const struct command_option delete_options[] = {
	{ "yes", NULL, "do not ask" }, {}
};

const struct command user_commands[] = {
	{ .noun = "user",
	    .verb = "add",
	    .arguments = "NAME",
	    .summary = "Make an account",
	    .details = "Asks for the password twice. Makes the database where "
		       "there is none.",
	    .options = add_options,
	    .run = user_add },
	{ .noun = "user",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List the accounts",
	    .run = user_list },
	{ .noun = "user",
	    .verb = "show",
	    .arguments = "USER",
	    .summary = "Show one account",
	    .run = user_show },
	{ .noun = "user",
	    .verb = "passwd",
	    .arguments = "USER",
	    .summary = "Set a new password",
	    .details = "Ends the account's sessions: every device must sign "
		       "in again.",
	    .options = passwd_options,
	    .run = user_passwd },
	{ .noun = "user",
	    .verb = "lock",
	    .arguments = "USER",
	    .summary = "Keep someone out, and end the sessions at once",
	    .options = lock_options,
	    .run = user_lock },
	{ .noun = "user",
	    .verb = "unlock",
	    .arguments = "USER",
	    .summary = "Let someone in again, or approve a new account",
	    .run = user_unlock },
	{ .noun = "user",
	    .verb = "delete",
	    .arguments = "USER",
	    .summary = "Delete an account",
	    .details = "What the person wrote stays with those who received "
		       "it.",
	    .options = delete_options,
	    .run = user_delete },
	{},
};
