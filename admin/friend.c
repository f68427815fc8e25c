/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * friend: who is friends with whom. Both people's clients are told by the
 * events that the store writes with each change.
 */
#include "friend.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "format.h"
#include "mem.h"
#include "output.h"
#include "store_friend_link.h"

/* ---- what all verbs need ------------------------------------------------ */

enum kith_code
friend_find_pair(
    struct call *call, struct store_user *a_r, struct store_user *b_r)
{
	enum kith_code code =
	    database_find_user(call, call_argument(call, 0), a_r);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 1), b_r);
	if (code == KITH_OK && a_r->id == b_r->id)
		return call_usage(call, "Those are one and the same person.");
	return code;
}

enum kith_code
friend_audit(struct call *call, const struct store_user *a,
    const struct store_user *b, json_t *detail)
{
	char *target = mem_format("%s (id:%lld), %s (id:%lld)", a->name,
	    (long long)a->id, b->name, (long long)b->id);
	enum kith_code code = database_audit(call, target, detail);

	free(target);
	return code;
}

enum kith_code
friend_set_person(struct call *call, struct listing *l, int id_column,
    int name_column, int64_t id)
{
	struct store_user user;
	enum kith_code code = store_user_find(call->store, id, &user);

	if (code == KITH_NOT_FOUND)
		return call_fail(call, KITH_INTEGRITY,
		    "The database names a user id:%lld who is not there.",
		    (long long)id);
	if (code != KITH_OK)
		return database_fault(
		    call, code, "%s", kith_code_sentence(code));
	listing_set_number(l, id_column, id);
	listing_set_text(l, name_column, user.name);
	return KITH_OK;
}

/* ---- add and remove ------------------------------------------------------ */

static void
answer_pair(struct call *call, const struct store_user *a,
    const struct store_user *b, const char *now)
{
	output_talk(call, "%s and %s are %s.", a->name, b->name, now);
	json_object_set_new(call->answer, "friend_link",
	    json_pack("{s:I, s:s, s:I, s:s}", "user_id", (json_int_t)a->id,
		"user", a->name, "friend_id", (json_int_t)b->id, "friend",
		b->name));
}

static enum kith_code
add_link(
    struct call *call, const struct store_user *a, const struct store_user *b)
{
	int64_t conversation_id;
	enum kith_code code = store_friend_link_add(
	    call->store, a->id, b->id, format_now_us(), &conversation_id);

	if (code == KITH_ALREADY)
		return call_fail(call, code, "%s and %s are friends already.",
		    a->name, b->name);
	if (code == KITH_FORBIDDEN)
		return call_fail(
		    call, code, "The server itself is nobody's friend.");
	if (code != KITH_OK)
		return database_fault(
		    call, code, "%s", kith_code_sentence(code));
	return friend_audit(call, a, b, NULL);
}

static enum kith_code
friend_add(struct call *call)
{
	struct store_user a, b;
	enum kith_code code;

	if (call_flag(call, "request"))
		return friend_ask(call);
	code = database_open(call, false);
	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = friend_find_pair(call, &a, &b);
	if (code == KITH_OK)
		code = add_link(call, &a, &b);
	code = database_end(call, code);
	if (code == KITH_OK)
		answer_pair(call, &a, &b, "friends now");
	return code;
}

static enum kith_code
remove_link(
    struct call *call, const struct store_user *a, const struct store_user *b)
{
	enum kith_code code = store_friend_link_remove(
	    call->store, a->id, b->id, format_now_us());

	/* Both are there, so what is not found is their link: it is so already. */
	if (code == KITH_NOT_FOUND)
		return call_fail(call, KITH_ALREADY,
		    "%s and %s are not friends.", a->name, b->name);
	if (code != KITH_OK)
		return database_fault(
		    call, code, "%s", kith_code_sentence(code));
	return friend_audit(call, a, b, NULL);
}

static enum kith_code
friend_remove(struct call *call)
{
	struct store_user a, b;
	enum kith_code code = database_open(call, false);

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = friend_find_pair(call, &a, &b);
	if (code == KITH_OK)
		code = remove_link(call, &a, &b);
	code = database_end(call, code);
	if (code == KITH_OK)
		answer_pair(call, &a, &b, "no longer friends");
	return code;
}

