/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server check: the doctor. Changes nothing. */
#include "server_check.h"

#include <stdarg.h>
#include <stdio.h>

#include "database.h"
#include "output.h"

enum {
	CHECK_ID,
	CHECK_LEVEL,
	CHECK_FINDING,
	CHECK_REMEDY,
};

const struct column server_check_columns[] = {
	[CHECK_ID] = { "check", "CHECK", COLUMN_TEXT },
	[CHECK_LEVEL] = { "level", "LEVEL", COLUMN_TEXT },
	[CHECK_FINDING] = { "finding", "FINDING", COLUMN_TEXT },
	[CHECK_REMEDY] = { "remedy", NULL, COLUMN_TEXT },
	{},
};

/* On a terminal a remedy beside its finding would run over the edge. */
static void
add_remedy_line(struct check *c, const char *remedy)
{
	char line[2 * FAULT_SENTENCE_MAX];

	if (remedy == NULL || c->call->format != CALL_TABLE ||
	    call_option(c->call, "columns") != NULL)
		return;
	snprintf(line, sizeof(line), "  -> %s", remedy);
	listing_add_row(c->listing);
	listing_set_text(c->listing, CHECK_ID, "");
	listing_set_text(c->listing, CHECK_LEVEL, "");
	listing_set_text(c->listing, CHECK_FINDING, line);
}

void
check_add(struct check *c, const char *id, enum check_level level,
    const char *remedy, const char *format, ...)
{
	static const struct {
		const char *word;
		enum listing_mark mark;
	} levels[] = {
		[CHECK_OK] = { "ok", LISTING_GOOD },
		[CHECK_WARNING] = { "warning", LISTING_WARNING },
		[CHECK_PROBLEM] = { "problem", LISTING_BAD },
	};
	char finding[2 * FAULT_SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(finding, sizeof(finding), format, args);
	va_end(args);
	listing_add_row(c->listing);
	listing_set_text(c->listing, CHECK_ID, id);
	listing_set_text(c->listing, CHECK_LEVEL, levels[level].word);
	listing_mark(c->listing, CHECK_LEVEL, levels[level].mark);
	listing_set_text(c->listing, CHECK_FINDING, finding);
	listing_set_text(c->listing, CHECK_REMEDY, remedy);
	add_remedy_line(c, remedy);
	c->problems += level == CHECK_PROBLEM;
	c->warnings += level == CHECK_WARNING;
}

/* In the order in which one depends on the other. */
static void (*const checks[])(struct check *c) = {
	check_configuration,
	check_database,
	check_modes,
	check_disk,
	check_certificate,
	check_key,
	check_next_key,
	check_daemon,
	check_log,
	check_versions,
	check_port,
	check_clock,
	check_sandbox,
	check_limits,
};

static enum kith_code
verdict(struct call *call, const struct check *c)
{
	if (c->problems == 0) {
		output_talk(call, "%s",
		    c->warnings == 0 ? "Everything is in order."
				     : "Nothing is a problem.");
		return KITH_OK;
	}
	return call_fail(call, c->damaged ? KITH_INTEGRITY : KITH_IO,
	    c->problems == 1 ? "There is %d problem."
			     : "There are %d problems.",
	    c->problems);
}

enum kith_code
server_check(struct call *call)
{
	struct check c = { .call = call };
	enum kith_code code;

	server_facts_gather(call, &c.facts);
	c.listing = listing_begin(call, "checks", server_check_columns);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](&c);
	database_close(call);
	code = listing_end(&c.listing, KITH_OK);
	settings_free(&c.settings);
	server_facts_clear(&c.facts);
	return code == KITH_OK ? verdict(call, &c) : code;
}
