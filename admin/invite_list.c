/* SPDX-License-Identifier: GPL-3.0-or-later */
/* invite list, invite revoke: those that were made. */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "format.h"
#include "hash.h"
#include "invite.h"
#include "invite_link.h"
#include "mem.h"
#include "output.h"
#include "store_invite.h"

#define ID_DIGITS_MAX 18u

/* ---- list ------------------------------------------------------------- */

enum {
	INVITE_ID,
	INVITE_HINT,
	INVITE_STATE,
	INVITE_USES,
	INVITE_LEFT,
	INVITE_CREATED,
	INVITE_EXPIRES,
	INVITE_BEFRIEND_ID,
	INVITE_BEFRIEND,
	INVITE_NOTE,
};

const struct column invite_columns[] = {
	[INVITE_ID] = { "id", "ID", COLUMN_NUMBER },
	[INVITE_HINT] = { "begins", "BEGINS", COLUMN_TEXT },
	[INVITE_STATE] = { "state", "STATE", COLUMN_TEXT },
	[INVITE_USES] = { "uses", "USED", COLUMN_NUMBER },
	[INVITE_LEFT] = { "uses_left", "LEFT", COLUMN_NUMBER },
	[INVITE_CREATED] = { "created", "CREATED", COLUMN_TIME },
	[INVITE_EXPIRES] = { "expires", "EXPIRES", COLUMN_TIME },
	[INVITE_BEFRIEND_ID] = { "befriend_id", NULL, COLUMN_NUMBER },
	[INVITE_BEFRIEND] = { "befriend", "FRIEND OF", COLUMN_TEXT },
	[INVITE_NOTE] = { "note", "NOTE", COLUMN_TEXT },
	{},
};

struct walk {
	struct call *call;
	struct listing *listing;
	int64_t now_us;
	bool open_only;
	int64_t last_id;
	uint32_t count; /* of this page, shown or not */
	enum kith_code code;
};

static bool
is_open(const struct store_invite *invite, int64_t now_us)
{
	return invite->uses_left > 0 &&
	    (invite->expires_us == 0 || invite->expires_us > now_us);
}

static const char *
state_word(const struct store_invite *invite, int64_t now_us)
{
	if (is_open(invite, now_us))
		return "open";
	return invite->uses_left == 0 ? "used up" : "expired";
}

static void
set_befriended(struct walk *walk, int64_t id)
{
	struct store_user user;
	enum kith_code code = store_user_find(walk->call->store, id, &user);

	if (code == KITH_OK) {
		listing_set_number(walk->listing, INVITE_BEFRIEND_ID, id);
		listing_set_text(walk->listing, INVITE_BEFRIEND, user.name);
	} else if (code != KITH_NOT_FOUND) {
		walk->code = code;
	}
}

static bool
list_one(void *context, const struct store_invite *invite)
{
	struct walk *walk = context;
	struct listing *l = walk->listing;
	bool open = is_open(invite, walk->now_us);

	walk->last_id = invite->id;
	walk->count++;
	if (walk->open_only && !open)
		return true;
	listing_add_row(l);
	listing_set_number(l, INVITE_ID, invite->id);
	listing_set_text(l, INVITE_HINT, invite->hint);
	listing_set_text(l, INVITE_STATE, state_word(invite, walk->now_us));
	listing_mark(l, INVITE_STATE, open ? LISTING_GOOD : LISTING_FAINT);
	listing_set_number(l, INVITE_USES, invite->uses);
	listing_set_number(l, INVITE_LEFT, invite->uses_left);
	listing_set_time(l, INVITE_CREATED, invite->created_us);
	listing_set_time(l, INVITE_EXPIRES, invite->expires_us);
	if (invite->befriend_id != 0)
		set_befriended(walk, invite->befriend_id);
	if (invite->note[0] != '\0')
		listing_set_text(l, INVITE_NOTE, invite->note);
	return walk->code == KITH_OK;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	enum kith_code code;

	walk->listing = l;
	walk->count = 0;
	code = store_invite_each(walk->call->store, walk->last_id,
	    LISTING_PAGE_ROWS, list_one, walk);
	if (code == KITH_OK)
		code = walk->code;
	*more_r = walk->count == LISTING_PAGE_ROWS;
	return code == KITH_OK
	    ? code
	    : database_fault(walk->call, code, "%s", kith_code_sentence(code));
}

enum kith_code
invite_list(struct call *call)
{
	struct walk walk = { .call = call,
		.now_us = format_now_us(),
		.open_only = call_flag(call, "open") };
	struct listing *l = listing_begin(call, "invites", invite_columns);

	return database_list(call, &l, list_page, &walk);
}

/* ---- revoke ----------------------------------------------------------- */

/* "id:N", or what stands in the column; no code is that short. */
static bool
read_number(const char *selector, int64_t *id_r)
{
	size_t length = strlen(selector);
	char *word;
	bool read;

	if (length > 0 && length <= ID_DIGITS_MAX &&
	    strspn(selector, "0123456789") == length)
		word = mem_format("id:%s", selector);
	else
		word = mem_dup_string(selector);
	read = database_read_id(word, id_r);
	free(word);
	return read;
}

/* A number, a code, or a whole link. */
static enum kith_code
find_invite(struct call *call, const char *selector, int64_t *id_r)
{
	struct invite_link link;
	struct store_invite invite;
	uint8_t hash[HASH_SIZE];
	enum kith_code code;

	if (read_number(selector, id_r))
		return KITH_OK;
	if (invite_link_parse(selector, &link, NULL) == KITH_OK)
		selector = link.invite;
	hash_sha256(selector, strlen(selector), hash);
	code = store_invite_find_code(call->store, hash, &invite);
	if (code == KITH_OK)
		*id_r = invite.id;
	return code;
}

static enum kith_code
remove_invite(struct call *call, const char *selector, int64_t *id_r)
{
	enum kith_code code = find_invite(call, selector, id_r);
	char *target;

	if (code == KITH_OK)
		code = store_invite_remove(call->store, *id_r);
	if (code != KITH_OK)
		return database_fault(
		    call, code, "There is no invite \"%s\".", selector);
	target = mem_format("invite id:%lld", (long long)*id_r);
	code = database_audit(call, target, NULL);
	free(target);
	return code;
}

enum kith_code
invite_revoke(struct call *call)
{
	enum kith_code code = database_open(call, false);
	int64_t id = 0;

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = database_end(
	    call, remove_invite(call, call_argument(call, 0), &id));
	if (code == KITH_OK) {
		output_talk(
		    call, "The invite id:%lld is revoked.", (long long)id);
		json_object_set_new(call->answer, "revoked",
		    json_pack("{s:I}", "id", (json_int_t)id));
	}
	return code;
}
