/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Gathers the rows of a page, cleaned and with their kinds, and hands the page
 * to the format that was asked for. Holds at most LISTING_PAGE_ROWS rows.
 */
#include "listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "listing_private.h"
#include "mem.h"
#include "output.h"

#define KEYS_MAX 512 /* characters of a sentence's list of keys */

static bool
is_main(const struct listing *l)
{
	const struct command *command = l->call->command;

	return command->answer != NULL && strcmp(command->answer, l->name) == 0;
}

static int
find_key(const struct column *columns, const char *key, size_t length)
{
	for (int i = 0; columns[i].key != NULL; i++) {
		if (strlen(columns[i].key) == length &&
		    strncmp(columns[i].key, key, length) == 0)
			return i;
	}
	return -1;
}

/* The next of "a,b,c"; *rest moves behind it, to NULL at the end. */
static size_t
next_key(const char **rest, const char **key_r)
{
	const char *end = strchrnul(*rest, ',');
	size_t length = (size_t)(end - *rest);

	*key_r = *rest;
	*rest = *end == ',' ? end + 1 : NULL;
	return length;
}

static enum kith_code
unknown_column(struct call *call, const struct column *columns, const char *key,
    int length)
{
	char keys[KEYS_MAX] = "";
	size_t used = 0;

	for (const struct column *c = columns; c->key != NULL; c++) {
		int added = snprintf(keys + used, sizeof(keys) - used, "%s%s",
		    c == columns ? "" : ", ", c->key);

		if (added < 0 || (used += (size_t)added) >= sizeof(keys))
			break;
	}
	return call_usage(call, "There is no column \"%.*s\"; there are %s.",
	    length, key, keys);
}

enum kith_code
listing_check_columns(struct call *call)
{
	const struct column *columns = call->command->columns;
	const char *rest, *key;
	int count = 0;

	if ((call->command->flags & COMMAND_READS) == 0)
		return KITH_OK;
	rest = call_option(call, "columns");
	while (rest != NULL) {
		size_t length = next_key(&rest, &key);

		if (find_key(columns, key, length) < 0)
			return unknown_column(call, columns, key, (int)length);
		if (++count > LISTING_COLUMNS_MAX)
			return call_usage(call,
			    "--columns takes at most %d columns.",
			    LISTING_COLUMNS_MAX);
	}
	return KITH_OK;
}

static void
choose_columns(struct listing *l)
{
	const char *key, *rest = NULL;

	if (call_has_option(l->call, "columns") && is_main(l))
		rest = call_option(l->call, "columns");
	l->chosen = rest != NULL;
	while (rest != NULL) {
		size_t length = next_key(&rest, &key);
		int column = find_key(l->columns, key, length);

		/* a verb may show other columns than it declares: then it is a
		 * mistake in the verb */
		if (column < 0)
			abort();
		l->shown[l->shown_count++] = column;
	}
	for (int i = 0; i < l->column_count && !l->chosen; i++) {
		if (l->call->format != CALL_TABLE || l->columns[i].title)
			l->shown[l->shown_count++] = i;
	}
}

struct listing *
listing_begin(struct call *call, const char *name, const struct column *columns)
{
	struct listing *l = MEM_NEW(struct listing);

	l->call = call;
	l->name = name;
	l->columns = columns;
	while (columns[l->column_count].key != NULL)
		l->column_count++;
	if (l->column_count > LISTING_COLUMNS_MAX)
		abort();
	l->silent = !is_main(l) &&
	    (call->format == CALL_CSV || call->format == CALL_TSV);
	l->cells = mem_new(LISTING_PAGE_ROWS * (size_t)l->column_count,
	    sizeof(struct listing_cell));
	choose_columns(l);
	return l;
}

struct listing *
listing_begin_record(
    struct call *call, const char *name, const struct column *columns)
{
	struct listing *l = listing_begin(call, name, columns);

	l->record = true;
	listing_add_row(l);
	return l;
}

