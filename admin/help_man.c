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

/* Does `names`, "USER [DEVICE]" or "TEXT", have this word? */
static bool
has_word(const char *names, const char *word, size_t length)
{
	for (const char *p = names; p != NULL && *p != '\0';) {
		size_t whole = strcspn(p, "[]. |,:");

		if (whole == length && strncmp(p, word, length) == 0)
			return true;
		p += whole;
		p += strspn(p, "[]. |,:");
	}
	return false;
}

/* "TEXT", where the command has an argument of that name; its length or 0. */
static size_t
argument_length(const struct command *c, const char *text, const char *p)
{
	size_t length = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (length == 0 || (p > text && isalnum((unsigned char)p[-1])) ||
	    isalnum((unsigned char)p[length]))
		return 0;
	if (has_word(c->arguments, p, length))
		return length;
	for (const struct command_option *o = c->options; o && o->name; o++) {
		if (has_word(o->argument, p, length))
			return length;
	}
	return 0;
}

/* An argument looks as it does beside its option. */
static void
write_argument(const char *p, size_t length)
{
	fputs("\\fI", stdout);
	for (size_t i = 0; i < length; i++)
		putchar(tolower((unsigned char)p[i]));
	fputs("\\fP", stdout);
}

static void
write_character(const char *text, const char *p)
{
	if (*p == '\\')
		fputs("\\e", stdout);
	else if (*p == '-' && begins_option(text, p))
		fputs("\\-", stdout);
	else if (*p == ' ' && p > text && strchr(".:?", p[-1]) != NULL &&
	    isupper((unsigned char)p[1]))
		putchar('\n');
	else
		putchar(*p);
}

/* What roff would take for itself is escaped; a sentence begins a line. */
static void
write_text(const struct command *c, const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (const char *p = text; *p != '\0';) {
		size_t length = c != NULL ? argument_length(c, text, p) : 0;

		if (length > 0)
			write_argument(p, length);
		else
			write_character(text, p);
		p += length > 0 ? length : 1;
	}
}

/* A capital for a word, but not for an argument or "kithd.conf". */
static bool
may_begin(const struct command *c, const char *text)
{
	size_t length = strcspn(text, " ;,");

	return argument_length(c, text, text) == 0 &&
	    memchr(text, '.', length) == NULL;
}

/* The half line of the table as a sentence. */
static void
write_sentence(const struct command *c, const char *text)
{
	bool begin = may_begin(c, text);

	if (begin)
		putchar(toupper((unsigned char)text[0]));
	write_text(c, text + begin);
	puts(".");
}

/* "[USER...]" as "Oo Ar user ... Oc". */
static void
write_words(const char *words)
{
	for (words += strspn(words, " "); *words != '\0';
	     words += strspn(words, " ")) {
		size_t whole = strcspn(words, " ");
		const char *name = words + strspn(words, "[");
		size_t length = strcspn(name, "]. ");

		fputs(*words == '[' ? " Oo Ar " : " Ar ", stdout);
		for (size_t i = 0; i < length; i++)
			putchar(tolower((unsigned char)name[i]));
		if (memmem(words, whole, "...", 3) != NULL)
			fputs(" ...", stdout);
		if (*words == '[')
			fputs(" Oc", stdout);
		words += whole;
	}
}

static void
write_option(const struct command *c, const struct command_option *o)
{
	printf(".It Fl -%s", o->name);
	if (o->argument != NULL)
		fputs(" Ar ", stdout);
	for (const char *p = o->argument; p != NULL && *p != '\0'; p++)
		putchar(tolower((unsigned char)*p));
	putchar('\n');
	write_sentence(c, o->help);
}

static void
write_columns(const struct column *column)
{
	fputs("Columns:", stdout);
	for (; column->key != NULL; column++)
		printf(" %s%s", column->key, column[1].key != NULL ? "," : ".");
	putchar('\n');
}

static bool
has_own(const struct command *c, const char *name)
{
	for (const struct command_option *o = c->options; o && o->name; o++) {
		if (strcmp(o->name, name) == 0)
			return true;
	}
	return false;
}

/* The options that follow from flags are told of once, in the frame. */
static void
write_flag_options(const struct command *c)
{
	if ((c->flags & COMMAND_DESTRUCTIVE) != 0)
		printf(".It Fl -yes , Fl -dry-run%s\n"
		       "See\n.Sx Of what takes something away .\n",
		    (c->flags & COMMAND_KEEPS) != 0 ? ""
						    : " , Fl -no-snapshot");
	else if ((c->flags & COMMAND_DRY_RUN) != 0)
		puts(".It Fl -dry-run\nSay what would happen, and change "
		     "nothing.");
	if ((c->flags & COMMAND_READS) == 0)
		return;
	printf(".It %sFl -columns Ar keys , Fl -no-pager\n"
	       "See\n.Sx Of what shows something .\n",
	    has_own(c, "format") ? "" : "Fl -format Ar format , ");
	write_columns(c->columns);
}

static void
write_options(const struct command *c)
{
	const unsigned int bring =
	    COMMAND_READS | COMMAND_DESTRUCTIVE | COMMAND_DRY_RUN;

	if (c->options == NULL && (c->flags & bring) == 0)
		return;
	puts(".Bl -tag -width Ds");
	for (const struct command_option *o = c->options; o && o->name; o++)
		write_option(c, o);
	write_flag_options(c);
	puts(".El");
}

static void
write_example(const struct command *c, const struct command_example *e)
{
	size_t length = strlen(e->help);

	puts(".Pp");
	putchar(toupper((unsigned char)e->help[0]));
	write_text(c, e->help + 1);
	puts(e->help[length - 1] == '?' ? "" : ":");
	puts(".Bd -literal -offset indent");
	write_text(NULL, e->line);
	puts("\n.Ed");
}

static void
write_command(const struct command *c)
{
	printf(".It Cm %s %s", c->noun, c->verb);
	write_words(c->arguments);
	putchar('\n');
	write_sentence(c, c->summary);
	if (c->details != NULL) {
		write_text(c, c->details);
		putchar('\n');
	}
	if ((c->flags & COMMAND_STOPPED) != 0)
		puts("Refuses while the server runs.");
	write_options(c);
	for (const struct command_example *e = c->examples; e && e->line; e++)
		write_example(c, e);
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
