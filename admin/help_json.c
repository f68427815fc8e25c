/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of commands as JSON: for programs that wrap kith-admin, and for the
 * tests, which run every verb that stands in it.
 */
#include <string.h>

#include "help.h"
#include "listing.h"
#include "table.h"

static const char *const kind_words[] = {
	[WORD_TEXT] = "text",
	[WORD_FILE] = "file",
	[WORD_FILE_READ] = "file",
	[WORD_FILE_WRITE] = "file",
	[WORD_CHOICE] = "choice",
	[WORD_COLUMNS] = "columns",
	[WORD_USER] = "user",
	[WORD_FRIEND] = "friend",
	[WORD_REQUEST] = "request",
	[WORD_DEVICE] = "device",
	[WORD_INVITE] = "invite",
	[WORD_SNAPSHOT] = "snapshot",
	[WORD_NOUN] = "noun",
	[WORD_VERB] = "verb",
};

static const char *const column_words[] = {
	[COLUMN_TEXT] = "text",
	[COLUMN_NUMBER] = "number",
	[COLUMN_BYTES] = "number",
	[COLUMN_FLAG] = "flag",
	[COLUMN_TIME] = "time",
	[COLUMN_JSON] = "json",
};

static const struct {
	unsigned int flag;
	const char *word;
} flag_words[] = {
	{ COMMAND_READS, "reads" },
	{ COMMAND_WRITES, "writes" },
	{ COMMAND_DRY_RUN, "dry_run" },
	{ COMMAND_DESTRUCTIVE, "destructive" },
	{ COMMAND_STOPPED, "stopped" },
	{ COMMAND_BEGINNER, "beginner" },
	{ COMMAND_AS_ROOT, "as_root" },
	{ COMMAND_KEEPS, "keeps" },
};

#define FLAG_COUNT (sizeof(flag_words) / sizeof(flag_words[0]))

static void
describe_options(json_t *list, const struct command_option *options)
{
	for (; options->name != NULL; options++) {
		json_array_append_new(list,
		    json_pack("{s:s, s:s?, s:s?, s:s}", "name", options->name,
			"argument", options->argument, "kind",
			options->argument != NULL ? kind_words[options->kind]
						  : NULL,
			"help", options->help));
	}
}

/* "[USER...]" is a word named USER, optional and repeated. */
static json_t *
describe_words(const struct command *c)
{
	json_t *list = json_array();
	const char *p = c->arguments;

	for (int i = 0; *p != '\0'; i++) {
		size_t whole = strcspn(p, " ");
		const char *name = p + strspn(p, "[");
		size_t length = strcspn(name, "].");

		json_array_append_new(list,
		    json_pack("{s:s%, s:s, s:b, s:b}", "name", name, length,
			"kind", kind_words[c->kinds[i]], "optional", *p == '[',
			"repeated", memmem(p, whole, "...", 3) != NULL));
		p += whole;
		p += strspn(p, " ");
	}
	return list;
}

static json_t *
describe_columns(const struct column *column)
{
	json_t *list = json_array();

	for (; column != NULL && column->key != NULL; column++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s?, s:s}", "key", column->key, "title",
			column->title, "kind", column_words[column->kind]));
	return list;
}

static json_t *
describe_flags(unsigned int flags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < FLAG_COUNT; i++) {
		if ((flags & flag_words[i].flag) != 0)
			json_array_append_new(
			    list, json_string(flag_words[i].word));
	}
	return list;
}

static json_t *
describe_examples(const struct command_example *example)
{
	json_t *list = json_array();

	for (; example != NULL && example->line != NULL; example++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s}", "line", example->line, "help",
			example->help));
	return list;
}

static json_t *
describe_command(const struct command *c)
{
	const struct command_option *lists[COMMAND_LISTS_MAX];
	json_t *options = json_array();

	command_option_lists(c, lists);
	for (int i = 0; lists[i] != NULL; i++) {
		if (lists[i] != common_options)
			describe_options(options, lists[i]);
	}
	return json_pack(
	    "{s:s, s:s, s:s, s:o, s:s, s:s?, s:o, s:o, s:s?, s:o, s:o}", "noun",
	    c->noun, "verb", c->verb, "arguments", c->arguments, "words",
	    describe_words(c), "summary", c->summary, "details", c->details,
	    "options", options, "flags", describe_flags(c->flags), "answer",
	    c->answer, "columns", describe_columns(c->columns), "examples",
	    describe_examples(c->examples));
}

void
help_describe(json_t *answer)
{
	json_t *list = json_array(), *common = json_array();

	for (int i = 0; table_nouns[i] != NULL; i++) {
		for (const struct command *c = table_nouns[i]; c->verb; c++)
			json_array_append_new(list, describe_command(c));
	}
	describe_options(common, common_options);
	json_object_set_new(answer, "commands", list);
	json_object_set_new(answer, "common_options", common);
}
