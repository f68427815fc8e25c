/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "hub.h"
#include "hub_request.h"
#include "hub_throttle.h"
#include "kith.pb-c.h"
#include "text.h"

#include <uthash.h>

/*
 * One connection as the hub sees it: a channel to a process that may have been
 * taken over, whom it speaks for (bound once, never changed), what it has asked
 * and was not yet answered, and what is on its way to it.
 *
 * Requests are taken up in their order. Several changing ones may be in one
 * batch; whatever else waits until those before it are answered. A session
 * whose queue is full, or that does not take its answers, is not read from
 * until it has caught up: TCP then slows the client down.
 */

#define SESSION_REQUESTS_MAX 32u /* asked and not answered */
/* Bytes of one of them. The longest that a client can ask for is half of it;
 * so the requests of a session that was taken over stay small here too. */
#define SESSION_REQUEST_MAX 8192u
/* Packed bytes that may wait for the channel of one session before ... */
#define SESSION_OUT_LIVE_MAX   (8u * 1024u) /* presence and typing are dropped */
#define SESSION_OUT_ANSWER_MAX (64u * 1024u) /* no request is taken up */
#define SESSION_OUT_EVENT_MAX  (96u * 1024u) /* events are held back */
/* One datagram to a session: below IPC_MESSAGE_MAX with a whole frame more. */
#define SESSION_DATAGRAM_MAX (24u * 1024u)
/* A channel that took nothing for so long is given up. */
#define SESSION_STALL_LIMIT_MS 30000
/* After a Goodbye the other end has so long to close. */
#define SESSION_CLOSE_LIMIT_MS     5000
#define SESSION_TYPING_BURST       20u
#define SESSION_TYPING_INTERVAL_MS 250u

/* In the order in which a connection passes through them (PROTOCOL.md, 4). */
enum session_state {
	SESSION_GREETED,
	SESSION_GUEST,
	SESSION_SIGNING_IN,
	SESSION_SIGNED_IN,
	SESSION_CLOSING, /* Goodbye is on its way; nothing is read any more */
};

/* A packed ToClient, shared by everybody who gets the same. */
struct frame {
	uint32_t references;
	uint32_t length;
	bool secret; /* wiped at its end: it holds a token */
	uint8_t bytes[];
};

struct out_item;

struct session {
	struct hub *hub;
	struct channel *channel; /* NULL: the connection has ended */
	uint64_t id;
	enum session_state state;
	char address[46];
	char client[TEXT_DEVICE_MAX + 1];
	bool knows_next_key; /* a feature that its Hello named */

	int64_t user_id; /* 0 until signed in */
	int64_t device_id;
	int64_t seen_us; /* the device's last use, as the database has it */
	struct person *person;
	struct session *prev_of_person, *next_of_person;

	/*
	 * Following: CatchUp has come to its end. Then every event above
	 * `cursor` that concerns the user is handed out; behind: not as they
	 * happen, but read from the store from `cursor` on, because the
	 * channel was full.
	 */
	bool following;
	bool behind;
	bool presence_stale; /* to be told anew when there is room */
	int64_t cursor;

	struct request *requests; /* not taken up yet */
	uint32_t request_count;   /* those, and those being worked on */
	uint32_t in_batch;
	bool paused;
	bool pumping;
	uint32_t wrong_proofs; /* passwords and tokens on this connection */
	struct throttle_bucket typing;

	struct out_item *out; /* a list, the first to leave in front */
	size_t out_bytes;
	bool close_owed;     /* the other end is to close after those */
	bool dirty;          /* in sessions->dirty */
	bool blocked;        /* the channel was full */
	int64_t deadline_ms; /* blocked or closing: when it is given up */
	struct session *dirty_next;
	struct session *prev_waiting, *next_waiting; /* blocked or closing */
	bool waiting;
	struct session *prev_guest, *next_guest;
	bool is_guest;
	UT_hash_handle hh;
};

/* Wrong passwords and tokens on one connection before it is ended. */
#define SESSION_WRONG_PROOFS_MAX 20u

/* A page of anything: rows, and packed bytes before the last row. */
#define PAGE_ROWS_MAX  100u
#define PAGE_BYTES_MAX (48u * 1024u)

struct sessions; /* all of them */

struct sessions *sessions_new(void);
/* Frees all, without a word to them. */
void sessions_free(struct sessions **sessions);
uint32_t sessions_count(const struct sessions *sessions);
/* Without those that have been told to go. */
uint32_t sessions_open(const struct sessions *sessions);
uint32_t sessions_queued(const struct sessions *sessions);

/*
 * A new connection over this socket, which is taken: greets it. Over
 * max-connections it gets a Goodbye.
 */
void session_start(struct hub *hub, int socket, const char *address);

/*
 * The connection ends, because of this: requests not taken up are forgotten,
 * Goodbye is sent, then it closes. The session stays until the other end has
 * closed. Does nothing twice.
 */
void session_end(
    struct session *session, enum kith_code code, const char *sentence);

/* Binds it to a person and tells friends. Afterwards it may not be bound
 * again. False when the person has too many connections. */
bool session_bind(struct session *session, int64_t user_id, int64_t device_id);

/* Notes that its device is in use, where that was noted an hour ago. */
void session_touch(struct session *session, int64_t now_us);
/* For all that are signed in, so that long connections count as use too. */
void sessions_touch(struct hub *hub, int64_t now_us);

/* Closes after what is queued has left. */
void session_close(struct session *session);

/* All ends of one person; with device_id not 0 only those of that device. */
void sessions_end_person(struct hub *hub, int64_t user_id, int64_t device_id,
    enum kith_code code, const char *sentence);

/* The daemon stops: a Goodbye to everybody. */
void sessions_end_all(struct hub *hub, enum kith_code code);
/* Has all that was put for anybody left? */
bool sessions_all_told(const struct sessions *sessions);

/* ---- what goes out ------------------------------------------------------ */

struct frame *frame_new(const Kith__ToClient *message);
/*
 * Room for the packed body of an answer behind the number of its request,
 * which is written here. *body_r: where the body belongs.
 */
struct frame *frame_new_answer(
    uint64_t request, size_t body_length, size_t *body_r);
struct frame *frame_keep(struct frame *frame);
void frame_drop(struct frame **frame);

/* Queues; leaves with sessions_flush(). Keeps a reference of its own. */
void session_put(struct session *session, struct frame *frame);
/* The same, and the session process is told that the sign-in is done. */
void session_put_signed_in(struct session *session, struct frame *frame);

/* Is there room for an event, or for what may be dropped? */
bool session_takes_events(const struct session *session);
bool session_takes_live(const struct session *session);

/* At the end of each turn of the loop: everything that was put leaves, a
 * datagram for each session where it fits. Costs nothing for the others. */
void sessions_flush(struct hub *hub);

/* Gives up those that have waited too long. */
void sessions_tick(struct hub *hub, int64_t now_ms);

/* ---- what comes in ------------------------------------------------------ */

/*
 * A request that had left the queue is done (answered, refused or given up): it
 * is freed, the next ones are taken up. The session may be gone afterwards.
 */
void session_request_done(struct session *session, struct request *request);

/* Takes up what can be: after an answer, after room was made. */
void session_pump(struct session *session);
