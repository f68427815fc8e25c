/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "fault.h"

/*
 * One verb of one noun. A noun's file ends in an array of these, closed by an
 * entry without a verb; main.c lists the nouns. Dispatch, option parsing, help
 * and `kith-admin help --json` (which the tests compare with the man page and
 * with themselves) all read the same entries, so that nothing is said twice.
 */

struct call;

struct command_option {
	const char *name;     /* without the dashes */
	const char *argument; /* what stands for its value; NULL: a flag */
	const char *help;
	/*
	 * The value names a file to read. It is opened before root's rights
	 * are given up; see call_option_file().
	 */
	bool file;
};

struct command {
	const char *noun;
	const char *verb;
	/* Words in order; one in brackets may be left out: "USER [FRIEND]". */
	const char *arguments;
	const char *summary; /* half a line, without a full stop */
	const char *details; /* more of it for --help; NULL: none */
	const struct command_option *options; /* closed by {}; NULL: none */
	/*
	 * Stays root when started as root and can therefore never open the
	 * database: for what belongs to root itself.
	 */
	bool as_root;
	/* Fills in the call's fault, or its answer. */
	enum kith_code (*run)(struct call *call);
};

extern const struct command user_commands[];
extern const struct command friend_commands[];
extern const struct command invite_commands[];
extern const struct command server_commands[];
extern const struct command cert_commands[];

/* Understood by every command. Closed by {}. */
extern const struct command_option common_options[];

/* How many words of arguments there may and must be. */
void command_count_arguments(
    const struct command *command, int *least_r, int *most_r);
