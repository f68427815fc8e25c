/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user lock, unlock, restore and rename-display. Several users are changed in
 * one transaction: all of them or none.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "user.h"

struct change {
	/* Changes one and leaves its sentence and its row of the audit. */
	enum kith_code (*one)(
	    struct call *call, const struct store_user *user, void *wish);
	void *wish;
	const char *done; /* "bob is DONE" */
	int64_t ids[CALL_ARGUMENTS_MAX];
	int count;
};

_Static_assert(
    CALL_ARGUMENTS_MAX <= LISTING_PAGE_ROWS, "the answer is one page");

/* Whoever is named twice is meant once. */
static bool
is_new(const struct change *c, int64_t id)
{
	for (int i = 0; i < c->count; i++) {
		if (c->ids[i] == id)
			return false;
	}
	return true;
}

static enum kith_code
change_all(struct call *call, struct change *c)
{
	struct store_user user;
	enum kith_code code = KITH_OK;

	for (int i = 0; i < call->argument_count && code == KITH_OK; i++) {
		code = database_find_user(call, call_argument(call, i), &user);
		if (code != KITH_OK || !is_new(c, user.id))
			continue;
		code = c->one(call, &user, c->wish);
		c->ids[c->count++] = user.id;
	}
	return code;
}

static enum kith_code
answer_all(struct call *call, const struct change *c)
{
	struct listing *l = NULL;
	struct store_user user;

	if (call->json)
		l = listing_begin(call, "users", user_list_columns);
	for (int i = 0; i < c->count; i++) {
		enum kith_code code =
		    store_user_find(call->store, c->ids[i], &user);

		if (code != KITH_OK)
			return listing_end(&l,
			    database_fault(call, code, "The account is gone."));
		/* the lock of one who was never approved */
		output_talk(call, "%s is %s%s (id:%lld).", user.name, c->done,
		    user.state == STORE_USER_PENDING ? " and waits for approval"
						     : "",
		    (long long)user.id);
		if (l == NULL)
			continue;
		listing_add_row(l);
		user_fill(l, &user);
	}
	return l != NULL ? listing_end(&l, KITH_OK) : KITH_OK;
}

static enum kith_code
run(struct call *call, struct change *c)
{
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = database_end(call, change_all(call, c));
	return code == KITH_OK ? answer_all(call, c) : code;
}

/* ---- lock ------------------------------------------------------------- */

struct lock_wish {
	const char *reason; /* NULL: that of before, where there is one */
	int64_t until_us;   /* 0: for ever; STORE_USER_UNTIL_KEEP */
};

static enum kith_code
lock_one(struct call *call, const struct store_user *user, void *context)
{
	const struct lock_wish *wish = context;
	json_t *detail = json_object();
	char *until;
	enum kith_code code = store_user_lock(call->store, user->id,
	    wish->reason, wish->until_us, format_now_us());

	if (code != KITH_OK)
		json_decref(detail);
	if (code == KITH_TOO_LARGE)
		return call_fail(call, code, "A reason has at most %u bytes.",
		    STORE_REASON_MAX - 1);
	if (code != KITH_OK)
		return user_fault(call, code, user, "is locked already.");
	if (wish->reason != NULL)
		json_object_set_new(
		    detail, "reason", json_string(wish->reason));
	until = wish->until_us > 0 ? output_time_utc(wish->until_us) : NULL;
	if (until != NULL)
		json_object_set_new(detail, "until", json_string(until));
	free(until);
	return database_audit_user(call, user, detail);
}

static enum kith_code
read_until(struct call *call, struct lock_wish *wish)
{
	const char *until = call_option(call, "until");

	wish->until_us = until == NULL ? STORE_USER_UNTIL_KEEP : 0;
	if (until == NULL || strcmp(until, "never") == 0)
		return KITH_OK;
	return call_option_when(call, "until", FORMAT_AHEAD, &wish->until_us);
}

enum kith_code
user_lock(struct call *call)
{
	struct lock_wish wish = { .reason = call_option(call, "reason") };
	struct change c = { .one = lock_one, .wish = &wish };
	char *until, *done;
	enum kith_code code = read_until(call, &wish);

	if (code == KITH_OK && wish.reason != NULL &&
	    !text_is_utf8(wish.reason, strlen(wish.reason)))
		code = call_usage(call, "--reason is not UTF-8.");
	if (code != KITH_OK)
		return code;
	until = wish.until_us > 0 ? output_time_local(wish.until_us) : NULL;
	done = until != NULL ? mem_format("locked until %s", until)
			     : mem_dup_string("locked");
	c.done = done;
	code = run(call, &c);
	free(done);
	free(until);
	return code;
}

/* ---- unlock, restore -------------------------------------------------- */

static enum kith_code
unlock_one(struct call *call, const struct store_user *user, void *wish)
{
	enum kith_code code =
	    store_user_unlock(call->store, user->id, format_now_us());

	(void)wish;
	if (code != KITH_OK)
		return user_fault(call, code, user, "is not locked.");
	return database_audit_user(call, user,
	    json_pack("{s:s}", "was", user_state_word(user->state)));
}

enum kith_code
user_unlock(struct call *call)
{
	struct change c = { .one = unlock_one, .done = "unlocked" };

	return run(call, &c);
}

static enum kith_code
restore_one(struct call *call, const struct store_user *user, void *wish)
{
	enum kith_code code =
	    store_user_restore(call->store, user->id, format_now_us());

	(void)wish;
	if (code != KITH_OK)
		return user_fault(call, code, user, "is not deleted.");
	return database_audit_user(call, user, NULL);
}

enum kith_code
user_restore(struct call *call)
{
	struct change c = { .one = restore_one, .done = "restored" };

	return run(call, &c);
}

/* ---- rename-display --------------------------------------------------- */

enum kith_code
user_check_display_name(struct call *call, const char *display_name)
{
	enum kith_code code = text_check_display_name(display_name);

	if (code == KITH_TOO_LARGE)
		return call_fail(call, code,
		    "A display name has at most %u bytes.",
		    TEXT_DISPLAY_NAME_MAX);
	if (code == KITH_BAD_TEXT)
		return call_fail(call, code, "%s",
		    text_is_utf8(display_name, strlen(display_name))
			? "A display name is one line of text that shows "
			  "something, without white space at its ends."
			: "A display name is UTF-8.");
	return code;
}

static enum kith_code
rename_display(struct call *call, struct store_user *user, const char *to)
{
	enum kith_code code =
	    database_find_user(call, call_argument(call, 0), user);

	if (code != KITH_OK)
		return code;
	code = store_user_set_display_name(
	    call->store, user->id, to, format_now_us());
	if (code != KITH_OK)
		return user_fault(call, code, user, "cannot be called that.");
	return database_audit_user(call, user,
	    json_pack("{s:s, s:s}", "from", user->display_name, "to", to));
}

enum kith_code
user_rename_display(struct call *call)
{
	const char *to = call_argument(call, 1);
	struct store_user user;
	enum kith_code code = user_check_display_name(call, to);

	if (code == KITH_OK)
		code = database_open(call, false);
	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = database_end(call, rename_display(call, &user, to));
	return code == KITH_OK ? user_answer_changed(call, user.id, "renamed")
			       : code;
}
