/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdio.h>

#include "call.h"
#include "listing.h"
#include "password.h"
#include "store_user.h"

/*
 * user import, in four steps that follow each other: read the file, check
 * every row, make passwords, and write all in one transaction. Nothing is
 * changed before the last, and a fault in one row keeps the others out too.
 */

#define IMPORT_ROWS_MAX       1000000u
#define IMPORT_ROW_BYTES_MAX  (1024u * 1024u)
#define IMPORT_FILE_BYTES_MAX (256u * 1024u * 1024u) /* of JSON, in memory */
#define IMPORT_PROBLEMS_MAX   50u /* that are told; the others are counted */

enum import_field {
	IMPORT_NAME,
	IMPORT_DISPLAY_NAME,
	IMPORT_STATE,
	IMPORT_REASON,
	IMPORT_UNTIL,
	IMPORT_CREATED,
	IMPORT_LAST_SEEN,
	IMPORT_HASH,
	IMPORT_FRIENDS, /* names, with spaces or commas between them */
	IMPORT_FIELD_COUNT,
};

struct import_row {
	unsigned long place; /* its line, or its place in the array */
	char *fields[IMPORT_FIELD_COUNT]; /* as they were read; NULL: none */
	bool broken;                      /* what can be said of it was said */
	/* checked */
	enum store_user_state state;
	int64_t until_us;
	int64_t created_us;
	int64_t last_seen_us;
	bool skipped;   /* the name exists already */
	char *password; /* generated */
	int64_t id;     /* once it is made */
};

/*
 * Two who become friends: a row's index, or minus the id of somebody who is
 * here already.
 */
struct import_link {
	int64_t low;
	int64_t high;
};

struct import {
	struct call *call;
	bool skip_existing;
	bool generate;
	bool without_passwords;
	struct password_cost cost;
	const char *unit; /* "line" or "entry" */

	struct import_row *rows;
	size_t count;
	size_t room;
	json_t *index; /* name to row */
	struct import_link *links;
	size_t link_count;
	size_t link_room;
	size_t skipped;

	unsigned long problems;
	unsigned long conflicts; /* of these, names that are taken */
	struct listing *told;    /* in JSON */
};

/* Sets up what the options say. */
enum kith_code import_begin(struct import *im, struct call *call);
void import_end(struct import *im);

/* Says what is wrong with a row, and counts it. */
void import_problem(struct import *im, unsigned long place, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/*
 * How far a step has come, on a terminal only; callers do not call it for each
 * row. total 0: it is over.
 */
void import_progress(
    const struct import *im, const char *doing, size_t done, size_t total);

/* The field of that name; IMPORT_FIELD_COUNT: there is none. */
enum import_field import_find_field(const char *name);

/* The next row, empty; NULL, with its fault, over IMPORT_ROWS_MAX. */
struct import_row *import_add_row(struct import *im, unsigned long place);

/* Reads all rows. KITH_OK also when there were problems with some. */
enum kith_code import_read(struct import *im, FILE *file);

/* Checks all rows. KITH_OK also when there were problems. */
enum kith_code import_check(struct import *im);

/* Makes a password and its hash for each row that has none. */
enum kith_code import_make_passwords(struct import *im);

/* Writes "name,password" lines into a file. */
enum kith_code import_write_passwords(
    const struct import *im, FILE *file, const char *path);
