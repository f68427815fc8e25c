/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user: the table of the people's accounts' verbs. */
#include "user.h"

#include "listing.h"
#include "prompt.h"

#define COST_OPTIONS                                              \
	{ "argon2-memory-kib", "N",                               \
		"memory of the password's hash; default 65536" }, \
	{                                                         \
		"argon2-passes", "N",                             \
		    "passes of the password's hash; default 3"    \
	}

static const struct command_option add_options[] = {
	{ "display-name", "TEXT", "the name that people see" },
	PROMPT_PASSWORD_OPTIONS, COST_OPTIONS, {}
};

static const struct command_option passwd_options[] = { PROMPT_PASSWORD_OPTIONS,
	{ "keep-sessions", NULL,
	    "leave the devices signed in that are signed in" },
	COST_OPTIONS, {} };

static const struct command_option lock_options[] = {
	{ "reason", "TEXT", "why; shown by \"user show\"" }, {}
};

const struct command user_commands[] = {
	{ .noun = "user",
	    .verb = "add",
	    .arguments = "NAME",
	    .summary = "Make an account",
	    .details = "Asks for the password twice. Makes the database where "
		       "there is none.",
	    .options = add_options,
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = user_add },
	{ .noun = "user",
	    .verb = "list",
	    .arguments = "",
	    .summary = "List the accounts",
	    .flags = COMMAND_READS | COMMAND_BEGINNER,
	    .answer = "users",
	    .columns = user_list_columns,
	    .run = user_list },
	{ .noun = "user",
	    .verb = "show",
	    .arguments = "USER",
	    .summary = "Show one account",
	    .kinds = { WORD_USER },
	    .flags = COMMAND_READS,
	    .answer = "user",
	    .columns = user_show_columns,
	    .run = user_show },
	{ .noun = "user",
	    .verb = "passwd",
	    .arguments = "USER",
	    .summary = "Set a new password",
	    .details = "Ends the account's sessions: every device must sign "
		       "in again.",
	    .options = passwd_options,
	    .kinds = { WORD_USER },
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = user_passwd },
	{ .noun = "user",
	    .verb = "lock",
	    .arguments = "USER",
	    .summary = "Keep someone out, and end the sessions at once",
	    .options = lock_options,
	    .kinds = { WORD_USER },
	    .flags = COMMAND_WRITES | COMMAND_BEGINNER,
	    .run = user_lock },
	{ .noun = "user",
	    .verb = "unlock",
	    .arguments = "USER",
	    .summary = "Let someone in again, or approve a new account",
	    .kinds = { WORD_USER },
	    .flags = COMMAND_WRITES,
	    .run = user_unlock },
	{ .noun = "user",
	    .verb = "delete",
	    .arguments = "USER",
	    .summary = "Delete an account",
	    .details = "What the person wrote stays with those who received "
		       "it.",
	    .kinds = { WORD_USER },
	    .flags = COMMAND_WRITES | COMMAND_DESTRUCTIVE,
	    .run = user_delete },
	{},
};
