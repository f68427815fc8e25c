/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user delete: disables accounts and lets them be purged after a time of grace,
 * or purges them at once. Those who were named are deleted all or not at all;
 * of those whom a filter chose, some may be gone or different by the time that
 * somebody has answered, and are left out then.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "destroy.h"
#include "mem.h"
#include "output.h"
#include "user.h"

#define GRACE_DEFAULT      "30d"
#define VICTIMS_MAX        INT64_C(1000000)
#define VICTIMS_NAMED      10  /* in the question */
#define COUNTS_A_READ      500 /* accounts that are counted in one go */
#define NAME_LIST_ROOM_MAX (VICTIMS_NAMED * (TEXT_NAME_MAX + 2))

struct victim {
	int64_t id;
	char name[TEXT_NAME_MAX + 1];
	bool gone; /* was not deleted: it had changed meanwhile */
};

struct deletion {
	struct call *call;
	struct store_user_filter filter;
	bool filtered;
	bool purge;
	int64_t purge_us; /* when, without --purge */
	struct victim *victims;
	size_t count;
	size_t room;
	int64_t friends;
	int64_t requests;
	int64_t devices;
	int64_t invites;
	int64_t conversations;
};

/* ---- what is wanted --------------------------------------------------- */

static enum kith_code
read_wishes(struct call *call, struct deletion *d)
{
	enum kith_code code = user_read_filter(call, &d->filter, &d->filtered);

	d->call = call;
	d->purge = call_flag(call, "purge");
	if (code != KITH_OK)
		return code;
	if (d->filtered == (call->argument_count > 0))
		return call_usage(call, "%s",
		    d->filtered
			? "Either users by name or options that choose them."
			: "Who is to be deleted? Name users, or choose them by "
			  "options such as --inactive-since.");
	if (d->purge && call_option(call, "grace") != NULL)
		return call_usage(call, "Either --purge or --grace, not both.");
	if (!d->purge && call_flag(call, "deleted"))
		return call_usage(call,
		    "--deleted goes with --purge: those are deleted already.");
	if (format_read_when(GRACE_DEFAULT, FORMAT_AHEAD, format_now_us(),
		&d->purge_us, &call->fault) != KITH_OK)
		abort();
	return call_option_when(call, "grace", FORMAT_AHEAD, &d->purge_us);
}

/* ---- the victims ------------------------------------------------------ */

static bool
add_victim(void *context, const struct store_user *user)
{
	struct deletion *d = context;
	struct victim *v;

	if (d->count == d->room) {
		d->room = d->room > 0 ? d->room * 2 : 64;
		d->victims =
		    mem_resize(d->victims, d->room, sizeof(struct victim));
	}
	v = &d->victims[d->count++];
	v->id = user->id;
	memcpy(v->name, user->name, sizeof(v->name));
	v->gone = false;
	return d->count < VICTIMS_MAX;
}

static bool
is_named(const struct deletion *d, int64_t id)
{
	for (size_t i = 0; i < d->count; i++) {
		if (d->victims[i].id == id)
			return true;
	}
	return false;
}

static enum kith_code
already(struct deletion *d, const struct store_user *user)
{
	char *until = output_time_local(user->until_us);

	call_fail(d->call, KITH_ALREADY,
	    "%s is deleted already and will be purged on %s; --purge does it "
	    "now.",
	    user->name, until != NULL ? until : "a day that is not known");
	free(until);
	return KITH_ALREADY;
}

static enum kith_code
find_named(struct deletion *d)
{
	struct store_user user;
	enum kith_code code = KITH_OK;

	for (int i = 0; i < d->call->argument_count && code == KITH_OK; i++) {
		code = database_find_user(
		    d->call, call_argument(d->call, i), &user);
		if (code != KITH_OK)
			break;
		if (user.state == STORE_USER_SYSTEM)
			return user_fault(d->call, KITH_FORBIDDEN, &user, "");
		if (user.state == STORE_USER_DELETING && !d->purge)
			return already(d, &user);
		if (!is_named(d, user.id))
			add_victim(d, &user);
	}
	return code;
}

