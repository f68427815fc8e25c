/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user add and passwd: the verbs that make a password's hash. Passwords are
 * hashed before the transaction begins, so that nobody waits for Argon2 behind
 * the write lock.
 */
#include "password.h"

#include <string.h>

#include "database.h"
#include "prompt.h"
#include "token.h"
#include "user.h"

enum kith_code
user_read_cost(struct call *call, struct password_cost *cost_r)
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
	*cost_r = (struct password_cost){ (uint32_t)memory_kib,
		(uint32_t)passes, PASSWORD_LANES_DEFAULT };
	return password_check_cost(cost_r, &call->fault);
}

/* Asks for a password and hashes it. Both are the caller's to wipe. */
static enum kith_code
new_hash(struct call *call, const char *name, char **password_r, char **phc_r)
{
	struct password_cost cost;
	enum kith_code code = user_read_cost(call, &cost);

	if (code == KITH_OK)
		code = prompt_new_password(call, name, password_r);
	if (code == KITH_OK)
		code = password_hash(&cost, *password_r, strlen(*password_r),
		    phc_r, &call->fault);
	return code;
}

/* ---- add -------------------------------------------------------------- */

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
	struct store_user user;
	enum kith_code code = database_begin(call);
	int64_t id = 0;

	if (code != KITH_OK)
		return code;
	code = store_user_add(call->store, &wanted, &id);
	if (code == KITH_OK)
		code = store_user_find(call->store, id, &user);
	if (code != KITH_OK)
		database_fault(call, code, "The name \"%s\" is taken.", name);
	else
		code = database_audit_user(call, &user, NULL);
	code = database_end(call, code);
	return code == KITH_OK ? user_answer_changed(call, id, "added") : code;
}

/* All that can be said without asking for a password is said before. */
static enum kith_code
check_new_user(struct call *call, const char *name)
{
	const char *display_name = call_option(call, "display-name");
	struct store_user user;
	enum kith_code code = text_check_name(name);

	if (code == KITH_OK && display_name != NULL)
		code = user_check_display_name(call, display_name);
	if (code != KITH_OK)
		return code;
	code = database_open(call, true);
	if (code != KITH_OK)
		return code;
	code = store_user_find_name(call->store, name, &user);
	if (code == KITH_OK)
		return call_fail(call, KITH_NAME_TAKEN,
		    user.state == STORE_USER_DELETING
			? "The name \"%s\" is taken by a deleted account that "
			  "is not purged yet."
			: "The name \"%s\" is taken.",
		    name);
	if (code != KITH_NOT_FOUND)
		return database_fault(call, code, "Cannot look for the name.");
	return KITH_OK;
}

enum kith_code
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

/* ---- passwd ----------------------------------------------------------- */

static enum kith_code
set_password(struct call *call, const struct store_user *user, const char *phc)
{
	bool end_sessions = !call_flag(call, "keep-sessions");
	enum kith_code code = database_begin(call);

	if (code != KITH_OK)
		return code;
	code = store_user_set_password(
	    call->store, user->id, phc, end_sessions, format_now_us());
	if (code != KITH_OK)
		user_fault(call, code, user, "cannot be given a password.");
	else
		code = database_audit_user(call, user,
		    json_pack("{s:b}", "end_sessions", end_sessions));
	return database_end(call, code);
}

enum kith_code
user_passwd(struct call *call)
{
	char *password = NULL, *phc = NULL;
	struct store_user user;
	enum kith_code code;

	if (call_flag(call, "end-sessions") && call_flag(call, "keep-sessions"))
		return call_usage(call,
		    "Either --end-sessions or --keep-sessions, not both.");
	code = database_open(call, false);
	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK)
		code = new_hash(call, user.name, &password, &phc);
	if (code == KITH_OK)
		code = set_password(call, &user, phc);
	if (code == KITH_OK)
		code =
		    user_answer_changed(call, user.id, "given a new password");
	if (code == KITH_OK)
		prompt_show_generated(call, password);
	secret_free(&password);
	secret_free(&phc);
	return code;
}
