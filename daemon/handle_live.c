/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hello, ping and set_typing: what is answered at once and never stored. */
#include <string.h>

#include "hub_next_key.h"
#include "hub_push.h"
#include "hub_request.h"
#include "hub_session.h"
#include "store_conversation.h"
#include "text.h"

enum kith_code
handle_hello(struct request *request, struct fault *fault)
{
	struct session *session = request->session;
	const Kith__Hello *hello = request->message->hello;
	const char *client = hello->client;
	enum kith_code code = text_check_display_name(client);

	if (code == KITH_OK && strlen(client) > TEXT_DEVICE_MAX)
		code = KITH_TOO_LARGE;
	if (code != KITH_OK)
		return code;
	memcpy(session->client, client, strlen(client) + 1);
	for (size_t i = 0; i < hello->n_features; i++)
		if (strcmp(hello->features[i], NEXT_KEY_FEATURE) == 0)
			session->knows_next_key = true;
	session->state = SESSION_GUEST;
	request_done(request);
	return KITH_OK;
}

enum kith_code
handle_ping(struct request *request, struct fault *fault)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Pong pong = KITH__PONG__INIT;

	message.body_case = KITH__TO_CLIENT__BODY_PONG;
	message.pong = &pong;
	request_answer(request, &message);
	return KITH_OK;
}

enum kith_code
handle_set_typing(struct request *request, struct fault *fault)
{
	const Kith__SetTyping *m = request->message->set_typing;
	struct session *session = request->session;
	struct store_membership membership;
	enum kith_code code;

	if (m->conversation_id == 0 || m->conversation_id > INT64_MAX)
		return KITH_NOT_FOUND;
	request->retry_after_ms = throttle_take(&session->typing,
	    SESSION_TYPING_BURST, SESSION_TYPING_INTERVAL_MS, hub_now_ms());
	if (request->retry_after_ms != 0)
		return KITH_TRY_LATER;
	code = store_membership_find(request->hub->store, session->user_id,
	    (int64_t)m->conversation_id, &membership);
	if (code != KITH_OK)
		return code;
	if (!membership.friends)
		return KITH_NOT_FRIENDS;
	push_typing(request->hub,
	    &(struct push_typing){ .to_id = membership.peer_id,
		.conversation_id = (int64_t)m->conversation_id,
		.from_id = session->user_id,
		.typing = m->typing });
	request_done(request);
	return KITH_OK;
}
