/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user import: the order of its steps, and the transaction at their end. */
#include "user_import.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "store_friend_link.h"
#include "token.h"
#include "user.h"

enum {
	PROBLEM_PLACE,
	PROBLEM_MESSAGE,
};

static const struct column problem_columns[] = {
	[PROBLEM_PLACE] = { "line", "LINE", COLUMN_NUMBER },
	[PROBLEM_MESSAGE] = { "message", "MESSAGE", COLUMN_TEXT },
	{},
};

enum {
	PASSWORD_NAME,
	PASSWORD_PASSWORD,
};

static const struct column password_columns[] = {
	[PASSWORD_NAME] = { "name", "NAME", COLUMN_TEXT },
	[PASSWORD_PASSWORD] = { "password", "PASSWORD", COLUMN_TEXT },
	{},
};

/* ---- what the steps share --------------------------------------------- */

enum kith_code
import_begin(struct import *im, struct call *call)
{
	*im = (struct import){ .call = call,
		.skip_existing = call_flag(call, "skip-existing"),
		.generate = call_flag(call, "generate"),
		.without_passwords = call_flag(call, "without-passwords"),
		.unit = "line",
		.index = json_object() };
	if (im->generate && im->without_passwords)
		return call_usage(call,
		    "Either --generate or --without-passwords, not both.");
	if (!im->generate && call_option(call, "passwords-to") != NULL)
		return call_usage(call, "--passwords-to goes with --generate.");
	return user_read_cost(call, &im->cost);
}

void
import_end(struct import *im)
{
	for (size_t i = 0; i < im->count; i++) {
		for (int f = 0; f < IMPORT_FIELD_COUNT; f++)
			secret_free(&im->rows[i].fields[f]);
		secret_free(&im->rows[i].password);
	}
	free(im->rows);
	free(im->links);
	json_decref(im->index);
}

void
import_problem(struct import *im, unsigned long place, const char *format, ...)
{
	char sentence[FAULT_SENTENCE_MAX], *clean;
	va_list args;

	if (im->problems++ >= IMPORT_PROBLEMS_MAX)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	clean = output_clean(sentence);
	output_talk(im->call, "%s %lu: %s", im->unit, place, clean);
	if (im->call->json && im->told == NULL)
		im->told = listing_begin(im->call, "problems", problem_columns);
	if (im->told != NULL) {
		listing_add_row(im->told);
		listing_set_number(im->told, PROBLEM_PLACE, (int64_t)place);
		listing_set_text(im->told, PROBLEM_MESSAGE, clean);
	}
	free(clean);
}

void
import_progress(
    const struct import *im, const char *doing, size_t done, size_t total)
{
	if (im->call->json || !isatty(STDERR_FILENO))
		return;
	if (total == 0)
		fputs("\r\033[K", stderr);
	else
		fprintf(stderr, "\r%s %zu of %zu ", doing, done, total);
}

struct import_row *
import_add_row(struct import *im, unsigned long place)
{
	struct import_row *row;

	if (im->count == IMPORT_ROWS_MAX) {
		call_fail(im->call, KITH_TOO_LARGE,
		    "More than %u accounts at once are too many.",
		    IMPORT_ROWS_MAX);
		return NULL;
	}
	if (im->count == im->room) {
		im->room = im->room > 0 ? im->room * 2 : 256;
		im->rows =
		    mem_resize(im->rows, im->room, sizeof(struct import_row));
	}
	row = &im->rows[im->count++];
	*row = (struct import_row){ .place = place };
	return row;
}

/* ---- the transaction -------------------------------------------------- */

static enum kith_code
store_row(struct import *im, struct import_row *row, int64_t now_us)
{
	const char *display_name = row->fields[IMPORT_DISPLAY_NAME];
	const char *phc = row->fields[IMPORT_HASH];
	enum kith_code code = store_user_import(im->call->store,
	    &(struct store_user_import){ .name = row->fields[IMPORT_NAME],
		.display_name = display_name != NULL ? display_name : "",
		.phc = phc != NULL ? phc : "",
		.state = row->state,
		.reason = row->fields[IMPORT_REASON],
		.until_us = row->until_us,
		.created_us = row->created_us,
		.last_seen_us = row->last_seen_us },
	    now_us, &row->id);

	/* all else was checked before; this name came in between */
	if (code != KITH_OK)
		return database_fault(im->call, code,
		    "%s %lu: %s: %s Nothing was changed.", im->unit, row->place,
		    row->fields[IMPORT_NAME], kith_code_sentence(code));
	return KITH_OK;
}

static int64_t
person(const struct import *im, int64_t end)
{
	return end < 0 ? -end : im->rows[end].id;
}

static enum kith_code
store_link(struct import *im, const struct import_link *link, int64_t now_us)
{
	int64_t conversation_id;
	enum kith_code code =
	    store_friend_link_add(im->call->store, person(im, link->low),
		person(im, link->high), now_us, &conversation_id);

	if (code == KITH_OK || code == KITH_ALREADY)
		return KITH_OK;
	return database_fault(im->call, code,
	    "A friend link could not be made: %s Nothing was changed.",
	    kith_code_sentence(code));
}

