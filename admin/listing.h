/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "call.h"

/*
 * A listing (rows) or a record (one row, shown as lines of title and value), in
 * the format that was asked for: table, JSON, TSV or CSV. Rows gather in a page
 * and are shown by listing_flush(), outside of any read transaction; so a list
 * may be as long as it likes and takes the memory of one page. database_list()
 * (database.h) does that for whoever reads from the database:
 *
 *	l = listing_begin(call, "users", columns);
 *	return database_list(call, &l, add_page, &walk);
 *
 * A verb may show several, one after the other. --columns is about the one
 * that the command names (`answer`), and CSV and TSV show that one alone.
 *
 * JSON: an array of objects, or an object, named `name`. Table: columns as wide
 * as the first page needs; a later page may only widen them.
 * CSV: RFC 4180 with a heading line of keys. A value is quoted, nothing is
 * empty and unquoted. TSV: the same heading; in values \\, \t, \n and \r stand
 * for backslash, tab, new line and carriage return; nothing is empty.
 */
struct listing;

#define LISTING_PAGE_ROWS 1000u

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_BYTES, /* a number; in tables "1.5 MiB" */
	COLUMN_FLAG,  /* yes and no in tables, else true and false */
	COLUMN_TIME,  /* int64_t microseconds since 1970, 0: never. RFC 3339 in
			UTC; in tables local and to the minute */
	COLUMN_JSON,  /* any value; in text its compact form */
};

struct column {
	const char *key;   /* in JSON, CSV and TSV; for --columns */
	const char *title; /* in tables; NULL: shown there only when asked for
			      by --columns */
	enum column_kind kind;
};

/* How a cell stands out, in colour on a terminal that wants it. */
enum listing_mark {
	LISTING_PLAIN,
	LISTING_GOOD,
	LISTING_WARNING,
	LISTING_BAD,
	LISTING_FAINT,
};

/*
 * columns: closed by {}; static, or at least longer-lived. Never NULL.
 * A record has its one row from the beginning.
 */
struct listing *listing_begin(
    struct call *call, const char *name, const struct column *columns);
struct listing *listing_begin_record(
    struct call *call, const char *name, const struct column *columns);

void listing_add_row(struct listing *l);

/* Has a page gathered? Then flush before adding another row. */
bool listing_full(const struct listing *l);

/*
 * The cells of the newest row. The column's kind must fit. A cell that is not
 * set is nothing: null. NULL: nothing. Text is cleaned here, once for all
 * formats.
 */
void listing_set_text(struct listing *l, int column, const char *text);
void listing_set_number(struct listing *l, int column, int64_t number);
void listing_set_flag(struct listing *l, int column, bool flag);
void listing_set_time(struct listing *l, int column, int64_t time_us);
/* Takes the value. */
void listing_set_json(struct listing *l, int column, json_t *value);

void listing_mark(struct listing *l, int column, enum listing_mark mark);

/*
 * Shows the page that has gathered. No read transaction may be open. KITH_CLOSED
 * when nobody reads any more: end the listing with it, and nothing was wrong.
 */
enum kith_code listing_flush(struct listing *l);

/*
 * Shows what is left and ends the listing. code: how the gathering went. After
 * a fault what was not shown yet is dropped. Frees it; returns what the command
 * is to return.
 */
enum kith_code listing_end(struct listing **l, enum kith_code code);

/* Checks --columns against the command's columns: a fault of usage. */
enum kith_code listing_check_columns(struct call *call);
