/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The next key on its way to clients. Is not stored and no event: it is told
 * anew with every sign-in, so that nobody can miss it for long.
 */
#include "hub_next_key.h"

#include <uthash.h>

#include "hub_sessions.h"

char *
next_key_for(const struct session *session)
{
	return session->knows_next_key
	    ? session->hub->settings.next_public_key_pin
	    : (char *)protobuf_c_empty_string;
}

void
next_key_push(struct hub *hub)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__NextKey next = KITH__NEXT_KEY__INIT;
	struct session *session, *following;
	struct frame *frame;

	next.pin = hub->settings.next_public_key_pin;
	message.body_case = KITH__TO_CLIENT__BODY_NEXT_KEY;
	message.next_key = &next;
	frame = frame_new(&message);
	HASH_ITER (hh, hub->sessions->by_id, session, following)
		if (session->state == SESSION_SIGNED_IN &&
		    session->knows_next_key)
			session_put(session, frame);
	frame_drop(&frame);
	sessions_flush(hub);
}