/* ---- the table ------------------------------------------------------------ */

static const struct command_option add_options[] = {
	{ "request", NULL,
	    "only ask: a friend request from the first to the second" },
	{}
};

static const struct command_option requests_options[] = {
	{ "incoming", NULL, "only those that USER is to answer" },
	{ "outgoing", NULL, "only those that USER has sent" }, {}
};

static const struct command_option reject_options[] = {
	{ "cancel", NULL, "USER takes back what USER has asked OTHER" }, {}
};

static const struct command_example add_examples[] = {
	{ "kith-admin friend add alice bob",
	    "make them friends, whether they have asked or not" },
	{ "kith-admin friend add alice bob --request",
	    "alice asks, and bob decides" },
	{}
};

static const struct command_example list_examples[] = {
	{ "kith-admin friend list alice", "alice's friends" },
	{ "kith-admin friend list --format csv", "everybody's, for a sheet" },
	{}
};

static const struct command_example requests_examples[] = {
	{ "kith-admin friend requests bob --incoming",
	    "who waits for bob's answer" },
	{}
};

static const struct command_example accept_examples[] = {
	{ "kith-admin friend accept bob alice",
	    "answer alice's request in bob's place" },
	{}
};

static const struct command_example reject_examples[] = {
	{ "kith-admin friend reject bob alice",
	    "turn alice's request down in bob's place" },
	{ "kith-admin friend reject alice bob --cancel",
	    "take it back in alice's place" },
	{}
};

const struct command friend_commands[] = {
	{ .noun = "friend",
	    .verb = "add",
	    .arguments = "USER USER",
	    .summary = "Make two people friends",
	    .details = "A friend request between them counts as accepted. With "
		       "--request the second is only asked, unless the second "
		       "has asked the first: then they are friends.",
	    .kinds = { WORD_USER, WORD_USER },
	    .options = add_options,
	    .examples = add_examples,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = friend_add },
	{ .noun = "friend",
	    .verb = "remove",
	    .arguments = "USER FRIEND",
	    .summary = "End a friendship",
	    .details = "Both keep what they wrote, and can no longer write to "
		       "each other. As friends again they get it back.",
	    .kinds = { WORD_USER, WORD_FRIEND },
	    .flags = COMMAND_WRITES,
	    .run = friend_remove },
	{ .noun = "friend",
	    .verb = "list",
	    .arguments = "[USER]",
	    .summary = "List all friend links, or one person's",
	    .kinds = { WORD_USER },
	    .examples = list_examples,
	    .flags = COMMAND_READS,
	    .answer = "friends",
	    .columns = friend_list_columns,
	    .run = friend_list },
	{ .noun = "friend",
	    .verb = "requests",
	    .arguments = "[USER]",
	    .summary = "List friend requests that wait for an answer",
	    .kinds = { WORD_USER },
	    .options = requests_options,
	    .examples = requests_examples,
	    .flags = COMMAND_READS,
	    .answer = "friend_requests",
	    .columns = friend_request_columns,
	    .run = friend_requests },
	{ .noun = "friend",
	    .verb = "accept",
	    .arguments = "USER FROM",
	    .summary = "Accept a friend request in somebody's place",
	    .details = "USER is the one who was asked, FROM the one who asks.",
	    .kinds = { WORD_USER, WORD_REQUEST },
	    .examples = accept_examples,
	    .flags = COMMAND_WRITES,
	    .run = friend_accept },
	{ .noun = "friend",
	    .verb = "reject",
	    .arguments = "USER OTHER",
	    .summary = "Turn a friend request down, or take it back",
	    .details = "USER is the one who was asked, OTHER the one who asks; "
		       "with --cancel the other way round.",
	    .kinds = { WORD_USER, WORD_REQUEST },
	    .options = reject_options,
	    .examples = reject_examples,
	    .flags = COMMAND_WRITES,
	    .run = friend_reject },
	{},
};
