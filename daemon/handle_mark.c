/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mark_delivered, mark_read: how far somebody is. Here each is only judged by
 * itself; hub_marks.c raises the marks of a whole batch and finds out whether
 * there is such a conversation and message.
 */
#include "hub_marks.h"

static enum kith_code
check(struct request *request, uint64_t conversation_id, uint64_t number)
{
	if (conversation_id == 0 || conversation_id > INT64_MAX ||
	    number > INT64_MAX)
		return KITH_NOT_FOUND;
	request_done(request);
	return KITH_OK;
}

enum kith_code
handle_mark_delivered(struct request *request, struct fault *fault)
{
	const Kith__MarkDelivered *m = request->message->mark_delivered;

	return check(request, m->conversation_id, m->number);
}

enum kith_code
handle_mark_read(struct request *request, struct fault *fault)
{
	const Kith__MarkRead *m = request->message->mark_read;

	return check(request, m->conversation_id, m->number);
}