/* Without states that were asked for: everybody who can still be deleted. */
static enum kith_code
find_filtered(struct deletion *d)
{
	struct store_user_query query = { .filter = d->filter,
		.sort = STORE_USER_BY_ID,
		.limit = STORE_PAGE_MAX };
	enum kith_code code = KITH_OK;

	if (query.filter.states == 0)
		query.filter.states = STORE_USER_STATES_USUAL &
		    ~STORE_USER_IN(STORE_USER_DELETING);
	while (code == KITH_OK && !query.done && d->count < VICTIMS_MAX)
		code = store_user_list(d->call->store, &query, add_victim, d);
	if (code != KITH_OK)
		return database_fault(
		    d->call, code, "The users cannot be listed.");
	if (d->count == 0)
		return call_fail(d->call, KITH_NOT_FOUND,
		    "There is nobody whom these options choose.");
	return KITH_OK;
}

static enum kith_code
count_one(struct deletion *d, int64_t id)
{
	struct store_user_activity a;
	enum kith_code code = store_user_activity(d->call->store, id, &a);

	if (code == KITH_NOT_FOUND)
		return KITH_OK;
	if (code != KITH_OK)
		return database_fault(d->call, code,
		    "What belongs to the accounts cannot be counted.");
	d->friends += a.friends;
	d->requests += (int64_t)a.requests_sent + a.requests_received;
	d->devices += a.devices;
	d->invites += a.invites;
	d->conversations += a.conversations;
	return KITH_OK;
}

static enum kith_code
count_losses(struct deletion *d)
{
	enum kith_code code = KITH_OK;

	for (size_t i = 0; i < d->count && code == KITH_OK; i++) {
		if (i % COUNTS_A_READ == 0) {
			database_end_read(d->call);
			code = database_open_read(d->call);
		}
		if (code == KITH_OK)
			code = count_one(d, d->victims[i].id);
	}
	database_end_read(d->call);
	return code;
}

/* ---- asking ----------------------------------------------------------- */

/* "alice, bob and 40 more" */
static char *
name_victims(const struct deletion *d)
{
	char names[NAME_LIST_ROOM_MAX] = "";
	size_t shown = d->count < VICTIMS_NAMED ? d->count : VICTIMS_NAMED;
	size_t used = 0;

	for (size_t i = 0; i < shown; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used,
		    "%s%s", i > 0 ? ", " : "", d->victims[i].name);
	return d->count > shown
	    ? mem_format("%s and %zu more", names, d->count - shown)
	    : mem_dup_string(names);
}

static char *
remark_on(const struct deletion *d)
{
	char *names = d->count > 1 ? name_victims(d) : NULL;
	char *purged = output_time_local(d->purge_us);
	char *remark =
	    mem_format("%s%s%s%s%s", names != NULL ? "They are " : "",
		names != NULL ? names : "", names != NULL ? ". " : "",
		d->purge ? "They are gone for good"
			 : "\"user restore\" takes it "
			   "back until ",
		d->purge ? "" : purged);
	char *whole = mem_format("%s. The messages stay.", remark);

	free(remark);
	free(purged);
	free(names);
	return whole;
}

static enum kith_code
ask(struct deletion *d, bool *go)
{
	const struct destroy_loss losses[] = {
		{ "friends", "friend link", "friend links", d->friends },
		{ "friend_requests", "friend request", "friend requests",
		    d->requests },
		{ "invites", "invite that befriends", "invites that befriend",
		    d->invites },
		{ "devices", "device", "devices", d->devices },
		{},
	};
	const char *verb = d->purge ? "Purge" : "Delete";
	char *remark = remark_on(d);
	char *question = d->count == 1
	    ? mem_format("%s %s (id:%lld)", verb, d->victims[0].name,
		  (long long)d->victims[0].id)
	    : mem_format("%s %zu accounts", verb, d->count);
	enum kith_code code = destroy_confirm(d->call,
	    &(struct destroy){ .question = question,
		.victim = "accounts",
		.victims = (int64_t)d->count,
		.losses = losses,
		.remark = remark },
	    go);

	free(question);
	free(remark);
	return code;
}

/* ---- doing ------------------------------------------------------------ */

/* Does the filter still choose this one? */
static bool
still_chosen(const struct deletion *d, const struct store_user *user)
{
	unsigned int states = d->filter.states != 0
	    ? d->filter.states
	    : STORE_USER_STATES_USUAL & ~STORE_USER_IN(STORE_USER_DELETING);

	return (states & STORE_USER_IN(user->state)) != 0 &&
	    (d->filter.inactive_since_us == 0 ||
		user->last_seen_us < d->filter.inactive_since_us);
}

