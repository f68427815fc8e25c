/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server stats: figures for graphs. One table says of each what it is called
 * in JSON and in Prometheus' text format; names once given stay.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "database.h"
#include "output.h"
#include "server.h"

#define US_PER_S 1000000

enum {
	STAT_UP,
	STAT_STARTED,
	STAT_ONLINE,
	STAT_CONNECTIONS,
	STAT_REQUESTS,
	STAT_PASSWORDS,
	STAT_MESSAGES_STORED,
	STAT_BATCHES,
	STAT_WARNINGS,
	STAT_ERRORS,
	STAT_SEQUENCE,
	STAT_USERS_ACTIVE,
	STAT_USERS_LOCKED,
	STAT_USERS_PENDING,
	STAT_USERS_DELETING,
	STAT_DEVICES,
	STAT_FRIEND_LINKS,
	STAT_FRIEND_REQUESTS,
	STAT_INVITES,
	STAT_CONVERSATIONS,
	STAT_MESSAGES,
	STAT_DATABASE_BYTES,
	STAT_DATABASE_FREE_BYTES,
	STAT_WAL_BYTES,
	STAT_DISK_FREE,
	STAT_DISK,
	STAT_CERTIFICATE,
	STAT_SCHEMA,
	STAT_COUNT,
};

const struct column server_stats_columns[] = {
	[STAT_UP] = { "up", "Running", COLUMN_NUMBER },
	[STAT_STARTED] = { "started", "Running since", COLUMN_TIME },
	[STAT_ONLINE] = { "people_online", "People online", COLUMN_NUMBER },
	[STAT_CONNECTIONS] = { "connections", "Connections", COLUMN_NUMBER },
	[STAT_REQUESTS] = { "queued_requests", "Requests waiting",
	    COLUMN_NUMBER },
	[STAT_PASSWORDS] = { "queued_passwords", "Passwords waiting",
	    COLUMN_NUMBER },
	[STAT_MESSAGES_STORED] = { "messages_since_start",
	    "Messages since start", COLUMN_NUMBER },
	[STAT_BATCHES] = { "batches_since_start", "Transactions since start",
	    COLUMN_NUMBER },
	[STAT_WARNINGS] = { "warnings", "Warnings", COLUMN_NUMBER },
	[STAT_ERRORS] = { "errors", "Errors", COLUMN_NUMBER },
	[STAT_SEQUENCE] = { "sequence", "Newest event", COLUMN_NUMBER },
	[STAT_USERS_ACTIVE] = { "users_active", "Accounts, active",
	    COLUMN_NUMBER },
	[STAT_USERS_LOCKED] = { "users_locked", "Accounts, locked",
	    COLUMN_NUMBER },
	[STAT_USERS_PENDING] = { "users_pending", "Accounts, pending",
	    COLUMN_NUMBER },
	[STAT_USERS_DELETING] = { "users_deleting", "Accounts, being deleted",
	    COLUMN_NUMBER },
	[STAT_DEVICES] = { "devices", "Devices", COLUMN_NUMBER },
	[STAT_FRIEND_LINKS] = { "friend_links", "Friend links", COLUMN_NUMBER },
	[STAT_FRIEND_REQUESTS] = { "friend_requests", "Friend requests",
	    COLUMN_NUMBER },
	[STAT_INVITES] = { "invites", "Invites that can be used",
	    COLUMN_NUMBER },
	[STAT_CONVERSATIONS] = { "conversations", "Conversations",
	    COLUMN_NUMBER },
	[STAT_MESSAGES] = { "messages", "Messages", COLUMN_NUMBER },
	[STAT_DATABASE_BYTES] = { "database_bytes", "Size of the database",
	    COLUMN_BYTES },
	[STAT_DATABASE_FREE_BYTES] = { "database_unused_bytes", "Unused in it",
	    COLUMN_BYTES },
	[STAT_WAL_BYTES] = { "wal_bytes", "Size of its log", COLUMN_BYTES },
	[STAT_DISK_FREE] = { "disk_free_bytes", "Free on the disk",
	    COLUMN_BYTES },
	[STAT_DISK] = { "disk_bytes", "Size of the disk", COLUMN_BYTES },
	[STAT_CERTIFICATE] = { "certificate_until", "Certificate valid until",
	    COLUMN_TIME },
	[STAT_SCHEMA] = { "schema_version", "Schema version", COLUMN_NUMBER },
	{},
};

