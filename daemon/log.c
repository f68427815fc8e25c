/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The daemon's log on standard error. Holds the level, the role's word and a
 * token bucket. One write() a line, so that lines of several processes do not
 * mix. Must never be given a secret, and never block on a reader that is
 * slow: a line that cannot be written is lost.
 */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <unistr.h>

#define LOG_ESCAPED_MAX (LOG_LINE_MAX + 128u) /* with its prefix */

static const struct {
	const char *word;
	int priority; /* syslog's */
} levels[LOG_LEVEL_COUNT] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static const char *log_role = "kithd";
static enum log_level log_limit = LOG_LEVEL_INFO;
static bool log_journal;
static double log_tokens = LOG_BURST;
static struct timespec log_refilled;
static unsigned log_dropped;
static log_listener *log_told; /* NULL: nobody */
static void *log_told_context;

void
log_open(const char *role)
{
	log_role = role;
	log_told = NULL;
	log_journal = getenv("JOURNAL_STREAM") != NULL;
	/* reads the zone file now, while the sandbox still allows it */
	tzset();
	clock_gettime(CLOCK_MONOTONIC, &log_refilled);
}

void
log_listen(log_listener *listener, void *context)
{
	log_told = listener;
	log_told_context = context;
}

void
log_set_level(enum log_level level)
{
	log_limit = level;
}

static bool
log_wants(enum log_level level)
{
	return level <= log_limit;
}

static bool
take_token(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	log_tokens += ((double)(now.tv_sec - log_refilled.tv_sec) +
			  (double)(now.tv_nsec - log_refilled.tv_nsec) / 1e9) *
	    LOG_LINES_PER_S;
	log_refilled = now;
	if (log_tokens > LOG_BURST)
		log_tokens = LOG_BURST;
	if (log_tokens < 1)
		return false;
	log_tokens -= 1;
	return true;
}

/* Appends text with everything escaped that could forge or hide a line. */
static size_t
append_escaped(char *line, size_t used, size_t size, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	size_t left = strlen(text);

	while (left > 0 && used + 8 < size) {
		ucs4_t character;
		int width = u8_mbtoucr(&character, at, left);
		bool plain = width > 0 && character >= 0x20 &&
		    !(character >= 0x7f && character < 0xa0) &&
		    !(character >= 0x202a && character <= 0x202e) &&
		    !(character >= 0x2066 && character <= 0x2069) &&
		    character != 0x2028 && character != 0x2029;

		if (plain) {
			memcpy(line + used, at, (size_t)width);
			used += (size_t)width;
		} else {
			used += (size_t)snprintf(
			    line + used, size - used, "\\x%02x", *at);
			width = 1;
		}
		at += width;
		left -= (size_t)width;
	}
	return used;
}

/* A pipe, or the journal's socket, whose reader has stopped takes no line, and
 * is shared with other processes: it cannot be made non-blocking. */
static bool
takes_a_line(void)
{
	struct pollfd to = { .fd = STDERR_FILENO, .events = POLLOUT };

	return poll(&to, 1, 0) == 1 && (to.revents & POLLOUT) != 0;
}

static bool
write_line(enum log_level level, const char *text)
{
	char line[LOG_ESCAPED_MAX];
	size_t used;

	if (log_journal) {
		used = (size_t)snprintf(line, sizeof(line),
		    "<%d>%s[%d]: ", levels[level].priority, log_role,
		    (int)getpid());
	} else {
		time_t now = time(NULL);
		struct tm broken;

		gmtime_r(&now, &broken);
		used = strftime(line, sizeof(line), "%FT%TZ ", &broken);
		used += (size_t)snprintf(line + used, sizeof(line) - used,
		    "%s %s[%d]: ", levels[level].word, log_role, (int)getpid());
	}
	used = append_escaped(line, used, sizeof(line), text);
	line[used++] = '\n';
	return takes_a_line() &&
	    write(STDERR_FILENO, line, used) == (ssize_t)used;
}

static void
tell(enum log_level level, const char *text)
{
	log_listener *listener = log_told;

	if (listener == NULL || level > LOG_LEVEL_WARNING)
		return;
	log_told = NULL; /* what it logs itself */
	listener(level, text, log_told_context);
	log_told = listener;
}

static void log_line(enum log_level level, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void
log_line(enum log_level level, const char *format, va_list args)
{
	char text[LOG_LINE_MAX];

	if (!log_wants(level))
		return;
	if (!take_token() && level != LOG_LEVEL_ERROR) {
		log_dropped++;
		return;
	}
	if (log_dropped > 0) {
		snprintf(text, sizeof(text),
		    "%u lines were left out: too many at once", log_dropped);
		if (write_line(LOG_LEVEL_WARNING, text)) {
			log_dropped = 0;
			tell(LOG_LEVEL_WARNING, text);
		}
	}
	vsnprintf(text, sizeof(text), format, args);
	if (!write_line(level, text))
		log_dropped++;
	tell(level, text);
}

#define LOG_ARGUMENTS(level)                   \
	do {                                   \
		va_list args;                  \
                                               \
		va_start(args, format);        \
		log_line(level, format, args); \
		va_end(args);                  \
	} while (0)

void
log_error(const char *format, ...)
{
	LOG_ARGUMENTS(LOG_LEVEL_ERROR);
}

void
log_warning(const char *format, ...)
{
	LOG_ARGUMENTS(LOG_LEVEL_WARNING);
}

void
log_info(const char *format, ...)
{
	LOG_ARGUMENTS(LOG_LEVEL_INFO);
}

void
log_debug(const char *format, ...)
{
	LOG_ARGUMENTS(LOG_LEVEL_DEBUG);
}

void
log_fatal(const char *format, ...)
{
	LOG_ARGUMENTS(LOG_LEVEL_ERROR);
	exit(1);
}
