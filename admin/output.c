/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Standard output and standard error: the envelope of JSON, colours, the pager,
 * talk. Must never print a person's own words uncleaned.
 */
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unictype.h>
#include <unistd.h>
#include <unistr.h>

#include "help.h"
#include "mem.h"
#include "pager.h"

#define JSON_VERSION   1 /* of what --json prints; grows only by new keys */
#define TIME_TEXT_MAX  48
#define US_PER_S       1000000
#define REPLACEMENT    0xfffd
#define UTF8_BYTES_MAX 6

struct output {
	bool envelope; /* JSON has begun */
	bool chosen;   /* colours: it is known whether */
	bool colours;
	bool paged; /* it was decided whether there is a pager */
	pid_t pager;
	bool unwanted;
};

static struct output *
output_of(struct call *call)
{
	if (call->output == NULL)
		call->output = MEM_NEW(struct output);
	return call->output;
}

void
output_free(struct call *call)
{
	free(call->output);
	call->output = NULL;
}

/* A terminal that is known to do more than to show text line by line. */
static bool
has_able_terminal(void)
{
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && terminal != NULL && *terminal != '\0' &&
	    strcmp(terminal, "dumb") != 0;
}

bool
output_colours(const struct call *call)
{
	struct output *o = output_of((struct call *)call);
	const char *unwanted = getenv("NO_COLOR");

	if (!o->chosen)
		o->colours = has_able_terminal() &&
		    (unwanted == NULL || *unwanted == '\0');
	o->chosen = true;
	return o->colours;
}

void
output_page(struct call *call)
{
	struct output *o = output_of(call);

	if (o->paged)
		return;
	o->paged = true;
	if (!has_able_terminal() ||
	    (call_has_option(call, "no-pager") && call_flag(call, "no-pager")))
		return;
	output_colours(call); /* while the terminal is still there */
	o->pager = pager_start(call->guarded);
}

bool
output_unwanted(struct call *call)
{
	return output_of(call)->unwanted;
}

/*
 * On one terminal with a pager, what is said belongs where it was said: beside
 * the pager it would stand above what it is about, or in the middle of it.
 */
static FILE *
talk_to(const struct call *call)
{
	const struct output *o = output_of((struct call *)call);

	return o->pager > 0 && isatty(STDERR_FILENO) ? stdout : stderr;
}

void
output_talk(const struct call *call, const char *format, ...)
{
	va_list args;
	FILE *to;

	if (call->json)
		return;
	to = talk_to(call);
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	fputc('\n', to);
}

static bool
is_safe(ucs4_t c, bool lines)
{
	if (lines && (c == '\n' || c == '\t'))
		return true;
	return !uc_is_general_category(c, UC_CONTROL) &&
	    !uc_is_property(c, UC_PROPERTY_BIDI_CONTROL) && c != 0x2028 &&
	    c != 0x2029;
}

static char *
clean(const char *text, bool lines)
{
	const uint8_t *in = (const uint8_t *)text;
	size_t left = strlen(text), used = 0;
	char *out = mem_new(left * 3 + 1, 1); /* U+FFFD has three bytes */

	while (left > 0) {
		uint8_t bytes[UTF8_BYTES_MAX];
		ucs4_t c;
		int took = u8_mbtoucr(&c, in, left), length;

		if (took <= 0) {
			took = 1;
			c = REPLACEMENT;
		} else if (!is_safe(c, lines)) {
			c = REPLACEMENT;
		}
		length = u8_uctomb(bytes, c, sizeof(bytes));
		memcpy(out + used, bytes, (size_t)length);
		used += (size_t)length;
		in += took;
		left -= (size_t)took;
	}
	return out;
}

char *
output_clean(const char *text)
{
	return clean(text, false);
}

char *
output_clean_lines(const char *text)
{
	return clean(text, true);
}

char *
output_time_utc(int64_t time_us)
{
	time_t seconds = (time_t)(time_us / US_PER_S);
	char text[TIME_TEXT_MAX];
	struct tm tm;

	if (time_us == 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return NULL;
	return mem_format("%s.%06dZ", text, (int)(time_us % US_PER_S));
}

char *
output_time_local(int64_t time_us)
{
	time_t seconds = (time_t)(time_us / US_PER_S);
	char text[TIME_TEXT_MAX];
	struct tm tm;

	if (time_us == 0 || localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
		return NULL;
	return mem_dup_string(text);
}

void
output_name(struct call *call, const char *name)
{
	struct output *o = output_of(call);

	if (!o->envelope)
		printf("{\n  \"version\": %d", JSON_VERSION);
	o->envelope = true;
	printf(",\n  \"%s\": ", name);
}

static json_t *
outcome(struct call *call, enum kith_code code)
{
	const char *word = call->usage ? "usage" : kith_code_word(code);
	json_t *end = json_object();
	char *sentence;

	json_object_set_new(end, "ok", json_boolean(code == KITH_OK));
	if (code == KITH_OK)
		return end;
	sentence = output_clean(call->fault.sentence);
	json_object_set_new(end, "code", json_string(word));
	json_object_set_new(end, "message", json_string(sentence));
	free(sentence);
	return end;
}

static void
finish_json(struct call *call, enum kith_code code)
{
	json_t *rest = json_object(), *end = outcome(call, code), *value;
	const char *name;

	if (!output_of(call)->envelope)
		json_object_set_new(
		    rest, "version", json_integer(JSON_VERSION));
	if (code == KITH_OK)
		json_object_update(rest, call->answer);
	json_object_update(rest, end);
	if (output_of(call)->envelope) {
		json_object_foreach(rest, name, value)
		{
			output_name(call, name);
			json_dumpf(value, stdout, JSON_ENCODE_ANY);
		}
		fputs("\n}", stdout);
	} else {
		json_dumpf(rest, stdout, JSON_INDENT(2));
	}
	putchar('\n');
	json_decref(end);
	json_decref(rest);
}

static void
say_fault(struct call *call)
{
	char *sentence = output_clean(call->fault.sentence);

	fprintf(stderr, "kith-admin: %s\n", sentence);
	if (call->usage && call->command != NULL &&
	    call->command != &help_command)
		fprintf(stderr, "Try \"kith-admin %s %s --help\".\n",
		    call->command->noun, call->command->verb);
	else if (call->usage)
		fputs("Try \"kith-admin help\".\n", stderr);
	free(sentence);
}

static bool
call_writes(const struct call *call)
{
	return call->command != NULL &&
	    (call->command->flags & COMMAND_WRITES) != 0;
}

void
output_finish(struct call *call, enum kith_code code)
{
	struct output *o = output_of(call);

	if (code != KITH_OK && call->fault.sentence[0] == '\0')
		call_fail(call, code, "%s", kith_code_sentence(code));
	if (call->json)
		finish_json(call, code);
	if (o->pager > 0) {
		output_check(call);
		pager_wait(o->pager);
	}
	if (code != KITH_OK && !call->json)
		say_fault(call);
}

enum kith_code
output_check(struct call *call)
{
	struct output *o = output_of(call);

	if (fflush(stdout) == 0 && !ferror(stdout))
		return KITH_OK;
	/* Who leaves the pager, or "head", has seen enough; that is no fault.
	 * What a change prints, a new password, has to arrive. */
	if (errno == EPIPE && (o->pager > 0 || !call_writes(call)))
		o->unwanted = true;
	if (o->unwanted) {
		clearerr(stdout);
		return KITH_OK;
	}
	return fault_set_errno(
	    &call->fault, KITH_IO, errno, "Cannot write to standard output");
}
