/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * invite: links by which people sign up. The code is shown once, when it is
 * made; the database has only its hash.
 */
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "call.h"
#include "database.h"
#include "format.h"
#include "hash.h"
#include "host.h"
#include "invite_link.h"
#include "listing.h"
#include "mem.h"
#include "output.h"
#include "qr.h"
#include "store_invite.h"
#include "token.h"

#define CODE_LENGTH       20u /* characters: 100 bits */
#define USES_MAX          1000000
#define EXPIRES_DEFAULT   "7d"
#define LISTEN_SEPARATORS " ,\t"

_Static_assert(CODE_LENGTH <= INVITE_CODE_MAX, "a code fits into a link");
_Static_assert(STORE_CODE_HASH_LENGTH == HASH_SIZE, "codes are hashed");

/* ---- the link --------------------------------------------------------- */

static bool
is_wildcard(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
	    strcmp(host, "*") == 0 || host[0] == '\0';
}

/*
 * The first of the addresses that kithd listens on: its port belongs into the
 * link, and its host where that is one that others can name.
 */
static bool
first_listen(struct call *call, struct address *address)
{
	char *listen = database_meta(call, STORE_META_LISTEN);
	char *rest = listen, *word = NULL;
	bool found;

	while (rest != NULL && (word = strsep(&rest, LISTEN_SEPARATORS)) &&
	    *word == '\0')
		;
	found = word != NULL && address_parse(word, address, NULL) == KITH_OK;
	free(listen);
	return found;
}

/* From outside, "chat" is found only as "chat.example.org". */
static void
add_domain(struct address *address)
{
	size_t length = strlen(address->host);
	struct address known;
	char *full;

	if (strchr(address->host, '.') != NULL ||
	    address_is_numeric(address->host))
		return;
	full = host_full_name();
	if (full != NULL && strncasecmp(full, address->host, length) == 0 &&
	    full[length] == '.' && address_parse(full, &known, NULL) == KITH_OK)
		memcpy(address->host, known.host, sizeof(address->host));
	free(full);
}

static bool
named_address(
    struct call *call, const struct address *listen, struct address *address)
{
	char *name = database_meta(call, STORE_META_SERVER_NAME);
	bool found =
	    name != NULL && address_parse(name, address, NULL) == KITH_OK;

	free(name);
	if (!found && listen->host[0] != '\0' && !is_wildcard(listen->host)) {
		*address = *listen;
		found = true;
	}
	if (!found) {
		name = host_name();
		found = name != NULL &&
		    address_parse(name, address, NULL) == KITH_OK;
		free(name);
	}
	if (found)
		add_domain(address);
	return found;
}

/* What a person far away types to come here. */
static enum kith_code
find_address(struct call *call, struct address *address)
{
	const char *wanted = call_option(call, "host");
	struct address listen = { .port = ADDRESS_PORT_DEFAULT };

	if (wanted != NULL) {
		if (address_parse(wanted, address, &call->fault) == KITH_OK)
			return KITH_OK;
		return call_usage(
		    call, "\"%s\" is not a HOST or HOST:PORT.", wanted);
	}
	first_listen(call, &listen);
	if (!named_address(call, &listen, address))
		return call_usage(call,
		    "The server's name is not known; give it with --host.");
	if (address->port == ADDRESS_PORT_DEFAULT)
		address->port = listen.port;
	return KITH_OK;
}

static void
fill_pin(struct call *call, struct invite_link *link)
{
	char *pin = database_meta(call, STORE_META_PUBLIC_KEY_PIN);

	if (pin_valid(pin))
		memcpy(link->pin, pin, PIN_SIZE);
	else
		output_talk(call,
		    "The server's key is not known yet: start kithd once, and "
		    "a new link will carry its fingerprint.");
	free(pin);
}

/* ---- create ----------------------------------------------------------- */

static enum kith_code
read_wishes(struct call *call, struct store_invite *invite)
{
	const char *expires = call_option(call, "expires");
	const char *note = call_option(call, "note");
	int64_t uses = 1, span_us = 0;

	if (call_option_number(call, "uses", 1, USES_MAX, &uses) != KITH_OK)
		return KITH_MALFORMED;
	if (expires == NULL)
		expires = EXPIRES_DEFAULT;
	if (strcmp(expires, "never") != 0 &&
	    !format_read_span(expires, &span_us))
		return call_usage(call,
		    "--expires takes a time such as 12h, 7d or 2w, or never.");
	if (note != NULL &&
	    (strlen(note) >= STORE_NOTE_MAX ||
		text_check_message(note, strlen(note)) != KITH_OK))
		return call_usage(call,
		    "--note takes at most %u bytes of text.",
		    STORE_NOTE_MAX - 1);
	*invite = (struct store_invite){ .uses_left = (uint32_t)uses,
		.created_us = format_now_us() };
	if (span_us > 0)
		invite->expires_us = invite->created_us + span_us;
	if (note != NULL)
		memcpy(invite->note, note, strlen(note));
	return KITH_OK;
}

