/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user delete. */
#include <stdlib.h>

#include "belongings.h"
#include "database.h"
#include "destroy.h"
#include "format.h"
#include "mem.h"
#include "output.h"
#include "user.h"

static enum kith_code
confirm_delete(struct call *call, const struct store_user *user,
    const struct belongings *b, bool *go_r)
{
	const struct destroy_loss losses[] = { { "friends", "friend link",
						   "friend links", b->friends },
		{ "friend_requests", "friend request", "friend requests",
		    b->requests },
		{ "devices", "device", "devices", b->devices }, {} };
	char *question =
	    mem_format("Delete %s (id:%lld)", user->name, (long long)user->id);
	enum kith_code code = destroy_confirm(call,
	    &(struct destroy){ .question = question,
		.victim = "accounts",
		.victims = 1,
		.losses = losses,
		.remark = "The messages stay." },
	    go_r);

	free(question);
	return code;
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
	bool go = false;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	if (code == KITH_OK)
		code = belongings_count(call, user.id, &b);
	if (code == KITH_OK)
		code = confirm_delete(call, &user, &b, &go);
	if (code == KITH_OK && go)
		code = database_begin(call);
	if (code != KITH_OK || !go)
		return code;
	/* by its id: the name may be another's by now */
	code = store_user_purge(call->store, user.id, format_now_us());
	if (code != KITH_OK)
		database_fault(call, code, "%s is gone already.", user.name);
	else
		code = database_audit_user(call, &user, NULL);
	code = database_end(call, code);
	if (code == KITH_OK)
		answer_deleted(call, &user, &b);
	return code;
}
