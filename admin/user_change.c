/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user lock and unlock. */
#include "database.h"
#include "format.h"
#include "user.h"

enum kith_code
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
		code = store_user_lock(
		    call->store, user.id, reason, 0, format_now_us());
		if (code == KITH_ALREADY)
			call_fail(
			    call, code, "%s is locked already.", user.name);
		else if (code != KITH_OK)
			database_fault(call, code, "%s",
			    "The reason is too long, or has characters that "
			    "are not allowed.");
	}
	code = database_end(call, code);
	return code == KITH_OK ? user_answer_changed(call, user.id, "locked")
			       : code;
}

enum kith_code
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
	return code == KITH_OK ? user_answer_changed(call, user.id, "unlocked")
			       : code;
}