static enum kith_code
store(struct call *call, const char *code_text, struct store_invite *invite)
{
	const char *befriend = call_option(call, "befriend");
	uint8_t hash[HASH_SIZE];
	struct store_user user;
	enum kith_code code = database_begin(call);

	if (code != KITH_OK)
		return code;
	if (befriend != NULL) {
		code = database_find_user(call, befriend, &user);
		if (code != KITH_OK)
			return database_end(call, code);
		invite->befriend_id = user.id;
	}
	hash_sha256(code_text, strlen(code_text), hash);
	memcpy(invite->hint, code_text, STORE_HINT_MAX - 1);
	code = store_invite_add(call->store, hash, invite, &invite->id);
	if (code != KITH_OK)
		database_fault(call, code, "%s", kith_code_sentence(code));
	return database_end(call, code);
}

static void
answer_created(struct call *call, const struct store_invite *invite,
    const struct invite_link *link)
{
	char *text = invite_link_format(link);
	char *uses = format_count(invite->uses_left, "person", "people");
	char *until = output_time_utc(invite->expires_us);

	if (!call->json)
		puts(text);
	/* on the side of the talk, so that a script still reads just the link */
	if (call_flag(call, "qr") && qr_draw(stderr, text) != KITH_OK)
		output_talk(call, "The link is too long for a QR code.");
	if (invite->expires_us == 0)
		output_talk(call, "It is for %s and does not expire.", uses);
	else
		output_talk(
		    call, "It is for %s and expires on %.10s.", uses, until);
	json_object_set_new(call->answer, "invite",
	    json_pack("{s:I, s:s, s:s, s:i, s:s?, s:o}", "id",
		(json_int_t)invite->id, "code", link->invite, "link", text,
		"uses_left", (int)invite->uses_left, "expires", until,
		"befriend_id",
		invite->befriend_id != 0 ? json_integer(invite->befriend_id)
					 : json_null()));
	free(text);
	free(uses);
	free(until);
}

static enum kith_code
invite_create(struct call *call)
{
	struct store_invite invite;
	struct invite_link link = { .invite = "" };
	enum kith_code code = read_wishes(call, &invite);

	if (code == KITH_OK)
		code = database_open(call, true);
	if (code == KITH_OK)
		code = find_address(call, &link.address);
	if (code != KITH_OK)
		return code;
	random_text(link.invite, CODE_LENGTH);
	code = store(call, link.invite, &invite);
	if (code != KITH_OK)
		return code;
	if (strchr(link.address.host, '.') == NULL &&
	    !address_is_numeric(link.address.host))
		output_talk(call,
		    "The link says that the server is \"%s\"; use --host if "
		    "others know it by another name.",
		    link.address.host);
	fill_pin(call, &link);
	answer_created(call, &invite, &link);
	return KITH_OK;
}

/* ---- list ------------------------------------------------------------- */

enum {
	INVITE_ID,
	INVITE_HINT,
	INVITE_STATE,
	INVITE_USES,
	INVITE_LEFT,
	INVITE_CREATED,
	INVITE_EXPIRES,
	INVITE_BEFRIEND,
	INVITE_NOTE,
};

static const struct column invite_columns[] = {
	[INVITE_ID] = { "id", "ID", COLUMN_NUMBER },
	[INVITE_HINT] = { "begins", "BEGINS", COLUMN_TEXT },
	[INVITE_STATE] = { "state", "STATE", COLUMN_TEXT },
	[INVITE_USES] = { "uses", "USED", COLUMN_NUMBER },
	[INVITE_LEFT] = { "uses_left", "LEFT", COLUMN_NUMBER },
	[INVITE_CREATED] = { "created", "CREATED", COLUMN_TIME },
	[INVITE_EXPIRES] = { "expires", "EXPIRES", COLUMN_TIME },
	[INVITE_BEFRIEND] = { "befriend", "FRIEND OF", COLUMN_TEXT },
	[INVITE_NOTE] = { "note", "NOTE", COLUMN_TEXT },
	{},
};

