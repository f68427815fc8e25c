/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A listing's page as a table, and a record as lines, by libsmartcols.
 */
#include <ctype.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "listing_private.h"
#include "mem.h"
#include "output.h"
#include "progress.h"

static const char *const colours[] = {
	[LISTING_PLAIN] = NULL,
	[LISTING_GOOD] = "green",
	[LISTING_WARNING] = "yellow",
	[LISTING_BAD] = "red",
	[LISTING_FAINT] = "\033[2m",
};

/* What a person reads: one line, times of where they are. */
static char *
cell_text(const struct column *column, const struct listing_cell *cell)
{
	char *text;

	if (cell->value == NULL)
		return mem_dup_string("-");
	if (column->kind == COLUMN_BYTES)
		return progress_bytes(json_integer_value(cell->value));
	if (column->kind == COLUMN_TIME)
		return output_time_local(json_integer_value(cell->value));
	if (column->kind == COLUMN_FLAG)
		return mem_dup_string(json_is_true(cell->value) ? "yes" : "no");
	text = listing_cell_text(column, cell);
	for (char *p = text; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	return text;
}

static struct libscols_table *
new_table(const struct listing *l)
{
	struct libscols_table *table = scols_new_table();

	if (table == NULL)
		abort();
	/* a line may be wider than the terminal: nothing is ever cut off */
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	scols_table_enable_colors(table, output_colours(l->call));
	return table;
}

/* A column that is shown only when asked for has no title: its key, then. */
static void
add_column(struct libscols_table *table, const struct column *column)
{
	bool right =
	    column->kind == COLUMN_NUMBER || column->kind == COLUMN_BYTES;
	int flags = right ? SCOLS_FL_RIGHT : 0;
	char *title =
	    mem_dup_string(column->title != NULL ? column->title : column->key);

	for (char *p = title; column->title == NULL && *p != '\0'; p++)
		*p = *p == '_' ? ' ' : (char)toupper((unsigned char)*p);
	if (scols_table_new_column(table, title, 0, flags) == NULL)
		abort();
	free(title);
}

static void
set_cell(struct libscols_line *line, size_t at, const char *text,
    enum listing_mark mark)
{
	if (line == NULL || scols_line_set_data(line, at, text) != 0)
		abort();
	if (colours[mark] != NULL)
		scols_cell_set_color(
		    scols_line_get_cell(line, at), colours[mark]);
}

static void
add_line(struct listing *l, size_t row)
{
	struct libscols_line *line = scols_table_new_line(l->table, NULL);

	for (int i = 0; i < l->shown_count; i++) {
		const struct listing_cell *cell =
		    listing_cell(l, row, l->shown[i]);
		char *text = cell_text(&l->columns[l->shown[i]], cell);

		set_cell(line, (size_t)i, text, cell->mark);
		free(text);
	}
}

/* The next page's columns are at least as wide as this one's. */
static void
keep_widths(struct listing *l)
{
	for (size_t i = 0; i < (size_t)l->shown_count; i++) {
		struct libscols_column *column =
		    scols_table_get_column(l->table, i);
		size_t width = scols_column_get_width(column);

		if (width > 0)
			scols_column_set_whint(column, (double)width);
	}
}

void
listing_write_table(struct listing *l)
{
	if (l->table == NULL) {
		l->table = new_table(l);
		for (int i = 0; i < l->shown_count; i++)
			add_column(l->table, &l->columns[l->shown[i]]);
	}
	for (size_t row = 0; row < l->rows; row++)
		add_line(l, row);
	scols_print_table(l->table);
	keep_widths(l);
	scols_table_remove_lines(l->table);
	scols_table_enable_noheadings(l->table, 1);
}

void
listing_write_record(struct listing *l)
{
	struct libscols_table *table = new_table(l);

	if (!scols_table_new_column(table, "field", 0, 0) ||
	    !scols_table_new_column(table, "value", 0, 0))
		abort();
	scols_table_enable_noheadings(table, 1);
	for (int i = 0; i < l->shown_count; i++) {
		const struct column *column = &l->columns[l->shown[i]];
		const struct listing_cell *cell =
		    listing_cell(l, 0, l->shown[i]);
		struct libscols_line *line;
		char *text;

		if (cell->value == NULL && !l->chosen)
			continue;
		line = scols_table_new_line(table, NULL);
		text = cell_text(column, cell);
		set_cell(line, 0,
		    column->title != NULL ? column->title : column->key,
		    LISTING_PLAIN);
		set_cell(line, 1, text, cell->mark);
		free(text);
	}
	scols_print_table(table);
	scols_unref_table(table);
}

void
listing_free_table(struct listing *l)
{
	scols_unref_table(l->table);
	l->table = NULL;
}
