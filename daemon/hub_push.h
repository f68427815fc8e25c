/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub.h"

/*
 * Events and what is live, to those connections whom they concern.
 *
 * The rule that loses nothing and repeats nothing: a connection that follows
 * has a cursor; it has been given every event of its user up to it, and gets
 * each one above it once, in order, either as it is dispatched (in step) or
 * read from the store from its cursor on (behind). It comes into step again
 * when a read has reached the newest event, in one turn of the loop, so that
 * nothing can come between.
 */

struct session;

/* Events read at once, by the hub for all, or for one that is behind. */
#define PUSH_EVENTS_MAX 500u
#define PUSH_RESUME_MAX 50u

/*
 * Hands out every committed event above hub->dispatched, kith-admin's too, in
 * order, and obeys those that are meant for the hub (sessions end). Inside a
 * write transaction only before its first change. A broken store is returned.
 */
enum kith_code push_dispatch(struct hub *hub);

/* A connection has caught up to here: it follows from now on. */
void push_follow(struct session *session, int64_t cursor);

/* There is room again: one that is behind reads on, presence that was dropped
 * is told. */
void push_resume(struct session *session);

/* To the friends of a user, live: came or went. */
void push_presence(struct hub *hub, int64_t user_id, bool online);

/* One person to another, live. */
struct push_typing {
	int64_t to_id;
	int64_t conversation_id;
	int64_t from_id;
	bool typing;
};
void push_typing(struct hub *hub, const struct push_typing *typing);
