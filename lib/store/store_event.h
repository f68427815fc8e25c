/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"
#include "store_friend_request.h"
#include "store_mark.h"
#include "store_message.h"

/*
 * The log of changes. Sequence numbers rise over the whole database and are
 * never used again; an event becomes visible with the transaction of what it
 * tells of, so they become visible in order too.
 */

/* On disk: append only. The fields that each uses stand beside it. */
enum store_event_kind {
	STORE_EVENT_MESSAGE = 1,        /* conversation_id, number, message */
	STORE_EVENT_MARK = 2,           /* conversation_id, user_id, mark */
	STORE_EVENT_FRIEND_REQUEST = 3, /* request */
	STORE_EVENT_FRIEND_REQUEST_ENDED = 4, /* request, outcome */
	/*
	 * conversation_id, user_id: the friend; or the system's account, with
	 * which there is a conversation now, and no friendship.
	 */
	STORE_EVENT_FRIEND_ADDED = 5,
	STORE_EVENT_FRIEND_REMOVED = 6, /* conversation_id, user_id */
	STORE_EVENT_USER_CHANGED = 7, /* user_id: find the user as it is now */
	/* The hub's own; clients never see them. user_id: who. */
	STORE_EVENT_USER_LOCKED = 100,
	STORE_EVENT_PASSWORD_CHANGED = 101, /* end all sessions */
	STORE_EVENT_DEVICE_REVOKED = 102,   /* number: the device's id */
	STORE_EVENT_USER_DELETED = 103,
};

struct store_event {
	int64_t sequence;
	int64_t audience; /* a conversation's id, or -(a user's id) */
	enum store_event_kind
	    kind; /* may be one that this build does not know */
	int64_t time_us;
	int64_t conversation_id;
	int64_t number;
	int64_t user_id;
	/* Its time_us is that of the event for ..._ENDED. */
	struct store_friend_request request;
	enum store_outcome outcome;
	struct store_message message; /* as it is now */
	struct store_mark mark;       /* as it is now */
};

/* Does only the hub look at events of this kind? */
bool store_event_is_internal(enum store_event_kind kind);

/* The newest sequence, also of this transaction; 0 when there is none. */
enum kith_code store_event_newest(struct store *s, int64_t *sequence_r);

/* For whoever dispatches: everything above `after`, in order. */
enum kith_code store_event_each(struct store *s, int64_t after, uint32_t limit,
    bool (*each)(void *context, const struct store_event *event),
    void *context);

/*
 * For one person who was away: what is above `after` and has one of the
 * person's conversations or the person as audience, in order. The cost is that
 * of the page plus one look for each conversation that has anything new.
 *
 * *reached_r: the cursor to go on with. When everything was handed out it is
 * the newest sequence of the database (*more_r false), else that of the last
 * event handed out, or of the one before that at which each() stopped: what
 * each() answered false to counts as NOT handed out.
 *
 * KITH_TOO_LARGE, and nothing handed out, when more than
 * STORE_EVENTS_BEHIND_MAX events may be waiting for this person: a snapshot is
 * cheaper for both sides.
 */
#define STORE_EVENTS_BEHIND_MAX 20000
struct store_event_page {
	int64_t user_id;
	int64_t after;
	uint32_t limit;
	bool (*each)(void *context, const struct store_event *event);
	void *context;
};
enum kith_code store_event_catch_up(struct store *s,
    const struct store_event_page *page, int64_t *reached_r, bool *more_r);
