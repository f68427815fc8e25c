/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All that can be known of a server: from the running hub, the database, the
 * files that kithd.conf names, and the file system under them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "database.h"
#include "format.h"
#include "mem.h"
#include "pem.h"
#include "server.h"

#define US_PER_DAY        (INT64_C(86400) * 1000000)
#define DISK_LOW_BYTES    (INT64_C(256) * 1024 * 1024)
#define DISK_LOW_PER_CENT 5

const char *
server_state_word(enum server_state state)
{
	static const char *const words[] = {
		[SERVER_RUNNING] = "running",
		[SERVER_STOPPED] = "stopped",
		[SERVER_UNKNOWN] = "unknown",
	};

	return words[state];
}

int64_t
server_days_left(int64_t until_us)
{
	int64_t left_us = until_us - format_now_us();

	/* half a day over is a day too late, not none */
	return left_us >= 0 ? left_us / US_PER_DAY
			    : -((-left_us + US_PER_DAY - 1) / US_PER_DAY);
}

bool
server_disk_is_low(const struct server_facts *facts)
{
	int64_t bytes = facts->disk_free_bytes;

	return bytes >= 0 &&
	    (bytes < DISK_LOW_BYTES ||
		bytes < facts->disk_bytes / 100 * DISK_LOW_PER_CENT);
}

static void
ignore_problem(int line, const char *sentence, void *context)
{
}

struct settings *
server_settings(const char *path)
{
	struct settings *settings = NULL;

	if (settings_load(path, &settings, ignore_problem, NULL) != KITH_OK)
		return NULL;
	return settings;
}

/* ---- the database -------------------------------------------------------- */

static void
read_database(struct call *call, struct server_facts *facts)
{
	enum kith_code code = database_open_read(call);

	if (code == KITH_OK) {
		code = store_figures_take(
		    call->store, format_now_us(), &facts->figures);
		if (code != KITH_OK)
			database_fault(
			    call, code, "%s", kith_code_sentence(code));
		facts->name = database_meta(call, STORE_META_SERVER_NAME);
		facts->listen = database_meta(call, STORE_META_LISTEN);
		facts->pin = database_meta(call, STORE_META_PUBLIC_KEY_PIN);
		facts->next_pin =
		    database_meta(call, STORE_META_NEXT_PUBLIC_KEY_PIN);
		facts->configuration =
		    database_meta(call, STORE_META_CONFIGURATION);
		database_end_read(call);
	}
	facts->has_database = code == KITH_OK;
	facts->database_fault = call->fault;
	facts->database_fault.code = code;
	memset(&call->fault, 0, sizeof(call->fault));
}

/* ---- the hub --------------------------------------------------------------- */

static void
replace(char **to, const char *from)
{
	free(*to);
	*to = from[0] != '\0' ? mem_dup_string(from) : NULL;
}

static void
ask_hub(struct server_facts *facts)
{
	enum kith_code code = control_ask_status(
	    facts->control, &facts->live, &facts->live_fault);

	if (code == KITH_CLOSED) {
		facts->state = SERVER_STOPPED;
		return;
	}
	if (code != KITH_OK) {
		facts->state = SERVER_UNKNOWN;
		return;
	}
	facts->state = SERVER_RUNNING;
	replace(&facts->listen, facts->live.listen);
	replace(&facts->pin, facts->live.public_key_pin);
	replace(&facts->next_pin, facts->live.next_public_key_pin);
	if (facts->live.configuration[0] != '\0')
		replace(&facts->configuration, facts->live.configuration);
	facts->certificate_until_us = facts->live.certificate_until_us;
}

/* ---- files ------------------------------------------------------------------ */

static void
choose_configuration(struct call *call, struct server_facts *facts)
{
	const char *wanted = call_has_option(call, "config")
	    ? call_option(call, "config")
	    : NULL;

	if (wanted != NULL)
		replace(&facts->configuration, wanted);
	else if (facts->configuration == NULL)
		facts->configuration = mem_dup_string(SETTINGS_FILE);
}

/* What a stopped server would show people. */
static void
read_certificate(struct server_facts *facts)
{
	struct settings *settings = server_settings(facts->configuration);
	struct certificate_info info;
	FILE *file;

	if (settings == NULL)
		return;
	file = fopen(settings->certificate, "re");
	if (file != NULL) {
		if (pem_describe(file, settings->certificate, &info, NULL) ==
		    KITH_OK) {
			facts->certificate_until_us = info.not_after_us;
			if (facts->pin == NULL)
				facts->pin = mem_dup_string(info.pin);
		}
		fclose(file);
	}
	settings_free(&settings);
}

static int64_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

static void
look_at_disk(struct call *call, struct server_facts *facts)
{
	char *log = mem_format("%s-wal", call->database);
	struct statvfs disk;

	facts->database_bytes = size_of(call->database);
	facts->wal_bytes = size_of(log);
	if (facts->wal_bytes < 0 && facts->database_bytes >= 0)
		facts->wal_bytes = 0;
	facts->disk_free_bytes = facts->disk_bytes = -1;
	if (statvfs(call->database, &disk) == 0) {
		facts->disk_free_bytes =
		    (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
		facts->disk_bytes =
		    (int64_t)disk.f_blocks * (int64_t)disk.f_frsize;
	}
	free(log);
}

void
server_facts_gather(struct call *call, struct server_facts *facts_r)
{
	memset(facts_r, 0, sizeof(*facts_r));
	read_database(call, facts_r);
	facts_r->control = database_control_path(call);
	/* of a database that says nothing, only the usual one is the server's */
	if (call->store != NULL ||
	    strcmp(call->database, CALL_DATABASE_DEFAULT) == 0)
		ask_hub(facts_r);
	else
		facts_r->state = SERVER_STOPPED;
	choose_configuration(call, facts_r);
	if (facts_r->certificate_until_us == 0)
		read_certificate(facts_r);
	look_at_disk(call, facts_r);
}

void
server_facts_clear(struct server_facts *facts)
{
	control_status_clear(&facts->live);
	free(facts->name);
	free(facts->listen);
	free(facts->pin);
	free(facts->next_pin);
	free(facts->configuration);
	free(facts->control);
	memset(facts, 0, sizeof(*facts));
}
