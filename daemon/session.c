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
#include "session.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "channel.h"
#include "envelope.h"
#include "frame.h"
#include "log.h"
#include "mem.h"
#include "session_dispatch.h"

#define SESSION_READ_SIZE 4096u /* bytes asked of TLS at once */
#define SESSION_TURN_MAX  32    /* reads in one turn of the loop */

/* What waits for the client: above HIGH nothing more is taken from the hub.
 * One message of the hub, and an answer of ours, always fit above it. */
#define SESSION_OUT_HIGH  65536u
#define SESSION_OUT_LOW   16384u
#define SESSION_OUT_SPARE 4096u
#define SESSION_OUT_MAX \
	(SESSION_OUT_HIGH + 2u * IPC_MESSAGE_MAX + SESSION_OUT_SPARE)
#define SESSION_IN_MAX (FRAME_HEADER_SIZE + FRAME_MAX + SESSION_READ_SIZE)

#define SESSION_FRAME_MS 30000 /* from a frame's first byte to its last */
#define SESSION_WRITE_MS 60000 /* without the client taking a byte */
#define SESSION_CLOSE_MS 5000  /* for the last frames and the close */
#define SESSION_DRAIN_MS 2000  /* for the client to close its side too */
#define SESSION_SETTLE_S 3     /* from the sign-in until memory is given back */

