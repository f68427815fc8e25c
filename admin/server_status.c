/* SPDX-License-Identifier: GPL-3.0-or-later */
/* server status: how the server does, whether it runs or not. */
#include <stdlib.h>

#include "database.h"
#include "output.h"
#include "progress.h"
#include "server.h"

enum {
	STATUS_STATE,
	STATUS_NAME,
	STATUS_VERSION,
	STATUS_STARTED,
	STATUS_LISTEN,
	STATUS_ONLINE,
	STATUS_CONNECTIONS,
	STATUS_REQUESTS,
	STATUS_PASSWORDS,
	STATUS_MESSAGES,
	STATUS_MESSAGES_MINUTE,
	STATUS_BATCHES,
	STATUS_BATCHES_MINUTE,
	STATUS_WARNINGS,
	STATUS_ERRORS,
	STATUS_FINGERPRINT,
	STATUS_NEXT_FINGERPRINT,
	STATUS_CERTIFICATE_UNTIL,
	STATUS_CERTIFICATE_DAYS,
	STATUS_USERS,
	STATUS_DATABASE,
	STATUS_DATABASE_SIZE,
	STATUS_DATABASE_BYTES,
	STATUS_WAL_SIZE,
	STATUS_WAL_BYTES,
	STATUS_DISK_FREE,
	STATUS_DISK_FREE_BYTES,
	STATUS_SCHEMA,
	STATUS_CONFIGURATION,
	STATUS_ADMIN_VERSION,
};

const struct column server_status_columns[] = {
	[STATUS_STATE] = { "state", "State", COLUMN_TEXT },
	[STATUS_NAME] = { "name", "Name", COLUMN_TEXT },
	[STATUS_VERSION] = { "version", "Version", COLUMN_TEXT },
	[STATUS_STARTED] = { "started", "Running since", COLUMN_TIME },
	[STATUS_LISTEN] = { "listen", "Listens on", COLUMN_TEXT },
	[STATUS_ONLINE] = { "people_online", "People online", COLUMN_NUMBER },
	[STATUS_CONNECTIONS] = { "connections", "Connections", COLUMN_NUMBER },
	[STATUS_REQUESTS] = { "queued_requests", "Requests waiting",
	    COLUMN_NUMBER },
	[STATUS_PASSWORDS] = { "queued_passwords", "Passwords waiting",
	    COLUMN_NUMBER },
	[STATUS_MESSAGES] = { "messages_since_start", "Messages since start",
	    COLUMN_NUMBER },
	[STATUS_MESSAGES_MINUTE] = { "messages_last_minute",
	    "Messages in the last minute", COLUMN_NUMBER },
	[STATUS_BATCHES] = { "batches_since_start", NULL, COLUMN_NUMBER },
	[STATUS_BATCHES_MINUTE] = { "batches_last_minute",
	    "Transactions in the last minute", COLUMN_NUMBER },
	[STATUS_WARNINGS] = { "warnings", "Warnings", COLUMN_NUMBER },
	[STATUS_ERRORS] = { "errors", "Errors", COLUMN_NUMBER },
	[STATUS_FINGERPRINT] = { "fingerprint", "Fingerprint", COLUMN_TEXT },
	[STATUS_NEXT_FINGERPRINT] = { "next_fingerprint", "Next fingerprint",
	    COLUMN_TEXT },
	[STATUS_CERTIFICATE_UNTIL] = { "certificate_until",
	    "Certificate valid until", COLUMN_TIME },
	[STATUS_CERTIFICATE_DAYS] = { "certificate_days_left",
	    "Certificate days left", COLUMN_NUMBER },
	[STATUS_USERS] = { "users", "Accounts", COLUMN_NUMBER },
	[STATUS_DATABASE] = { "database", "Database", COLUMN_TEXT },
	[STATUS_DATABASE_SIZE] = { "database_size", "Size", COLUMN_TEXT },
	[STATUS_DATABASE_BYTES] = { "database_bytes", NULL, COLUMN_NUMBER },
	[STATUS_WAL_SIZE] = { "wal_size", "Size of its log", COLUMN_TEXT },
	[STATUS_WAL_BYTES] = { "wal_bytes", NULL, COLUMN_NUMBER },
	[STATUS_DISK_FREE] = { "disk_free", "Free on the disk", COLUMN_TEXT },
	[STATUS_DISK_FREE_BYTES] = { "disk_free_bytes", NULL, COLUMN_NUMBER },
	[STATUS_SCHEMA] = { "schema_version", NULL, COLUMN_NUMBER },
	[STATUS_CONFIGURATION] = { "configuration", "Configuration",
	    COLUMN_TEXT },
	[STATUS_ADMIN_VERSION] = { "admin_version", NULL, COLUMN_TEXT },
	{},
};

enum {
	NOTICE_TIME,
	NOTICE_LEVEL,
	NOTICE_ROLE,
	NOTICE_TEXT,
};

const struct column server_notice_columns[] = {
	[NOTICE_TIME] = { "time", "TIME", COLUMN_TIME },
	[NOTICE_LEVEL] = { "level", "LEVEL", COLUMN_TEXT },
	[NOTICE_ROLE] = { "role", "PROCESS", COLUMN_TEXT },
	[NOTICE_TEXT] = { "text", "WHAT HAPPENED", COLUMN_TEXT },
	{},
};

/* For people in the one column, for programs in the one behind it. */
static void
set_size(struct listing *l, int column, int64_t bytes)
{
	char *text;

	if (bytes < 0)
		return;
	text = progress_bytes(bytes);
	listing_set_text(l, column, text);
	listing_set_number(l, column + 1, bytes);
	free(text);
}

