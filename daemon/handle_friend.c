/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Friend requests and friendships. Who may do what to which request is judged
 * by the store; here is only what the protocol adds: names, rates, answers.
 */
#include "hub_request.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "hub_view.h"
#include "store_friend_link.h"
#include "store_friend_request.h"
#include "store_user.h"
#include "text.h"

#define HOUR_MS 3600000u
/* Too many wait for an answer: that is up to people, and takes its time. */
#define REQUESTS_OPEN_RETRY_MS 60000u

static enum kith_code
take_from_rate(struct request *request)
{
	struct person *person = request_person(request);
	uint32_t an_hour = request->hub->settings.friend_requests_per_hour;

	if (an_hour == 0 || person == NULL)
		return KITH_OK;
	return request_take(request, &person->friend_requests, an_hour,
	    HOUR_MS / an_hour > 0 ? HOUR_MS / an_hour : 1);
}

static enum kith_code
answer_request(struct request *request, const struct store_friend_request *made)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	enum kith_code code;

	view_clear(request->hub->view);
	code = view_friend_request(request->hub, made, &message.friend_request);
	if (code != KITH_OK)
		return code;
	message.body_case = KITH__TO_CLIENT__BODY_FRIEND_REQUEST;
	request_answer(request, &message);
	return KITH_OK;
}

enum kith_code
handle_send_friend_request(struct request *request, struct fault *fault)
{
	const char *name = request->message->send_friend_request->name;
	struct store *store = request->hub->store;
	struct store_friend_request made;
	struct store_user other;
	enum kith_code code;

	if (text_check_name(name) != KITH_OK)
		return KITH_NOT_FOUND;
	/* Also for names that are not there: it must not serve for finding
	 * out who is. */
	code = take_from_rate(request);
	if (code != KITH_OK)
		return code;
	code = store_user_find_name(store, name, &other);
	if (code != KITH_OK)
		return code;
	code = store_friend_request_send(
	    store, request->session->user_id, other.id, hub_now_us(), &made);
	if (code == KITH_TOO_LARGE) {
		request->retry_after_ms = REQUESTS_OPEN_RETRY_MS;
		return fault_set(fault, KITH_TRY_LATER,
		    SENTENCE(
			"Too many of your friend requests wait for an answer."));
	}
	if (code != KITH_OK)
		return code;
	if (made.id != 0)
		return answer_request(request, &made);
	request_done(request); /* the other had asked already */
	return KITH_OK;
}

static enum kith_code
end_request(struct request *request, uint64_t id,
    enum kith_code (*end)(struct store *, int64_t, int64_t, int64_t))
{
	enum kith_code code;

	if (id == 0 || id > INT64_MAX)
		return KITH_NOT_FOUND;
	code = end(request->hub->store, (int64_t)id, request->session->user_id,
	    hub_now_us());
	if (code == KITH_OK)
		request_done(request);
	return code;
}

enum kith_code
handle_accept_friend_request(struct request *request, struct fault *fault)
{
	return end_request(request, request->message->accept_friend_request->id,
	    store_friend_request_accept);
}

enum kith_code
handle_reject_friend_request(struct request *request, struct fault *fault)
{
	return end_request(request, request->message->reject_friend_request->id,
	    store_friend_request_reject);
}

enum kith_code
handle_cancel_friend_request(struct request *request, struct fault *fault)
{
	return end_request(request, request->message->cancel_friend_request->id,
	    store_friend_request_cancel);
}

enum kith_code
handle_remove_friend(struct request *request, struct fault *fault)
{
	uint64_t id = request->message->remove_friend->user_id;
	enum kith_code code;

	if (id == 0 || id > INT64_MAX)
		return KITH_NOT_FRIENDS;
	code = store_friend_link_remove(request->hub->store,
	    request->session->user_id, (int64_t)id, hub_now_us());
	if (code == KITH_NOT_FOUND)
		return KITH_NOT_FRIENDS;
	if (code == KITH_OK)
		request_done(request);
	return code;
}
