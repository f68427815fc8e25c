/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server: how the daemon is, whether all is in order, and which key it has.
 * Changes nothing. Here are the table and the fingerprint.
 */
#include "server.h"

#include <stdlib.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "pem.h"
#include "server_link.h"

/* ---- fingerprint ---------------------------------------------------------- */

struct identity {
	char *pin;
	char *next_pin; /* NULL: none is announced */
	char *link;     /* NULL: nobody knows the server's address */
};

enum {
	KEY_FINGERPRINT,
	KEY_NEXT_FINGERPRINT,
	KEY_LINK,
};

static const struct column key_columns[] = {
	[KEY_FINGERPRINT] = { "fingerprint", "Fingerprint", COLUMN_TEXT },
	[KEY_NEXT_FINGERPRINT] = { "next_fingerprint", "Next fingerprint",
	    COLUMN_TEXT },
	[KEY_LINK] = { "link", "Link", COLUMN_TEXT },
	{},
};

static enum kith_code
answer_record(struct call *call, const struct identity *identity)
{
	struct listing *l = listing_begin_record(call, "key", key_columns);

	listing_set_text(l, KEY_FINGERPRINT, identity->pin);
	listing_set_text(l, KEY_NEXT_FINGERPRINT, identity->next_pin);
	listing_set_text(l, KEY_LINK, identity->link);
	return listing_end(&l, KITH_OK);
}

/*
 * For people the fingerprint alone is data, the rest talk: so it can be copied,
 * and scripts put it into links and checks.
 */
static enum kith_code
answer_identity(struct call *call, const struct identity *identity)
{
	if (call->format != CALL_TABLE || call_option(call, "columns") != NULL)
		return answer_record(call, identity);
	puts(identity->pin);
	if (identity->next_pin != NULL)
		output_talk(call, "The next key, which people are told of: %s",
		    identity->next_pin);
	if (identity->link != NULL)
		output_talk(
		    call, "The link to this server: %s", identity->link);
	return KITH_OK;
}

static enum kith_code
fingerprint_of_file(struct call *call)
{
	struct certificate_info info;
	struct identity identity = { .pin = info.pin };
	enum kith_code code =
	    pem_describe(call_option_file(call, "certificate"),
		call_option(call, "certificate"), &info, &call->fault);

	if (code == KITH_OK)
		code = answer_identity(call, &identity);
	return code;
}

/* Not knowing the address is no fault of who asks for the key. */
static char *
link_text(struct call *call)
{
	struct invite_link link;

	if (server_link(call, &link) == KITH_OK)
		return invite_link_format(&link);
	call->usage = call_option(call, "host") != NULL;
	return NULL;
}

static enum kith_code
fingerprint_of_server(struct call *call)
{
	struct identity identity = {
		.pin = database_meta(call, STORE_META_PUBLIC_KEY_PIN),
		.next_pin = database_meta(call, STORE_META_NEXT_PUBLIC_KEY_PIN),
	};
	enum kith_code code = KITH_OK;

	if (!pin_valid(identity.next_pin)) {
		free(identity.next_pin);
		identity.next_pin = NULL;
	}
	if (!pin_valid(identity.pin))
		code = call_fail(call, KITH_NOT_FOUND,
		    "The database does not know the server's key yet. Start "
		    "kithd once, or name the certificate with --certificate.");
	else
		identity.link = link_text(call);
	if (call->usage)
		code = KITH_MALFORMED;
	if (code == KITH_OK)
		code = answer_identity(call, &identity);
	free(identity.pin);
	free(identity.next_pin);
	free(identity.link);
	return code;
}

static enum kith_code
server_fingerprint(struct call *call)
{
	enum kith_code code;

	if (call_option(call, "certificate") != NULL)
		return fingerprint_of_file(call);
	code = database_open(call, false);
	return code == KITH_OK ? fingerprint_of_server(call) : code;
}

/* ---- the table ------------------------------------------------------------- */

#define CONFIG_OPTION                                                       \
	{                                                                   \
		"config", "FILE",                                           \
		    "kithd.conf; default: the one that kithd uses or used", \
		    WORD_FILE                                               \
	}

static const struct command_option status_options[] = { CONFIG_OPTION, {} };

static const struct command_option stats_options[] = {
	{ "format", "table|json|tsv|csv|prometheus",
	    "how to show it; default table", WORD_CHOICE },
	CONFIG_OPTION, {}
};

static const struct command_option check_options[] = {
	{ "full", NULL, "look at every row of the database" }, CONFIG_OPTION, {}
};

static const struct command_option fingerprint_options[] = {
	{ "certificate", "FILE", "of this certificate", WORD_FILE_READ },
	{ "host", "HOST[:PORT]", "how others reach the server, for the link" },
	{}
};

static const struct command_example status_examples[] = {
	{ "kith-admin server status", "does it run, and how does it do?" },
	{ "kith-admin server status --json", "the same for a program" }, {}
};

static const struct command_example stats_examples[] = {
	{ "kith-admin server stats --format prometheus",
	    "for the textfile collector of Prometheus' node exporter" },
	{}
};

static const struct command_example check_examples[] = {
	{ "kith-admin server check", "what is wrong, and what to do" },
	{ "kith-admin server check --full", "with every row of the database" },
	{}
};

const struct command server_commands[] = {
	{ .noun = "server",
	    .verb = "status",
	    .arguments = "",
	    .summary = "Show whether the server runs, and how it does",
	    .details = "Also shows what kithd warned of last. While it is "
		       "stopped, what its files say.",
	    .options = status_options,
	    .examples = status_examples,
	    .flags = COMMAND_READS | COMMAND_BEGINNER,
	    .answer = "server",
	    .columns = server_status_columns,
	    .run = server_status },
	{ .noun = "server",
	    .verb = "check",
	    .arguments = "",
	    .summary = "Look for what is wrong, and say what helps",
	    .details = "Ends with 0 when nothing is a problem, with 7 when the "
		       "database is damaged, else with 1.",
	    .options = check_options,
	    .examples = check_examples,
	    .flags = COMMAND_READS | COMMAND_BEGINNER,
	    .answer = "checks",
	    .columns = server_check_columns,
	    .run = server_check },
	{ .noun = "server",
	    .verb = "stats",
	    .arguments = "",
	    .summary = "Show figures of the server, for graphs",
	    .details = "What is not known, most of all while kithd is stopped, "
		       "is left out.",
	    .options = stats_options,
	    .examples = stats_examples,
	    .flags = COMMAND_READS,
	    .answer = "stats",
	    .columns = server_stats_columns,
	    .run = server_stats },
	{ .noun = "server",
	    .verb = "fingerprint",
	    .arguments = "",
	    .summary = "Show the fingerprint of the server's key",
	    .details = "It is what people compare, or get with an invite, "
		       "before they trust the server. The link without an "
		       "invite, and the key to come where one is announced, "
		       "are told beside it.",
	    .options = fingerprint_options,
	    .flags = COMMAND_READS,
	    .answer = "key",
	    .columns = key_columns,
	    .run = server_fingerprint },
	{},
};