static enum kith_code
delete_user(struct deletion *d, const struct store_user *user)
{
	struct store *s = d->call->store;
	int64_t now_us = format_now_us();
	char *purged;
	json_t *detail;
	enum kith_code code = d->purge
	    ? store_user_purge(s, user->id, now_us)
	    : store_user_delete(s, user->id, d->purge_us, now_us);

	if (code == KITH_ALREADY)
		return already(d, user);
	if (code != KITH_OK)
		return user_fault(d->call, code, user, "cannot be deleted.");
	purged = output_time_utc(d->purge_us);
	detail = d->purge ? json_pack("{s:b}", "purge", true)
			  : json_pack("{s:s}", "purged_at", purged);
	free(purged);
	return database_audit_user(d->call, user, detail);
}

static enum kith_code
delete_one(struct deletion *d, struct victim *v)
{
	struct store_user user;
	/* by its id: the name may be another's by now */
	enum kith_code code = store_user_find(d->call->store, v->id, &user);

	if (code == KITH_OK && user.state == STORE_USER_DELETED)
		code = KITH_NOT_FOUND;
	if (d->filtered &&
	    (code == KITH_NOT_FOUND ||
		(code == KITH_OK && !still_chosen(d, &user)))) {
		v->gone = true;
		return KITH_OK;
	}
	if (code != KITH_OK)
		return database_fault(
		    d->call, code, "%s is gone already.", v->name);
	return delete_user(d, &user);
}

static enum kith_code
delete_all(struct deletion *d)
{
	enum kith_code code = database_begin(d->call);

	if (code != KITH_OK)
		return code;
	for (size_t i = 0; i < d->count && code == KITH_OK; i++)
		code = delete_one(d, &d->victims[i]);
	return database_end(d->call, code);
}

/* ---- answering -------------------------------------------------------- */

enum {
	GONE_ID,
	GONE_NAME,
	GONE_STATE,
	GONE_PURGED_AT,
};

static const struct column gone_columns[] = {
	[GONE_ID] = { "id", "ID", COLUMN_NUMBER },
	[GONE_NAME] = { "name", "NAME", COLUMN_TEXT },
	[GONE_STATE] = { "state", "STATE", COLUMN_TEXT },
	[GONE_PURGED_AT] = { "purged_at", "PURGED AT", COLUMN_TIME },
	{},
};

static void
talk(const struct deletion *d, size_t done)
{
	char *purged = output_time_local(d->purge_us);
	char *whom = done == 1 && d->count == 1
	    ? mem_format("%s (id:%lld)", d->victims[0].name,
		  (long long)d->victims[0].id)
	    : format_count((int64_t)done, "account", "accounts");

	if (d->purge)
		output_talk(d->call, "Gone for good: %s.", whom);
	else
		output_talk(d->call,
		    "Deleted: %s. Purged on %s; \"kith-admin user restore\" "
		    "takes it back until then.",
		    whom, purged);
	free(whom);
	free(purged);
}

static enum kith_code
answer(struct deletion *d)
{
	struct listing *l = NULL;
	enum kith_code code = KITH_OK;
	size_t done = 0;

	if (d->call->json)
		l = listing_begin(d->call, "deleted", gone_columns);
	for (size_t i = 0; i < d->count && code == KITH_OK; i++) {
		if (d->victims[i].gone)
			continue;
		done++;
		if (l == NULL)
			continue;
		if (listing_full(l))
			code = listing_flush(l);
		listing_add_row(l);
		listing_set_number(l, GONE_ID, d->victims[i].id);
		listing_set_text(l, GONE_NAME, d->victims[i].name);
		listing_set_text(l, GONE_STATE,
		    user_state_word(
			d->purge ? STORE_USER_DELETED : STORE_USER_DELETING));
		if (!d->purge)
			listing_set_time(l, GONE_PURGED_AT, d->purge_us);
	}
	talk(d, done);
	return l != NULL ? listing_end(&l, code) : code;
}

enum kith_code
user_delete(struct call *call)
{
	struct deletion d = { .count = 0 };
	bool go = false;
	enum kith_code code = read_wishes(call, &d);

	if (code == KITH_OK)
		code = database_open(call, false);
	if (code == KITH_OK)
		code = d.filtered ? find_filtered(&d) : find_named(&d);
	if (code == KITH_OK)
		code = count_losses(&d);
	if (code == KITH_OK)
		code = ask(&d, &go);
	if (code == KITH_OK && go)
		code = delete_all(&d);
	if (code == KITH_OK && go)
		code = answer(&d);
	free(d.victims);
	return code;
}
