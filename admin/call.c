/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of one run: words, options, and what went wrong. Knows
 * nothing of what the commands do.
 */
#include "call.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "guess.h"
#include "listing.h"

enum {
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_CONFLICT = 4,
	EXIT_BUSY = 5,
	EXIT_REFUSED = 6,
	EXIT_INTEGRITY = 7,
};

/* getopt_long() returns this plus the option's index. */
#define LONG_OPTION_BASE 1000

void
call_init(struct call *call)
{
	memset(call, 0, sizeof(*call));
	call->database = CALL_DATABASE_DEFAULT;
	call->wait_ms = CALL_WAIT_DEFAULT_S * 1000;
	call->answer = json_object();
}

void
call_clear(struct call *call)
{
	call_close_files(call);
	json_decref(call->answer);
	call->answer = NULL;
	free(call->actor);
	call->actor = NULL;
}

enum kith_code
call_usage(struct call *call, const char *format, ...)
{
	va_list args;
	char sentence[FAULT_SENTENCE_MAX];

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	call->usage = true;
	return fault_set(&call->fault, KITH_MALFORMED, "%s", sentence);
}

enum kith_code
call_fail(struct call *call, enum kith_code code, const char *format, ...)
{
	va_list args;
	char sentence[FAULT_SENTENCE_MAX];

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	return fault_set(&call->fault, code, "%s", sentence);
}

int
call_exit_code(const struct call *call, enum kith_code code)
{
	if (call->usage)
		return EXIT_USAGE;
	switch (code) {
	case KITH_OK:
		return EXIT_SUCCESS;
	case KITH_BAD_NAME:
	case KITH_BAD_TEXT:
	case KITH_TOO_LARGE:
		return EXIT_USAGE;
	case KITH_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case KITH_ALREADY:
	case KITH_CONFLICT:
	case KITH_NAME_TAKEN:
		return EXIT_CONFLICT;
	case KITH_BUSY:
		return EXIT_BUSY;
	case KITH_REFUSED:
	case KITH_FORBIDDEN:
	case KITH_NEWER:
	case KITH_FOREIGN:
		return EXIT_REFUSED;
	case KITH_INTEGRITY:
		return EXIT_INTEGRITY;
	default:
		return EXIT_FAILED;
	}
}

static void
add_options(struct call *call, const struct command_option *options)
{
	for (; options != NULL && options->name != NULL; options++) {
		if (call->option_count == CALL_OPTIONS_MAX)
			abort();
		call->options[call->option_count++].option = options;
	}
}

static struct call_option *
find_option(const struct call *call, const char *name)
{
	for (int i = 0; i < call->option_count; i++) {
		if (strcmp(call->options[i].option->name, name) == 0)
			return (struct call_option *)&call->options[i];
	}
	/* a command asks for what it does not declare: a mistake in kith */
	abort();
}

static const struct {
	const char *word;
	enum call_format format;
} formats[] = {
	{ "table", CALL_TABLE },
	{ "json", CALL_JSON },
	{ "tsv", CALL_TSV },
	{ "csv", CALL_CSV },
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static void
choose_format(struct call *call, const char *word)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (strcmp(formats[i].word, word) == 0)
			call->format = formats[i].format;
	}
	call->json = call->format == CALL_JSON;
}

void
call_peek_format(struct call *call, int argc, char **argv)
{
	const char *long_form = "--format=";

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			choose_format(call, "json");
		else if (strcmp(argv[i], "--format") == 0 && i + 1 < argc)
			choose_format(call, argv[i + 1]);
		else if (strncmp(argv[i], long_form, strlen(long_form)) == 0)
			choose_format(call, argv[i] + strlen(long_form));
	}
}

/* One of "a|b|c". */
static bool
is_choice(const char *choices, const char *word)
{
	size_t length = strlen(word);

	for (const char *p = choices; p != NULL;) {
		const char *end = strchrnul(p, '|');

		if ((size_t)(end - p) == length &&
		    strncmp(p, word, length) == 0)
			return true;
		p = *end == '|' ? end + 1 : NULL;
	}
	return false;
}

static enum kith_code
check_choices(struct call *call)
{
	for (int i = 0; i < call->option_count; i++) {
		const struct call_option *o = &call->options[i];

		if (o->option->kind == WORD_CHOICE && o->value != NULL &&
		    !is_choice(o->option->argument, o->value))
			return call_usage(call, "--%s takes one of %s.",
			    o->option->name, o->option->argument);
	}
	return KITH_OK;
}

static enum kith_code
take_common(struct call *call)
{
	const char *format = NULL;
	int64_t wait_s = CALL_WAIT_DEFAULT_S;

	if (check_choices(call) != KITH_OK)
		return KITH_MALFORMED;
	if (call_option(call, "database") != NULL)
		call->database = call_option(call, "database");
	if (call->database[0] == '\0')
		return call_usage(call, "--database needs a file's name.");
	if (call_has_option(call, "format"))
		format = call_option(call, "format");
	if (call_flag(call, "json") && format != NULL &&
	    strcmp(format, "json") != 0)
		return call_usage(
		    call, "Either --json or --format %s, not both.", format);
	if (call_flag(call, "json"))
		format = "json";
	if (format != NULL)
		choose_format(call, format);
	call->help = call_flag(call, "help");
	if (call_option_number(call, "wait", 0, CALL_WAIT_MAX_S, &wait_s) !=
	    KITH_OK)
		return KITH_MALFORMED;
	call->wait_ms = (int)wait_s * 1000;
	return KITH_OK;
}

