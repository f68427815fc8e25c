/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * invite: links by which people sign up. The code is shown once, when it is
 * made; the database has only its hash, and the audit trail not even that.
 */
#include "invite.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "format.h"
#include "hash.h"
#include "invite_link.h"
#include "mem.h"
#include "output.h"
#include "qr.h"
#include "server_link.h"
#include "store_invite.h"
#include "token.h"

#define CODE_LENGTH        20u /* characters: 100 bits */
#define USES_MAX           1000000
#define EXPIRES_DEFAULT_US (INT64_C(7) * 24 * 3600 * 1000000)

_Static_assert(CODE_LENGTH <= INVITE_CODE_MAX, "a code fits into a link");
_Static_assert(STORE_CODE_HASH_LENGTH == HASH_SIZE, "codes are hashed");

/* ---- create ----------------------------------------------------------- */

static enum kith_code
read_wishes(struct call *call, struct store_invite *invite)
{
	const char *expires = call_option(call, "expires");
	const char *note = call_option(call, "note");
	int64_t uses = 1;

	*invite = (struct store_invite){ .created_us = format_now_us() };
	if (call_option_number(call, "uses", 1, USES_MAX, &uses) != KITH_OK)
		return KITH_MALFORMED;
	invite->uses_left = (uint32_t)uses;
	if (expires == NULL)
		invite->expires_us = invite->created_us + EXPIRES_DEFAULT_US;
	else if (strcmp(expires, "never") != 0 &&
	    call_option_when(
		call, "expires", FORMAT_AHEAD, &invite->expires_us) != KITH_OK)
		return KITH_MALFORMED;
	if (note != NULL &&
	    (strlen(note) >= STORE_NOTE_MAX ||
		text_check_message(note, strlen(note)) != KITH_OK))
		return call_usage(call,
		    "--note takes at most %u bytes of plain text.",
		    STORE_NOTE_MAX - 1);
	if (note != NULL)
		memcpy(invite->note, note, strlen(note));
	return KITH_OK;
}

/* Who becomes a friend of all who use it. */
static enum kith_code
find_befriended(
    struct call *call, struct store_invite *invite, struct store_user *user)
{
	const char *selector = call_option(call, "befriend");
	enum kith_code code;

	user->name[0] = '\0';
	if (selector == NULL)
		return KITH_OK;
	code = database_find_user(call, selector, user);
	if (code == KITH_OK && user->state == STORE_USER_SYSTEM)
		return call_fail(call, KITH_FORBIDDEN,
		    "The server itself is nobody's friend.");
	if (code == KITH_OK)
		invite->befriend_id = user->id;
	return code;
}

static enum kith_code
add_invite(struct call *call, const char *code_text,
    struct store_invite *invite, const struct store_user *friend)
{
	uint8_t hash[HASH_SIZE];
	char *target, *until;
	enum kith_code code;

	hash_sha256(code_text, strlen(code_text), hash);
	memcpy(invite->hint, code_text, STORE_HINT_MAX - 1);
	code = store_invite_add(call->store, hash, invite, &invite->id);
	if (code != KITH_OK)
		return database_fault(
		    call, code, "%s", kith_code_sentence(code));
	target = mem_format("invite id:%lld", (long long)invite->id);
	until = output_time_utc(invite->expires_us);
	code = database_audit(call, target,
	    json_pack("{s:I, s:s?, s:s?, s:s?}", "uses",
		(json_int_t)invite->uses_left, "expires", until, "befriend",
		friend->name[0] != '\0' ? friend->name : NULL, "note",
		invite->note[0] != '\0' ? invite->note : NULL));
	free(target);
	free(until);
	return code;
}

static enum kith_code
store(struct call *call, const char *code_text, struct store_invite *invite,
    struct store_user *friend)
{
	enum kith_code code = database_begin(call);

	if (code != KITH_OK)
		return code;
	code = find_befriended(call, invite, friend);
	if (code == KITH_OK)
		code = add_invite(call, code_text, invite, friend);
	return database_end(call, code);
}

static void
tell_created(struct call *call, const struct store_invite *invite,
    const struct store_user *friend)
{
	char *uses = format_count(invite->uses_left, "person", "people");
	char *until = output_time_local(invite->expires_us);

	if (until == NULL)
		output_talk(call, "It is for %s and does not expire.", uses);
	else
		output_talk(
		    call, "It is for %s and expires on %s.", uses, until);
	if (friend->name[0] != '\0')
		output_talk(call, "Whoever uses it becomes a friend of %s.",
		    friend->name);
	free(uses);
	free(until);
}

