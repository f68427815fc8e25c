/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "command.h"

/* The table of all commands: the nouns in the order in which they are shown. */

/* The first command of each noun; NULL ends it. */
extern const struct command *const table_nouns[];

/* The first command of a noun; NULL: there is no such noun. */
const struct command *table_find_noun(const char *noun);

/* NULL: the noun has no such verb. */
const struct command *table_find_verb(
    const struct command *noun, const char *verb);

/* "user, friend, invite": for a sentence. Static, until the next call. */
const char *table_noun_words(void);
const char *table_verb_words(const struct command *noun);

/*
 * What somebody may have meant who wrote `word`: one of the words that is
 * nearly that; NULL: nothing is. Static.
 */
const char *table_guess_noun(const char *word);
const char *table_guess_verb(const struct command *noun, const char *word);
