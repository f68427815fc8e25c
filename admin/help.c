/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes all help from the commands' own entries.
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "output.h"
#include "table.h"

#define NAME_WIDTH 40 /* of the left column */

static void
print_options(const struct command_option *options)
{
	for (; options != NULL && options->name != NULL; options++) {
		char left[NAME_WIDTH];

		snprintf(left, sizeof(left), "--%s%s%s", options->name,
		    options->argument != NULL ? " " : "",
		    options->argument != NULL ? options->argument : "");
		printf("  %-26s %s\n", left, options->help);
	}
}

static void
print_noun(const struct command *noun)
{
	for (; noun->verb != NULL; noun++) {
		char left[NAME_WIDTH];

		snprintf(left, sizeof(left), "%s %s%s%s", noun->noun,
		    noun->verb, noun->arguments[0] != '\0' ? " " : "",
		    noun->arguments);
		printf("  %-26s %s\n", left, noun->summary);
	}
}

static void
print_all(void)
{
	puts("Usage: kith-admin NOUN VERB [WORDS] [OPTIONS]\n\n"
	     "Manages the accounts of a kith server, directly in its database, "
	     "whether the\nserver runs or not.\n");
	for (int i = 0; table_nouns[i] != NULL; i++)
		print_noun(table_nouns[i]);
	puts("\nEvery command takes:");
	print_options(common_options);
	puts("\nA USER is an exact name, or id:NUMBER. Help on one command: "
	     "kith-admin help NOUN VERB");
}

static void
print_verb(const struct command *c)
{
	printf("Usage: kith-admin %s %s%s%s [OPTIONS]\n\n%s.\n", c->noun,
	    c->verb, c->arguments[0] != '\0' ? " " : "", c->arguments,
	    c->summary);
	if (c->details != NULL)
		printf("%s\n", c->details);
	if (c->options != NULL) {
		puts("\nOptions:");
		print_options(c->options);
	}
	puts("\nEvery command takes:");
	print_options(common_options);
}

static json_t *
describe_options(const struct command_option *options)
{
	json_t *list = json_array();

	for (; options != NULL && options->name != NULL; options++) {
		json_t *o = json_object();

		json_object_set_new(o, "name", json_string(options->name));
		json_object_set_new(o, "argument",
		    options->argument != NULL ? json_string(options->argument)
					      : json_null());
		json_object_set_new(o, "help", json_string(options->help));
		json_array_append_new(list, o);
	}
	return list;
}

static void
describe_table(json_t *answer)
{
	json_t *list = json_array();

	for (int i = 0; table_nouns[i] != NULL; i++) {
		for (const struct command *c = table_nouns[i]; c->verb; c++) {
			json_t *o = json_object();

			json_object_set_new(o, "noun", json_string(c->noun));
			json_object_set_new(o, "verb", json_string(c->verb));
			json_object_set_new(
			    o, "arguments", json_string(c->arguments));
			json_object_set_new(
			    o, "summary", json_string(c->summary));
			json_object_set_new(
			    o, "options", describe_options(c->options));
			json_array_append_new(list, o);
		}
	}
	json_object_set_new(answer, "commands", list);
	json_object_set_new(
	    answer, "common_options", describe_options(common_options));
}

enum kith_code
help_show(struct call *call, const char *noun, const char *verb)
{
	const struct command *first = NULL, *one = NULL;

	call->command = NULL;
	if (noun != NULL && (first = table_find_noun(noun)) == NULL)
		return call_usage(call,
		    "There is no noun \"%s\"; there are %s.", noun,
		    table_noun_words());
	if (first != NULL && verb != NULL &&
	    (one = table_find_verb(first, verb)) == NULL)
		return call_usage(call, "\"%s\" has no verb \"%s\"; it has %s.",
		    noun, verb, table_verb_words(first));
	if (call->json)
		describe_table(call->answer);
	else if (one != NULL)
		print_verb(one);
	else if (first != NULL)
		print_noun(first);
	else
		print_all();
	return KITH_OK;
}

static enum kith_code
run_help(struct call *call)
{
	return help_show(call, call_argument(call, 0), call_argument(call, 1));
}

const struct command help_command = {
	.noun = "help",
	.verb = "",
	.arguments = "[NOUN] [VERB]",
	.run = run_help,
};
