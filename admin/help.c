/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Makes all help from the commands' own entries.
 */
#include "help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listing.h"
#include "mem.h"
#include "output.h"
#include "table.h"

#define LINE_WIDTH 79
#define LEFT_WIDTH 32 /* of the left column */

static enum kith_code
no_such_noun(struct call *call, const char *noun, const char *verb)
{
	const struct command *swapped =
	    verb != NULL ? table_find_noun(verb) : NULL;
	const char *meant = table_guess_noun(noun);

	if (swapped != NULL && table_find_verb(swapped, noun) != NULL)
		return call_usage(call,
		    "The noun comes first: kith-admin %s %s.", verb, noun);
	if (meant != NULL)
		return call_usage(call,
		    "There is no noun \"%s\"; did you mean \"%s\"?", noun,
		    meant);
	return call_usage(call, "There is no noun \"%s\"; there are %s.", noun,
	    table_noun_words());
}

enum kith_code
help_find(struct call *call, const char *noun, const char *verb,
    const struct command **command_r)
{
	const struct command *first = table_find_noun(noun);
	const struct command *command;
	const char *meant;

	if (first == NULL)
		return no_such_noun(call, noun, verb);
	if (verb == NULL || *verb == '-')
		return call_usage(call, "\"%s\" needs a verb: %s.", noun,
		    table_verb_words(first));
	command = table_find_verb(first, verb);
	if (command != NULL) {
		*command_r = command;
		return KITH_OK;
	}
	meant = table_guess_verb(first, verb);
	if (meant != NULL)
		return call_usage(call,
		    "\"%s\" has no verb \"%s\"; did you mean \"%s\"?", noun,
		    verb, meant);
	return call_usage(call, "\"%s\" has no verb \"%s\"; it has %s.", noun,
	    verb, table_verb_words(first));
}

/* Words from column `indent` on, where the cursor is; ends the last line. */
static void
print_wrapped(const char *text, int indent)
{
	int at = indent;

	while (*text != '\0') {
		int length = (int)strcspn(text, " \n");

		if (at > indent && at + 1 + length > LINE_WIDTH) {
			printf("\n%*s", indent, "");
			at = indent;
		}
		at += printf("%s%.*s", at > indent ? " " : "", length, text);
		text += length;
		text += strspn(text, " \n");
	}
	putchar('\n');
}

static void
print_paragraph(const char *text)
{
	print_wrapped(text, 0);
}

/* Two columns; a left side that is too long gets a line of its own. */
static void
print_pair(const char *left, const char *right)
{
	int length = printf("  %s", left);

	if (length > LEFT_WIDTH - 2) {
		putchar('\n');
		length = 0;
	}
	printf("%*s", LEFT_WIDTH - length, "");
	print_wrapped(right, LEFT_WIDTH);
}

static void
print_options(const struct command_option *options)
{
	for (; options != NULL && options->name != NULL; options++) {
		char *left = mem_format("--%s%s%s", options->name,
		    options->argument != NULL ? " " : "",
		    options->argument != NULL ? options->argument : "");

		print_pair(left, options->help);
		free(left);
	}
}

static void
print_command(const struct command *c)
{
	char *left = mem_format("%s %s%s%s", c->noun, c->verb,
	    c->arguments[0] != '\0' ? " " : "", c->arguments);

	print_pair(left, c->summary);
	free(left);
}

static void
print_noun(const struct command *noun)
{
	for (; noun->verb != NULL; noun++)
		print_command(noun);
}

static void
print_all(void)
{
	puts("Usage: kith-admin NOUN VERB [WORDS] [OPTIONS]\n\n"
	     "Manages the accounts of a kith server, directly in its database, "
	     "whether the\nserver runs or not.");
	for (int i = 0; table_nouns[i] != NULL; i++) {
		putchar('\n');
		print_noun(table_nouns[i]);
	}
	puts("\nEvery command takes:");
	print_options(common_options);
	puts("\nA USER is an exact name, or id:NUMBER. Help on one command: "
	     "kith-admin help\nNOUN VERB");
}

