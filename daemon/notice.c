/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A ring of what was logged, and its way between processes. */
#include "notice.h"

#include <stdio.h>
#include <time.h>

void
notice_fill(Kith__Ipc__Notice *message_r, const char *role,
    enum log_level level, const char *text)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	kith__ipc__notice__init(message_r);
	message_r->time_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	message_r->level = (uint32_t)level;
	message_r->role = (char *)(uintptr_t)role;
	message_r->text = (char *)(uintptr_t)text;
}

void
notices_add(struct notices *notices, const Kith__Ipc__Notice *message)
{
	struct notice *to;

	if (notices->count < NOTICES_MAX) {
		to = &notices->row[notices->count++];
	} else {
		to = &notices->row[notices->first];
		notices->first = (notices->first + 1) % NOTICES_MAX;
	}
	to->time_us = message->time_us;
	to->level = message->level == LOG_LEVEL_ERROR ? LOG_LEVEL_ERROR
						      : LOG_LEVEL_WARNING;
	snprintf(to->role, sizeof(to->role), "%s", message->role);
	snprintf(to->text, sizeof(to->text), "%s", message->text);
	if (to->level == LOG_LEVEL_ERROR)
		notices->errors++;
	else
		notices->warnings++;
}

void
notices_get(struct notices *notices, size_t index, Kith__Ipc__Notice *message_r)
{
	struct notice *from =
	    &notices->row[(notices->first + index) % NOTICES_MAX];

	kith__ipc__notice__init(message_r);
	message_r->time_us = from->time_us;
	message_r->level = (uint32_t)from->level;
	message_r->role = from->role;
	message_r->text = from->text;
}
