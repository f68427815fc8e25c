/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests and the table of what may be asked. Holds no state but the table;
 * knows nothing of the database.
 */
#include "hub_request.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "ipc.h"
#include "log.h"
#include "mem.h"
#include "refusal.h"

#define IN(state) (1u << SESSION_##state)

/* Adding a request is one row here, and one handler. */
static const struct request_row rows[] = {
#define ROW(NAME, name, states_, kind_, operation_, secret_)             \
	{                                                                \
		.body = KITH__TO_SERVER__BODY_##NAME, .states = states_, \
		.kind = REQUEST_##kind_, .has_operation = operation_,    \
		.secret = secret_, .handle = handle_##name               \
	}
	ROW(HELLO, hello, IN(GREETED), LIVE, false, false),
	ROW(PING, ping, IN(GUEST) | IN(SIGNING_IN) | IN(SIGNED_IN), LIVE, false,
	    false),
	ROW(SIGN_UP, sign_up, IN(GUEST), SIGN, true, true),
	ROW(SIGN_IN, sign_in, IN(GUEST), SIGN, false, true),
	ROW(SIGN_OUT, sign_out, IN(SIGNED_IN), WRITE, false, false),
	ROW(CATCH_UP, catch_up, IN(SIGNED_IN), READ, false, false),
	ROW(GET_SNAPSHOT, get_snapshot, IN(SIGNED_IN), READ, false, false),
	ROW(GET_HISTORY, get_history, IN(SIGNED_IN), READ, false, false),
	ROW(SEND_FRIEND_REQUEST, send_friend_request, IN(SIGNED_IN), WRITE,
	    true, false),
	ROW(ACCEPT_FRIEND_REQUEST, accept_friend_request, IN(SIGNED_IN), WRITE,
	    true, false),
	ROW(REJECT_FRIEND_REQUEST, reject_friend_request, IN(SIGNED_IN), WRITE,
	    true, false),
	ROW(CANCEL_FRIEND_REQUEST, cancel_friend_request, IN(SIGNED_IN), WRITE,
	    true, false),
	ROW(REMOVE_FRIEND, remove_friend, IN(SIGNED_IN), WRITE, true, false),
	ROW(SEND_MESSAGE, send_message, IN(SIGNED_IN), WRITE, true, false),
	ROW(MARK_DELIVERED, mark_delivered, IN(SIGNED_IN), MARK, false, false),
	ROW(MARK_READ, mark_read, IN(SIGNED_IN), MARK, false, false),
	ROW(SET_TYPING, set_typing, IN(SIGNED_IN), LIVE, false, false),
#undef ROW
};

const struct request_row *
request_row_find(Kith__ToServer__BodyCase body)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].body == body)
			return &rows[i];
	return NULL;
}

struct request *
request_new(struct session *session, const struct request_row *row,
    Kith__ToServer *message)
{
	struct request *r = MEM_NEW(struct request);

	r->hub = session->hub;
	r->session = session;
	r->row = row;
	r->message = message;
	return r;
}

void
request_free(struct request **request)
{
	struct request *r = *request;
	ProtobufCMessage *message;

	if (r == NULL)
		return;
	message = &r->message->base;
	if (r->row->secret)
		ipc_message_wipe(&message);
	else
		ipc_message_free(&message);
	sign_in_free(&r->sign_in);
	frame_drop(&r->answer);
	free(r);
	*request = NULL;
}

/*
 * A password is left out: a fast hash of it must not lie in the database. That
 * it is the same one is proved by Argon2 instead.
 */
struct person *
request_person(const struct request *request)
{
	return routes_person(request->hub->routes, request->session->user_id);
}

enum kith_code
request_take(struct request *request, struct throttle_bucket *bucket,
    uint32_t burst, uint32_t interval_ms)
{
	request->retry_after_ms =
	    throttle_take(bucket, burst, interval_ms, hub_now_ms());
	return request->retry_after_ms == 0 ? KITH_OK : KITH_TRY_LATER;
}

void
request_digest(struct request *request)
{
	static uint8_t packed[IPC_MESSAGE_MAX];
	Kith__ToServer *message = request->message;
	Kith__ToServer bare = *message;
	Kith__SignUp sign_up;
	size_t length;

	bare.request = 0;
	bare.operation.data = NULL;
	bare.operation.len = 0;
	if (bare.body_case == KITH__TO_SERVER__BODY_SIGN_UP) {
		sign_up = *message->sign_up;
		sign_up.password = (char *)(uintptr_t)protobuf_c_empty_string;
		bare.sign_up = &sign_up;
	}
	/* It came through a datagram that was no larger. */
	length = kith__to_server__get_packed_size(&bare);
	if (length > sizeof(packed))
		abort();
	kith__to_server__pack(&bare, packed);
	hash_sha256(packed, length, request->digest);
}

void
request_answer(struct request *request, const Kith__ToClient *message)
{
	size_t length = kith__to_client__get_packed_size(message);

	frame_drop(&request->answer);
	request->answer = frame_new_answer(
	    request->message->request, length, &request->answer_body);
	kith__to_client__pack(
	    message, request->answer->bytes + request->answer_body);
}

void
request_answer_packed(
    struct request *request, const uint8_t *bytes, size_t length)
{
	frame_drop(&request->answer);
	request->answer = frame_new_answer(
	    request->message->request, length, &request->answer_body);
	if (length > 0)
		memcpy(request->answer->bytes + request->answer_body, bytes,
		    length);
}

void
request_done(struct request *request)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Done done = KITH__DONE__INIT;

	message.body_case = KITH__TO_CLIENT__BODY_DONE;
	message.done = &done;
	request_answer(request, &message);
}

void
request_refuse(struct session *session, uint64_t number, enum kith_code code,
    const char *sentence, uint32_t retry_after_ms)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Refusal refusal;
	struct frame *frame;

	refusal_init(&refusal, code, sentence, retry_after_ms);
	message.request = number;
	message.body_case = KITH__TO_CLIENT__BODY_REFUSAL;
	message.refusal = &refusal;
	frame = frame_new(&message);
	session_put(session, frame);
	frame_drop(&frame);
}

void
request_send(struct request *request)
{
	struct session *session = request->session;

	if (session->channel == NULL || session->state == SESSION_CLOSING)
		return;
	if (request->code != KITH_OK) {
		/* Not let in: it may try once more. */
		if (request->sign_in != NULL &&
		    session->state == SESSION_SIGNING_IN)
			session->state = SESSION_GUEST;
		if (refusal_code(request->code) ==
		    KITH__REFUSAL__CODE__INTERNAL)
			log_warning("a request (%d) of user %lld failed: %s",
			    (int)request->row->body,
			    (long long)session->user_id,
			    kith_code_word(request->code));
		request_refuse(session, request->message->request,
		    request->code, request->sentence, request->retry_after_ms);
		if (request->code == KITH_BAD_CREDENTIALS &&
		    ++session->wrong_proofs >= SESSION_WRONG_PROOFS_MAX)
			session_end(session, KITH_TRY_LATER,
			    SENTENCE("Too many attempts to sign in."));
		return;
	}
	/* Without a number only a refusal is told, but a token always is. */
	if (request->row->kind == REQUEST_SIGN)
		session_put_signed_in(session, request->answer);
	else if (request->message->request != 0)
		session_put(session, request->answer);
	if (request->answered != NULL)
		request->answered(request);
}
