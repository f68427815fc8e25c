/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * penalty: who has to wait, because of wrong passwords or of connections that
 * misbehaved. All of it lives in the running server and ends with it; the
 * database is asked only where the server is, and for the audit trail.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "control.h"
#include "database.h"
#include "format.h"
#include "listing.h"
#include "mem.h"
#include "output.h"
#include "text.h"

#define NOBODY "The server is not running: nothing is held against anybody."

#define SELECTOR_MAX 64 /* characters of a network, with the NUL */
#define PREFIX_MAX   8u

enum {
	PENALTY_KIND,
	PENALTY_WHOM,
	PENALTY_FAILURES,
	PENALTY_DELAY,
	PENALTY_SIGN_UP,
	PENALTY_CONNECTIONS,
	PENALTY_RUNS_OFF,
};

static const struct column penalty_columns[] = {
	[PENALTY_KIND] = { "kind", "KIND", COLUMN_TEXT },
	[PENALTY_WHOM] = { "whom", "WHOM", COLUMN_TEXT },
	[PENALTY_FAILURES] = { "failures", "FAILURES", COLUMN_NUMBER },
	[PENALTY_DELAY] = { "delay_s", "DELAY (S)", COLUMN_NUMBER },
	[PENALTY_SIGN_UP] = { "sign_up_delay_s", NULL, COLUMN_NUMBER },
	[PENALTY_CONNECTIONS] = { "connections", NULL, COLUMN_NUMBER },
	[PENALTY_RUNS_OFF] = { "penalty_s", NULL, COLUMN_NUMBER },
	{},
};

/* ---- list -------------------------------------------------------------- */

static const char *
kind_word(Kith__Ipc__Penalty__Kind kind)
{
	switch (kind) {
	case KITH__IPC__PENALTY__KIND__ACCOUNT:
		return "account";
	case KITH__IPC__PENALTY__KIND__NETWORK:
		return "network";
	default:
		return "connection";
	}
}

/* Somebody who waits that long is not refused any more. */
static int64_t
whole_seconds(uint32_t ms)
{
	return ((int64_t)ms + 999) / 1000;
}

static void
add_row(struct listing *l, const Kith__Ipc__Penalty *row)
{
	listing_add_row(l);
	listing_set_text(l, PENALTY_KIND, kind_word(row->kind));
	listing_set_text(
	    l, PENALTY_WHOM, row->whom[0] != '\0' ? row->whom : NULL);
	listing_set_number(l, PENALTY_DELAY, whole_seconds(row->left_ms));
	if (row->left_ms > 0)
		listing_mark(l, PENALTY_DELAY, LISTING_WARNING);
	if (row->kind == KITH__IPC__PENALTY__KIND__CONNECTION) {
		listing_set_number(l, PENALTY_CONNECTIONS, row->connections);
		listing_set_number(
		    l, PENALTY_RUNS_OFF, whole_seconds(row->penalty_ms));
		return;
	}
	listing_set_number(l, PENALTY_FAILURES, row->failures);
	if (row->kind == KITH__IPC__PENALTY__KIND__NETWORK)
		listing_set_number(
		    l, PENALTY_SIGN_UP, whole_seconds(row->sign_up_left_ms));
}

/* The page after the last row of *reply_r, or the first; replaces it. */
static enum kith_code
next_page(const char *path, Kith__Ipc__Penalty__Kind kind,
    Kith__Ipc__ControlReply **reply_r, struct fault *f)
{
	Kith__Ipc__ControlRequest request = KITH__IPC__CONTROL_REQUEST__INIT;
	Kith__Ipc__ControlRequest__ListPenalties list =
	    KITH__IPC__CONTROL_REQUEST__LIST_PENALTIES__INIT;
	Kith__Ipc__ControlReply *last = *reply_r;
	enum kith_code code;

	list.kind = kind;
	if (last != NULL && last->penalties->n_rows > 0)
		list.after =
		    last->penalties->rows[last->penalties->n_rows - 1]->key;
	request.body_case = KITH__IPC__CONTROL_REQUEST__BODY_LIST_PENALTIES;
	request.list_penalties = &list;
	*reply_r = NULL;
	code = control_ask(path, &request,
	    KITH__IPC__CONTROL_REPLY__BODY_PENALTIES, reply_r, f);
	kith__ipc__control_reply__free_unpacked(last, NULL);
	return code;
}

/* Each page is asked for anew: between two of them the tables may change. */
static enum kith_code
list_kind(struct call *call, struct listing *l, const char *path,
    Kith__Ipc__Penalty__Kind kind)
{
	Kith__Ipc__ControlReply *reply = NULL;
	enum kith_code code;

	do {
		code = next_page(path, kind, &reply, &call->fault);
		for (size_t i = 0;
		     code == KITH_OK && i < reply->penalties->n_rows; i++) {
			if (listing_full(l))
				code = listing_flush(l);
			if (code == KITH_OK)
				add_row(l, reply->penalties->rows[i]);
		}
	} while (code == KITH_OK && reply->penalties->more &&
	    reply->penalties->n_rows > 0);
	kith__ipc__control_reply__free_unpacked(reply, NULL);
	return code;
}

