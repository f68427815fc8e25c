/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What may become of an account: locked and unlocked, disabled and restored,
 * purged; by somebody, or by itself when its time has come. The only place that
 * writes user.state, but for new people.
 */

#include "store_audit.h"
#include "store_user.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store_private.h"

/* In: id, state, reason, state_us, until_us, state_before. */
static enum kith_code
set_state(struct store *s, const struct store_user *user)
{
	return statement_run(s, STATEMENT_USER_SET_STATE,
	    VALUES(INTEGER(user->id), INTEGER(user->state), TEXT(user->reason),
		INTEGER(user->state_us), INTEGER_OR_NULL(user->until_us),
		INTEGER_OR_NULL(user->state_before)));
}

/* ---- locking --------------------------------------------------------- */

/* What is not given stays. false: it is so already. */
static bool
change_lock(struct store_user *user, const char *reason, int64_t until_us)
{
	bool locked = user->state == STORE_USER_LOCKED;

	if (reason == NULL)
		reason = locked ? user->reason : "";
	if (until_us == STORE_USER_UNTIL_KEEP)
		until_us = locked ? user->until_us : 0;
	if (locked && user->until_us == until_us &&
	    strcmp(user->reason, reason) == 0)
		return false;
	if (reason != user->reason)
		snprintf(user->reason, sizeof(user->reason), "%s", reason);
	user->until_us = until_us;
	return true;
}

enum kith_code
store_user_lock(struct store *s, int64_t id, const char *reason,
    int64_t until_us, int64_t now_us)
{
	struct store_user user;
	enum kith_code code;

	if (reason != NULL && strlen(reason) >= STORE_REASON_MAX)
		return KITH_TOO_LARGE;
	code = user_find_to_change(s, id, &user);
	if (code != KITH_OK)
		return code;
	if (user.state == STORE_USER_DELETING)
		return KITH_CONFLICT;
	if (!change_lock(&user, reason, until_us))
		return KITH_ALREADY;
	if (user.state != STORE_USER_LOCKED) {
		user.state_before = user.state;
		user.state = STORE_USER_LOCKED;
		user.state_us = now_us;
	}
	code = set_state(s, &user);
	if (code != KITH_OK)
		return code;
	return user_tell_self(s, id, STORE_EVENT_USER_LOCKED, now_us);
}

/* Lets somebody in; what was said about the state before goes with it. */
static enum kith_code
free_user(struct store *s, struct store_user *user, int64_t now_us)
{
	enum store_user_state state = STORE_USER_ACTIVE;

	if (user->state == STORE_USER_LOCKED && user->state_before != 0)
		state = user->state_before;
	user->state = state;
	user->state_us = now_us;
	user->state_before = (enum store_user_state)0;
	user->until_us = 0;
	user->reason[0] = '\0';
	return set_state(s, user);
}

enum kith_code
store_user_unlock(struct store *s, int64_t id, int64_t now_us)
{
	struct store_user user;
	enum kith_code code = user_find_to_change(s, id, &user);

	if (code != KITH_OK)
		return code;
	if (user.state == STORE_USER_ACTIVE)
		return KITH_ALREADY;
	if (user.state == STORE_USER_DELETING)
		return KITH_CONFLICT;
	return free_user(s, &user, now_us);
}

/* ---- deleting -------------------------------------------------------- */

enum kith_code
store_user_delete(struct store *s, int64_t id, int64_t purge_us, int64_t now_us)
{
	struct store_user user;
	enum kith_code code = user_find_to_change(s, id, &user);

	if (code != KITH_OK)
		return code;
	if (user.state == STORE_USER_DELETING)
		return KITH_ALREADY;
	/* The reason stays, because a lock's is wanted after a restore. */
	user.state_before = user.state;
	user.state = STORE_USER_DELETING;
	user.state_us = now_us;
	user.until_us = purge_us;
	code = set_state(s, &user);
	if (code != KITH_OK)
		return code;
	return user_tell_self(s, id, STORE_EVENT_USER_LOCKED, now_us);
}

enum kith_code
store_user_restore(struct store *s, int64_t id, int64_t now_us)
{
	struct store_user user;
	enum kith_code code = user_find_to_change(s, id, &user);

	if (code != KITH_OK)
		return code;
	if (user.state != STORE_USER_DELETING)
		return KITH_ALREADY;
	user.state =
	    user.state_before != 0 ? user.state_before : STORE_USER_ACTIVE;
	user.state_us = now_us;
	user.state_before = (enum store_user_state)0;
	user.until_us = 0;
	return set_state(s, &user);
}

enum kith_code
store_user_purge(struct store *s, int64_t id, int64_t now_us)
{
	struct store_user user;
	enum kith_code code = user_find_to_change(s, id, &user);

	if (code == KITH_OK)
		code = device_remove_all(s, id);
	if (code == KITH_OK)
		code = friend_request_end_all(s, id, now_us);
	if (code == KITH_OK)
		code = friend_link_remove_all(s, id, now_us);
	if (code == KITH_OK)
		code = invite_forget_friend(s, id);
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_USER_PURGE,
		    VALUES(INTEGER(id), INTEGER(now_us)));
	if (code == KITH_OK)
		code = user_tell_changed(s, id, now_us);
	if (code == KITH_OK)
		code = user_tell_self(s, id, STORE_EVENT_USER_DELETED, now_us);
	return code;
}

/* ---- by itself ------------------------------------------------------- */

static enum kith_code
find_next_due(struct store *s, struct store_user *user_r)
{
	sqlite3_stmt *st =
	    statement_start(s, STATEMENT_USER_NEXT_DUE, NO_VALUES);
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	user_from_row(st, user_r);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_user_next_due(struct store *s, int64_t *due_us_r)
{
	struct store_user user;
	enum kith_code code = find_next_due(s, &user);

	if (code == KITH_OK)
		*due_us_r = user.until_us;
	return code;
}

static enum kith_code
do_what_is_due(struct store *s, struct store_user *user, int64_t now_us)
{
	bool purge = user->state == STORE_USER_DELETING;
	char target[STORE_AUDIT_TARGET_MAX + 1];
	char detail[64];
	struct store_audit row = {
		.time_us = now_us,
		.actor = STORE_AUDIT_KITHD,
		.command = purge ? "user purge" : "user unlock",
		.target = target,
		.detail = detail,
	};
	enum kith_code code;

	snprintf(target, sizeof(target), "%s (id:%" PRId64 ")", user->name,
	    user->id);
	snprintf(
	    detail, sizeof(detail), "{\"due_us\":%" PRId64 "}", user->until_us);
	if (purge)
		code = store_user_purge(s, user->id, now_us);
	else
		code = free_user(s, user, now_us);
	return code == KITH_OK ? store_audit_add(s, &row) : code;
}

/* Each turn takes one off the index, so that the end comes by itself. */
enum kith_code
store_user_due(struct store *s, int64_t now_us, uint32_t *done_r)
{
	struct store_user user;
	enum kith_code code = store_may_change(s);
	uint32_t done;

	for (done = 0; code == KITH_OK && done < STORE_DUE_MAX; done++) {
		code = find_next_due(s, &user);
		if (code == KITH_NOT_FOUND ||
		    (code == KITH_OK && user.until_us > now_us)) {
			code = KITH_OK;
			break;
		}
		if (code == KITH_OK)
			code = do_what_is_due(s, &user, now_us);
	}
	if (code == KITH_OK)
		*done_r = done;
	return code;
}