void
listing_add_row(struct listing *l)
{
	if (l->rows == LISTING_PAGE_ROWS)
		abort(); /* a mistake in the command: it must flush */
	l->rows++;
}

bool
listing_full(const struct listing *l)
{
	return l->rows == LISTING_PAGE_ROWS;
}

static struct listing_cell *
newest(struct listing *l, int column)
{
	if (l->rows == 0 || column < 0 || column >= l->column_count)
		abort(); /* a mistake in the command */
	return &l->cells[(l->rows - 1) * (size_t)l->column_count +
	    (size_t)column];
}

static void
set(struct listing *l, int column, enum column_kind kind, json_t *value)
{
	struct listing_cell *cell = newest(l, column);

	if (l->columns[column].kind != kind)
		abort();
	json_decref(cell->value);
	cell->value = value;
}

void
listing_set_text(struct listing *l, int column, const char *text)
{
	char *clean;

	if (text == NULL)
		return;
	clean = output_clean_lines(text);
	set(l, column, COLUMN_TEXT, json_string(clean));
	free(clean);
}

void
listing_set_number(struct listing *l, int column, int64_t number)
{
	enum column_kind kind = l->columns[column].kind == COLUMN_BYTES
	    ? COLUMN_BYTES
	    : COLUMN_NUMBER;

	set(l, column, kind, json_integer(number));
}

void
listing_set_flag(struct listing *l, int column, bool flag)
{
	set(l, column, COLUMN_FLAG, json_boolean(flag));
}

void
listing_set_time(struct listing *l, int column, int64_t time_us)
{
	if (time_us != 0)
		set(l, column, COLUMN_TIME, json_integer(time_us));
}

void
listing_set_json(struct listing *l, int column, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	char *clean = text != NULL ? output_clean(text) : NULL;

	/* jansson has escaped all else that is not for showing */
	if (clean != NULL)
		set(l, column, COLUMN_JSON,
		    json_loads(clean, JSON_DECODE_ANY, NULL));
	free(text);
	free(clean);
	json_decref(value);
}

void
listing_mark(struct listing *l, int column, enum listing_mark mark)
{
	newest(l, column)->mark = mark;
}

const struct listing_cell *
listing_cell(const struct listing *l, size_t row, int column)
{
	return &l->cells[row * (size_t)l->column_count + (size_t)column];
}

static void
clear_page(struct listing *l)
{
	size_t count = l->rows * (size_t)l->column_count;

	for (size_t i = 0; i < count; i++)
		json_decref(l->cells[i].value);
	memset(l->cells, 0, count * sizeof(struct listing_cell));
	l->rows = 0;
}

static void
write_page(struct listing *l)
{
	switch (l->call->format) {
	case CALL_JSON:
		listing_write_json(l);
		break;
	case CALL_CSV:
	case CALL_TSV:
		listing_write_delimited(l);
		break;
	case CALL_TABLE:
		if (l->record)
			listing_write_record(l);
		else if (l->rows > 0)
			listing_write_table(l);
		break;
	}
}

enum kith_code
listing_flush(struct listing *l)
{
	enum kith_code code;

	if (!l->silent) {
		output_page(l->call);
		write_page(l);
		l->begun = true;
	}
	l->rows_shown += l->rows;
	clear_page(l);
	code = output_check(l->call);
	return code == KITH_OK && output_unwanted(l->call) ? KITH_CLOSED : code;
}

enum kith_code
listing_end(struct listing **listing, enum kith_code code)
{
	struct listing *l = *listing;

	if (l == NULL)
		return code;
	if (code == KITH_OK && (l->rows > 0 || !l->begun))
		code = listing_flush(l);
	if (code == KITH_OK && l->rows_shown == 0 &&
	    l->call->format == CALL_TABLE)
		output_talk(l->call, "There are none.");
	if (l->begun && l->call->json)
		listing_end_json(l);
	if (code == KITH_CLOSED && output_unwanted(l->call))
		code = KITH_OK;
	clear_page(l);
	listing_free_table(l);
	free(l->cells);
	free(l);
	*listing = NULL;
	return code;
}
