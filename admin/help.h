/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "command.h"

/* The table of all commands, and what people are told of it. */

/* The first command of a noun; NULL: there is no such noun. */
const struct command *help_find_noun(const char *noun);

/* NULL: the noun has no such verb. */
const struct command *help_find_verb(
    const struct command *noun, const char *verb);

/* "user, friend and invite": for a sentence. Static, until the next call. */
const char *help_nouns(void);
const char *help_verbs(const struct command *noun);

/*
 * Shows help on standard output: of all, of a noun, or of one verb of it (NULL
 * where not wanted). With --json the table itself, whole.
 */
enum kith_code help_show(struct call *call, const char *noun, const char *verb);

/* "help [NOUN] [VERB]": the one command that has no verb of its own. */
extern const struct command help_command;
