/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * announce: what the administrator has to say to people. Each gets it as a
 * message of the server itself; who is away finds it on coming back.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "database.h"
#include "format.h"
#include "host.h"
#include "listing.h"
#include "mem.h"
#include "output.h"
#include "prompt.h"
#include "store_announcement.h"
#include "text.h"

#define AUDIT_IDS_MAX       100 /* recipients that a row of the trail names */
#define LINE_END_MAX        8   /* bytes of line ends that are forgiven */
#define SERVER_NAME_DEFAULT "kith" /* of a machine without a name */
/* Between two parts, about what one takes: the hub only tries for the lock. */
#define PART_PAUSE_NS 40000000L

/* What is to be sent, and to whom. */
struct sending {
	char text[TEXT_MESSAGE_MAX + LINE_END_MAX + 2]; /* shows what is over */
	char *server_name;
	bool everybody;
	int64_t *ids; /* of the people who are named, each once */
	size_t id_count;
	int first_word; /* which argument names the first of them */
	int64_t audience;
};

/* ---- what was asked for -------------------------------------------------- */

/* An end of line is there because a file or echo ends so. */
static enum kith_code
read_text(struct call *call, struct sending *s)
{
	const char *word = call_argument(call, 0);
	size_t length;

	if (call_flag(call, "stdin")) {
		length = fread(s->text, 1, sizeof(s->text) - 1, stdin);
		if (ferror(stdin))
			return call_fail(
			    call, KITH_IO, "Standard input cannot be read.");
		while (length > 0 && length < sizeof(s->text) - 1 &&
		    strchr("\r\n", s->text[length - 1]) != NULL)
			length--;
	} else {
		length = strnlen(word, sizeof(s->text) - 1);
		memcpy(s->text, word, length);
	}
	s->text[length] = '\0';
	if (strlen(s->text) != length)
		return call_usage(call, "The text has a zero byte in it.");
	if (length == 0)
		return call_usage(call, "There is no text to send.");
	if (length > TEXT_MESSAGE_MAX)
		return call_usage(call,
		    "The text is too long: %u bytes are the most.",
		    TEXT_MESSAGE_MAX);
	if (text_check_message(s->text, length) != KITH_OK)
		return call_usage(
		    call, "The text has characters that no message may have.");
	return KITH_OK;
}

static enum kith_code
read_wishes(struct call *call, struct sending *s)
{
	bool from_stdin = call_flag(call, "stdin");

	s->first_word = from_stdin ? 0 : 1;
	s->everybody = !call_flag(call, "to");
	if (!from_stdin && call->argument_count == 0)
		return call_usage(call, "Say the TEXT, or --stdin.");
	if (s->everybody && call->argument_count > s->first_word)
		return call_usage(call,
		    "The text is one word, in quotes; whoever it is for comes "
		    "after --to.");
	if (!s->everybody && call->argument_count == s->first_word)
		return call_usage(call, "--to whom?");
	if (s->everybody && from_stdin && !call_flag(call, "yes") &&
	    !call_flag(call, "dry-run"))
		return call_usage(call,
		    "With --stdin nobody can be asked whether it is to go to "
		    "everybody: say --yes.");
	return read_text(call, s);
}

static bool
has_id(const struct sending *s, int64_t id)
{
	for (size_t i = 0; i < s->id_count; i++)
		if (s->ids[i] == id)
			return true;
	return false;
}

static enum kith_code
find_people(struct call *call, struct sending *s)
{
	struct store_user user;
	enum kith_code code;

	if (s->everybody) {
		code = store_announcement_audience(call->store, &s->audience);
		return code == KITH_OK ? code
				       : database_fault(call, code, "%s",
					     kith_code_sentence(code));
	}
	s->ids = mem_new((size_t)call->argument_count, sizeof(*s->ids));
	for (int i = s->first_word; i < call->argument_count; i++) {
		code = database_find_user(call, call_argument(call, i), &user);
		if (code != KITH_OK)
			return code;
		if (!has_id(s, user.id))
			s->ids[s->id_count++] = user.id;
	}
	s->audience = (int64_t)s->id_count;
	return KITH_OK;
}

/* What people see as the sender. */
static char *
find_server_name(struct call *call)
{
	char *name = database_meta(call, STORE_META_SERVER_NAME);

	if (name == NULL)
		name = host_name();
	return name != NULL ? name : mem_dup_string(SERVER_NAME_DEFAULT);
}

/* ---- sending --------------------------------------------------------------- */

