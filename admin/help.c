/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Holds the list of nouns and makes all help from the commands' own entries.
 */
#include "help.h"

#include <stdio.h>
#include <string.h>

#include "output.h"

#define WORDS_MAX  256 /* characters of a list of words */
#define NAME_WIDTH 40  /* of the left column */

static const struct command *const nouns[] = {
	user_commands,
	friend_commands,
	invite_commands,
	server_commands,
	cert_commands,
};

#define NOUN_COUNT (sizeof(nouns) / sizeof(nouns[0]))

const struct command *
help_find_noun(const char *noun)
{
	for (size_t i = 0; i < NOUN_COUNT; i++) {
		if (strcmp(nouns[i]->noun, noun) == 0)
			return nouns[i];
	}
	return NULL;
}

const struct command *
help_find_verb(const struct command *noun, const char *verb)
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
help_nouns(void)
{
	static char words[WORDS_MAX];

	words[0] = '\0';
	for (size_t i = 0; i < NOUN_COUNT; i++)
		join(words, nouns[i]->noun);
	return words;
}

const char *
help_verbs(const struct command *noun)
{
	static char words[WORDS_MAX];

	words[0] = '\0';
	for (; noun->verb != NULL; noun++)
		join(words, noun->verb);
	return words;
}

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
	for (size_t i = 0; i < NOUN_COUNT; i++)
		print_noun(nouns[i]);
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

	for (size_t i = 0; i < NOUN_COUNT; i++) {
		for (const struct command *c = nouns[i]; c->verb; c++) {
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
	if (noun != NULL && (first = help_find_noun(noun)) == NULL)
		return call_usage(call,
		    "There is no noun \"%s\"; there are %s.", noun,
		    help_nouns());
	if (first != NULL && verb != NULL &&
	    (one = help_find_verb(first, verb)) == NULL)
		return call_usage(call, "\"%s\" has no verb \"%s\"; it has %s.",
		    noun, verb, help_verbs(first));
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
