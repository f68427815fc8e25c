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

/*
 * A line of talk on standard error, or in the pager of the same terminal;
 * nothing with --json.
 */
void output_talk(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * A copy that is safe to show: control characters, bidirectional formatting
 * and bytes that are not UTF-8 become U+FFFD. The caller frees it.
 */
char *output_clean(const char *text);

/* The same, but lines and tabs stay: for data, and for text of many lines. */
char *output_clean_lines(const char *text);

/* "2026-11-22T17:12:17.000123Z", or NULL for 0. The caller frees it. */
char *output_time_utc(int64_t time_us);

/* "2026-11-22 18:12", where the reader lives, or NULL for 0. To be freed. */
char *output_time_local(int64_t time_us);

/*
 * JSON, written while it comes to be. The envelope is one object: "version"
 * first, then what the command has to say, and last of all "ok" with, where it
 * is false, "code" and "message": so what was begun always ends as valid JSON,
 * also when a fault comes in the middle of a listing. output_name() begins the
 * next member and leaves its value to the caller; the indenting is by two.
 */
void output_name(struct call *call, const char *name);

/* For table and text: colours on this terminal? */
bool output_colours(const struct call *call);

/*
 * Called before anything is shown that may be long: from here on a terminal is
 * written to through a pager. Does nothing where there is none, or a dumb one.
 */
void output_page(struct call *call);

/* Has whoever reads our output had enough? Nothing need be shown any more. */
bool output_unwanted(struct call *call);

/*
 * The end of a run: the envelope's end with --json, else the fault's sentence.
 * Waits for the pager.
 */
void output_finish(struct call *call, enum kith_code code);
void output_free(struct call *call);

/* Did standard output take everything? KITH_IO with a sentence if not. */
enum kith_code output_check(struct call *call);
