/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "progress.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"

#define SHOWN_EVERY_MS 100
#define CLEAR_LINE     "\r\033[K"
#define KIB            1024

static int64_t shown_ms; /* when something was, of the one terminal */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool
is_wanted(const struct call *call)
{
	return !call->json && isatty(STDERR_FILENO);
}

/* A terminal that was stopped by its reader must not stop us. */
static void
write_now(const char *text)
{
	struct pollfd ready = { STDERR_FILENO, POLLOUT, 0 };

	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0 &&
	    write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

char *
progress_bytes(int64_t bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB",
		"TiB" };
	double number = (double)bytes;
	size_t unit = 0;

	if (bytes < KIB)
		return mem_format("%lld bytes", (long long)bytes);
	while (number >= KIB && unit + 1 < sizeof(units) / sizeof(units[0])) {
		number /= KIB;
		unit++;
	}
	return mem_format("%.1f %s", number, units[unit]);
}

void
progress_show(
    const struct call *call, const char *what, int64_t done, int64_t total)
{
	int64_t now = now_ms();
	char *text, *of;

	if (!is_wanted(call) ||
	    (total > 0 && done < total && now - shown_ms < SHOWN_EVERY_MS))
		return;
	shown_ms = now;
	if (total > 0) {
		char *so_far = progress_bytes(done);

		of = progress_bytes(total);
		text = mem_format(CLEAR_LINE "%s: %s of %s", what, so_far, of);
		free(so_far);
		free(of);
	} else {
		text = mem_format(CLEAR_LINE "%s ...", what);
	}
	write_now(text);
	free(text);
}

void
progress_end(const struct call *call)
{
	if (is_wanted(call) && shown_ms != 0)
		write_now(CLEAR_LINE);
}
