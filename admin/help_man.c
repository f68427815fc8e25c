/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The part of kith-admin.8 that describes the commands, in mdoc(7). The frame
 * around it is kith-admin.8.in, which also tells of the options that follow
 * from flags.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "listing.h"
#include "table.h"

/* Is this hyphen the beginning of an option, rather than a part of a word? */
static bool
begins_option(const char *text, const char *p)
{
	while (p > text && p[-1] == '-')
		p--;
	return p == text || strchr(" \"(", p[-1]) != NULL;
}

/* What roff would take for itself is escaped; a sentence begins a line. */
static void
write_text(const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		bool first = p == text || p[-1] == '\n';

		if (first && (*p == '.' || *p == '\''))
			fputs("\\&", stdout);
		if (*p == '\\')
			fputs("\\e", stdout);
		else if (*p == '-' && begins_option(text, p))
			fputs("\\-", stdout);
		else if (*p == ' ' && p > text &&
		    strchr(".:?", p[-1]) != NULL &&
		    isupper((unsigned char)p[1]))
			putchar('\n');
		else
			putchar(*p);
	}
}

/* The half line of the table as a sentence. */
static void
write_sentence(const char *text)
{
	putchar(toupper((unsigned char)text[0]));
	write_text(text + 1);
	puts(".");
}

/* "[USER...]" as "Op Ar user ...". */
static void
write_words(const char *words)
{
	for (words += strspn(words, " "); *words != '\0';
	     words += strspn(words, " ")) {
		size_t whole = strcspn(words, " ");
		const char *name = words + strspn(words, "[");
		size_t length = strcspn(name, "]. ");

		fputs(*words == '[' ? " Op Ar " : " Ar ", stdout);
		for (size_t i = 0; i < length; i++)
			putchar(tolower((unsigned char)name[i]));
		if (memmem(words, whole, "...", 3) != NULL)
			fputs(" ...", stdout);
		words += whole;
	}
}

static void
write_option(const struct command_option *o)
{
	printf(".It Fl -%s", o->name);
	if (o->argument != NULL)
		fputs(" Ar ", stdout);
	for (const char *p = o->argument; p != NULL && *p != '\0'; p++)
		putchar(tolower((unsigned char)*p));
	putchar('\n');
	write_sentence(o->help);
}

static void
write_columns(const struct column *column)
{
	fputs("Columns:", stdout);
	for (; column->key != NULL; column++)
		printf(" %s%s", column->key, column[1].key != NULL ? "," : ".");
	putchar('\n');
}

/* The options that follow from flags are told of once, in the frame. */
static void
write_options(const struct command *c)
{
	const unsigned int reads = COMMAND_READS;
	const unsigned int takes = COMMAND_DESTRUCTIVE;

	if (c->options == NULL &&
	    (c->flags & (reads | takes | COMMAND_DRY_RUN)) == 0)
		return;
	puts(".Bl -tag -width Ds");
	for (const struct command_option *o = c->options;
	     o != NULL && o->name != NULL; o++)
		write_option(o);
	if ((c->flags & takes) != 0)
		puts(".It Fl -yes , Fl -dry-run , Fl -no-snapshot\n"
		     "See\n.Sx Of what takes something away .");
	else if ((c->flags & COMMAND_DRY_RUN) != 0)
		puts(".It Fl -dry-run\nSay what would happen, and change "
		     "nothing.");
	if ((c->flags & reads) != 0) {
		puts(".It Fl -format Ar format , Fl -columns Ar keys , "
		     "Fl -no-pager\nSee\n.Sx Of what shows something .");
		write_columns(c->columns);
	}
	puts(".El");
}

static void
write_command(const struct command *c)
{
	printf(".It Cm %s %s", c->noun, c->verb);
	write_words(c->arguments);
	putchar('\n');
	write_sentence(c->summary);
	if (c->details != NULL) {
		write_text(c->details);
		putchar('\n');
	}
	if ((c->flags & COMMAND_STOPPED) != 0)
		puts("Refuses while the server runs.");
	write_options(c);
	for (const struct command_example *e = c->examples;
	     e != NULL && e->line != NULL; e++) {
		puts(".Pp");
		putchar(toupper((unsigned char)e->help[0]));
		write_text(e->help + 1);
		puts(":\n.Bd -literal -offset indent");
		write_text(e->line);
		puts("\n.Ed");
	}
}

void
help_write_man(void)
{
	for (int i = 0; table_nouns[i] != NULL; i++) {
		printf(".Ss %s\n.Bl -tag -width Ds\n", table_nouns[i]->noun);
		for (const struct command *c = table_nouns[i]; c->verb; c++)
			write_command(c);
		puts(".El");
	}
}
