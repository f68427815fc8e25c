/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "command.h"

/* What people are told of the table of commands. */

/*
 * Shows help on standard output: of all, of a noun, or of one verb of it (NULL
 * where not wanted). With --json the table itself, whole.
 */
enum kith_code help_show(struct call *call, const char *noun, const char *verb);

/* "help [NOUN] [VERB]": the one command that has no verb of its own. */
extern const struct command help_command;
