/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ipc.pb-c.h"
#include "log.h"

/*
 * The last warnings and errors of the daemon, for kith-admin. The parent keeps
 * them, because whoever has most to tell may be about to die; each hub is told
 * what there is and what comes. Only what stands in the log too.
 */

#define NOTICES_MAX      32u /* an older one makes room */
#define NOTICE_ROLE_SIZE 16u

struct notice {
	int64_t time_us;
	enum log_level level;
	char role[NOTICE_ROLE_SIZE];
	char text[LOG_LINE_MAX];
};

struct notices {
	struct notice row[NOTICES_MAX];
	size_t count, first;       /* the oldest one's index */
	uint64_t warnings, errors; /* ever */
};

/* A message about what was just logged; its strings are borrowed. */
void notice_fill(Kith__Ipc__Notice *message_r, const char *role,
    enum log_level level, const char *text);

/* From another process: cut where it is too long. */
void notices_add(struct notices *notices, const Kith__Ipc__Notice *message);

/* The one of that age, 0 the oldest; its strings are borrowed. */
void notices_get(
    struct notices *notices, size_t index, Kith__Ipc__Notice *message_r);
