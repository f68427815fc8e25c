/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "command.h"

/* What people are told of the table of commands. */

/*
 * The command that is named by a noun and a verb (NULL: there was none); else a
 * fault of usage that says what there is, or what may have been meant.
 */
enum kith_code help_find(struct call *call, const char *noun, const char *verb,
    const struct command **command_r);

/*
 * Shows help on standard output: of all, of a noun, or of one verb of it (NULL
 * where not wanted). With --json the table itself, whole.
 */
enum kith_code help_show(struct call *call, const char *noun, const char *verb);

/* What to begin with: for who writes nothing but "kith-admin". */
enum kith_code help_show_first(struct call *call);

/* "help [NOUN] [VERB]": the one command that has no verb of its own. */
extern const struct command help_command;

/* ---- the forms of it -------------------------------------------------- */

/* The whole table: help_json.c. Grows only, like all JSON of kith-admin. */
void help_describe(json_t *answer);

/* The part COMMANDS of kith-admin.8, in mdoc(7), on standard output. */
void help_write_man(void);
