/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables by libsmartcols, JSON by jansson, both from one description of
 * columns. Must never print a person's own words uncleaned.
 */
#include "output.h"

#include <errno.h>
#include <libsmartcols.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unictype.h>
#include <unistr.h>

#include "mem.h"

#define JSON_VERSION   1 /* of what --json prints; grows only by new keys */
#define TIME_TEXT_MAX  48
#define US_PER_S       1000000
#define REPLACEMENT    0xfffd
#define UTF8_BYTES_MAX 6

struct listing {
	const struct column *columns;
	json_t *rows; /* an array of objects: the one truth of both forms */
};

struct listing *
listing_new(const struct column *columns)
{
	struct listing *l = MEM_NEW(struct listing);

	l->columns = columns;
	l->rows = json_array();
	return l;
}

void
listing_free(struct listing **listing)
{
	if (*listing == NULL)
		return;
	json_decref((*listing)->rows);
	free(*listing);
	*listing = NULL;
}

void
listing_add_row(struct listing *l)
{
	json_t *row = json_object();

	for (const struct column *c = l->columns; c->key != NULL; c++)
		json_object_set_new(row, c->key, json_null());
	json_array_append_new(l->rows, row);
}

static void
set(struct listing *l, int column, enum column_kind kind, json_t *value)
{
	size_t rows = json_array_size(l->rows);

	if (l->columns[column].kind != kind || rows == 0)
		abort(); /* a mistake in the command */
	json_object_set_new(
	    json_array_get(l->rows, rows - 1), l->columns[column].key, value);
}

void
listing_set_text(struct listing *l, int column, const char *text)
{
	char *clean;

	if (text == NULL)
		return;
	clean = output_clean(text);
	set(l, column, COLUMN_TEXT, json_string(clean));
	free(clean);
}

void
listing_set_number(struct listing *l, int column, int64_t number)
{
	set(l, column, COLUMN_NUMBER, json_integer(number));
}

void
listing_set_flag(struct listing *l, int column, bool flag)
{
	set(l, column, COLUMN_FLAG, json_boolean(flag));
}

void
listing_set_time(struct listing *l, int column, int64_t time_us)
{
	char *text = output_time_utc(time_us);

	if (text != NULL)
		set(l, column, COLUMN_TIME, json_string(text));
	free(text);
}

/* From "…T…Z" back to what a person reads: local time, to the minute. */
static char *
local_time(const char *utc)
{
	struct tm tm = { 0 };
	char text[TIME_TEXT_MAX];
	time_t seconds;

	if (strptime(utc, "%Y-%m-%dT%H:%M:%S", &tm) == NULL)
		return mem_dup_string(utc);
	seconds = timegm(&tm);
	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) == 0)
		return mem_dup_string(utc);
	return mem_dup_string(text);
}

