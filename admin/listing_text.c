/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A listing's page as JSON (jansson), CSV (libcsv) and TSV.
 */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "listing_private.h"
#include "mem.h"
#include "output.h"

static json_t *
json_of(const struct column *column, const struct listing_cell *cell)
{
	json_t *value;
	char *time;

	if (cell->value == NULL)
		return json_null();
	if (column->kind != COLUMN_TIME)
		return json_incref(cell->value);
	time = output_time_utc(json_integer_value(cell->value));
	value = time != NULL ? json_string(time) : json_null();
	free(time);
	return value;
}

static void
write_object(const struct listing *l, size_t row)
{
	json_t *object = json_object();

	for (int i = 0; i < l->shown_count; i++) {
		const struct column *column = &l->columns[l->shown[i]];

		json_object_set_new(object, column->key,
		    json_of(column, listing_cell(l, row, l->shown[i])));
	}
	json_dumpf(object, stdout, l->record ? 0 : JSON_COMPACT);
	json_decref(object);
}

void
listing_write_json(struct listing *l)
{
	if (!l->begun) {
		output_name(l->call, l->name);
		if (!l->record)
			putchar('[');
	}
	for (size_t row = 0; row < l->rows; row++) {
		if (!l->record)
			fputs(l->rows_shown + row > 0 ? ",\n    " : "\n    ",
			    stdout);
		write_object(l, row);
	}
}

void
listing_end_json(struct listing *l)
{
	if (!l->record)
		fputs(l->rows_shown > 0 ? "\n  ]" : "]", stdout);
}

char *
listing_cell_text(const struct column *column, const struct listing_cell *cell)
{
	const json_t *value = cell->value;

	if (value == NULL)
		return NULL;
	if (column->kind == COLUMN_TIME)
		return output_time_utc(json_integer_value(value));
	if (column->kind == COLUMN_TEXT)
		return mem_dup_string(json_string_value(value));
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void
write_tsv(const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '\\':
			fputs("\\\\", stdout);
			break;
		case '\t':
			fputs("\\t", stdout);
			break;
		case '\n':
			fputs("\\n", stdout);
			break;
		case '\r':
			fputs("\\r", stdout);
			break;
		default:
			putchar(*text);
		}
	}
}

static void
write_value(const struct listing *l, int index, const char *text)
{
	bool csv = l->call->format == CALL_CSV;

	if (index > 0)
		putchar(csv ? ',' : '\t');
	if (text == NULL)
		return;
	if (csv)
		csv_fwrite(stdout, text, strlen(text));
	else
		write_tsv(text);
}

static void
end_line(const struct listing *l)
{
	/* RFC 4180 ends lines so */
	fputs(l->call->format == CALL_CSV ? "\r\n" : "\n", stdout);
}

void
listing_write_delimited(struct listing *l)
{
	for (int i = 0; i < l->shown_count && !l->begun; i++)
		write_value(l, i, l->columns[l->shown[i]].key);
	if (!l->begun)
		end_line(l);
	for (size_t row = 0; row < l->rows; row++) {
		for (int i = 0; i < l->shown_count; i++) {
			char *text = listing_cell_text(&l->columns[l->shown[i]],
			    listing_cell(l, row, l->shown[i]));

			write_value(l, i, text);
			free(text);
		}
		end_line(l);
	}
}
