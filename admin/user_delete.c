/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user delete. */
#include <stdlib.h>

#include "belongings.h"
#include "database.h"
#include "format.h"
#include "mem.h"
#include "output.h"
#include "prompt.h"
#include "user.h"

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

enum kith_code
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