enum phase {
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
	enum phase phase;
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

static void advance(struct session *s);

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
set_timer(struct event *timer, int64_t ms)
{
	const struct timeval after = { .tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	event_add(timer, &after);
}

/* ---- the end ---------------------------------------------------------- */

const char *
session_outcome_word(int outcome)
{
	static const struct {
		enum session_outcome outcome;
		const char *word;
	} words[] = {
		{ SESSION_CLOSED, "closed" },
		{ SESSION_LEFT, "left without signing in" },
		{ SESSION_LATE, "did not sign in in time" },
		{ SESSION_MALFORMED, "broke the protocol" },
		{ SESSION_NO_TLS, "failed the TLS handshake" },
		{ SESSION_REFUSED, "was sent away before signing in" },
		{ SESSION_SILENT, "was silent or too slow" },
		{ SESSION_HUB_GONE, "lost the hub" },
		{ SESSION_BROKEN, "failed inside" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((int)words[i].outcome == outcome)
			return words[i].word;
	return "ended in an unknown way";
}

/* Whoever called us still holds s: it is freed from the loop, by on_limit(). */
static void
finish(struct session *s)
{
	if (s->phase == PHASE_ENDED)
		return;
	s->phase = PHASE_ENDED;
	log_debug("%s %s", s->address, session_outcome_word(s->outcome));
	channel_free(&s->hub);
	event_del(s->readable);
	event_del(s->writable);
	event_del(s->stall);
	event_active(s->limit, EV_TIMEOUT, 0);
}

/* Our last frames are on their way: say so, and hear the other side out. */
static void
start_drain(struct session *s)
{
	s->phase = PHASE_DRAINING;
	shutdown(s->fd, SHUT_WR);
	event_del(s->writable);
	event_add(s->readable, NULL);
	set_timer(s->limit, SESSION_DRAIN_MS);
}

static void
notify(struct session *s)
{
	enum kith_code code = tls_close_notify(s->tls);

	s->phase = PHASE_NOTIFY;
	if (code == KITH_OK)
		start_drain(s);
	else if (code == KITH_AGAIN)
		event_add(s->writable, NULL);
	else
		finish(s);
}

/* From here on nothing is read; what waits for the client still leaves. */
static void
start_closing(struct session *s, enum session_outcome outcome)
{
	if (s->phase >= PHASE_CLOSING)
		return;
	s->outcome = outcome;
	if (s->phase == PHASE_HANDSHAKE) {
		/* the hub's reason can be told only after the handshake */
		if (outcome == SESSION_REFUSED)
			s->refused = true;
		else
			finish(s);
		return;
	}
	s->phase = PHASE_CLOSING;
	channel_free(&s->hub);
	event_del(s->readable);
	event_del(s->stall);
	set_timer(s->limit, SESSION_CLOSE_MS);
}

static struct buf *
out_of(struct session *s)
{
	if (s->out == NULL)
		s->out = buf_new(SESSION_OUT_MAX);
	return s->out;
}

static void
close_with(struct session *s, enum kith_code code, const char *sentence,
    enum session_outcome outcome)
{
	struct session_step step;

	if (s->phase == PHASE_OPEN) {
		session_goodbye(code, sentence, &step);
		envelope_put(out_of(s), FRAME_MAX, &step.answer.base);
	}
	start_closing(s, outcome);
}

/* What ends a connection that the client, or the network, has ended. */
static enum session_outcome
outcome_of_leaving(const struct session *s)
{
	return s->signed_in ? SESSION_CLOSED : SESSION_LEFT;
}

/* ---- to the client ---------------------------------------------------- */

static size_t
waiting_out(const struct session *s)
{
	return s->out != NULL ? buf_length(s->out) : 0;
}

/* KITH_OK when all has left, KITH_AGAIN, or the connection is broken. */
static enum kith_code
flush(struct session *s)
{
	enum kith_code code = KITH_OK;

	while (waiting_out(s) > 0 && code == KITH_OK) {
		size_t written = 0;

		code = tls_write(s->tls, buf_peek(s->out), buf_length(s->out),
		    &written, NULL);
		if (code != KITH_OK)
			break;
		buf_consume(s->out, written);
		event_del(s->stall);
	}
	if (s->out != NULL && buf_length(s->out) == 0)
		buf_free(&s->out);
	return code;
}

/* ---- from the client -------------------------------------------------- */

static enum kith_code
pass(struct session *s, struct session_step *step)
{
	Kith__Ipc__SessionToHub message = KITH__IPC__SESSION_TO_HUB__INIT;
	enum kith_code code;

	message.body_case = KITH__IPC__SESSION_TO_HUB__BODY_REQUEST;
	message.request = step->message;
	code = channel_send(s->hub, &message.base);
	envelope_free_to_server(&step->message);
	if (code == KITH_OK)
		s->state = step->next;
	return code;
}

/* One whole frame. KITH_BUSY: it must wait where it is. */
static enum kith_code
take_frame(struct session *s, const uint8_t *body, size_t length)
{
	struct session_step step;

	session_dispatch(s->state, body, length, &step);
	switch (step.action) {
	case SESSION_PASS:
		return pass(s, &step);
	case SESSION_ANSWER:
		return envelope_put(out_of(s), FRAME_MAX, &step.answer.base);
	case SESSION_SKIP:
		return KITH_OK;
	case SESSION_END:
		envelope_put(out_of(s), FRAME_MAX, &step.answer.base);
		start_closing(s, SESSION_MALFORMED);
		return KITH_OK;
	}
	return KITH_INTERNAL;
}

/* All whole frames that can be taken now. */
static void
take_frames(struct session *s)
{
	const uint8_t *body;
	size_t length;
	enum kith_code code;

	while (s->phase == PHASE_OPEN && s->in != NULL && !s->hub_full &&
	    waiting_out(s) < SESSION_OUT_HIGH) {
		code = frame_peek(
		    s->in, session_frame_max(s->state), &body, &length);
		if (code == KITH_AGAIN)
			break;
		if (code != KITH_OK) {
			close_with(s, code, NULL, SESSION_MALFORMED);
			break;
		}
		code = take_frame(s, body, length);
		if (code == KITH_BUSY || code == KITH_CLOSED) {
			/* Closed: what the hub said last is still to be read,
			 * its goodbye to the client may be among it. */
			s->hub_full = true;
			break;
		}
		if (code != KITH_OK) {
			close_with(s, KITH_INTERNAL, NULL, SESSION_HUB_GONE);
			break;
		}
		frame_consume(s->in);
		s->heard_ms = now_ms();
		event_del(s->stall);
	}
	if (s->in != NULL && buf_length(s->in) == 0)
		buf_free(&s->in); /* an idle session holds no buffer */
}

/* May more be read from the client now? */
static bool
wants_input(const struct session *s)
{
	return s->phase == PHASE_OPEN && !s->hub_full &&
	    waiting_out(s) < SESSION_OUT_HIGH;
}

static void
client_gone(struct session *s, enum kith_code code)
{
	/* what waits for a client that has gone has nowhere to go */
	buf_free(&s->out);
	if (code == KITH_CLOSED) {
		start_closing(s, outcome_of_leaving(s));
	} else {
		s->outcome = outcome_of_leaving(s);
		finish(s);
	}
}

/* Reads until TLS has no more, or for one turn; false when it has ended. */
static bool
read_client(struct session *s)
{
	int turns;

	for (turns = 0; turns < SESSION_TURN_MAX && wants_input(s); turns++) {
		enum kith_code code;
		size_t length = 0;
		uint8_t *to;

		if (s->in == NULL)
			s->in = buf_new(SESSION_IN_MAX);
		to = buf_reserve(s->in, SESSION_READ_SIZE);
		if (to == NULL)
			return true; /* full of frames that wait */
		code = tls_read(s->tls, to, SESSION_READ_SIZE, &length, NULL);
		if (code == KITH_AGAIN) {
			if (buf_length(s->in) == 0)
				buf_free(&s->in);
			return true;
		}
		if (code != KITH_OK) {
			client_gone(s, code);
			return s->phase != PHASE_ENDED;
		}
		buf_commit(s->in, length);
		take_frames(s);
	}
	return true;
}

/* Reads and throws away until the client closes its side. */
static void
drain(struct session *s)
{
	uint8_t rubbish[1024];
	ssize_t got;
	int turns;

	for (turns = 0; turns < SESSION_TURN_MAX; turns++) {
		got = recv(s->fd, rubbish, sizeof(rubbish), MSG_DONTWAIT);
		if (got == 0 ||
		    (got < 0 && errno != EAGAIN && errno != EINTR)) {
			finish(s);
			return;
		}
		if (got < 0)
			return;
	}
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
		finish(s);
		return;
	}
	log_debug("%s speaks %s, %s", s->address, tls_version(s->tls),
	    tls_suite(s->tls));
	s->phase = PHASE_OPEN;
	s->heard_ms = now_ms();
	if (s->refused)
		start_closing(s, SESSION_REFUSED);
	advance(s);
}

/* ---- one step, whatever happened -------------------------------------- */

/* Which descriptors and timers matter from here on. */
static void
arrange(struct session *s)
{
	bool partial = s->in != NULL && wants_input(s);

	if (wants_input(s)) {
		event_add(s->readable, NULL);
		/* bytes inside TLS are seen by no descriptor */
		if (tls_has_pending(s->tls))
			event_active(s->readable, EV_READ, 0);
	} else {
		event_del(s->readable);
	}
	if (waiting_out(s) > 0)
		event_add(s->writable, NULL);
	else
		event_del(s->writable);
	if (s->hub != NULL) {
		if (waiting_out(s) >= SESSION_OUT_HIGH)
			channel_pause(s->hub);
		else if (waiting_out(s) <= SESSION_OUT_LOW)
			channel_resume(s->hub);
	}
	if (s->phase != PHASE_OPEN)
		return;
	if (waiting_out(s) > 0) {
		if (!event_pending(s->stall, EV_TIMEOUT, NULL))
			set_timer(s->stall, SESSION_WRITE_MS);
	} else if (partial) {
		if (!event_pending(s->stall, EV_TIMEOUT, NULL))
			set_timer(s->stall, SESSION_FRAME_MS);
	} else {
		event_del(s->stall);
	}
}

/* Sends what waits, takes the frames for which there is room now. */
static void
advance(struct session *s)
{
	enum kith_code code;

	do {
		code = flush(s);
		if (code != KITH_OK && code != KITH_AGAIN) {
			if (s->phase < PHASE_CLOSING)
				s->outcome = outcome_of_leaving(s);
			finish(s);
			return;
		}
		take_frames(s);
		/* a frame may have been answered: send that as well */
	} while (code == KITH_OK && waiting_out(s) > 0);
	if (s->phase == PHASE_CLOSING && waiting_out(s) == 0) {
		notify(s);
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
		if (wants_input(s) && !read_client(s))
			return;
		advance(s);
		break;
	case PHASE_CLOSING:
		advance(s);
		break;
	case PHASE_NOTIFY:
		notify(s);
		break;
	case PHASE_DRAINING:
		drain(s);
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
	if (s->phase >= PHASE_CLOSING) {
		finish(s);
		return;
	}
	if (!s->signed_in) {
		close_with(s, KITH_TRY_LATER,
		    "This connection did not sign in in time", SESSION_LATE);
	} else {
		left_ms = s->heard_ms +
		    (int64_t)s->owner->limits.idle_timeout_s * 1000 - now_ms();
		if (left_ms > 0) {
			set_timer(s->limit, left_ms);
			return;
		}
		close_with(s, KITH_TRY_LATER,
		    "Nothing was heard on this connection for too long",
		    SESSION_SILENT);
	}
	if (s->phase != PHASE_ENDED)
		advance(s);
}

static void
on_stall(evutil_socket_t fd, short events, void *context)
{
	struct session *s = context;

	close_with(s, KITH_TRY_LATER, "This connection is too slow",
	    s->signed_in ? SESSION_SILENT : SESSION_LATE);
	if (s->phase != PHASE_ENDED)
		advance(s);
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
		if (frame_put(out_of(s), FRAME_MAX, m->frames[i].data,
			m->frames[i].len) != KITH_OK) {
			log_error("the hub sent a frame that does not fit");
			start_closing(s, SESSION_BROKEN);
			break;
		}
	}
	if (m->signed_in && !s->signed_in) {
		s->signed_in = true;
		s->state = SESSION_SIGNED_IN;
		s->heard_ms = now_ms();
		if (s->owner->wipe_key)
			trim_later(s->owner->base);
		if (s->phase == PHASE_OPEN)
			set_timer(s->limit,
			    (int64_t)s->owner->limits.idle_timeout_s * 1000);
	}
	if (m->close)
		start_closing(
		    s, s->signed_in ? SESSION_CLOSED : SESSION_REFUSED);
	if (s->phase == PHASE_OPEN || s->phase == PHASE_CLOSING)
		advance(s);
}

static void
on_hub_drained(struct channel *channel, void *context)
{
	struct session *s = context;

	s->hub_full = false;
	if (s->phase != PHASE_OPEN)
		return;
	advance(s);
}

static void
on_hub_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct session *s = context;

	if (s->refused)
		return;
	close_with(s, KITH_INTERNAL,
	    "The server is restarting a part of itself", SESSION_HUB_GONE);
	if (s->phase == PHASE_CLOSING)
		advance(s);
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
	set_timer(s->limit, (int64_t)s->owner->limits.sign_in_timeout_s * 1000);
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
