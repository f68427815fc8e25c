/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub_session.h"

/*
 * What the files that are about all sessions share (hub_session.c, hub_out.c,
 * hub_guests.c, hub_next_key.c) and nobody else may use.
 */

struct sessions {
	struct session *by_id;
	struct session *dirty;   /* something was put for them in this turn */
	struct session *waiting; /* blocked or closing, each with a deadline */
	struct session *guests;  /* not signed in; the oldest in front */
	uint64_t last_id;
	uint32_t closing; /* of those above, told to go and not gone yet */
	uint32_t queued;  /* requests of all sessions that are not answered */
};

/* There is something for it: it is flushed at the end of the turn. */
void session_is_dirty(struct session *session);

/* Forgets what is queued for it. */
void session_out_clear(struct session *session);

/* Puts it among those with a deadline, or moves the deadline. */
void session_wait(struct session *session, int64_t limit_ms);
void session_wait_over(struct session *session);

/* hub_guests.c: those who have not signed in, and are not ending. */
void guests_add(struct session *session);
void guests_remove(struct session *session);
/* Another one comes: where there are many, one of them has to go. */
void guests_make_room(struct hub *hub);

/* The channel takes more. */
void session_drained(struct session *session);

/*
 * The connection has ended: closes the channel and tells friends. The session
 * itself goes when its last request in a batch is done.
 */
void session_gone(struct session *session);

/* Frees it when the connection has ended and nothing refers to it any more. */
void session_free_if_over(struct session *session);