static json_t *
describe(const struct import *im)
{
	return json_pack("{s:I, s:I, s:I}", "added",
	    (json_int_t)(im->count - im->skipped), "skipped",
	    (json_int_t)im->skipped, "friend_links",
	    (json_int_t)im->link_count);
}

static enum kith_code
store_all(struct import *im)
{
	int64_t now_us = format_now_us();
	enum kith_code code = database_begin(im->call);

	if (code != KITH_OK)
		return code;
	for (size_t i = 0; i < im->count && code == KITH_OK; i++) {
		if (!im->rows[i].skipped)
			code = store_row(im, &im->rows[i], now_us);
	}
	for (size_t i = 0; i < im->link_count && code == KITH_OK; i++)
		code = store_link(im, &im->links[i], now_us);
	if (code == KITH_OK)
		code = database_audit(im->call, NULL, describe(im));
	return database_end(im->call, code);
}

/* ---- what is said at the end ------------------------------------------ */

static enum kith_code
judge(struct import *im)
{
	char *count;

	if (im->problems == 0)
		return KITH_OK;
	if (im->problems > IMPORT_PROBLEMS_MAX)
		output_talk(im->call, "… and %lu more.",
		    im->problems - IMPORT_PROBLEMS_MAX);
	count = format_count((int64_t)im->problems, "problem", "problems");
	if (im->conflicts == im->problems)
		call_fail(im->call, KITH_NAME_TAKEN,
		    "%s: names that exist already (--skip-existing leaves "
		    "them alone). Nothing was changed.",
		    count);
	else
		call_fail(im->call, KITH_MALFORMED,
		    "The file has %s. Nothing was changed.", count);
	free(count);
	return im->call->fault.code;
}

static enum kith_code
show_passwords(struct import *im)
{
	struct listing *l;
	enum kith_code code = KITH_OK;

	if (!im->call->json)
		return import_write_passwords(im, stdout, "standard output");
	l = listing_begin(im->call, "passwords", password_columns);
	for (size_t i = 0; i < im->count && code == KITH_OK; i++) {
		if (im->rows[i].password == NULL)
			continue;
		if (listing_full(l))
			code = listing_flush(l);
		listing_add_row(l);
		listing_set_text(
		    l, PASSWORD_NAME, im->rows[i].fields[IMPORT_NAME]);
		listing_set_text(l, PASSWORD_PASSWORD, im->rows[i].password);
	}
	return listing_end(&l, code);
}

static void
tell(struct import *im, bool dry_run)
{
	char *added = format_count(
	    (int64_t)(im->count - im->skipped), "account", "accounts");
	char *links = format_count(
	    (int64_t)im->link_count, "friend link", "friend links");
	char *skipped = format_count(
	    (int64_t)im->skipped, "name that exists", "names that exist");
	json_t *answer = describe(im);

	output_talk(im->call, "%s: %s, %s; left alone: %s.",
	    dry_run ? "Would be added" : "Added", added, links, skipped);
	json_object_set_new(answer, "dry_run", json_boolean(dry_run));
	json_object_set_new(im->call->answer, "import", answer);
	free(added);
	free(links);
	free(skipped);
}

/*
 * Passwords that go into a file are there, for good, before the accounts are:
 * killed in between, nobody has an account whose password nobody knows. On
 * standard output they come last, because a terminal may keep us waiting.
 */
static enum kith_code
carry_out(struct import *im)
{
	const char *path = call_option(im->call, "passwords-to");
	enum kith_code code = import_make_passwords(im);

	if (code == KITH_OK && path != NULL)
		code = import_write_passwords(
		    im, call_option_file(im->call, "passwords-to"), path);
	if (code == KITH_OK)
		code = store_all(im);
	/* passwords of nobody: the file is as new as it was */
	if (code != KITH_OK && path != NULL &&
	    ftruncate(fileno(call_option_file(im->call, "passwords-to")), 0) !=
		0)
		output_talk(im->call, "What is in %s is of no use.", path);
	if (code == KITH_OK && im->generate && path == NULL)
		code = show_passwords(im);
	return code;
}

static enum kith_code
import(struct import *im)
{
	bool dry_run = call_flag(im->call, "dry-run");
	enum kith_code code = database_open(im->call, !dry_run);

	if (code == KITH_OK)
		code = import_read(im, call_argument_file(im->call, 0));
	if (code == KITH_OK)
		code = import_check(im);
	if (im->told != NULL)
		code = listing_end(&im->told, code);
	if (code == KITH_OK)
		code = judge(im);
	if (code == KITH_OK && !dry_run)
		code = carry_out(im);
	if (code == KITH_OK)
		tell(im, dry_run);
	return code;
}

enum kith_code
user_import(struct call *call)
{
	struct import im;
	enum kith_code code = import_begin(&im, call);

	if (code == KITH_OK)
		code = import(&im);
	import_end(&im);
	return code;
}