static const struct {
	const char *name; /* the same twice: two labels of one metric */
	const char *type;
	const char *labels; /* NULL: none */
	const char *help;
} metrics[STAT_COUNT] = {
	[STAT_UP] = { "kith_up", "gauge", NULL, "Whether kithd runs." },
	[STAT_STARTED] = { "kith_start_time_seconds", "gauge", NULL,
	    "When the hub started, in seconds since 1970." },
	[STAT_ONLINE] = { "kith_people_online", "gauge", NULL,
	    "People with a signed-in connection." },
	[STAT_CONNECTIONS] = { "kith_connections", "gauge", NULL,
	    "Open connections." },
	[STAT_REQUESTS] = { "kith_queued_requests", "gauge", NULL,
	    "Requests that wait for an answer." },
	[STAT_PASSWORDS] = { "kith_queued_passwords", "gauge", NULL,
	    "Passwords that wait to be verified or hashed." },
	[STAT_MESSAGES_STORED] = { "kith_messages_stored_total", "counter",
	    NULL, "Messages stored since the hub started." },
	[STAT_BATCHES] = { "kith_transactions_total", "counter", NULL,
	    "Write transactions since the hub started." },
	[STAT_WARNINGS] = { "kith_logged_total", "counter", "level=\"warning\"",
	    "Warnings and errors that were logged." },
	[STAT_ERRORS] = { "kith_logged_total", "counter", "level=\"error\"",
	    NULL },
	[STAT_SEQUENCE] = { "kith_event_sequence", "gauge", NULL,
	    "Sequence number of the newest event." },
	[STAT_USERS_ACTIVE] = { "kith_users", "gauge", "state=\"active\"",
	    "Accounts by state." },
	[STAT_USERS_LOCKED] = { "kith_users", "gauge", "state=\"locked\"",
	    NULL },
	[STAT_USERS_PENDING] = { "kith_users", "gauge", "state=\"pending\"",
	    NULL },
	[STAT_USERS_DELETING] = { "kith_users", "gauge", "state=\"deleting\"",
	    NULL },
	[STAT_DEVICES] = { "kith_devices", "gauge", NULL,
	    "Devices that are signed in." },
	[STAT_FRIEND_LINKS] = { "kith_friend_links", "gauge", NULL,
	    "Pairs of friends." },
	[STAT_FRIEND_REQUESTS] = { "kith_friend_requests", "gauge", NULL,
	    "Friend requests that wait." },
	[STAT_INVITES] = { "kith_invites", "gauge", NULL,
	    "Invites that can be used." },
	[STAT_CONVERSATIONS] = { "kith_conversations", "gauge", NULL,
	    "Conversations." },
	[STAT_MESSAGES] = { "kith_messages", "gauge", NULL,
	    "Messages in the database." },
	[STAT_DATABASE_BYTES] = { "kith_database_bytes", "gauge", NULL,
	    "Size of the database's file." },
	[STAT_DATABASE_FREE_BYTES] = { "kith_database_unused_bytes", "gauge",
	    NULL, "Bytes of it that hold nothing." },
	[STAT_WAL_BYTES] = { "kith_database_log_bytes", "gauge", NULL,
	    "Size of the database's write-ahead log." },
	[STAT_DISK_FREE] = { "kith_disk_free_bytes", "gauge", NULL,
	    "Free bytes where the database is." },
	[STAT_DISK] = { "kith_disk_bytes", "gauge", NULL,
	    "Size of the file system that the database is on." },
	[STAT_CERTIFICATE] = { "kith_certificate_expiry_time_seconds", "gauge",
	    NULL, "When the certificate expires, in seconds since 1970." },
	[STAT_SCHEMA] = { "kith_schema_version", "gauge", NULL,
	    "Version of the database's schema." },
};

struct figures {
	int64_t value[STAT_COUNT];
	bool known[STAT_COUNT];
};

static void
set(struct figures *f, int stat, int64_t value)
{
	f->value[stat] = value;
	f->known[stat] = value >= 0;
}