static void
set_live(struct listing *l, const struct control_status *live)
{
	listing_set_text(l, STATUS_VERSION, live->version);
	listing_set_time(l, STATUS_STARTED, live->started_us);
	listing_set_number(l, STATUS_ONLINE, live->people_online);
	listing_set_number(l, STATUS_CONNECTIONS, live->connections);
	listing_set_number(l, STATUS_REQUESTS, live->queued_requests);
	listing_set_number(l, STATUS_PASSWORDS, live->queued_passwords);
	listing_set_number(l, STATUS_MESSAGES, (int64_t)live->messages);
	listing_set_number(
	    l, STATUS_MESSAGES_MINUTE, live->messages_last_minute);
	listing_set_number(l, STATUS_BATCHES, (int64_t)live->batches);
	listing_set_number(l, STATUS_BATCHES_MINUTE, live->batches_last_minute);
	listing_set_number(l, STATUS_WARNINGS, (int64_t)live->warnings);
	listing_set_number(l, STATUS_ERRORS, (int64_t)live->errors);
	if (live->errors > 0)
		listing_mark(l, STATUS_ERRORS, LISTING_BAD);
}

static void
set_certificate(struct listing *l, const struct server_facts *facts)
{
	int64_t days;

	listing_set_text(l, STATUS_FINGERPRINT, facts->pin);
	listing_set_text(l, STATUS_NEXT_FINGERPRINT, facts->next_pin);
	if (facts->certificate_until_us == 0)
		return;
	days = server_days_left(facts->certificate_until_us);
	listing_set_time(
	    l, STATUS_CERTIFICATE_UNTIL, facts->certificate_until_us);
	listing_set_number(l, STATUS_CERTIFICATE_DAYS, days);
	if (days < SERVER_DAYS_SOON)
		listing_mark(l, STATUS_CERTIFICATE_DAYS,
		    days < 0 ? LISTING_BAD : LISTING_WARNING);
}

static void
set_database(
    struct listing *l, struct call *call, const struct server_facts *facts)
{
	const struct store_figures *f = &facts->figures;

	listing_set_text(l, STATUS_DATABASE, call->database);
	set_size(l, STATUS_DATABASE_SIZE, facts->database_bytes);
	set_size(l, STATUS_WAL_SIZE, facts->wal_bytes);
	set_size(l, STATUS_DISK_FREE, facts->disk_free_bytes);
	if (server_disk_is_low(facts))
		listing_mark(l, STATUS_DISK_FREE, LISTING_WARNING);
	if (!facts->has_database)
		return;
	listing_set_number(l, STATUS_USERS,
	    f->users_active + f->users_pending + f->users_locked +
		f->users_deleting);
	listing_set_number(l, STATUS_SCHEMA, f->schema_version);
}

/* What is missing from the picture, and why. */
static void
talk(struct call *call, const struct server_facts *facts)
{
	if (!facts->has_database)
		output_talk(call, "%s", facts->database_fault.sentence);
	if (facts->state == SERVER_UNKNOWN)
		output_talk(call, "%s", facts->live_fault.sentence);
	if (facts->state == SERVER_STOPPED)
		output_talk(
		    call, "kithd is not running; this is what its files say.");
}

enum kith_code
server_show_notices(struct call *call, const struct server_facts *facts)
{
	struct listing *l;

	if (call->format == CALL_TABLE && facts->live.notice_count == 0)
		return KITH_OK;
	if (call->format == CALL_TABLE)
		output_talk(call, "What kithd warned of last:");
	l = listing_begin(call, "notices", server_notice_columns);
	for (size_t i = 0; i < facts->live.notice_count; i++) {
		const struct control_notice *n = &facts->live.notice[i];

		listing_add_row(l);
		listing_set_time(l, NOTICE_TIME, n->time_us);
		listing_set_text(
		    l, NOTICE_LEVEL, n->error ? "error" : "warning");
		listing_mark(
		    l, NOTICE_LEVEL, n->error ? LISTING_BAD : LISTING_WARNING);
		listing_set_text(l, NOTICE_ROLE, n->role);
		listing_set_text(l, NOTICE_TEXT, n->text);
	}
	return listing_end(&l, KITH_OK);
}

static enum kith_code
show(struct call *call, const struct server_facts *facts)
{
	struct listing *l =
	    listing_begin_record(call, "server", server_status_columns);

	listing_set_text(l, STATUS_STATE, server_state_word(facts->state));
	listing_mark(l, STATUS_STATE,
	    facts->state == SERVER_RUNNING ? LISTING_GOOD : LISTING_BAD);
	listing_set_text(l, STATUS_NAME, facts->name);
	listing_set_text(l, STATUS_LISTEN, facts->listen);
	if (facts->state == SERVER_RUNNING)
		set_live(l, &facts->live);
	set_certificate(l, facts);
	set_database(l, call, facts);
	listing_set_text(l, STATUS_CONFIGURATION, facts->configuration);
	listing_set_text(l, STATUS_ADMIN_VERSION, PACKAGE_VERSION);
	return listing_end(&l, KITH_OK);
}

enum kith_code
server_status(struct call *call)
{
	struct server_facts facts;
	enum kith_code code;

	server_facts_gather(call, &facts);
	database_close(call);
	if (!facts.has_database && facts.state != SERVER_RUNNING) {
		/* nothing is known: there is no server here */
		call->fault = facts.database_fault;
		code = call->fault.code;
		server_facts_clear(&facts);
		return code;
	}
	talk(call, &facts);
	code = show(call, &facts);
	if (code == KITH_OK)
		code = server_show_notices(call, &facts);
	server_facts_clear(&facts);
	return code;
}
