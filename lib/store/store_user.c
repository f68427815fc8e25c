/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The table user. A deleted person stays as a row that messages refer to. What
 * changes a state is in store_user_state.c.
 */

#include "store_user.h"

#include <string.h>

#include "store_private.h"

void
user_from_row(sqlite3_stmt *st, struct store_user *user)
{
	memset(user, 0, sizeof(*user));
	user->id = sqlite3_column_int64(st, 0);
	column_text(st, 1, user->name, sizeof(user->name));
	column_text(st, 2, user->display_name, sizeof(user->display_name));
	column_text(st, 3, user->phc, sizeof(user->phc));
	user->state = (enum store_user_state)sqlite3_column_int(st, 4);
	user->state_us = sqlite3_column_int64(st, 5);
	column_text(st, 6, user->reason, sizeof(user->reason));
	user->created_us = sqlite3_column_int64(st, 7);
	user->until_us = sqlite3_column_int64(st, 8);
	user->state_before = (enum store_user_state)sqlite3_column_int(st, 9);
	user->last_seen_us = sqlite3_column_int64(st, 10);
}

static enum kith_code
find_one(struct store *s, sqlite3_stmt *st, struct store_user *user_r)
{
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	user_from_row(st, user_r);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_user_find(struct store *s, int64_t id, struct store_user *user_r)
{
	return find_one(s,
	    statement_start(s, STATEMENT_USER_FIND, VALUES(INTEGER(id))),
	    user_r);
}

enum kith_code
store_user_find_name(
    struct store *s, const char *name, struct store_user *user_r)
{
	return find_one(s,
	    statement_start(s, STATEMENT_USER_FIND_NAME, VALUES(TEXT(name))),
	    user_r);
}

enum kith_code
store_user_find_some(struct store *s, int64_t choice, struct store_user *user_r)
{
	return find_one(s,
	    statement_start(
		s, STATEMENT_USER_FIND_SOME, VALUES(INTEGER(choice))),
	    user_r);
}

enum kith_code
store_user_find_system(struct store *s, struct store_user *user_r)
{
	return find_one(s,
	    statement_start(
		s, STATEMENT_USER_FIND_SYSTEM, VALUES(TEXT(STORE_SYSTEM_NAME))),
	    user_r);
}

/* ---- adding ---------------------------------------------------------- */

/* What holds for each new person, however one comes. reason: or the note. */
struct person {
	const char *name;
	const char *display_name;
	const char *phc;
	const char *reason;
};

static enum kith_code
check_new(struct store *s, const struct person *person)
{
	struct store_user other;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = text_check_name(person->name);
	if (code == KITH_OK)
		code = text_check_display_name(person->display_name);
	if (code != KITH_OK)
		return code;
	if (strlen(person->phc) >= STORE_PHC_MAX ||
	    strlen(person->reason) >= STORE_REASON_MAX)
		return KITH_TOO_LARGE;
	code = store_user_find_name(s, person->name, &other);
	if (code == KITH_OK)
		return KITH_NAME_TAKEN;
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_user_add(struct store *s, const struct store_user_new *new, int64_t *id_r)
{
	const struct person person = { new->name, new->display_name, new->phc,
		new->note != NULL ? new->note : "" };
	enum kith_code code = check_new(s, &person);

	if (code != KITH_OK)
		return code;
	return statement_integer(s, STATEMENT_USER_ADD,
	    VALUES(TEXT(new->name), TEXT(new->display_name), TEXT(new->phc),
		INTEGER(new->state), TEXT(person.reason), INTEGER(new->now_us)),
	    id_r);
}

static bool
is_importable(const struct store_user_import *row)
{
	bool locked = row->state == STORE_USER_LOCKED;

	if (!locked && row->state != STORE_USER_ACTIVE &&
	    row->state != STORE_USER_PENDING)
		return false;
	if (row->until_us != 0 && !locked)
		return false;
	return row->until_us >= 0 && row->created_us >= 0 &&
	    row->last_seen_us >= 0;
}

enum kith_code
store_user_import(struct store *s, const struct store_user_import *row,
    int64_t now_us, int64_t *id_r)
{
	const struct person person = { row->name, row->display_name, row->phc,
		row->reason != NULL ? row->reason : "" };
	enum kith_code code = check_new(s, &person);

	if (code != KITH_OK)
		return code;
	if (!is_importable(row))
		return KITH_MALFORMED;
	return statement_integer(s, STATEMENT_USER_IMPORT,
	    VALUES(TEXT(row->name), TEXT(row->display_name), TEXT(row->phc),
		INTEGER(row->state), INTEGER(now_us), TEXT(person.reason),
		INTEGER(row->created_us != 0 ? row->created_us : now_us),
		INTEGER_OR_NULL(row->until_us), INTEGER(row->last_seen_us)),
	    id_r);
}

/* ---- reading --------------------------------------------------------- */

enum kith_code
store_user_each(struct store *s, const char *after, uint32_t limit,
    bool (*each)(void *context, const struct store_user *user), void *context)
{
	sqlite3_stmt *st = statement_start(s, STATEMENT_USER_EACH,
	    VALUES(TEXT(after), INTEGER(store_page_limit(limit))));
	struct store_user user;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		user_from_row(st, &user);
		if (!each(context, &user)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_user_count(struct store *s, int64_t *count_r)
{
	return statement_integer(s, STATEMENT_USER_COUNT, NO_VALUES, count_r);
}

/* ---- changes --------------------------------------------------------- */

enum kith_code
user_find_to_change(struct store *s, int64_t id, struct store_user *user_r)
{
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = store_user_find(s, id, user_r);
	if (code != KITH_OK)
		return code;
	if (user_r->state == STORE_USER_DELETED)
		return KITH_NOT_FOUND;
	return user_r->state == STORE_USER_SYSTEM ? KITH_FORBIDDEN : KITH_OK;
}

enum kith_code
user_tell_self(
    struct store *s, int64_t id, enum store_event_kind kind, int64_t now_us)
{
	return event_append(s,
	    &(struct event_new){ .audience = -id,
		.kind = kind,
		.time_us = now_us,
		.user_id = id },
	    NULL);
}

enum kith_code
user_tell_changed(struct store *s, int64_t id, int64_t now_us)
{
	enum kith_code code =
	    user_tell_self(s, id, STORE_EVENT_USER_CHANGED, now_us);

	if (code != KITH_OK)
		return code;
	return member_tell_peers(s, id,
	    &(struct event_new){ .kind = STORE_EVENT_USER_CHANGED,
		.time_us = now_us,
		.user_id = id });
}

static enum kith_code
set_display_name(
    struct store *s, int64_t id, const char *display_name, int64_t now_us)
{
	enum kith_code code = statement_run(s, STATEMENT_USER_SET_DISPLAY_NAME,
	    VALUES(INTEGER(id), TEXT(display_name)));

	return code == KITH_OK ? user_tell_changed(s, id, now_us) : code;
}

enum kith_code
store_user_set_display_name(
    struct store *s, int64_t id, const char *display_name, int64_t now_us)
{
	struct store_user user;
	enum kith_code code = text_check_display_name(display_name);

	if (code == KITH_OK)
		code = user_find_to_change(s, id, &user);
	if (code != KITH_OK || strcmp(user.display_name, display_name) == 0)
		return code;
	return set_display_name(s, id, display_name, now_us);
}

enum kith_code
store_user_name_system(
    struct store *s, const char *display_name, int64_t now_us)
{
	struct store_user system;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = text_check_display_name(display_name);
	if (code == KITH_OK)
		code = store_user_find_system(s, &system);
	if (code != KITH_OK || strcmp(system.display_name, display_name) == 0)
		return code;
	return set_display_name(s, system.id, display_name, now_us);
}

enum kith_code
store_user_set_password(struct store *s, int64_t id, const char *phc,
    bool end_sessions, int64_t now_us)
{
	struct store_user user;
	enum kith_code code;

	if (strlen(phc) >= STORE_PHC_MAX)
		return KITH_TOO_LARGE;
	code = user_find_to_change(s, id, &user);
	if (code == KITH_OK)
		code = statement_run(
		    s, STATEMENT_USER_SET_PHC, VALUES(INTEGER(id), TEXT(phc)));
	if (code == KITH_OK && end_sessions)
		code = device_remove_all(s, id);
	if (code == KITH_OK && end_sessions)
		code =
		    user_tell_self(s, id, STORE_EVENT_PASSWORD_CHANGED, now_us);
	return code;
}

enum kith_code
user_make_system(
    struct store *s, const char *display_name, int64_t now_us, int64_t *id_r)
{
	struct store_user system;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = text_check_display_name(display_name);
	if (code == KITH_OK)
		code = store_user_find_system(s, &system);
	if (code == KITH_NOT_FOUND)
		return statement_integer(s, STATEMENT_USER_ADD_SYSTEM,
		    VALUES(TEXT(STORE_SYSTEM_NAME), TEXT(display_name),
			INTEGER(now_us)),
		    id_r);
	if (code == KITH_OK && strcmp(system.display_name, display_name) != 0)
		code = set_display_name(s, system.id, display_name, now_us);
	if (code == KITH_OK)
		*id_r = system.id;
	return code;
}