static void
answer_created(struct call *call, const struct store_invite *invite,
    const struct invite_link *link, const struct store_user *friend)
{
	char *text = invite_link_format(link);
	char *until = output_time_utc(invite->expires_us);
	bool befriends = friend->name[0] != '\0';

	if (!call->json)
		puts(text);
	/* on the side of the talk, so that a script still reads just the link */
	if (call_flag(call, "qr") && !call->json &&
	    qr_draw(stderr, text) != KITH_OK)
		output_talk(call, "The link is too long for a QR code.");
	tell_created(call, invite, friend);
	json_object_set_new(call->answer, "invite",
	    json_pack("{s:I, s:s, s:s, s:i, s:s?, s:o, s:s?, s:s?}", "id",
		(json_int_t)invite->id, "code", link->invite, "link", text,
		"uses_left", (int)invite->uses_left, "expires", until,
		"befriend_id",
		befriends ? json_integer(friend->id) : json_null(), "befriend",
		befriends ? friend->name : NULL, "note",
		invite->note[0] != '\0' ? invite->note : NULL));
	free(text);
	free(until);
}

static enum kith_code
invite_create(struct call *call)
{
	struct store_invite invite;
	struct invite_link link = { .invite = "" };
	struct store_user friend;
	enum kith_code code = read_wishes(call, &invite);

	if (code == KITH_OK)
		code = database_open(call, true);
	if (code == KITH_OK)
		code = server_link(call, &link);
	if (code != KITH_OK)
		return code;
	random_text(link.invite, CODE_LENGTH);
	code = store(call, link.invite, &invite, &friend);
	if (code != KITH_OK)
		return code;
	if (strchr(link.address.host, '.') == NULL &&
	    !address_is_numeric(link.address.host))
		output_talk(call,
		    "The link says that the server is \"%s\"; use --host if "
		    "others know it by another name.",
		    link.address.host);
	if (link.pin[0] == '\0')
		output_talk(call,
		    "The server's key is not known yet: start kithd once, and "
		    "a new link will carry its fingerprint.");
	answer_created(call, &invite, &link, &friend);
	return KITH_OK;
}

/* ---- the table -------------------------------------------------------- */

static const struct command_option create_options[] = {
	{ "uses", "N", "how many people may use it; default 1" },
	{ "expires", "WHEN",
	    "such as 12h, 7d, 2026-12-24, or never; default 7d" },
	{ "befriend", "USER", "who becomes a friend of all who use it",
	    WORD_USER },
	{ "note", "TEXT", "what it is for; shown by \"invite list\"" },
	{ "host", "HOST[:PORT]", "how the server is reached" },
	{ "qr", NULL, "draw the link as a QR code too" }, {}
};

static const struct command_option list_options[] = {
	{ "open", NULL, "only those by which people can sign up now" }, {}
};

static const struct command_example create_examples[] = {
	{ "kith-admin invite create", "for one person, within a week" },
	{ "kith-admin invite create --befriend alice --qr",
	    "for a friend of alice, to be scanned from the screen" },
	{ "kith-admin invite create --uses 30 --expires 2w --note choir",
	    "for thirty people, within two weeks" },
	{}
};

static const struct command_example revoke_examples[] = {
	{ "kith-admin invite revoke id:3", "as \"invite list\" shows it" }, {}
};

const struct command invite_commands[] = {
	{ .noun = "invite",
	    .verb = "create",
	    .arguments = "",
	    .summary = "Make a link by which people sign up",
	    .details = "The link is shown only now. It has the fingerprint of "
		       "the server's key in it, so that whoever uses it need "
		       "not compare any. Makes the database where there is "
		       "none.",
	    .options = create_options,
	    .examples = create_examples,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = invite_create },
	{ .noun = "invite",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List the invites",
	    .options = list_options,
	    .flags = COMMAND_READS,
	    .answer = "invites",
	    .columns = invite_columns,
	    .run = invite_list },
	{ .noun = "invite",
	    .verb = "revoke",
	    .arguments = "INVITE",
	    .summary = "Make an invite useless",
	    .details =
		"An INVITE is its link, its code, or its number, plain or "
		"as id:NUMBER. Who has signed up by it stays.",
	    .kinds = { WORD_INVITE },
	    .examples = revoke_examples,
	    .flags = COMMAND_WRITES,
	    .run = invite_revoke },
	{},
};
