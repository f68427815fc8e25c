/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The list of nouns, and the options that a command has by its flags.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "guess.h"

#define WORDS_MAX 512 /* characters of a list of words */

const struct command *const table_nouns[] = {
	user_commands,
	friend_commands,
	invite_commands,
	announce_commands,
	penalty_commands,
	server_commands,
	cert_commands,
	db_commands,
	audit_commands,
	NULL,
};

const struct command_option common_options[] = {
	{ "database", "FILE", "the database; default " CALL_DATABASE_DEFAULT,
	    WORD_FILE },
	{ "json", NULL, "answer in JSON" },
	{ "wait", "SECONDS", "wait this long for a busy database; default 5" },
	{ "help", NULL, "show help and leave" }, {}
};

/* --format is the first: see has_own_format(). */
static const struct command_option reading_options[] = {
	{ "format", "table|json|tsv|csv", "how to show it; default table",
	    WORD_CHOICE },
	{ "columns", "KEY,KEY", "which columns, and in which order",
	    WORD_COLUMNS },
	{ "no-pager", NULL, "do not page on a terminal" }, {}
};

static const struct command_option dry_run_options[] = {
	{ "dry-run", NULL, "say what would happen, and change nothing" }, {}
};

static const struct command_option confirm_options[] = {
	{ "yes", NULL, "do not ask" }, {}
};

static const struct command_option snapshot_options[] = {
	{ "no-snapshot", NULL, "take no snapshot of the database before" }, {}
};

const struct command *
table_find_noun(const char *noun)
{
	for (int i = 0; table_nouns[i] != NULL; i++) {
		if (strcmp(table_nouns[i]->noun, noun) == 0)
			return table_nouns[i];
	}
	return NULL;
}

const struct command *
table_find_verb(const struct command *noun, const char *verb)
{
	for (; noun->verb != NULL; noun++) {
		if (strcmp(noun->verb, verb) == 0)
			return noun;
	}
	return NULL;
}

static void
join(char words[WORDS_MAX], const char *word)
{
	size_t used = strlen(words);

	snprintf(
	    words + used, WORDS_MAX - used, "%s%s", used > 0 ? ", " : "", word);
}

const char *
table_noun_words(void)
{
	static char words[WORDS_MAX];

	words[0] = '\0';
	for (int i = 0; table_nouns[i] != NULL; i++) {
		join(words, table_nouns[i]->noun);
	}
	return words;
}

const char *
table_verb_words(const struct command *noun)
{
	static char words[WORDS_MAX];

	words[0] = '\0';
	for (; noun->verb != NULL; noun++)
		join(words, noun->verb);
	return words;
}

/* Words of other tools, and what they are called here. */
static const struct {
	const char *word;
	const char *known;
} synonyms[] = {
	{ "users", "user" },
	{ "account", "user" },
	{ "accounts", "user" },
	{ "contact", "friend" },
	{ "roster", "friend" },
	{ "database", "db" },
	{ "certificate", "cert" },
	{ "log", "audit" },
	{ "create", "add" },
	{ "new", "add" },
	{ "register", "add" },
	{ "add", "create" },
	{ "rm", "delete" },
	{ "rm", "remove" },
	{ "remove", "delete" },
	{ "delete", "remove" },
	{ "del", "delete" },
	{ "del", "remove" },
	{ "delete", "revoke" },
	{ "remove", "revoke" },
	{ "ls", "list" },
	{ "info", "show" },
	{ "get", "show" },
	{ "password", "passwd" },
	{ "disable", "lock" },
	{ "ban", "lock" },
	{ "block", "lock" },
	{ "enable", "unlock" },
	{ "unban", "unlock" },
	{ "approve", "unlock" },
	{ "rename", "rename-display" },
	{ "undelete", "restore" },
	{ "doctor", "check" },
	{ "metrics", "stats" },
	{ "upgrade", "migrate" },
	{ "send", "create" },
};

#define SYNONYM_COUNT (sizeof(synonyms) / sizeof(synonyms[0]))

static bool
is_synonym(const char *word, const char *known)
{
	for (size_t i = 0; i < SYNONYM_COUNT; i++) {
		if (strcmp(synonyms[i].word, word) == 0 &&
		    strcmp(synonyms[i].known, known) == 0)
			return true;
	}
	return false;
}

static const char *
synonym_or(const char *word, const char *known, struct guess *guess)
{
	if (is_synonym(word, known))
		return known;
	guess_consider(guess, known);
	return NULL;
}

const char *
table_guess_noun(const char *word)
{
	struct guess guess = GUESS_OF(word);

	for (int i = 0; table_nouns[i] != NULL; i++) {
		const char *same =
		    synonym_or(word, table_nouns[i]->noun, &guess);

		if (same != NULL)
			return same;
	}
	return guess.best;
}

const char *
table_guess_verb(const struct command *noun, const char *word)
{
	struct guess guess = GUESS_OF(word);

	for (; noun->verb != NULL; noun++) {
		const char *same = synonym_or(word, noun->verb, &guess);

		if (same != NULL)
			return same;
	}
	return guess.best;
}

/* A verb that knows one format more says so itself. */
static bool
has_own_format(const struct command *command)
{
	const struct command_option *o = command->options;

	for (; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, reading_options[0].name) == 0)
			return true;
	return false;
}

void
command_option_lists(const struct command *command,
    const struct command_option *lists_r[COMMAND_LISTS_MAX])
{
	unsigned int flags = command->flags;
	int n = 0;

	if (command->options != NULL)
		lists_r[n++] = command->options;
	if ((flags & COMMAND_DESTRUCTIVE) != 0)
		lists_r[n++] = confirm_options;
	if ((flags & COMMAND_DESTRUCTIVE) != 0 && (flags & COMMAND_KEEPS) == 0)
		lists_r[n++] = snapshot_options;
	if ((flags & (COMMAND_DESTRUCTIVE | COMMAND_DRY_RUN)) != 0)
		lists_r[n++] = dry_run_options;
	if ((flags & COMMAND_READS) != 0)
		lists_r[n++] = has_own_format(command) ? reading_options + 1
						       : reading_options;
	lists_r[n++] = common_options;
	lists_r[n] = NULL;
}

void
command_count_arguments(
    const struct command *command, int *least_r, int *most_r)
{
	const char *p = command->arguments;

	*least_r = *most_r = 0;
	for (p += strspn(p, " "); *p != '\0'; p += strspn(p, " ")) {
		size_t length = strcspn(p, " ");

		++*most_r;
		if (*p != '[')
			++*least_r;
		if (*most_r > COMMAND_ARGUMENTS_MAX)
			abort();
		if (memmem(p, length, "...", 3) != NULL)
			*most_r = CALL_ARGUMENTS_MAX;
		p += length;
	}
}
