/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "fault.h"
#include "format.h"

/*
 * One run of kith-admin: the command that was chosen, its words and options,
 * and what it has to say. A command reads its words here and shows a listing
 * (listing.h) or puts its results into `answer`; the envelope and the exit
 * code are made from them by main.c.
 */

struct keeper; /* keeper.h */
struct output; /* output.c */
struct store;

#define CALL_OPTIONS_MAX    32   /* of one command, with the common ones */
#define CALL_ARGUMENTS_MAX  1000 /* words, where one may be repeated */
#define CALL_WAIT_DEFAULT_S 5
#define CALL_WAIT_MAX_S     3600

#define CALL_DATABASE_DEFAULT "/var/lib/kith/kith.db"

struct call_option {
	const struct command_option *option;
	const char *value; /* NULL: not given; a flag: "" */
	FILE *file;        /* of an option with a file */
};

enum call_format {
	CALL_TABLE, /* for people */
	CALL_JSON,
	CALL_TSV,
	CALL_CSV,
};

struct call {
	const struct command *command;
	struct call_option options[CALL_OPTIONS_MAX];
	int option_count;
	char **arguments; /* of argv, behind the options */
	int argument_count;
	FILE *argument_files[COMMAND_ARGUMENTS_MAX];

	const char *database;
	enum call_format format;
	bool json; /* format is CALL_JSON */
	bool help;
	int wait_ms;
	char *actor;  /* who does this, "alice (uid:1000)": actor.h */
	bool guarded; /* started as root by somebody who is not */

	struct keeper *keeper; /* of a verb that writes where root may */
	struct store *store;   /* database.h */
	bool audited;          /* this transaction has a row in the trail */
	bool usage;            /* the fault is one of usage */
	struct fault fault;
	json_t *answer; /* an object, grown by the command */
	struct output *output;
};

void call_init(struct call *call);
void call_clear(struct call *call);

/*
 * Reads options from argv[0..argc) (argv[0] is skipped as a program's name
 * would be). Before the command is known, call->command is NULL: the common
 * options are taken and reading stops at the first word, whose index is left
 * in *next_r; that may be done more than once. Afterwards words and options may mix, and all words are
 * arguments. KITH_MALFORMED with a sentence when something is wrong.
 */
enum kith_code call_read(struct call *call, int argc, char **argv, int *next_r);

/* Opens the files that options and words name. Done while still root. */
enum kith_code call_open_files(struct call *call);
void call_close_files(struct call *call);

/* What --format and --json say, before and without anything else. */
void call_peek_format(struct call *call, int argc, char **argv);

/* The option's value, NULL when not given. The command must declare it. */
const char *call_option(const struct call *call, const char *name);
bool call_flag(const struct call *call, const char *name);
FILE *call_option_file(const struct call *call, const char *name);

/* A whole number within least..most, or `otherwise` when not given. */
enum kith_code call_option_number(struct call *call, const char *name,
    int64_t least, int64_t most, int64_t *value);

/*
 * A time (format_read_when()); untouched when not given. A fault of usage that
 * names the option otherwise.
 */
enum kith_code call_option_when(struct call *call, const char *name,
    enum format_direction direction, int64_t *when_us);

/* Is the option one of this command's? For what several commands share. */
bool call_has_option(const struct call *call, const char *name);

/* The argument of that index, NULL when it was left out. */
const char *call_argument(const struct call *call, int index);
FILE *call_argument_file(const struct call *call, int index);

/* A fault of usage: KITH_MALFORMED, exit code 2. */
enum kith_code call_usage(struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A fault with the code's own sentence, or the sentence that is there. */
enum kith_code call_fail(struct call *call, enum kith_code code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The exit code for what a command returned. */
int call_exit_code(const struct call *call, enum kith_code code);
