/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a connection ends: the last frames leave, then TLS's own goodbye, then
 * the client's side is heard out, so that no reset destroys what was sent.
 */
#include <errno.h>
#include <sys/socket.h>

#include "envelope.h"
#include "frame.h"
#include "log.h"
#include "session_dispatch.h"
#include "session_private.h"

#define SESSION_CLOSE_MS   5000 /* for the last frames and the close */
#define SESSION_REFUSED_MS 3000 /* for the handshake before a refusal */
#define SESSION_DRAIN_MS   2000 /* for the client to close its side too */

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

void
session_finish(struct session *s)
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
	session_set_timer(s->limit, SESSION_DRAIN_MS);
}

void
session_notify(struct session *s)
{
	enum kith_code code = tls_close_notify(s->tls);

	s->phase = PHASE_NOTIFY;
	if (code == KITH_OK)
		start_drain(s);
	else if (code == KITH_AGAIN)
		event_add(s->writable, NULL);
	else
		session_finish(s);
}

void
session_start_closing(struct session *s, enum session_outcome outcome)
{
	if (s->phase >= PHASE_CLOSING)
		return;
	s->outcome = outcome;
	if (s->phase == PHASE_HANDSHAKE) {
		/* the hub's reason can be told only after the handshake */
		if (outcome != SESSION_REFUSED) {
			session_finish(s);
			return;
		}
		s->refused = true;
		session_set_timer(s->limit, SESSION_REFUSED_MS);
		return;
	}
	s->phase = PHASE_CLOSING;
	channel_free(&s->hub);
	event_del(s->readable);
	event_del(s->stall);
	session_set_timer(s->limit, SESSION_CLOSE_MS);
}

void
session_close_with(struct session *s, enum kith_code code, const char *sentence,
    enum session_outcome outcome)
{
	struct session_step step;

	if (s->phase == PHASE_OPEN) {
		session_goodbye(code, sentence, &step);
		envelope_put(session_out(s), FRAME_MAX, &step.answer.base);
	}
	session_start_closing(s, outcome);
}

enum session_outcome
session_outcome_of_leaving(const struct session *s)
{
	return s->signed_in ? SESSION_CLOSED : SESSION_LEFT;
}

void
session_drain(struct session *s)
{
	uint8_t rubbish[1024];
	ssize_t got;
	int turns;

	for (turns = 0; turns < SESSION_TURN_MAX; turns++) {
		got = recv(s->fd, rubbish, sizeof(rubbish), MSG_DONTWAIT);
		if (got == 0 ||
		    (got < 0 && errno != EAGAIN && errno != EINTR)) {
			session_finish(s);
			return;
		}
		if (got < 0)
			return;
	}
}
