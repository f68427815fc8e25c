/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Frames between a session and its client: what waits is written as TLS takes
 * it, what comes is judged by session_dispatch.c and passed on to the hub.
 */
#include "envelope.h"
#include "frame.h"
#include "monotonic.h"
#include "session_dispatch.h"
#include "session_private.h"

#define SESSION_READ_SIZE 4096u /* bytes asked of TLS at once */
#define SESSION_OUT_SPARE 4096u
#define SESSION_OUT_MAX \
	(SESSION_OUT_HIGH + 2u * IPC_MESSAGE_MAX + SESSION_OUT_SPARE)
#define SESSION_IN_MAX (FRAME_HEADER_SIZE + FRAME_MAX + SESSION_READ_SIZE)

/* ---- to the client ---------------------------------------------------- */

struct buf *
session_out(struct session *s)
{
	if (s->out == NULL)
		s->out = buf_new(SESSION_OUT_MAX);
	return s->out;
}

size_t
session_waiting_out(const struct session *s)
{
	return s->out != NULL ? buf_length(s->out) : 0;
}

enum kith_code
session_flush(struct session *s)
{
	enum kith_code code = KITH_OK;

	while (session_waiting_out(s) > 0 && code == KITH_OK) {
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
		return envelope_put(
		    session_out(s), FRAME_MAX, &step.answer.base);
	case SESSION_SKIP:
		return KITH_OK;
	case SESSION_END:
		envelope_put(session_out(s), FRAME_MAX, &step.answer.base);
		session_start_closing(s, SESSION_MALFORMED);
		return KITH_OK;
	}
	return KITH_INTERNAL;
}

void
session_take_frames(struct session *s)
{
	const uint8_t *body;
	size_t length;
	enum kith_code code;

	while (s->phase == PHASE_OPEN && s->in != NULL && !s->hub_full &&
	    session_waiting_out(s) < SESSION_OUT_HIGH) {
		code = frame_peek(
		    s->in, session_frame_max(s->state), &body, &length);
		if (code == KITH_AGAIN)
			break;
		if (code != KITH_OK) {
			session_close_with(s, code, NULL, SESSION_MALFORMED);
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
			session_close_with(
			    s, KITH_INTERNAL, NULL, SESSION_HUB_GONE);
			break;
		}
		frame_consume(s->in);
		s->heard_ms = monotonic_ms();
		event_del(s->stall);
	}
	if (s->in != NULL && buf_length(s->in) == 0)
		buf_free(&s->in); /* an idle session holds no buffer */
}

bool
session_wants_input(const struct session *s)
{
	return s->phase == PHASE_OPEN && !s->hub_full &&
	    session_waiting_out(s) < SESSION_OUT_HIGH;
}

static void
client_gone(struct session *s, enum kith_code code)
{
	/* what waits for a client that has gone has nowhere to go */
	buf_free(&s->out);
	if (code == KITH_CLOSED) {
		session_start_closing(s, session_outcome_of_leaving(s));
	} else {
		s->outcome = session_outcome_of_leaving(s);
		session_finish(s);
	}
}

bool
session_read_client(struct session *s)
{
	int turns;

	for (turns = 0; turns < SESSION_TURN_MAX && session_wants_input(s);
	     turns++) {
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
		session_take_frames(s);
	}
	return true;
}
