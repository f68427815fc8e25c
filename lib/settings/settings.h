/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "address.h"
#include "fault.h"

/*
 * kithd.conf: one table (settings_rows) says of every key what it may be, what
 * it is when it is not written, and whether a reload is enough. Parsing,
 * --check, reloading and a test of the man page all read that table. Only the
 * parent reads the file; children get the values as Settings of ipc.proto.
 */

#define SETTINGS_FILE       "/etc/kith/kithd.conf"
#define SETTINGS_LISTEN_MAX 16u  /* addresses */
#define SETTINGS_LINE_MAX   199u /* bytes: libinih's, without its NUL */
#define SETTINGS_PEM_MAX \
	32768u /* bytes of a certificate or key file: both
                                    * travel in one message between processes */

#define SETTINGS_PUBLIC_KEY_MAX 4096u /* bytes of the next public key's file */

struct settings {
	char *listen;
	char *database;
	char *certificate;
	char *private_key;
	char *next_public_key; /* the file may be missing */
	char *server_name;
	char *run_directory;
	uint32_t sign_up;   /* Kith__SignUpMode */
	uint32_t sandbox;   /* enum sandbox_mode */
	uint32_t log_level; /* enum log_level */
	uint32_t max_connections;
	uint32_t max_connections_per_address;
	uint32_t sessions_per_process;
	uint32_t argon2_memory_mib;
	uint32_t argon2_passes;
	uint32_t argon2_lanes;
	uint32_t auth_workers; /* 0: one a core, at most 4 */
	uint32_t sign_in_timeout_s;
	uint32_t idle_timeout_s;
	uint32_t messages_per_minute;      /* 0: no limit */
	uint32_t friend_requests_per_hour; /* 0: no limit */
};

enum settings_kind {
	SETTINGS_TEXT,
	SETTINGS_PATH, /* absolute */
	SETTINGS_NUMBER,
	SETTINGS_WORD, /* one of a list; its index is the value */
};

struct settings_row {
	const char *key;
	enum settings_kind kind;
	size_t offset; /* in struct settings */
	const char *fallback;
	uint32_t least, most;     /* SETTINGS_NUMBER */
	const char *const *words; /* SETTINGS_WORD; NULL-terminated */
	bool reload;              /* else it needs a restart */
};

extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;

/* line 0: it concerns the file as a whole. */
typedef void settings_report(int line, const char *sentence, void *context);

/*
 * Reads and checks the whole file and reports every problem in it.
 * KITH_MALFORMED after at least one. free with settings_free().
 */
enum kith_code settings_load(const char *path, struct settings **settings_r,
    settings_report *report, void *context);

/* The same for who tells of the first problem only, and how many follow. */
enum kith_code settings_load_brief(
    const char *path, struct settings **settings_r, struct fault *fault);

void settings_free(struct settings **settings);

/*
 * The addresses of "listen", numeric; at most SETTINGS_LISTEN_MAX, none of which
 * is in another's way.
 */
enum kith_code settings_addresses(const struct settings *settings,
    struct address *addresses_r, size_t *count_r, struct fault *fault);

/*
 * Names the keys marked "restart" that differ, separated by ", "; returns how
 * many there are.
 */
size_t settings_restart_keys(const struct settings *old,
    const struct settings *new, char *names_r, size_t size);

/* Gives new the values of old for the keys marked "restart". */
void settings_keep_restart_keys(
    const struct settings *old, struct settings *new);

/* The folder of the database; a new string, free() it. */
char *settings_database_folder(const struct settings *settings);

/*
 * Reads the file that next-public-key names, at most SETTINGS_PUBLIC_KEY_MAX
 * bytes; *bytes_r is NULL where there is no such file. The same faults.
 */
enum kith_code settings_read_next_key(const struct settings *settings,
    uint8_t **bytes_r, size_t *length_r, struct fault *fault);

/*
 * Reads a certificate or key file, at most SETTINGS_PEM_MAX bytes. A secret
 * one must not be readable by everybody. The caller wipes and frees *bytes_r.
 * KITH_IO, KITH_TOO_LARGE or KITH_REFUSED with a sentence.
 */
enum kith_code settings_read_pem(const char *path, bool secret,
    uint8_t **bytes_r, size_t *length_r, struct fault *fault);
