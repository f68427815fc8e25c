/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "buf.h"
#include "channel.h"
#include "session.h"
#include "session_dispatch.h"

/* What the files of a session share: session.c moves it, session_client.c has
 * its frames, session_end.c its end. */

#define SESSION_TURN_MAX 32 /* reads in one turn of the loop */

/* What waits for the client: above HIGH nothing more is taken from the hub.
 * One message of the hub, and an answer of ours, always fit above it. */
#define SESSION_OUT_HIGH 65536u
#define SESSION_OUT_LOW  16384u

enum session_phase {
	PHASE_HANDSHAKE,
	PHASE_OPEN,
	PHASE_CLOSING,  /* the last frames leave */
	PHASE_NOTIFY,   /* close_notify leaves */
	PHASE_DRAINING, /* waiting for the client's end, so that nothing that
	                 * was sent is lost to a reset */
	PHASE_ENDED,
};

struct session {
	const struct session_owner *owner;
	uint64_t id;
	int fd;
	struct tls_connection *tls;
	struct channel *hub;  /* NULL once it has closed */
	struct buf *in, *out; /* NULL while empty */
	enum session_phase phase;
	enum session_state state;
	enum session_outcome outcome;
	bool hub_full; /* a frame waits for room in the hub's channel */
	bool signed_in;
	bool refused;     /* the hub closed before the handshake was over */
	int64_t heard_ms; /* when the last whole frame came */
	struct event *readable, *writable;
	struct event *limit; /* signing in, being idle, closing */
	struct event *stall; /* a frame begun, or bytes not taken */
	char address[64];
};

void session_set_timer(struct event *timer, int64_t ms);

/* Sends what waits, takes the frames for which there is room now, and arranges
 * what is waited for. Any call may end the session, but never frees it. */
void session_advance(struct session *s);

/* ---- frames (session_client.c) ---------------------------------------- */

size_t session_waiting_out(const struct session *s);

/* The buffer for the client, made if need be. */
struct buf *session_out(struct session *s);

/* KITH_OK when all has left, KITH_AGAIN, or the connection is broken. */
enum kith_code session_flush(struct session *s);

/* All whole frames that can be taken now. */
void session_take_frames(struct session *s);

/* May more be read from the client now? */
bool session_wants_input(const struct session *s);

/* Reads until TLS has no more, or for one turn; false when s has ended. */
bool session_read_client(struct session *s);

/* ---- the end (session_end.c) ------------------------------------------ */

/* At once. Whoever called us still holds s: it is freed from the loop. */
void session_finish(struct session *s);

/* From here on nothing is read; what waits for the client still leaves. */
void session_start_closing(struct session *s, enum session_outcome outcome);

/* The same after a goodbye; sentence: NULL for the usual one of the code. */
void session_close_with(struct session *s, enum kith_code code,
    const char *sentence, enum session_outcome outcome);

/* All frames have left: TLS says goodbye, then the client is heard out. */
void session_notify(struct session *s);

/* Reads and throws away until the client closes its side. */
void session_drain(struct session *s);

/* What ends a connection that the client, or the network, has ended. */
enum session_outcome session_outcome_of_leaving(const struct session *s);
