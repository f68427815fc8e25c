/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * send_message: puts a message into a conversation. That the sender belongs
 * there and may write is judged by the store, in the same transaction.
 */
#include <string.h>

#include "hub_session.h"
#include "hub_request.h"
#include "hub_routes.h"
#include "store_message.h"
#include "text.h"

#define MINUTE_MS 60000u

/*
 * A whole minute's worth may come at once. Who works with a queue of his own
 * and resends is told how long to wait.
 */
static enum kith_code
take_from_rate(struct request *request)
{
	struct person *person = request_person(request);
	uint32_t a_minute = request->hub->settings.messages_per_minute;

	if (a_minute == 0 || person == NULL)
		return KITH_OK;
	return request_take(request, &person->messages, a_minute,
	    MINUTE_MS / a_minute > 0 ? MINUTE_MS / a_minute : 1);
}

static void
answer_sent(struct request *request, int64_t conversation_id,
    const struct store_message_sent *sent)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__MessageSent answer = KITH__MESSAGE_SENT__INIT;

	answer.conversation_id = (uint64_t)conversation_id;
	answer.number = (uint64_t)sent->number;
	answer.time_us = sent->time_us;
	answer.sequence = (uint64_t)sent->sequence;
	message.body_case = KITH__TO_CLIENT__BODY_MESSAGE_SENT;
	message.message_sent = &answer;
	request_answer(request, &message);
}

static enum kith_code
check_content(const Kith__Content *content)
{
	if (content == NULL || content->kind_case != KITH__CONTENT__KIND_TEXT)
		return KITH_BAD_TEXT;
	return text_check_message(content->text, strlen(content->text));
}

enum kith_code
handle_send_message(struct request *request, struct fault *fault)
{
	const Kith__SendMessage *m = request->message->send_message;
	struct store_message row = { .kind = STORE_MESSAGE_TEXT };
	struct store_message_sent sent;
	enum kith_code code = check_content(m->content);

	if (code != KITH_OK)
		return code;
	if (m->conversation_id == 0 || m->conversation_id > INT64_MAX)
		return KITH_NOT_FOUND;
	code = take_from_rate(request);
	if (code != KITH_OK)
		return code;
	row.conversation_id = (int64_t)m->conversation_id;
	row.sender_id = request->session->user_id;
	row.time_us = hub_now_us();
	row.has_operation = true;
	memcpy(row.operation, request->message->operation.data,
	    STORE_OPERATION_LENGTH);
	row.body = (const uint8_t *)m->content->text;
	row.body_length = strlen(m->content->text);
	code = store_message_add(request->hub->store, &row, &sent);
	if (code != KITH_OK)
		return code;
	answer_sent(request, row.conversation_id, &sent);
	request->hub->counters.in_batch++;
	return KITH_OK;
}
