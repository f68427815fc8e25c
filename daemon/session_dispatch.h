/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * What a session does with one frame of its client: a table says which request
 * is allowed in which state. Knows no sockets, so it can be tested and fuzzed
 * by itself.
 */
enum session_state {
	SESSION_GREETED,   /* waits for Hello */
	SESSION_GUEST,     /* may sign in or up */
	SESSION_SIGNED_IN, /* everything else; only the hub says so */
};

enum session_action {
	SESSION_PASS,   /* send message to the hub, then free it */
	SESSION_ANSWER, /* send answer to the client */
	SESSION_SKIP,   /* nothing: a request that wants no answer */
	SESSION_END,    /* send answer (a Goodbye), then close */
};

struct session_step {
	enum session_action action;
	Kith__ToServer *message; /* SESSION_PASS: envelope_free_to_server() */
	enum session_state next; /* the state after it has been passed */

	/* SESSION_ANSWER, SESSION_END: ready to be packed; the parts below
	 * belong to it, so a step must not be copied */
	Kith__ToClient answer;
	Kith__Pong pong;
	Kith__Refusal refusal;
	Kith__Goodbye goodbye;
	char sentence[FAULT_SENTENCE_MAX];
};

/* The largest frame that a client may send in this state, in bytes. */
size_t session_frame_max(enum session_state state);

/* Judges one frame's body. */
void session_dispatch(enum session_state state, const uint8_t *body,
    size_t length, struct session_step *step_r);

/* Fills the step with a Goodbye for this code. sentence NULL: the code's. */
void session_goodbye(
    enum kith_code code, const char *sentence, struct session_step *step_r);