static enum kith_code
tell_dry_run(struct call *call, const struct sending *s)
{
	char *people = format_count(s->audience, "person", "people");

	json_object_set_new(call->answer, "dry_run", json_true());
	json_object_set_new(call->answer, "would",
	    json_pack("{s:I}", "recipients", (json_int_t)s->audience));
	if (!call->json)
		printf("Would tell %s as \"%s\".\n", people, s->server_name);
	free(people);
	return KITH_OK;
}

static bool
may_go(struct call *call, const struct sending *s)
{
	char *people, *question;
	bool yes;

	if (!s->everybody)
		return true;
	people = format_count(s->audience, "person", "people");
	question = mem_format(
	    "Tell everybody (%s) as \"%s\"?", people, s->server_name);
	yes = prompt_confirm(call, question);
	free(question);
	free(people);
	return yes;
}

static enum kith_code
announce_fault(struct call *call, const struct sending *s, enum kith_code code,
    int64_t missing_id)
{
	struct store_user user;

	if (code != KITH_NOT_FOUND)
		return database_fault(
		    call, code, "%s", kith_code_sentence(code));
	if (s->everybody)
		return call_fail(call, code, "There is nobody to tell it to.");
	if (store_user_find(call->store, missing_id, &user) != KITH_OK)
		return call_fail(call, code,
		    "There is no user id:%lld any more.",
		    (long long)missing_id);
	return call_fail(call, code,
	    "%s cannot be told: the account is not in use. Nobody was told.",
	    user.name);
}

/* Before the last of them are told: nobody can be kept from it any more. */
static enum kith_code
audit(struct call *call, const struct sending *s,
    const struct store_announcement *sent)
{
	int64_t recipients = sent->more ? s->audience : sent->recipients;
	json_t *detail = json_pack("{s:I, s:I}", "announcement",
	    (json_int_t)sent->id, "recipients", (json_int_t)recipients);
	json_t *ids;

	if (s->everybody)
		return database_audit(call, "everybody", detail);
	ids = json_array();
	for (size_t i = 0; i < s->id_count && i < AUDIT_IDS_MAX; i++)
		json_array_append_new(ids, json_integer(s->ids[i]));
	json_object_set_new(detail, "user_ids", ids);
	return database_audit(call, "some people", detail);
}

static enum kith_code
deliver(
    struct call *call, const struct sending *s, struct store_announcement *sent)
{
	const struct store_announcement_new new = {
		.body = s->text,
		.actor = call->actor,
		.server_name = s->server_name,
		.user_ids = s->everybody ? NULL : s->ids,
		.user_count = s->id_count,
		.now_us = format_now_us(),
	};
	int64_t missing_id = 0;
	enum kith_code code = database_begin(call);

	if (code != KITH_OK)
		return code;
	code = store_announce(call->store, &new, sent, &missing_id);
	if (code != KITH_OK)
		announce_fault(call, s, code, missing_id);
	else
		code = audit(call, s, sent);
	return database_end(call, code);
}

static enum kith_code
tell_a_part(struct call *call, bool *more_r)
{
	enum kith_code code = database_begin(call);

	if (code != KITH_OK)
		return code;
	call->audited = true; /* with the first part */
	code = store_announcement_advance(call->store, more_r);
	return database_end(call, code);
}

/* Whatever happens here, it is sent: kithd tells whom this does not. */
static enum kith_code
tell_the_rest(struct call *call, struct store_announcement *sent)
{
	const struct timespec pause = { .tv_nsec = PART_PAUSE_NS };
	enum kith_code code = KITH_OK;
	bool more = sent->more;

	while (code == KITH_OK && more) {
		nanosleep(&pause, NULL);
		code = tell_a_part(call, &more);
	}
	if (code == KITH_OK)
		code = store_announcement_recipients(
		    call->store, sent->id, &sent->recipients);
	if (code == KITH_OK)
		return code;
	return call_fail(call, code,
	    "It is sent, and %u people have it already; kithd tells the rest "
	    "as soon as it can. Here it went no further: %s",
	    sent->recipients, kith_code_sentence(code));
}

static enum kith_code
send(struct call *call, const struct sending *s)
{
	struct store_announcement sent;
	char *people, *time;
	enum kith_code code;

	if (call_flag(call, "dry-run"))
		return tell_dry_run(call, s);
	if (!may_go(call, s))
		return call_fail(call, KITH_REFUSED, "Nothing was sent.");
	code = deliver(call, s, &sent);
	if (code == KITH_OK && sent.more)
		code = tell_the_rest(call, &sent);
	if (code != KITH_OK)
		return code;
	people = format_count(sent.recipients, "person", "people");
	time = output_time_utc(sent.time_us);
	output_talk(call, "Sent to %s as \"%s\".", people, s->server_name);
	json_object_set_new(call->answer, "announcement",
	    json_pack("{s:I, s:s, s:I}", "id", (json_int_t)sent.id, "time",
		time, "recipients", (json_int_t)sent.recipients));
	free(people);
	free(time);
	return KITH_OK;
}

