/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "complete.h"

/* Between complete.c, which knows the words, and complete_database.c. */

struct completion {
	struct call *call;
	const struct command *noun;          /* NULL: none yet */
	const struct command *command;       /* NULL: no verb yet */
	const struct command_option *option; /* whose value is next */
	const char *arguments[COMMAND_ARGUMENTS_MAX];
	int argument_count;
	bool for_help;      /* the words are help's */
	const char *before; /* of the current word: stays as it is */
	int before_length;
	const char *current; /* what is completed */
	int offered;
};

/* Prints it when it begins like the current word. */
void completion_offer(struct completion *c, const char *word);

/* Users, devices, invites ...: of that kind. Says nothing when it cannot. */
void completion_offer_stored(struct completion *c, enum word_kind kind);
