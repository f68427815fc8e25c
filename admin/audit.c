/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * audit: who changed what. Only shows; nothing can be taken out of the trail.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "database.h"
#include "listing.h"
#include "mem.h"
#include "store_audit.h"

#define LIMIT_MAX 1000000000

enum {
	AUDIT_ID,
	AUDIT_TIME,
	AUDIT_ACTOR,
	AUDIT_COMMAND,
	AUDIT_TARGET,
	AUDIT_DETAIL,
};

static const struct column audit_columns[] = {
	[AUDIT_ID] = { "id", NULL, COLUMN_NUMBER },
	[AUDIT_TIME] = { "time", "TIME", COLUMN_TIME },
	[AUDIT_ACTOR] = { "actor", "WHO", COLUMN_TEXT },
	[AUDIT_COMMAND] = { "command", "DID", COLUMN_TEXT },
	[AUDIT_TARGET] = { "target", "TO", COLUMN_TEXT },
	[AUDIT_DETAIL] = { "detail", "DETAILS", COLUMN_JSON },
	{},
};

struct walk {
	struct call *call;
	struct listing *listing;
	struct store_audit_query query;
	char *target;    /* a part of it that --user looks for */
	bool whole;      /* which is a name: nothing of it may stand before */
	int64_t left;    /* of --limit */
	uint32_t handed; /* rows in this page, shown or not */
};

/* "bob (id:" is no part of "jacob (id:7)". */
static bool
is_about(const struct walk *walk, const char *target)
{
	const char *found = walk->target != NULL ? target : NULL;

	if (walk->target == NULL || !walk->whole)
		return true;
	while ((found = strstr(found, walk->target)) != NULL) {
		if (found == target || found[-1] == ' ')
			return true;
		found++;
	}
	return false;
}

static bool
list_one(void *context, const struct store_audit *row)
{
	struct walk *walk = context;
	struct listing *l = walk->listing;
	json_t *detail;

	walk->handed++;
	walk->query.from = row->id;
	if (!is_about(walk, row->target))
		return true;
	listing_add_row(l);
	listing_set_number(l, AUDIT_ID, row->id);
	listing_set_time(l, AUDIT_TIME, row->time_us);
	listing_set_text(l, AUDIT_ACTOR, row->actor);
	listing_set_text(l, AUDIT_COMMAND, row->command);
	if (row->target[0] != '\0')
		listing_set_text(l, AUDIT_TARGET, row->target);
	detail = json_loads(row->detail, 0, NULL);
	if (json_object_size(detail) > 0)
		listing_set_json(l, AUDIT_DETAIL, detail);
	else
		json_decref(detail);
	return --walk->left > 0;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	enum kith_code code;

	walk->listing = l;
	walk->handed = 0;
	walk->query.limit = LISTING_PAGE_ROWS;
	code =
	    store_audit_each(walk->call->store, &walk->query, list_one, walk);
	*more_r = walk->handed == LISTING_PAGE_ROWS && walk->left > 0;
	return code;
}

static void
read_user(struct walk *walk, const char *selector)
{
	int64_t id;

	if (selector == NULL)
		return;
	walk->whole = !database_read_id(selector, &id);
	/* not looked up: the trail also tells of those who are gone */
	walk->target = walk->whole ? mem_format("%s (id:", selector)
				   : mem_format("(id:%lld)", (long long)id);
	walk->query.target = walk->target;
}

static enum kith_code
audit_list(struct call *call)
{
	struct walk walk = { .call = call, .left = LIMIT_MAX };
	struct store_audit_query *query = &walk.query;
	struct listing *l;
	enum kith_code code;

	code = call_option_number(call, "limit", 1, LIMIT_MAX, &walk.left);
	if (code == KITH_OK)
		code = call_option_when(
		    call, "since", FORMAT_AGO, &query->since_us);
	if (code == KITH_OK)
		code = call_option_when(
		    call, "until", FORMAT_AGO, &query->before_us);
	if (code != KITH_OK)
		return code;
	query->actor = call_option(call, "actor");
	query->command = call_option(call, "command");
	query->oldest_first = call_flag(call, "oldest-first");
	read_user(&walk, call_option(call, "user"));
	l = listing_begin(call, "audit", audit_columns);
	code = database_list(call, &l, list_page, &walk);
	free(walk.target);
	return code;
}

static const struct command_option list_options[] = {
	{ "user", "USER", "what was done to this account", WORD_USER },
	{ "actor", "TEXT", "what was done by whose name has this in it" },
	{ "command", "COMMAND",
	    "what was done by this, \"user\" or "
	    "\"user lock\"" },
	{ "since", "WHEN", "what was done then or later" },
	{ "until", "WHEN", "what was done before that" },
	{ "limit", "N", "at most so many" },
	{ "oldest-first", NULL, "begin with the oldest, not the newest" }, {}
};

static const struct command_example list_examples[] = {
	{ "kith-admin audit list --user bob", "what was done to Bob" },
	{ "kith-admin audit list --since 7d --command user --format csv",
	    "a week's changes of accounts, for a spreadsheet" },
	{}
};

const struct command audit_commands[] = {
	{ .noun = "audit",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List who changed what, the newest first",
	    .details = "Every change by kith-admin is there, with the person "
		       "who logged in, also behind sudo; \"kithd\" is who ends "
		       "a lock whose time is over. Nothing is ever taken out.",
	    .options = list_options,
	    .examples = list_examples,
	    .flags = COMMAND_READS,
	    .answer = "audit",
	    .columns = audit_columns,
	    .run = audit_list },
	{},
};