/* A server that is down has nothing against anybody: no failure. */
static enum kith_code
nobody(struct call *call, enum kith_code code)
{
	json_object_set_new(
	    call->answer, "running", json_boolean(code != KITH_CLOSED));
	if (code != KITH_CLOSED)
		return code;
	call->fault.code = KITH_OK;
	call->fault.sentence[0] = '\0';
	output_talk(call, "%s", NOBODY);
	return KITH_OK;
}

static enum kith_code
penalty_list(struct call *call)
{
	static const Kith__Ipc__Penalty__Kind kinds[] = {
		KITH__IPC__PENALTY__KIND__ACCOUNT,
		KITH__IPC__PENALTY__KIND__NETWORK,
		KITH__IPC__PENALTY__KIND__CONNECTION,
	};
	enum kith_code code = database_open(call, false);
	struct listing *l;
	char *path;

	if (code != KITH_OK)
		return code;
	path = database_control_path(call);
	l = listing_begin(call, "penalties", penalty_columns);
	for (size_t i = 0;
	     code == KITH_OK && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		code = list_kind(call, l, path, kinds[i]);
	free(path);
	return listing_end(&l, nobody(call, code));
}

/* ---- clear ------------------------------------------------------------- */

/* Whose are to be forgotten. */
struct whom {
	char name[TEXT_NAME_MAX + 1]; /* "": a network, or all */
	uint8_t prefix[PREFIX_MAX];
	size_t prefix_length; /* 0: a name, or all */
	int64_t user_id;      /* 0: nobody has the name */
	const char *words;    /* what was typed; "everybody" */
};

/* "192.0.2.1[/32]", "2001:db8::7[/64]": what counts as one network. */
static bool
read_network(const char *selector, struct whom *whom)
{
	char text[SELECTOR_MAX];
	struct in6_addr v6;
	struct in_addr v4;
	const char *slash = strchr(selector, '/');
	size_t length =
	    slash != NULL ? (size_t)(slash - selector) : strlen(selector);

	if (length >= sizeof(text))
		return false;
	memcpy(text, selector, length);
	text[length] = '\0';
	if (inet_pton(AF_INET, text, &v4) == 1 &&
	    (slash == NULL || strcmp(slash, "/32") == 0)) {
		memcpy(whom->prefix, &v4, sizeof(v4));
		whom->prefix_length = 4;
	} else if (inet_pton(AF_INET6, text, &v6) == 1 &&
	    (slash == NULL || strcmp(slash, "/64") == 0)) {
		/* an IPv4 address inside IPv6 is counted as what it is */
		bool mapped = IN6_IS_ADDR_V4MAPPED(&v6);

		whom->prefix_length = mapped ? 4 : 8;
		memcpy(whom->prefix, v6.s6_addr + (mapped ? 12 : 0),
		    whom->prefix_length);
	}
	return whom->prefix_length > 0;
}

static enum kith_code
read_whom(struct call *call, const char *selector, struct whom *whom)
{
	struct store_user user;
	enum kith_code code;
	int64_t id;

	*whom =
	    (struct whom){ .words = selector != NULL ? selector : "everybody" };
	if (selector == NULL || read_network(selector, whom))
		return KITH_OK;
	if (!database_read_id(selector, &id) &&
	    text_check_name(selector) != KITH_OK)
		return call_usage(call,
		    "\"%s\" is neither a user's name nor a network: an IPv4 "
		    "address, or an IPv6 one, which stands for its /64.",
		    selector);
	code = database_find_user(call, selector, &user);
	if (code == KITH_OK) {
		whom->user_id = user.id;
		memcpy(whom->name, user.name, strlen(user.name));
	} else if (code == KITH_NOT_FOUND && !database_read_id(selector, &id)) {
		/* guesses at an account that is not there are held against
		 * its name too */
		memcpy(whom->name, selector, strlen(selector));
		code = KITH_OK;
	}
	return code;
}

static enum kith_code
forgive(struct call *call, const struct whom *whom,
    Kith__Ipc__ControlReply__Forgiven *forgiven_r)
{
	Kith__Ipc__ControlRequest request = KITH__IPC__CONTROL_REQUEST__INIT;
	Kith__Ipc__Forgive body = KITH__IPC__FORGIVE__INIT;
	Kith__Ipc__ControlReply *reply = NULL;
	char *path = database_control_path(call);
	enum kith_code code;

	body.account = (char *)(uintptr_t)whom->name;
	body.network.data = (uint8_t *)(uintptr_t)whom->prefix;
	body.network.len = whom->prefix_length;
	request.body_case = KITH__IPC__CONTROL_REQUEST__BODY_FORGIVE;
	request.forgive = &body;
	code = control_ask(path, &request,
	    KITH__IPC__CONTROL_REPLY__BODY_FORGIVEN, &reply, &call->fault);
	free(path);
	if (code == KITH_OK) {
		forgiven_r->accounts = reply->forgiven->accounts;
		forgiven_r->networks = reply->forgiven->networks;
		forgiven_r->connections = reply->forgiven->connections;
		kith__ipc__control_reply__free_unpacked(reply, NULL);
	}
	return code;
}

static json_t *
counts(const Kith__Ipc__ControlReply__Forgiven *forgiven)
{
	return json_pack("{s:I, s:I, s:I}", "accounts",
	    (json_int_t)forgiven->accounts, "networks",
	    (json_int_t)forgiven->networks, "connections",
	    (json_int_t)forgiven->connections);
}

static void
tell(struct call *call, const struct whom *whom,
    const Kith__Ipc__ControlReply__Forgiven *forgiven)
{
	char *accounts, *networks, *connections;

	if (forgiven->accounts + forgiven->networks + forgiven->connections ==
	    0) {
		output_talk(call, "Nothing was held against %s.",
		    whom->name[0] == '\0' && whom->prefix_length == 0
			? "anybody"
			: whom->words);
		return;
	}
	accounts = format_count(forgiven->accounts, "account", "accounts");
	networks = format_count(forgiven->networks, "network", "networks");
	connections =
	    format_count(forgiven->connections, "network", "networks");
	output_talk(call,
	    "Forgiven: %s and %s for wrong passwords, %s for bad connections.",
	    accounts, networks, connections);
	free(accounts);
	free(networks);
	free(connections);
}

static void
audit(struct call *call, const struct whom *whom,
    const Kith__Ipc__ControlReply__Forgiven *forgiven)
{
	char *target = whom->user_id != 0
	    ? mem_format("%s (id:%lld)", whom->name, (long long)whom->user_id)
	    : mem_dup_string(whom->words);

	database_audit_outside(call, target, counts(forgiven));
	free(target);
}

static enum kith_code
clear(struct call *call, const struct whom *whom)
{
	Kith__Ipc__ControlReply__Forgiven forgiven =
	    KITH__IPC__CONTROL_REPLY__FORGIVEN__INIT;
	enum kith_code code = forgive(call, whom, &forgiven);
	bool running = code != KITH_CLOSED;
	bool any =
	    forgiven.accounts + forgiven.networks + forgiven.connections > 0;

	if (running && code != KITH_OK)
		return code;
	if (!any && whom->name[0] != '\0' && whom->user_id == 0)
		return call_fail(call, KITH_NOT_FOUND,
		    "There is no user \"%s\", and nothing is held against that "
		    "name.",
		    whom->name);
	nobody(call, code);
	if (any)
		audit(call, whom, &forgiven);
	if (running)
		tell(call, whom, &forgiven);
	json_object_set_new(call->answer, "cleared", counts(&forgiven));
	return KITH_OK;
}

static enum kith_code
penalty_clear(struct call *call)
{
	const char *selector = call_argument(call, 0);
	struct whom whom;
	enum kith_code code;

	if ((selector != NULL) == call_flag(call, "all"))
		return call_usage(
		    call, "Say whose penalties: a NAME, a NETWORK, or --all.");
	code = database_open(call, false);
	if (code == KITH_OK)
		code = read_whom(call, selector, &whom);
	return code == KITH_OK ? clear(call, &whom) : code;
}

/* ---- the table --------------------------------------------------------- */

static const struct command_option clear_options[] = {
	{ "all", NULL, "everybody's" }, {}
};

static const struct command_example list_examples[] = {
	{ "kith-admin penalty list", "who has to wait, and how long" }, {}
};

static const struct command_example clear_examples[] = {
	{ "kith-admin penalty clear bob", "let bob try his password at once" },
	{ "kith-admin penalty clear 192.0.2.7",
	    "take connections from there again" },
	{}
};

const struct command penalty_commands[] = {
	{ .noun = "penalty",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List who has to wait before trying again",
	    .details =
		"Wrong passwords are counted for an account and for a network "
		"(an IPv4 address, or the /64 of an IPv6 one); after a few "
		"each further one must wait longer. A network whose "
		"connections break the protocol or time out is sent away for "
		"a while. Nothing of this is stored: a server that is "
		"restarted has forgotten it.",
	    .examples = list_examples,
	    .flags = COMMAND_READS,
	    .answer = "penalties",
	    .columns = penalty_columns,
	    .run = penalty_list },
	{ .noun = "penalty",
	    .verb = "clear",
	    .arguments = "[NAME|NETWORK]",
	    .kinds = { WORD_USER },
	    .summary = "Forgive wrong passwords and bad connections",
	    .details = "A NETWORK is an IPv4 address, or an IPv6 one, which "
		       "stands for its /64.",
	    .options = clear_options,
	    .examples = clear_examples,
	    .flags = COMMAND_WRITES,
	    .run = penalty_clear },
	{},
};