static void
set_live(struct figures *f, const struct control_status *live)
{
	set(f, STAT_STARTED, live->started_us);
	set(f, STAT_ONLINE, live->people_online);
	set(f, STAT_CONNECTIONS, live->connections);
	set(f, STAT_REQUESTS, live->queued_requests);
	set(f, STAT_PASSWORDS, live->queued_passwords);
	set(f, STAT_MESSAGES_STORED, (int64_t)live->messages);
	set(f, STAT_BATCHES, (int64_t)live->batches);
	set(f, STAT_WARNINGS, (int64_t)live->warnings);
	set(f, STAT_ERRORS, (int64_t)live->errors);
	set(f, STAT_SEQUENCE, (int64_t)live->sequence);
}

static void
set_stored(struct figures *f, const struct store_figures *stored)
{
	set(f, STAT_USERS_ACTIVE, stored->users_active);
	set(f, STAT_USERS_LOCKED, stored->users_locked);
	set(f, STAT_USERS_PENDING, stored->users_pending);
	set(f, STAT_USERS_DELETING, stored->users_deleting);
	set(f, STAT_DEVICES, stored->devices);
	set(f, STAT_FRIEND_LINKS, stored->friend_links);
	set(f, STAT_FRIEND_REQUESTS, stored->friend_requests);
	set(f, STAT_INVITES, stored->invites);
	set(f, STAT_CONVERSATIONS, stored->conversations);
	set(f, STAT_MESSAGES, stored->messages);
	set(f, STAT_DATABASE_FREE_BYTES,
	    stored->free_pages * stored->page_bytes);
	set(f, STAT_SCHEMA, stored->schema_version);
}

static void
gather(struct figures *f, const struct server_facts *facts)
{
	memset(f, 0, sizeof(*f));
	set(f, STAT_UP, facts->state == SERVER_RUNNING);
	if (facts->state == SERVER_RUNNING)
		set_live(f, &facts->live);
	if (facts->has_database)
		set_stored(f, &facts->figures);
	set(f, STAT_DATABASE_BYTES, facts->database_bytes);
	set(f, STAT_WAL_BYTES, facts->wal_bytes);
	set(f, STAT_DISK_FREE, facts->disk_free_bytes);
	set(f, STAT_DISK, facts->disk_bytes);
	if (facts->certificate_until_us > 0)
		set(f, STAT_CERTIFICATE, facts->certificate_until_us);
}

static void
print_metric(const struct figures *f, int stat)
{
	const char *labels = metrics[stat].labels;
	int64_t value = f->value[stat];

	if (metrics[stat].help != NULL)
		printf("# HELP %s %s\n# TYPE %s %s\n", metrics[stat].name,
		    metrics[stat].help, metrics[stat].name, metrics[stat].type);
	printf("%s", metrics[stat].name);
	if (labels != NULL)
		printf("{%s}", labels);
	if (server_stats_columns[stat].kind == COLUMN_TIME)
		printf(" %" PRId64 ".%06" PRId64 "\n", value / US_PER_S,
		    value % US_PER_S);
	else
		printf(" %" PRId64 "\n", value);
}

/* Prometheus' text exposition format 0.0.4; what is not known is left out. */
static void
print_prometheus(const struct figures *f)
{
	for (int i = 0; i < STAT_COUNT; i++) {
		if (f->known[i])
			print_metric(f, i);
	}
}

static enum kith_code
show(struct call *call, const struct figures *f)
{
	struct listing *l =
	    listing_begin_record(call, "stats", server_stats_columns);

	for (int i = 0; i < STAT_COUNT; i++) {
		if (!f->known[i])
			continue;
		if (server_stats_columns[i].kind == COLUMN_TIME)
			listing_set_time(l, i, f->value[i]);
		else
			listing_set_number(l, i, f->value[i]);
	}
	return listing_end(&l, KITH_OK);
}

enum kith_code
server_stats(struct call *call)
{
	const char *format = call_option(call, "format");
	struct server_facts facts;
	struct figures figures;
	enum kith_code code = KITH_OK;

	server_facts_gather(call, &facts);
	database_close(call);
	if (!facts.has_database)
		output_talk(call, "%s", facts.database_fault.sentence);
	gather(&figures, &facts);
	server_facts_clear(&facts);
	if (format != NULL && strcmp(format, "prometheus") == 0)
		print_prometheus(&figures);
	else
		code = show(call, &figures);
	return code;
}
