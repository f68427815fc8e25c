/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Holds the limit on open files as it was at the start, and nothing else. */
#include "hub_descriptors.h"

#include <limits.h>
#include <sys/resource.h>

#include "log.h"

void
hub_descriptors_init(struct hub *hub)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur <= (rlim_t)INT_MAX)
		hub->descriptors = (int)limit.rlim_cur;
}

static void
tell_shortage(struct hub *hub)
{
	if (throttle_take(
		&hub->short_told, 1, HUB_TELL_AGAIN_MS, hub_now_ms()) == 0)
		log_error("out of descriptors: connections are sent away; the "
			  "limit on open files (%d) must be above "
			  "max-connections",
		    hub->descriptors);
}

bool
hub_descriptors_suffice(struct hub *hub, const struct ipc_descriptors *received)
{
	if (!received->lost &&
	    (hub->descriptors == 0 ||
		received->fd[0] < hub->descriptors - HUB_DESCRIPTORS_KEPT))
		return true;
	tell_shortage(hub);
	return false;
}
