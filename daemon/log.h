/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * The daemon's log: one line an event on standard error, with time, level,
 * role and pid; under systemd's journal with its priority prefix instead of
 * time and level. Every line is escaped as a whole (control characters, what
 * is not UTF-8), so text from a peer cannot forge one. Each process may write
 * LOG_BURST lines at once and LOG_LINES_PER_S after that; what is over is
 * counted and told in one line, and so is what nobody reads: a reader that has
 * stopped holds up nobody. Errors are written however many there are.
 *
 * Never log: passwords, tokens, invite codes, keys, texts of messages.
 */

#define LOG_LINE_MAX    512u /* bytes of one line; the rest is cut */
#define LOG_BURST       100u
#define LOG_LINES_PER_S 20u

enum log_level {
	LOG_LEVEL_ERROR = 0,   /* somebody must act */
	LOG_LEVEL_WARNING = 1, /* something is wrong and was handled */
	LOG_LEVEL_INFO = 2,    /* starts, stops, reloads; the default */
	LOG_LEVEL_DEBUG = 3,   /* each connection */
	LOG_LEVEL_COUNT,
};

/* role: a static word, such as "hub". May be called again after a fork. */
void log_open(const char *role);

/*
 * Who is told of each error and warning that is written, besides the log: by
 * its words, not escaped. NULL: nobody, as after log_open(), so that a fork does
 * not tell in its parent's name. What listener() logs itself is not told.
 */
typedef void log_listener(
    enum log_level level, const char *text, void *context);
void log_listen(log_listener *listener, void *context);

void log_set_level(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* log_error(), then exit(1): this process cannot go on. */
void log_fatal(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));
