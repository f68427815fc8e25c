/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "format.h"

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