static void
print_columns(const struct command *c)
{
	char *text = mem_dup_string("Columns:");

	for (const struct column *column = c->columns;
	     column != NULL && column->key != NULL; column++) {
		char *longer = mem_format("%s %s%s", text, column->key,
		    column[1].key != NULL ? "," : ".");

		free(text);
		text = longer;
	}
	putchar('\n');
	print_paragraph(text);
	free(text);
}

static void
print_examples(const struct command_example *example)
{
	puts("\nExamples:");
	for (; example->line != NULL; example++)
		printf("  %s\n      %s\n", example->line, example->help);
}

static bool
takes_time(const struct command *c)
{
	for (const struct command_option *o = c->options; o && o->name; o++) {
		if (o->argument != NULL && strcmp(o->argument, "WHEN") == 0)
			return true;
	}
	return false;
}

static void
print_times(const struct command *c)
{
	if (!takes_time(c))
		return;
	putchar('\n');
	print_paragraph("A WHEN is a span (90s, 30m, 12h, 7d, 2w) or a moment "
			"(2026-12-24, \"2026-12-24 18:00\", "
			"2026-12-24T18:00Z).");
}

static void
print_verb(const struct command *c)
{
	const struct command_option *lists[COMMAND_LISTS_MAX];

	printf("Usage: kith-admin %s %s%s%s [OPTIONS]\n\n%s.\n", c->noun,
	    c->verb, c->arguments[0] != '\0' ? " " : "", c->arguments,
	    c->summary);
	if (c->details != NULL)
		print_paragraph(c->details);
	if ((c->flags & COMMAND_STOPPED) != 0)
		print_paragraph("Refuses while the server runs.");
	command_option_lists(c, lists);
	if (lists[0] != common_options)
		puts("\nOptions:");
	for (int i = 0; lists[i] != NULL; i++) {
		if (lists[i] == common_options) {
			print_times(c);
			puts("\nEvery command takes:");
		}
		print_options(lists[i]);
	}
	if (c->columns != NULL)
		print_columns(c);
	if (c->examples != NULL)
		print_examples(c->examples);
}

enum kith_code
help_show_first(struct call *call)
{
	call->command = NULL;
	if (call->json)
		return call_usage(call, "A noun and a verb are needed.");
	puts("kith-admin manages the accounts of a kith server, whether it "
	     "runs or not.\n\nTo begin with:");
	for (int i = 0; table_nouns[i] != NULL; i++) {
		for (const struct command *c = table_nouns[i]; c->verb; c++) {
			if ((c->flags & COMMAND_BEGINNER) != 0)
				print_command(c);
		}
	}
	puts("\nAll commands: kith-admin help. One of them: kith-admin help "
	     "NOUN VERB");
	return KITH_OK;
}

enum kith_code
help_show(struct call *call, const char *noun, const char *verb)
{
	const struct command *first = NULL, *one = NULL;
	enum kith_code code = KITH_OK;

	call->command = NULL;
	if (noun != NULL && verb == NULL)
		first = table_find_noun(noun);
	if (noun != NULL && first == NULL)
		code = help_find(call, noun, verb, &one);
	if (code != KITH_OK)
		return code;
	if (call->json) {
		help_describe(call->answer);
		return KITH_OK;
	}
	output_page(call);
	if (one != NULL)
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
	if (call_flag(call, "man")) {
		help_write_man();
		return KITH_OK;
	}
	return help_show(call, call_argument(call, 0), call_argument(call, 1));
}

static const struct command_option help_options[] = {
	{ "man", NULL, "the commands as a part of the manual page, in mdoc" },
	{}
};

const struct command help_command = {
	.noun = "help",
	.verb = "",
	.arguments = "[NOUN] [VERB]",
	.kinds = { WORD_NOUN, WORD_VERB },
	.summary = "Show help",
	.options = help_options,
	.run = run_help,
};
