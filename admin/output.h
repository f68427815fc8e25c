/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "call.h"

/*
 * What a person or a script reads. Data goes to standard output, talk to
 * standard error. Names that people chose for themselves pass through
 * output_clean(), so that none can send commands to a terminal.
 */

/* A list or a record: columns once, rows or fields from the same words. */
struct listing;

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_FLAG, /* yes and no */
	COLUMN_TIME, /* int64_t microseconds since 1970, 0: never */
};

struct column {
	const char *key;   /* in JSON */
	const char *title; /* in the table; NULL: only in JSON */
	enum column_kind kind;
};

/* columns: closed by {}; static, or at least longer-lived. Never NULL. */
struct listing *listing_new(const struct column *columns);
void listing_free(struct listing **listing);

void listing_add_row(struct listing *listing);

/* The cells of the newest row. The column's kind must fit. NULL: nothing. */
void listing_set_text(struct listing *l, int column, const char *text);
void listing_set_number(struct listing *l, int column, int64_t number);
void listing_set_flag(struct listing *l, int column, bool flag);
void listing_set_time(struct listing *l, int column, int64_t time_us);

/*
 * Shows a table on standard output, or puts an array named `name` into the
 * call's answer.
 */
enum kith_code listing_answer(
    struct listing *l, struct call *call, const char *name);

/*
 * Shows the first row as lines of title and value, without those that have
 * none, or puts an object named `name` into the answer.
 */
enum kith_code listing_answer_record(
    struct listing *l, struct call *call, const char *name);

/* A line of talk on standard error; nothing with --json. */
void output_talk(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A copy that is safe to show: control characters, bidirectional formatting
 * and bytes that are not UTF-8 become U+FFFD. The caller frees it.
 */
char *output_clean(const char *text);

/* "2026-11-22T17:12:17.000123Z", or NULL for 0. The caller frees it. */
char *output_time_utc(int64_t time_us);

/* The end of a run: the envelope with --json, else the fault's sentence. */
void output_finish(struct call *call, enum kith_code code);

/* Did standard output take everything? KITH_IO with a sentence if not. */
enum kith_code output_check(struct call *call);
