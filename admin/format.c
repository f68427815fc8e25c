/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mem.h"

#define US_PER_S   INT64_C(1000000)
#define SPAN_MAX_S (INT64_C(10) * 366 * 86400)

static const struct {
	char letter;
	int64_t seconds;
	const char *one;
	const char *many;
} units[] = {
	{ 'w', 604800, "week", "weeks" },
	{ 'd', 86400, "day", "days" },
	{ 'h', 3600, "hour", "hours" },
	{ 'm', 60, "minute", "minutes" },
	{ 's', 1, "second", "seconds" },
};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

bool
format_read_span(const char *text, int64_t *span_us_r)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end == '\0' || end[1] != '\0' ||
	    number <= 0 || number > SPAN_MAX_S)
		return false;
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (units[i].letter != *end)
			continue;
		if (number > SPAN_MAX_S / units[i].seconds)
			return false;
		*span_us_r = number * units[i].seconds * US_PER_S;
		return true;
	}
	return false;
}

/* ".000123" behind the seconds, as far as microseconds. */
static const char *
read_fraction(const char *at, int64_t *fraction_us)
{
	int64_t unit = US_PER_S / 10;

	if (at[0] != '.' || !isdigit((unsigned char)at[1]))
		return at;
	for (at++; isdigit((unsigned char)*at); at++, unit /= 10)
		*fraction_us += (*at - '0') * unit;
	return at;
}

/* The time of day behind a date; what it leaves must be the zone. */
static const char *
read_clock(const char *at, struct tm *tm, int64_t *fraction_us)
{
	const char *next;

	if ((*at != 'T' && *at != ' ') || !isdigit((unsigned char)at[1]))
		return at;
	next = strptime(at + 1, "%H:%M:%S", tm);
	if (next != NULL)
		return read_fraction(next, fraction_us);
	next = strptime(at + 1, "%H:%M", tm);
	return next != NULL ? next : at;
}

/* An absolute time: false when it is not of that form, or no such day. */
static bool
read_moment(const char *text, int64_t *when_us_r)
{
	struct tm tm = { 0 }, day;
	int64_t fraction_us = 0, offset_s;
	const char *at, *clock;
	time_t seconds;

	if (!isdigit((unsigned char)text[0]) ||
	    (at = strptime(text, "%Y-%m-%d", &tm)) == NULL)
		return false;
	day = tm;
	seconds = timegm(&day); /* the 30th of February is another day */
	if (day.tm_mday != tm.tm_mday || seconds < 0)
		return false;
	clock = at;
	at = read_clock(at, &tm, &fraction_us);
	if (*at == '\0') {
		tm.tm_isdst = -1;
		seconds = mktime(&tm);
	} else if (at != clock && strptime(at, "%z", &tm) != NULL &&
	    *strptime(at, "%z", &tm) == '\0') {
		offset_s = tm.tm_gmtoff; /* timegm() writes over it */
		seconds = timegm(&tm) - offset_s;
	} else {
		return false;
	}
	*when_us_r = (int64_t)seconds * US_PER_S + fraction_us;
	return true;
}

enum kith_code
format_read_when(const char *text, enum format_direction direction,
    int64_t now_us, int64_t *when_us_r, struct fault *f)
{
	bool ahead = direction == FORMAT_AHEAD;
	bool span = direction != FORMAT_WHENEVER;
	int64_t when_us, span_us;

	if (span && format_read_span(text, &span_us))
		when_us = ahead ? now_us + span_us : now_us - span_us;
	else if (!read_moment(text, &when_us))
		return fault_set(f, KITH_MALFORMED,
		    "\"%.40s\" is %s a time (2026-12-01, 2026-12-01T10:00, "
		    "2026-12-01T10:00Z)%s.",
		    text, span ? "neither" : "not",
		    span ? " nor a span of at most ten years (30m, 12h, 7d, "
			   "2w)"
			 : "");
	if (span && (ahead ? when_us <= now_us : when_us > now_us))
		return fault_set(f, KITH_MALFORMED, "%.40s is %s.", text,
		    ahead ? "over already" : "still to come");
	if (when_us - now_us > SPAN_MAX_S * US_PER_S)
		return fault_set(f, KITH_MALFORMED,
		    "%.40s is more than ten years ahead.", text);
	*when_us_r = when_us;
	return KITH_OK;
}

char *
format_span(int64_t span_us)
{
	int64_t seconds = span_us / US_PER_S;

	/* weeks are for reading only: people count days */
	for (size_t i = 1; i < UNIT_COUNT; i++) {
		if (seconds >= units[i].seconds || i == UNIT_COUNT - 1)
			return format_count(seconds / units[i].seconds,
			    units[i].one, units[i].many);
	}
	return NULL;
}

char *
format_count(int64_t count, const char *one, const char *many)
{
	return mem_format("%lld %s", (long long)count, count == 1 ? one : many);
}

int64_t
format_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}