static enum kith_code
no_such_option(struct call *call, const char *word)
{
	struct guess guess = GUESS_OF(word + strspn(word, "-"));

	for (int i = 0; i < call->option_count; i++)
		guess_consider(&guess, call->options[i].option->name);
	if (guess.best == NULL && call->command == NULL)
		return call_usage(call,
		    "No option %s may stand here; a verb's own options come "
		    "behind it.",
		    word);
	if (guess.best == NULL)
		return call_usage(call, "There is no option %s.", word);
	return call_usage(call, "There is no option %s; did you mean --%s?",
	    word, guess.best);
}

static enum kith_code
unknown_option(struct call *call, int got, char *const *argv)
{
	const char *word = argv[optind > 0 ? optind - 1 : 0];

	if (got == ':')
		return call_usage(call, "%s needs a value.", word);
	if (optopt >= LONG_OPTION_BASE)
		return call_usage(call, "--%s takes no value.",
		    call->options[optopt - LONG_OPTION_BASE].option->name);
	if (optopt != 0)
		return call_usage(call, "There is no option -%c.", optopt);
	return no_such_option(call, word);
}

/* Reads the options; the words gather behind them, from optind on. */
static enum kith_code
read_options(struct call *call, int argc, char **argv)
{
	struct option table[CALL_OPTIONS_MAX + 1] = { 0 };
	const char *mode = call->command == NULL ? "+:h" : ":h";
	int got;

	for (int i = 0; i < call->option_count; i++) {
		const struct command_option *o = call->options[i].option;

		table[i].name = o->name;
		table[i].has_arg = o->argument != NULL;
		table[i].val = LONG_OPTION_BASE + i;
	}
	opterr = 0;
	optind = 0;
	while ((got = getopt_long(argc, argv, mode, table, NULL)) != -1) {
		if (got == 'h')
			find_option(call, "help")->value = "";
		else if (got < LONG_OPTION_BASE)
			return unknown_option(call, got, argv);
		else
			call->options[got - LONG_OPTION_BASE].value =
			    optarg != NULL ? optarg : "";
	}
	return KITH_OK;
}

static enum kith_code
take_arguments(struct call *call, int argc, char **argv)
{
	int least, most;

	command_count_arguments(call->command, &least, &most);
	if (argc > most)
		return call_usage(
		    call, "\"%s\" is one word too many.", argv[most]);
	if (argc < least)
		return call_usage(call, "\"%s %s\" needs more: %s",
		    call->command->noun, call->command->verb,
		    call->command->arguments);
	call->arguments = argv;
	call->argument_count = argc;
	return KITH_OK;
}

static void
add_command_options(struct call *call)
{
	const struct command_option *lists[COMMAND_LISTS_MAX];

	command_option_lists(call->command, lists);
	for (int i = 0; lists[i] != NULL; i++) {
		if (lists[i] != common_options)
			add_options(call, lists[i]);
	}
}

enum kith_code
call_read(struct call *call, int argc, char **argv, int *next_r)
{
	enum kith_code code;

	/* the first pass's values are kept: they stand in the same places */
	if (call->command != NULL)
		add_command_options(call);
	else if (call->option_count == 0)
		add_options(call, common_options);
	code = read_options(call, argc, argv);
	if (code != KITH_OK)
		return code;
	code = take_common(call);
	if (code != KITH_OK)
		return code;
	*next_r = optind;
	if (call->command == NULL || call->help)
		return KITH_OK;
	code = take_arguments(call, argc - optind, argv + optind);
	return code == KITH_OK ? listing_check_columns(call) : code;
}

bool
call_has_option(const struct call *call, const char *name)
{
	for (int i = 0; i < call->option_count; i++) {
		if (strcmp(call->options[i].option->name, name) == 0)
			return true;
	}
	return false;
}

const char *
call_option(const struct call *call, const char *name)
{
	return find_option(call, name)->value;
}

bool
call_flag(const struct call *call, const char *name)
{
	return find_option(call, name)->value != NULL;
}

enum kith_code
call_option_number(struct call *call, const char *name, int64_t least,
    int64_t most, int64_t *value)
{
	const char *text = call_option(call, name);
	long long number;
	char *end;

	if (text == NULL)
		return KITH_OK;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || number < least ||
	    number > most)
		return call_usage(call,
		    "--%s takes a whole number from %lld to %lld.", name,
		    (long long)least, (long long)most);
	*value = number;
	return KITH_OK;
}

enum kith_code
call_option_when(struct call *call, const char *name,
    enum format_direction direction, int64_t *when_us)
{
	const char *text = call_option(call, name);
	struct fault f;

	if (text == NULL ||
	    format_read_when(text, direction, format_now_us(), when_us, &f) ==
		KITH_OK)
		return KITH_OK;
	return call_usage(call, "--%s: %s", name, f.sentence);
}

const char *
call_argument(const struct call *call, int index)
{
	return index < call->argument_count ? call->arguments[index] : NULL;
}
