/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "control.h"
#include "listing.h"
#include "settings.h"
#include "store_figures.h"

/* What the verbs of "server" share: all that can be known of a server. */

enum server_state {
	SERVER_RUNNING,
	SERVER_STOPPED,
	SERVER_UNKNOWN, /* something is there and does not answer */
};

struct server_facts {
	enum server_state state;
	struct control_status live; /* SERVER_RUNNING */
	struct fault live_fault;    /* SERVER_UNKNOWN: why */

	/* from kithd while it runs, else from the database; NULL: not known */
	char *name;
	char *listen;
	char *pin;
	char *next_pin;
	/* and else from the certificate that kithd.conf names; 0: not known */
	int64_t certificate_until_us;

	char *configuration; /* the path of kithd.conf, as far as is known */
	char *control;       /* the path of the control socket */

	bool has_database; /* it could be read, and then: */
	struct store_figures figures;
	struct fault database_fault; /* else why not */

	int64_t database_bytes; /* -1, here and below: not known */
	int64_t wal_bytes;
	int64_t disk_free_bytes; /* for this user, where the database is */
	int64_t disk_bytes;
};

/* "running", "stopped", "unknown". Static. */
const char *server_state_word(enum server_state state);

/*
 * Gathers what can be known; a server that is down and a database that is not
 * there are answers too, so this cannot fail. The option --config, where the
 * command has it, says which kithd.conf. No transaction is open afterwards.
 */
void server_facts_gather(struct call *call, struct server_facts *facts_r);
void server_facts_clear(struct server_facts *facts);

/* Reads the file without a word about what is wrong in it; NULL if it is. */
struct settings *server_settings(const char *path);

/* Whole days from now until then; below 0 when it is over. */
int64_t server_days_left(int64_t until_us);
#define SERVER_DAYS_SOON 14 /* fewer are worth a warning */

/* Is so little room left where the database is that one should know? */
bool server_disk_is_low(const struct server_facts *facts);

/* The rows of the last warnings and errors; see "server status". */
extern const struct column server_notice_columns[];
enum kith_code server_show_notices(
    struct call *call, const struct server_facts *facts);

/* Each verb, in a file of its name. */
extern const struct column server_status_columns[];
extern const struct column server_stats_columns[];
extern const struct column server_check_columns[];
enum kith_code server_status(struct call *call);
enum kith_code server_stats(struct call *call);
enum kith_code server_check(struct call *call);
