/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Judges a client's frames. A frame that is not a valid envelope ends the
 * connection; a request that is not allowed is refused and the connection goes
 * on (PROTOCOL.md, sections 2 to 4). The hub judges again what is passed on:
 * this table keeps rubbish away from it, it does not replace it.
 */
#include "session_dispatch.h"

#include <assert.h>
#include <stdio.h>

#include "envelope.h"
#include "frame.h"
#include "refusal.h"

/* Refusals carry the library's codes as they are. */
static_assert((int)KITH_MALFORMED == (int)KITH__REFUSAL__CODE__MALFORMED &&
	(int)KITH_BAD_TEXT == (int)KITH__REFUSAL__CODE__BAD_TEXT &&
	(int)KITH_PENDING == (int)KITH__REFUSAL__CODE__PENDING,
    "enum kith_code and Refusal.Code have parted");

#define IN(state) (1u << (state))

struct allowed {
	Kith__ToServer__BodyCase body;
	unsigned states;
};

/* Whatever does not stand here is for those who have signed in. */
static const struct allowed allowed[] = {
	{ KITH__TO_SERVER__BODY_HELLO, IN(SESSION_GREETED) },
	{ KITH__TO_SERVER__BODY_PING,
	    IN(SESSION_GUEST) | IN(SESSION_SIGNED_IN) },
	{ KITH__TO_SERVER__BODY_SIGN_UP, IN(SESSION_GUEST) },
	{ KITH__TO_SERVER__BODY_SIGN_IN, IN(SESSION_GUEST) },
};

static bool
is_allowed(enum session_state state, Kith__ToServer__BodyCase body)
{
	size_t i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i].body == body)
			return (allowed[i].states & IN(state)) != 0;
	return state == SESSION_SIGNED_IN;
}

size_t
session_frame_max(enum session_state state)
{
	return state == SESSION_SIGNED_IN ? FRAME_MAX
					  : FRAME_MAX_BEFORE_SIGN_IN;
}

static void
fill_refusal(
    struct session_step *step, enum kith_code code, const char *sentence)
{
	kith__refusal__init(&step->refusal);
	step->refusal.code = (Kith__Refusal__Code)code;
	snprintf(step->sentence, sizeof(step->sentence), "%s",
	    sentence != NULL && sentence[0] != '\0' ? sentence
						    : kith_code_sentence(code));
	step->refusal.sentence = step->sentence;
	step->refusal.retry_after_ms = refusal_retry_ms(code);
}

static void
refuse(struct session_step *step, uint64_t request, enum kith_code code,
    const char *sentence)
{
	fill_refusal(step, code, sentence);
	step->action = SESSION_ANSWER;
	kith__to_client__init(&step->answer);
	step->answer.request = request;
	step->answer.body_case = KITH__TO_CLIENT__BODY_REFUSAL;
	step->answer.refusal = &step->refusal;
}

void
session_goodbye(
    enum kith_code code, const char *sentence, struct session_step *step_r)
{
	fill_refusal(step_r, code, sentence);
	step_r->action = SESSION_END;
	step_r->message = NULL;
	kith__goodbye__init(&step_r->goodbye);
	step_r->goodbye.reason = &step_r->refusal;
	kith__to_client__init(&step_r->answer);
	step_r->answer.body_case = KITH__TO_CLIENT__BODY_GOODBYE;
	step_r->answer.goodbye = &step_r->goodbye;
}

static void
answer_ping(struct session_step *step, uint64_t request)
{
	/* with 0 only a refusal is answered */
	step->action = request != 0 ? SESSION_ANSWER : SESSION_SKIP;
	kith__pong__init(&step->pong);
	kith__to_client__init(&step->answer);
	step->answer.request = request;
	step->answer.body_case = KITH__TO_CLIENT__BODY_PONG;
	step->answer.pong = &step->pong;
}

void
session_dispatch(enum session_state state, const uint8_t *body, size_t length,
    struct session_step *step_r)
{
	struct envelope_verdict verdict;
	Kith__ToServer *message = NULL;
	enum kith_code code;

	step_r->message = NULL;
	step_r->next = state;
	code = envelope_unpack_to_server(body, length, &message, &verdict);
	if (code != KITH_OK && verdict.fatal) {
		session_goodbye(code, verdict.fault.sentence, step_r);
	} else if (code != KITH_OK) {
		refuse(step_r, verdict.request, code, verdict.fault.sentence);
	} else if (!is_allowed(state, message->body_case)) {
		refuse(step_r, message->request, KITH_NOT_NOW, NULL);
	} else if (message->body_case == KITH__TO_SERVER__BODY_PING) {
		answer_ping(step_r, message->request);
	} else {
		if (message->body_case == KITH__TO_SERVER__BODY_HELLO)
			step_r->next = SESSION_GUEST;
		step_r->action = SESSION_PASS;
		step_r->message = message;
		return;
	}
	envelope_free_to_server(&message);
}
