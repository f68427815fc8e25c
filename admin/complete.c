/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "complete.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complete_private.h"
#include "listing.h"
#include "mem.h"
#include "table.h"

#define PATIENCE_S 5 /* somebody has pressed a key and waits */
#define WORDS_MAX  64

void
completion_offer(struct completion *c, const char *word)
{
	if (strncmp(word, c->current, strlen(c->current)) != 0)
		return;
	printf("%.*s%s\n", c->before_length, c->before, word);
	c->offered++;
}

/* ---- what has been written ------------------------------------------- */

static const struct command_option *
find_option(const struct completion *c, const char *name, size_t length)
{
	const struct command_option *lists[COMMAND_LISTS_MAX] = {
		common_options
	};

	if (c->command != NULL)
		command_option_lists(c->command, lists);
	for (int i = 0; lists[i] != NULL; i++) {
		for (const struct command_option *o = lists[i]; o->name; o++) {
			if (strlen(o->name) == length &&
			    strncmp(o->name, name, length) == 0)
				return o;
		}
	}
	return NULL;
}

static void
take_value(struct completion *c, const char *value)
{
	if (strcmp(c->option->name, "database") == 0)
		c->call->database = value;
	c->option = NULL;
}

static void
take_option(struct completion *c, const char *name)
{
	size_t length = strcspn(name, "=");

	c->option = find_option(c, name, length);
	if (c->option != NULL && c->option->argument == NULL)
		c->option = NULL;
	if (c->option != NULL && name[length] == '=')
		take_value(c, name + length + 1);
}

/* False: there is no such noun or verb. */
static bool
take_word(struct completion *c, const char *word)
{
	if (c->noun == NULL && !c->for_help && strcmp(word, "help") == 0) {
		c->for_help = true;
		return true;
	}
	if (c->noun == NULL) {
		c->noun = table_find_noun(word);
		return c->noun != NULL;
	}
	if (c->command == NULL) {
		c->command = table_find_verb(c->noun, word);
		return c->command != NULL;
	}
	if (c->argument_count < COMMAND_ARGUMENTS_MAX)
		c->arguments[c->argument_count++] = word;
	return true;
}

/* False: nothing that could follow is known. */
static bool
take_words(struct completion *c, int count, char **words)
{
	bool known = true;

	for (int i = 0; i < count && known; i++) {
		if (c->option != NULL)
			take_value(c, words[i]);
		else if (strncmp(words[i], "--", 2) == 0)
			take_option(c, words[i] + 2);
		else
			known = take_word(c, words[i]);
	}
	return known;
}

/* ---- what can follow ------------------------------------------------- */

static void
offer_options(struct completion *c)
{
	const struct command_option *lists[COMMAND_LISTS_MAX] = {
		common_options
	};

	if (c->command != NULL)
		command_option_lists(c->command, lists);
	for (int i = 0; lists[i] != NULL; i++) {
		for (const struct command_option *o = lists[i]; o->name; o++) {
			char *word = mem_format("--%s", o->name);

			completion_offer(c, word);
			free(word);
		}
	}
}

/* "a|b|c", of `length` bytes. */
static void
offer_choices(struct completion *c, const char *choices, size_t length)
{
	char *copy = mem_format("%.*s", (int)length, choices);
	char *rest = copy;

	while (rest != NULL)
		completion_offer(c, strsep(&rest, "|"));
	free(copy);
}

/* After "name," comes another key. */
static void
offer_columns(struct completion *c)
{
	const char *comma = strrchr(c->current, ',');

	if (c->command == NULL || c->command->columns == NULL)
		return;
	if (comma != NULL) {
		c->before_length += (int)(comma + 1 - c->current);
		c->current = comma + 1;
	}
	for (const struct column *column = c->command->columns; column->key;
	     column++)
		completion_offer(c, column->key);
}

static void
offer_kind(struct completion *c, enum word_kind kind)
{
	switch (kind) {
	case WORD_TEXT:
	case WORD_CHOICE: /* knows its words elsewhere */
		break;
	case WORD_FILE:
	case WORD_FILE_READ:
	case WORD_FILE_WRITE:
		puts("\tfile");
		break;
	case WORD_COLUMNS:
		offer_columns(c);
		break;
	case WORD_NOUN:
		for (int i = 0; table_nouns[i] != NULL; i++)
			completion_offer(c, table_nouns[i]->noun);
		break;
	case WORD_VERB:
		for (const struct command *v = c->noun; v != NULL && v->verb;
		     v++)
			completion_offer(c, v->verb);
		break;
	case WORD_SNAPSHOT:
		completion_offer_stored(c, kind);
		puts("\tfile");
		break;
	default:
		completion_offer_stored(c, kind);
	}
}

static void
offer_value(struct completion *c)
{
	const struct command_option *o = c->option;

	if (o->kind == WORD_CHOICE)
		offer_choices(c, o->argument, strlen(o->argument));
	else
		offer_kind(c, o->kind);
}

/* The argument that stands at the current place; the last may be repeated. */
static void
offer_argument(struct completion *c)
{
	const char *words = c->command->arguments, *word = NULL;
	size_t length = 0;
	int at = -1;

	while (*words != '\0' && at < c->argument_count) {
		word = words;
		length = strcspn(words, " ");
		words += length;
		words += strspn(words, " ");
		at++;
	}
	if (at < 0 ||
	    (at < c->argument_count && memmem(word, length, "...", 3) == NULL))
		return;
	if (c->command->kinds[at] == WORD_CHOICE)
		offer_choices(c, word + strspn(word, "["),
		    strcspn(word + strspn(word, "["), " ]."));
	else
		offer_kind(c, c->command->kinds[at]);
}

/* "--format=cs": what stands before the "=" stays. */
static void
split_option(struct completion *c)
{
	const char *equals = strchr(c->current, '=');

	if (c->option != NULL || strncmp(c->current, "--", 2) != 0 ||
	    equals == NULL)
		return;
	c->option =
	    find_option(c, c->current + 2, (size_t)(equals - c->current - 2));
	c->before_length = (int)(equals + 1 - c->current);
	c->current = equals + 1;
}

static void
offer(struct completion *c)
{
	c->before = c->current;
	split_option(c);
	if (c->option != NULL) {
		offer_value(c);
	} else if (c->current[0] == '-') {
		offer_options(c);
	} else if (c->noun == NULL) {
		offer_kind(c, WORD_NOUN);
		if (!c->for_help)
			completion_offer(c, "help");
	} else if (c->command == NULL) {
		offer_kind(c, WORD_VERB);
	} else if (!c->for_help) {
		offer_argument(c);
	}
}

static const struct command complete_command = {
	.noun = "complete",
	.verb = "",
	.arguments = "",
};

enum kith_code
complete_run(struct call *call, int count, char **words)
{
	struct completion c = { .call = call };
	int first = count > 1 && strcmp(words[1], "--") == 0 ? 2 : 1;

	alarm(PATIENCE_S);
	call->command = &complete_command;
	call->wait_ms = 0;
	if (count <= first || count > WORDS_MAX)
		return KITH_OK;
	c.current = words[count - 1];
	if (take_words(&c, count - 1 - first, words + first))
		offer(&c);
	return KITH_OK;
}
