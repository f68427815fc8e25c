/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One client's connection. Holds its TLS state, its channel to the hub and two
 * bounded buffers; judges frames by session_dispatch.c and passes what is left
 * to the hub. Must never open anything, and never decide who the client is:
 * the hub does, and binds that to the channel.
 *
 * Back-pressure, both ways: while the client does not take what waits for it,
 * the hub's channel is not read; while the hub's channel is full, the client
 * is not read. No answer of ours is made when there is no room for it.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "frame.h"
#include "log.h"
#include "mem.h"
#include "monotonic.h"
#include "session_private.h"

#define SESSION_FRAME_MS 30000 /* from a frame's first byte to its last */
#define SESSION_WRITE_MS 60000 /* without the client taking a byte */
#define SESSION_SETTLE_S 3     /* from the sign-in until memory is given back */

void
session_set_timer(struct event *timer, int64_t ms)
{
	const struct timeval after = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	event_add(timer, &after);
}

/* ---- handshake -------------------------------------------------------- */

static void
on_handshake(struct session *s)
{
	struct fault fault = { .code = KITH_OK };
	enum kith_code code = tls_handshake(s->tls, &fault);

	if (code == KITH_AGAIN) {
		if (tls_wants(s->tls) == TLS_WANTS_WRITE)
			event_add(s->writable, NULL);
		else
			event_del(s->writable);
		return;
	}
	if (s->owner->wipe_key)
		tls_config_wipe_key(s->owner->config);
	if (code != KITH_OK) {
		log_debug("%s: %s", s->address, fault.sentence);
		s->outcome =
		    code == KITH_CLOSED ? SESSION_LEFT : SESSION_NO_TLS;
		session_finish(s);
		return;
	}
	log_debug("%s speaks %s, %s", s->address, tls_version(s->tls),
	    tls_suite(s->tls));
	s->phase = PHASE_OPEN;
	s->heard_ms = monotonic_ms();
	if (s->refused)
		session_start_closing(s, SESSION_REFUSED);
	session_advance(s);
}

/* ---- one step, whatever happened -------------------------------------- */

/* Which descriptors and timers matter from here on. */
static void
arrange(struct session *s)
{
	bool partial = s->in != NULL && session_wants_input(s);

	if (session_wants_input(s)) {
		event_add(s->readable, NULL);
		/* bytes inside TLS are seen by no descriptor */
		if (tls_has_pending(s->tls))
			event_active(s->readable, EV_READ, 0);
	} else {
		event_del(s->readable);
	}
	if (session_waiting_out(s) > 0)
		event_add(s->writable, NULL);
	else
		event_del(s->writable);
	if (s->hub != NULL) {
		if (session_waiting_out(s) >= SESSION_OUT_HIGH)
			channel_pause(s->hub);
		else if (session_waiting_out(s) <= SESSION_OUT_LOW)
			channel_resume(s->hub);
	}
	if (s->phase != PHASE_OPEN)
		return;
	if (session_waiting_out(s) > 0) {
		if (!event_pending(s->stall, EV_TIMEOUT, NULL))
			session_set_timer(s->stall, SESSION_WRITE_MS);
	} else if (partial) {
		if (!event_pending(s->stall, EV_TIMEOUT, NULL))
			session_set_timer(s->stall, SESSION_FRAME_MS);
	} else {
		event_del(s->stall);
	}
}

void
session_advance(struct session *s)
{
	enum kith_code code;

	do {
		code = session_flush(s);
		if (code != KITH_OK && code != KITH_AGAIN) {
			if (s->phase < PHASE_CLOSING)
				s->outcome = session_outcome_of_leaving(s);
			session_finish(s);
			return;
		}
		session_take_frames(s);
		/* a frame may have been answered: send that as well */
	} while (code == KITH_OK && session_waiting_out(s) > 0);
	if (s->phase == PHASE_CLOSING && session_waiting_out(s) == 0) {
		session_notify(s);
		return;
	}
	arrange(s);
}

static void
on_client(evutil_socket_t fd, short events, void *context)
{
	struct session *s = context;

	switch (s->phase) {
	case PHASE_HANDSHAKE:
		on_handshake(s);
		break;
	case PHASE_OPEN:
		if (session_wants_input(s) && !session_read_client(s))
			return;
		session_advance(s);
		break;
	case PHASE_CLOSING:
		session_advance(s);
		break;
	case PHASE_NOTIFY:
		session_notify(s);
		break;
	case PHASE_DRAINING:
		session_drain(s);
		break;
	case PHASE_ENDED:
		break;
	}
}

/* ---- limits ----------------------------------------------------------- */

static void
on_limit(evutil_socket_t fd, short events, void *context)
{
	struct session *s = context;
	int64_t left_ms;

	if (s->phase == PHASE_ENDED) {
		/* frees s */
		s->owner->ended(s, s->id, s->outcome, s->owner->context);
		return;
	}
	if (s->phase >= PHASE_CLOSING ||
	    (s->refused && s->phase == PHASE_HANDSHAKE)) {
		session_finish(s);
		return;
	}
	if (!s->signed_in) {
		session_close_with(s, KITH_TRY_LATER,
		    SENTENCE("This connection did not sign in in time"),
		    SESSION_LATE);
	} else {
		left_ms = s->heard_ms +
		    (int64_t)s->owner->limits.idle_timeout_s * 1000 -
		    monotonic_ms();
		if (left_ms > 0) {
			session_set_timer(s->limit, left_ms);
			return;
		}
		session_close_with(s, KITH_TRY_LATER,
		    SENTENCE(
			"Nothing was heard on this connection for too long"),
		    SESSION_SILENT);
	}
	if (s->phase != PHASE_ENDED)
		session_advance(s);
}