struct walk {
	struct call *call;
	struct listing *listing;
	int64_t now_us;
	int64_t last_id;
	uint32_t page;
};

static const char *
state_word(const struct store_invite *invite, int64_t now_us)
{
	if (invite->uses_left == 0)
		return "used up";
	if (invite->expires_us != 0 && invite->expires_us <= now_us)
		return "expired";
	return "open";
}

static bool
list_one(void *context, const struct store_invite *invite)
{
	struct walk *walk = context;
	struct listing *l = walk->listing;
	struct store_user friend;

	listing_add_row(l);
	listing_set_number(l, INVITE_ID, invite->id);
	listing_set_text(l, INVITE_HINT, invite->hint);
	listing_set_text(l, INVITE_STATE, state_word(invite, walk->now_us));
	listing_set_number(l, INVITE_USES, invite->uses);
	listing_set_number(l, INVITE_LEFT, invite->uses_left);
	listing_set_time(l, INVITE_CREATED, invite->created_us);
	listing_set_time(l, INVITE_EXPIRES, invite->expires_us);
	if (invite->befriend_id != 0 &&
	    store_user_find(walk->call->store, invite->befriend_id, &friend) ==
		KITH_OK)
		listing_set_text(l, INVITE_BEFRIEND, friend.name);
	if (invite->note[0] != '\0')
		listing_set_text(l, INVITE_NOTE, invite->note);
	walk->last_id = invite->id;
	walk->page++;
	return true;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	enum kith_code code;

	walk->listing = l;
	walk->page = 0;
	code = store_invite_each(walk->call->store, walk->last_id,
	    LISTING_PAGE_ROWS, list_one, walk);
	*more_r = walk->page == LISTING_PAGE_ROWS;
	return code;
}

static enum kith_code
invite_list(struct call *call)
{
	struct walk walk = { .call = call, .now_us = format_now_us() };
	struct listing *l = listing_begin(call, "invites", invite_columns);

	return database_list(call, &l, list_page, &walk);
}

/* ---- revoke ----------------------------------------------------------- */

/* "id:N", a code, or a whole link. */
static enum kith_code
find_invite(struct call *call, const char *selector, int64_t *id_r)
{
	struct invite_link link;
	struct store_invite invite;
	uint8_t hash[HASH_SIZE];
	enum kith_code code;

	if (database_read_id(selector, id_r))
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
invite_revoke(struct call *call)
{
	const char *selector = call_argument(call, 0);
	enum kith_code code = database_open(call, false);
	int64_t id = 0;

	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	code = find_invite(call, selector, &id);
	if (code == KITH_OK)
		code = store_invite_remove(call->store, id);
	if (code != KITH_OK)
		database_fault(
		    call, code, "There is no invite \"%s\".", selector);
	code = database_end(call, code);
	if (code == KITH_OK) {
		output_talk(
		    call, "The invite id:%lld is revoked.", (long long)id);
		json_object_set_new(call->answer, "revoked",
		    json_pack("{s:I}", "id", (json_int_t)id));
	}
	return code;
}

/* ---- the table -------------------------------------------------------- */

static const struct command_option create_options[] = {
	{ "uses", "N", "how many people may use it; default 1" },
	{ "expires", "TIME",
	    "such as 12h, 7d or 2w, or never; default " EXPIRES_DEFAULT },
	{ "befriend", "USER", "who becomes a friend of all who use it",
	    WORD_USER },
	{ "note", "TEXT", "what it is for; shown by \"invite list\"" },
	{ "host", "HOST[:PORT]", "how the server is reached" },
	{ "qr", NULL, "draw the link as a QR code too" }, {}
};

const struct command invite_commands[] = {
	{ .noun = "invite",
	    .verb = "create",
	    .arguments = "",
	    .summary = "Make a link by which people sign up",
	    .details = "The link is shown only now. Makes the database where "
		       "there is none.",
	    .options = create_options,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = invite_create },
	{ .noun = "invite",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List the invites",
	    .flags = COMMAND_READS,
	    .answer = "invites",
	    .columns = invite_columns,
	    .run = invite_list },
	{ .noun = "invite",
	    .verb = "revoke",
	    .arguments = "INVITE",
	    .summary = "Make an invite useless",
	    .details = "An INVITE is its link, its code, or id:NUMBER.",
	    .kinds = { WORD_INVITE },
	    .flags = COMMAND_WRITES,
	    .run = invite_revoke },
	{},
};
