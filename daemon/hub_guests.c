/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections that nobody has signed in on. Whoever can reach the port can have
 * them, from as many networks as he has, so they must not use up what there is:
 * before it is full the one that has waited longest makes room. Who signs in as
 * a client does needs a moment only.
 */
#include <utlist.h>

#include "hub_sessions.h"

/* So much of max-connections stays free of them: one part of so many. */
#define GUESTS_FREE_PART 8u

void
guests_add(struct session *session)
{
	session->is_guest = true;
	DL_APPEND2(
	    session->hub->sessions->guests, session, prev_guest, next_guest);
}

void
guests_remove(struct session *session)
{
	if (!session->is_guest)
		return;
	session->is_guest = false;
	DL_DELETE2(
	    session->hub->sessions->guests, session, prev_guest, next_guest);
}

void
guests_make_room(struct hub *hub)
{
	uint32_t most = hub->settings.max_connections;
	struct session *guest;

	if (sessions_open(hub->sessions) < most - most / GUESTS_FREE_PART)
		return;
	DL_FOREACH2(hub->sessions->guests, guest, next_guest)
	{
		/* auth is at work for it, for few of them at once */
		if (guest->state == SESSION_SIGNING_IN)
			continue;
		session_end(guest, KITH_BUSY,
		    SENTENCE("Others are waiting who have not connected yet."));
		return;
	}
}
