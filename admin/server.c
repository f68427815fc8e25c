/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * server: how the daemon is, and which key it has. Changes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "call.h"
#include "control.h"
#include "database.h"
#include "format.h"
#include "listing.h"
#include "mem.h"
#include "output.h"
#include "pem.h"

enum {
	SERVER_STATE,
	SERVER_VERSION,
	SERVER_STARTED,
	SERVER_LISTEN,
	SERVER_ONLINE,
	SERVER_CONNECTIONS,
	SERVER_QUEUED,
	SERVER_PASSWORDS,
	SERVER_MESSAGES,
	SERVER_FINGERPRINT,
	SERVER_NAME,
	SERVER_DATABASE,
	SERVER_BYTES,
	SERVER_USERS,
};

static const struct column server_columns[] = {
	[SERVER_STATE] = { "state", "State", COLUMN_TEXT },
	[SERVER_VERSION] = { "version", "Version", COLUMN_TEXT },
	[SERVER_STARTED] = { "started", "Running since", COLUMN_TIME },
	[SERVER_LISTEN] = { "listen", "Listens on", COLUMN_TEXT },
	[SERVER_ONLINE] = { "people_online", "People online", COLUMN_NUMBER },
	[SERVER_CONNECTIONS] = { "connections", "Connections", COLUMN_NUMBER },
	[SERVER_QUEUED] = { "queued_requests", "Requests waiting",
	    COLUMN_NUMBER },
	[SERVER_PASSWORDS] = { "queued_passwords", "Passwords waiting",
	    COLUMN_NUMBER },
	[SERVER_MESSAGES] = { "messages_since_start", "Messages since start",
	    COLUMN_NUMBER },
	[SERVER_FINGERPRINT] = { "fingerprint", "Fingerprint", COLUMN_TEXT },
	[SERVER_NAME] = { "name", "Name", COLUMN_TEXT },
	[SERVER_DATABASE] = { "database", "Database", COLUMN_TEXT },
	[SERVER_BYTES] = { "database_bytes", "Bytes on disk", COLUMN_NUMBER },
	[SERVER_USERS] = { "users", "Accounts", COLUMN_NUMBER },
	{},
};

static void
set_live(struct listing *l, const struct control_status *status)
{
	listing_set_text(l, SERVER_STATE, "running");
	listing_set_text(l, SERVER_VERSION, status->version);
	listing_set_time(l, SERVER_STARTED, status->started_us);
	listing_set_text(l, SERVER_LISTEN, status->listen);
	listing_set_number(l, SERVER_ONLINE, status->people_online);
	listing_set_number(l, SERVER_CONNECTIONS, status->connections);
	listing_set_number(l, SERVER_QUEUED, status->queued_requests);
	listing_set_number(l, SERVER_PASSWORDS, status->queued_passwords);
	listing_set_number(l, SERVER_MESSAGES, (int64_t)status->messages);
}

/* A daemon that is down is an answer, not a failure. */
static void
ask_hub(struct call *call, struct listing *l)
{
	char *path = database_control_path(call);
	struct control_status status;
	struct fault fault;
	enum kith_code code = control_ask_status(path, &status, &fault);

	if (code == KITH_OK) {
		set_live(l, &status);
		control_status_clear(&status);
	} else if (code == KITH_CLOSED) {
		listing_set_text(l, SERVER_STATE, "stopped");
	} else {
		listing_set_text(l, SERVER_STATE, "unknown");
		output_talk(call, "%s", fault.sentence);
	}
	free(path);
}

static void
set_meta(struct call *call, struct listing *l, int column, enum store_meta key)
{
	char *value = database_meta(call, key);

	listing_set_text(l, column, value);
	free(value);
}

/* The file and its log: what the disk has of it. */
static int64_t
bytes_on_disk(const char *database)
{
	char *log = mem_format("%s-wal", database);
	struct stat st;
	int64_t bytes = 0;

	if (stat(database, &st) == 0)
		bytes += st.st_size;
	if (stat(log, &st) == 0)
		bytes += st.st_size;
	free(log);
	return bytes;
}

static enum kith_code
server_status(struct call *call)
{
	struct listing *l;
	int64_t users;
	enum kith_code code = database_open(call, false);

	if (code != KITH_OK)
		return code;
	code = store_user_count(call->store, &users);
	if (code != KITH_OK)
		return database_fault(call, code, "Cannot count the accounts.");
	l = listing_begin_record(call, "server", server_columns);
	ask_hub(call, l);
	set_meta(call, l, SERVER_FINGERPRINT, STORE_META_PUBLIC_KEY_PIN);
	set_meta(call, l, SERVER_NAME, STORE_META_SERVER_NAME);
	listing_set_text(l, SERVER_DATABASE, call->database);
	listing_set_number(l, SERVER_BYTES, bytes_on_disk(call->database));
	listing_set_number(l, SERVER_USERS, users);
	return listing_end(&l, KITH_OK);
}

static void
answer_fingerprint(struct call *call, const char *pin)
{
	if (call->json)
		json_object_set_new(
		    call->answer, "fingerprint", json_string(pin));
	else
		puts(pin);
}

static enum kith_code
fingerprint_of_file(struct call *call)
{
	struct certificate_info info;
	enum kith_code code =
	    pem_describe(call_option_file(call, "certificate"),
		call_option(call, "certificate"), &info, &call->fault);

	if (code == KITH_OK)
		answer_fingerprint(call, info.pin);
	return code;
}

static enum kith_code
server_fingerprint(struct call *call)
{
	enum kith_code code;
	char *pin;

	if (call_option(call, "certificate") != NULL)
		return fingerprint_of_file(call);
	code = database_open(call, false);
	if (code != KITH_OK)
		return code;
	pin = database_meta(call, STORE_META_PUBLIC_KEY_PIN);
	if (!pin_valid(pin))
		code = call_fail(call, KITH_NOT_FOUND,
		    "The database does not know the server's key yet. Start "
		    "kithd once, or name the certificate with --certificate.");
	else
		answer_fingerprint(call, pin);
	free(pin);
	return code;
}

static const struct command_option fingerprint_options[] = {
	{ "certificate", "FILE", "of this certificate", WORD_FILE_READ }, {}
};

const struct command server_commands[] = {
	{ .noun = "server",
	    .verb = "status",
	    .arguments = "",
	    .summary = "Show whether the server runs, and how it does",
	    .flags = COMMAND_READS | COMMAND_BEGINNER,
	    .answer = "server",
	    .columns = server_columns,
	    .run = server_status },
	{ .noun = "server",
	    .verb = "fingerprint",
	    .arguments = "",
	    .summary = "Show the fingerprint of the server's key",
	    .details = "It is what people compare, or get with an invite, "
		       "before they trust the server.",
	    .options = fingerprint_options,
	    .run = server_fingerprint },
	{},
};