static enum kith_code
announce_send(struct call *call)
{
	struct sending s = { .server_name = NULL };
	enum kith_code code = read_wishes(call, &s);

	if (code == KITH_OK)
		code = database_open(call, false);
	if (code == KITH_OK)
		code = find_people(call, &s);
	if (code == KITH_OK) {
		s.server_name = find_server_name(call);
		code = send(call, &s);
	}
	free(s.server_name);
	free(s.ids);
	return code;
}

/* ---- list ------------------------------------------------------------------- */

enum {
	ANNOUNCEMENT_ID,
	ANNOUNCEMENT_TIME,
	ANNOUNCEMENT_ACTOR,
	ANNOUNCEMENT_RECIPIENTS,
	ANNOUNCEMENT_TEXT,
};

static const struct column announcement_columns[] = {
	[ANNOUNCEMENT_ID] = { "id", "ID", COLUMN_NUMBER },
	[ANNOUNCEMENT_TIME] = { "time", "SENT", COLUMN_TIME },
	[ANNOUNCEMENT_ACTOR] = { "actor", "BY", COLUMN_TEXT },
	[ANNOUNCEMENT_RECIPIENTS] = { "recipients", "TO", COLUMN_NUMBER },
	[ANNOUNCEMENT_TEXT] = { "text", "TEXT", COLUMN_TEXT },
	{},
};

struct walk {
	struct call *call;
	struct listing *listing;
	int64_t last_id;
	uint32_t count; /* of this page */
};

static bool
list_one(void *context, const struct store_announcement *announcement)
{
	struct walk *walk = context;
	struct listing *l = walk->listing;

	listing_add_row(l);
	listing_set_number(l, ANNOUNCEMENT_ID, announcement->id);
	listing_set_time(l, ANNOUNCEMENT_TIME, announcement->time_us);
	listing_set_text(l, ANNOUNCEMENT_ACTOR, announcement->actor);
	listing_set_number(
	    l, ANNOUNCEMENT_RECIPIENTS, announcement->recipients);
	listing_set_text(l, ANNOUNCEMENT_TEXT, announcement->body);
	walk->last_id = announcement->id;
	walk->count++;
	return true;
}

static enum kith_code
list_page(void *context, struct listing *l, bool *more_r)
{
	struct walk *walk = context;
	struct store_page page = { .from = walk->last_id,
		.limit = LISTING_PAGE_ROWS };
	enum kith_code code;

	walk->listing = l;
	walk->count = 0;
	code = store_announcement_each(walk->call->store, page, list_one, walk);
	*more_r = walk->count == LISTING_PAGE_ROWS;
	return code == KITH_OK
	    ? code
	    : database_fault(walk->call, code, "%s", kith_code_sentence(code));
}

static enum kith_code
announce_list(struct call *call)
{
	struct walk walk = { .call = call };
	struct listing *l =
	    listing_begin(call, "announcements", announcement_columns);

	return database_list(call, &l, list_page, &walk);
}

/* ---- the table ------------------------------------------------------------- */

static const struct command_option send_options[] = {
	{ "stdin", NULL, "read the text from standard input" },
	{ "to", NULL, "only to the USERs who are named" },
	{ "yes", NULL, "do not ask" }, {}
};

static const struct command_example send_examples[] = {
	{ "kith-admin announce send \"We move house on Sunday.\"",
	    "to everybody; asks first" },
	{ "kith-admin announce send \"Please call me.\" --to alice bob",
	    "to two people" },
	{ "kith-admin announce send --stdin --yes < news.txt",
	    "a longer text" },
	{}
};

const struct command announce_commands[] = {
	{ .noun = "announce",
	    .verb = "send",
	    .arguments = "[TEXT] [USER...]",
	    .kinds = { WORD_TEXT, WORD_USER },
	    .summary = "Tell everybody something, or some people",
	    .details = "It comes as a message of the server itself, whose name "
		       "kithd.conf says. Nobody can answer it. Who is away "
		       "finds it on coming back. Thousands are told in parts, "
		       "between which the server goes on; once begun it "
		       "reaches everybody, even where this command is killed: "
		       "kithd tells whom it has left.",
	    .options = send_options,
	    .examples = send_examples,
	    .flags = COMMAND_WRITES | COMMAND_DRY_RUN,
	    .run = announce_send },
	{ .noun = "announce",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List what was announced, the newest first",
	    .flags = COMMAND_READS,
	    .answer = "announcements",
	    .columns = announcement_columns,
	    .run = announce_list },
	{},
};