static char *
cell_text(const struct column *c, const json_t *row)
{
	const json_t *value = json_object_get(row, c->key);

	if (json_is_integer(value))
		return mem_format(
		    "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_boolean(value))
		return mem_dup_string(json_is_true(value) ? "yes" : "no");
	if (!json_is_string(value))
		return mem_dup_string("-");
	if (c->kind == COLUMN_TIME)
		return local_time(json_string_value(value));
	return mem_dup_string(json_string_value(value));
}

static void
add_line(struct libscols_table *table, const struct column *columns,
    const json_t *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	size_t at = 0;

	if (line == NULL)
		abort();
	for (const struct column *c = columns; c->key != NULL; c++) {
		char *text;

		if (c->title == NULL)
			continue;
		text = cell_text(c, row);
		if (scols_line_set_data(line, at++, text) != 0)
			abort();
		free(text);
	}
}

static void
print_table(const struct listing *l)
{
	struct libscols_table *table = scols_new_table();
	json_t *row;
	size_t i;

	if (table == NULL)
		abort();
	for (const struct column *c = l->columns; c->key != NULL; c++) {
		int flags = c->kind == COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0;

		if (c->title != NULL &&
		    scols_table_new_column(table, c->title, 0, flags) == NULL)
			abort();
	}
	json_array_foreach(l->rows, i, row) add_line(table, l->columns, row);
	scols_print_table(table);
	scols_unref_table(table);
}

enum kith_code
listing_answer(struct listing *l, struct call *call, const char *name)
{
	if (call->json)
		json_object_set(call->answer, name, l->rows);
	else if (json_array_size(l->rows) > 0)
		print_table(l);
	else
		output_talk(call, "There are none.");
	return KITH_OK;
}

static void
print_record(const struct listing *l)
{
	struct libscols_table *table = scols_new_table();
	const json_t *row = json_array_get(l->rows, 0);

	if (table == NULL || !scols_table_new_column(table, "field", 0, 0) ||
	    !scols_table_new_column(table, "value", 0, 0))
		abort();
	scols_table_enable_noheadings(table, 1);
	for (const struct column *c = l->columns; c->key != NULL; c++) {
		struct libscols_line *line;
		char *text;

		if (c->title == NULL ||
		    json_is_null(json_object_get(row, c->key)))
			continue;
		line = scols_table_new_line(table, NULL);
		text = cell_text(c, row);
		if (line == NULL || scols_line_set_data(line, 0, c->title) ||
		    scols_line_set_data(line, 1, text))
			abort();
		free(text);
	}
	scols_print_table(table);
	scols_unref_table(table);
}

enum kith_code
listing_answer_record(struct listing *l, struct call *call, const char *name)
{
	if (call->json)
		json_object_set(call->answer, name, json_array_get(l->rows, 0));
	else
		print_record(l);
	return KITH_OK;
}

void
output_talk(const struct call *call, const char *format, ...)
{
	va_list args;

	if (call->json)
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static bool
is_safe(ucs4_t c)
{
	return !uc_is_general_category(c, UC_CONTROL) &&
	    !uc_is_property(c, UC_PROPERTY_BIDI_CONTROL) && c != 0x2028 &&
	    c != 0x2029;
}

char *
output_clean(const char *text)
{
	const uint8_t *in = (const uint8_t *)text;
	size_t left = strlen(text), used = 0;
	char *clean = mem_new(left * 3 + 1, 1); /* U+FFFD has three bytes */

	while (left > 0) {
		uint8_t bytes[UTF8_BYTES_MAX];
		ucs4_t c;
		int took = u8_mbtoucr(&c, in, left), length;

		if (took <= 0) {
			took = 1;
			c = REPLACEMENT;
		} else if (!is_safe(c)) {
			c = REPLACEMENT;
		}
		length = u8_uctomb(bytes, c, sizeof(bytes));
		memcpy(clean + used, bytes, (size_t)length);
		used += (size_t)length;
		in += took;
		left -= (size_t)took;
	}
	return clean;
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

static void
finish_json(struct call *call, enum kith_code code)
{
	json_t *envelope = json_object();
	const char *word = call->usage ? "usage" : kith_code_word(code);

	json_object_set_new(envelope, "version", json_integer(JSON_VERSION));
	json_object_set_new(envelope, "ok", json_boolean(code == KITH_OK));
	if (code == KITH_OK) {
		json_object_update(envelope, call->answer);
	} else {
		char *sentence = output_clean(call->fault.sentence);

		json_object_set_new(envelope, "code", json_string(word));
		json_object_set_new(envelope, "message", json_string(sentence));
		free(sentence);
	}
	json_dumpf(envelope, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(envelope);
}

void
output_finish(struct call *call, enum kith_code code)
{
	char *sentence;

	if (code != KITH_OK && call->fault.sentence[0] == '\0')
		call_fail(call, code, "%s", kith_code_sentence(code));
	if (call->json) {
		finish_json(call, code);
		return;
	}
	if (code == KITH_OK)
		return;
	sentence = output_clean(call->fault.sentence);
	fprintf(stderr, "kith-admin: %s\n", sentence);
	if (call->usage && call->command != NULL)
		fprintf(stderr, "Try \"kith-admin %s %s --help\".\n",
		    call->command->noun, call->command->verb);
	else if (call->usage)
		fputs("Try \"kith-admin help\".\n", stderr);
	free(sentence);
}

enum kith_code
output_check(struct call *call)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return KITH_OK;
	return fault_set_errno(
	    &call->fault, KITH_IO, errno, "Cannot write to standard output");
}
