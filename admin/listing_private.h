/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include "listing.h"

/* Between listing.c and those that write a page in one format. */

#define LISTING_COLUMNS_MAX 40

struct libscols_table;

struct listing_cell {
	json_t *value; /* NULL: nothing */
	enum listing_mark mark;
};

struct listing {
	struct call *call;
	const char *name;
	const struct column *columns;
	int column_count;
	int shown[LISTING_COLUMNS_MAX]; /* which columns, in which order */
	int shown_count;
	bool chosen; /* by --columns */
	bool record;
	bool silent; /* CSV and TSV show one listing of a command only */
	bool begun;  /* something of it has been shown */
	struct listing_cell *cells; /* of the page, row by row, all columns */
	size_t rows;
	size_t rows_shown;
	struct libscols_table *table; /* listing_table.c */
};

const struct listing_cell *listing_cell(
    const struct listing *l, size_t row, int column);

/* In TSV and CSV, and of JSON values in tables. NULL: nothing. To be freed. */
char *listing_cell_text(
    const struct column *column, const struct listing_cell *cell);

/* Each writes the page that has gathered to standard output. */
void listing_write_json(struct listing *l);
void listing_end_json(struct listing *l);
void listing_write_delimited(struct listing *l);
void listing_write_table(struct listing *l);
void listing_write_record(struct listing *l);
void listing_free_table(struct listing *l);