static void
on_stall(evutil_socket_t fd, short events, void *context)
{
	struct session *s = context;

	session_close_with(s, KITH_TRY_LATER,
	    SENTENCE("This connection is too slow"),
	    s->signed_in ? SESSION_SILENT : SESSION_LATE);
	if (s->phase != PHASE_ENDED)
		session_advance(s);
}

/* ---- memory ----------------------------------------------------------- */

static void
on_settled(evutil_socket_t fd, short what, void *context)
{
	malloc_trim(0);
}

/*
 * The handshake and the first pages leave holes in the heap, a quarter of what
 * an idle process holds. They go back to the kernel once, when the client has
 * caught up; a process with many connections fills its holes again instead.
 */
static void
trim_later(struct event_base *base)
{
	const struct timeval delay = { .tv_sec = SESSION_SETTLE_S };

	event_base_once(base, -1, EV_TIMEOUT, on_settled, NULL, &delay);
}

/* ---- from the hub ----------------------------------------------------- */

static void
on_hub_message(struct channel *channel, ProtobufCMessage *any,
    struct ipc_descriptors *descriptors, void *context)
{
	struct session *s = context;
	Kith__Ipc__HubToSession *m = (Kith__Ipc__HubToSession *)any;
	size_t i;

	for (i = 0; i < m->n_frames; i++) {
		if (frame_put(session_out(s), FRAME_MAX, m->frames[i].data,
			m->frames[i].len) != KITH_OK) {
			log_error("the hub sent a frame that does not fit");
			session_start_closing(s, SESSION_BROKEN);
			break;
		}
	}
	if (m->signed_in && !s->signed_in) {
		s->signed_in = true;
		s->state = SESSION_SIGNED_IN;
		s->heard_ms = monotonic_ms();
		if (s->owner->wipe_key)
			trim_later(s->owner->base);
		if (s->phase == PHASE_OPEN)
			session_set_timer(s->limit,
			    (int64_t)s->owner->limits.idle_timeout_s * 1000);
	}
	if (m->close)
		session_start_closing(
		    s, s->signed_in ? SESSION_CLOSED : SESSION_REFUSED);
	if (s->phase == PHASE_OPEN || s->phase == PHASE_CLOSING)
		session_advance(s);
}

static void
on_hub_drained(struct channel *channel, void *context)
{
	struct session *s = context;

	s->hub_full = false;
	if (s->phase != PHASE_OPEN)
		return;
	session_advance(s);
}

static void
on_hub_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct session *s = context;

	if (s->refused)
		return;
	session_close_with(s, KITH_INTERNAL,
	    SENTENCE("The server is restarting a part of itself"),
	    SESSION_HUB_GONE);
	if (s->phase == PHASE_CLOSING)
		session_advance(s);
}

static const struct channel_handler from_hub = {
	.type = &kith__ipc__hub_to_session__descriptor,
	.received = on_hub_message,
	.drained = on_hub_drained,
	.closed = on_hub_closed,
};

/* ---- life ------------------------------------------------------------- */

static void
make_events(struct session *s)
{
	struct event_base *base = s->owner->base;

	s->readable =
	    event_new(base, s->fd, EV_READ | EV_PERSIST, on_client, s);
	s->writable =
	    event_new(base, s->fd, EV_WRITE | EV_PERSIST, on_client, s);
	s->limit = event_new(base, -1, 0, on_limit, s);
	s->stall = event_new(base, -1, 0, on_stall, s);
	if (s->readable == NULL || s->writable == NULL || s->limit == NULL ||
	    s->stall == NULL)
		abort();
	event_add(s->readable, NULL);
	session_set_timer(
	    s->limit, (int64_t)s->owner->limits.sign_in_timeout_s * 1000);
}

struct session *
session_new(const struct session_owner *owner, int client, int hub, uint64_t id,
    const char *address)
{
	struct session *s;
	struct fault fault = { .code = KITH_OK };
	struct tls_connection *tls = NULL;

	if (tls_connection_new(owner->config, client, NULL, &tls, &fault) !=
	    KITH_OK) {
		log_error("%s", fault.sentence);
		close(client);
		close(hub);
		return NULL;
	}
	s = MEM_NEW(struct session);
	s->owner = owner;
	s->id = id;
	s->fd = client;
	s->tls = tls;
	s->state = SESSION_GREETED;
	s->phase = PHASE_HANDSHAKE;
	snprintf(s->address, sizeof(s->address), "%s", address);
	make_events(s);
	s->hub = channel_new(owner->base, hub, &from_hub, s);
	return s;
}

void
session_free(struct session **session)
{
	struct session *s = *session;

	*session = NULL;
	if (s == NULL)
		return;
	channel_free(&s->hub);
	event_free(s->readable);
	event_free(s->writable);
	event_free(s->limit);
	event_free(s->stall);
	tls_connection_free(&s->tls);
	close(s->fd);
	buf_free(&s->in);
	buf_free(&s->out);
	free(s);
}
