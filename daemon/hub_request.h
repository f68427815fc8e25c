/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "hub.h"
#include "hub_throttle.h"
#include "kith.pb-c.h"
#include "store_operation.h"

/*
 * One request of a client, from the moment the hub has it until it is answered;
 * and the table that says what may be asked when, and who answers.
 */

struct frame;
struct request;
struct session;
struct sign_in;

enum request_kind {
	REQUEST_READ,  /* answered at once, outside of the batch */
	REQUEST_WRITE, /* has an operation, answered after the commit */
	REQUEST_MARK,  /* like it, without an operation, coalesced */
	REQUEST_LIVE,  /* not stored, answered at once */
	REQUEST_SIGN,  /* needs auth first, or speaks for nobody yet */
};

/*
 * Handlers answer with request_answer() or request_done() and return KITH_OK,
 * or return why not: the request is then refused, and with a WRITE everything
 * that it did is undone. fault->sentence, when it is filled in, is told to the
 * client. A SIGN handler that has asked auth returns KITH_AGAIN.
 */
typedef enum kith_code request_handler(
    struct request *request, struct fault *fault);

struct request_row {
	Kith__ToServer__BodyCase body;
	uint32_t states; /* bits of enum session_state */
	enum request_kind kind;
	bool has_operation;
	bool secret; /* its message is wiped */
	request_handler *handle;
};

struct request {
	struct hub *hub;
	struct session *session;
	const struct request_row *row;
	Kith__ToServer *message;
	struct request *prev, *next;

	/* The answer, kept until the commit. */
	struct frame *answer;
	size_t answer_body;  /* where it begins, after the request's number */
	enum kith_code code; /* KITH_OK, or refused */
	bool kept;           /* what was done stays, though it is refused */
	char sentence[FAULT_SENTENCE_MAX];
	uint32_t retry_after_ms;
	uint8_t digest[STORE_DIGEST_LENGTH];

	/* SIGN: what is known between its steps. Else NULL. */
	struct sign_in *sign_in;
	/*
	 * Each may be NULL. committed: after the commit, before the answer is
	 * put; may still set code. answered: after it was put, where it is no
	 * refusal and the connection is still there.
	 */
	void (*committed)(struct request *request);
	void (*answered)(struct request *request);
};

/* The row for a body; NULL when there is none. */
const struct request_row *request_row_find(Kith__ToServer__BodyCase body);

/* Takes the message. */
struct request *request_new(struct session *session,
    const struct request_row *row, Kith__ToServer *message);
/* Wipes what is secret. Sets *request to NULL. */
void request_free(struct request **request);

/* Who asked, also when the connection has ended since. NULL: nobody knows. */
struct person *request_person(const struct request *request);

/*
 * One more out of this bucket, as throttle_take(); KITH_TRY_LATER with how long
 * to wait.
 */
enum kith_code request_take(struct request *request,
    struct throttle_bucket *bucket, uint32_t burst, uint32_t interval_ms);

/* SHA-256 of what is asked, without the request's number and operation. */
void request_digest(struct request *request);

/*
 * Packs the answer, behind the number of the request, and keeps it;
 * message->request is 0. For a WRITE the packed answer without the number is
 * what a repeat gets.
 */
void request_answer(struct request *request, const Kith__ToClient *message);
void request_done(struct request *request); /* answers Done */
/* What a repeat gets: packed earlier. */
void request_answer_packed(
    struct request *request, const uint8_t *bytes, size_t length);

/* The answer or the refusal goes to the session, which may be gone. */
void request_send(struct request *request);
/* For a request that never became one. */
void request_refuse(struct session *session, uint64_t number,
    enum kith_code code, const char *sentence, uint32_t retry_after_ms);

/* ---- handlers, in handle_*.c -------------------------------------------- */

request_handler handle_hello;
request_handler handle_ping;
request_handler handle_sign_up;
request_handler handle_sign_in;
request_handler handle_sign_out;
request_handler handle_catch_up;
request_handler handle_get_snapshot;
request_handler handle_get_history;
request_handler handle_send_friend_request;
request_handler handle_accept_friend_request;
request_handler handle_reject_friend_request;
request_handler handle_cancel_friend_request;
request_handler handle_remove_friend;
request_handler handle_send_message;
request_handler handle_mark_delivered;
request_handler handle_mark_read;
request_handler handle_set_typing;

/* The step of SIGN after auth's answer, called inside the batch. */
enum kith_code sign_in_finish(struct request *request, struct fault *fault);
void sign_in_free(struct sign_in **sign_in);
/* Auth's answer to a parked SIGN request; NULL: there will be none. */
void sign_in_answered(
    struct request *request, const Kith__Ipc__AuthReply *reply);
