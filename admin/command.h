/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "fault.h"

/*
 * One verb of one noun. A noun's file ends in an array of these, closed by an
 * entry without a verb; table.c lists the nouns. Dispatch, option parsing,
 * help, the man page, completion and `kith-admin help --json` (which the tests
 * read) all come from the same entries, so that nothing is said twice.
 */

struct call;
struct column; /* listing.h */

#define COMMAND_ARGUMENTS_MAX 8 /* different ones of a verb */

/* What a word stands for: how it is completed, checked, and opened. */
enum word_kind {
	WORD_TEXT,       /* anything; completed by nothing */
	WORD_FILE,       /* a path that the verb itself opens */
	WORD_FILE_READ,  /* opened for reading before root's rights are given
			   up: call_option_file(), call_argument_file();
			   "-" is standard input */
	WORD_FILE_WRITE, /* of an option: a new file for secrets, opened as
			    early; never over one that has anything in it */
	WORD_CHOICE,     /* one of "a|b|c", as `argument` says; checked */
	WORD_COLUMNS,    /* keys of the verb's columns, with commas; checked */
	WORD_USER,
	WORD_FRIEND,  /* a friend of the first argument, a user */
	WORD_REQUEST, /* who has an open request with the first argument */
	WORD_DEVICE,  /* a device of the first argument: its id */
	WORD_INVITE,
	WORD_SNAPSHOT, /* WORD_FILE_READ, most likely of DATABASE.snapshots */
	WORD_NOUN,
	WORD_VERB,
};

struct command_option {
	const char *name;     /* without the dashes */
	const char *argument; /* what stands for its value; NULL: a flag */
	const char *help;
	enum word_kind kind; /* of the value */
};

/* A line as one types it, and what it is for (half a line, no full stop). */
struct command_example {
	const char *line; /* "kith-admin user list --locked" */
	const char *help;
};

enum command_flags {
	/*
	 * Shows a listing or a record (listing.h). Needs `answer` and
	 * `columns`. The core adds --format, --columns and --no-pager.
	 */
	COMMAND_READS = 1 << 0,
	/* Changes something: leaves a row in the audit trail (database.h). */
	COMMAND_WRITES = 1 << 1,
	/* Adds --dry-run: says what would happen, and changes nothing. */
	COMMAND_DRY_RUN = 1 << 2,
	/*
	 * Takes something away for good. Adds --yes, --dry-run and
	 * --no-snapshot; the verb calls destroy_confirm() (destroy.h).
	 */
	COMMAND_DESTRUCTIVE = 1 << 3,
	/* Refuses (exit 6) while a server runs; the verb takes the lock. */
	COMMAND_STOPPED = 1 << 4,
	/* One of the ten that a beginner needs. */
	COMMAND_BEGINNER = 1 << 5,
	/*
	 * Stays root when started as root and can therefore never open the
	 * database: for what belongs to root itself.
	 */
	COMMAND_AS_ROOT = 1 << 6,
	/*
	 * With COMMAND_DESTRUCTIVE: keeps the old database whole by itself, so
	 * that there is no snapshot and no --no-snapshot.
	 */
	COMMAND_KEEPS = 1 << 7,
};

struct command {
	const char *noun;
	const char *verb;
	/*
	 * Words in order; one in brackets may be left out, and the last may be
	 * repeated: "USER [FRIEND]", "USER...", "[USER...]".
	 */
	const char *arguments;
	enum word_kind kinds[COMMAND_ARGUMENTS_MAX]; /* of the arguments */
	const char *summary; /* half a line, without a full stop */
	const char *details; /* more of it, whole sentences; NULL: none */
	const struct command_option *options;   /* closed by {}; NULL: none */
	const struct command_example *examples; /* closed by {}; NULL: none */
	unsigned int flags;
	/* COMMAND_READS: the main listing's name in JSON, and its columns. */
	const char *answer;
	const struct column *columns;
	/*
	 * What has to happen before root's rights are given up, where there
	 * are any; after the files were opened. NULL: nothing.
	 */
	enum kith_code (*prepare)(struct call *call);
	/* Fills in the call's fault, or shows its answer. */
	enum kith_code (*run)(struct call *call);
};

extern const struct command user_commands[];
extern const struct command friend_commands[];
extern const struct command invite_commands[];
extern const struct command announce_commands[];
extern const struct command server_commands[];
extern const struct command cert_commands[];
extern const struct command db_commands[];
extern const struct command audit_commands[];
extern const struct command penalty_commands[];

/* Understood by every command. Closed by {}. */
extern const struct command_option common_options[];

/*
 * The lists of options that a command understands: its own, those that follow
 * from its flags, the common ones. NULL ends them.
 */
#define COMMAND_LISTS_MAX 7
void command_option_lists(const struct command *command,
    const struct command_option *lists_r[COMMAND_LISTS_MAX]);

/* How many words of arguments there may and must be. */
void command_count_arguments(
    const struct command *command, int *least_r, int *most_r);
