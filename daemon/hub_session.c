/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Connections. Holds every session and what it asks; decides when a request is
 * taken up and by whom; binds a session to a person once. Treats all that comes
 * from a session process as hostile: whatever is wrong ends that one connection
 * and nothing else.
 */
#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <utlist.h>

#include "envelope.h"
#include "frame.h"
#include "hub_batch.h"
#include "hub_next_key.h"
#include "hub_push.h"
#include "hub_routes.h"
#include "hub_sessions.h"
#include "ipc.h"
#include "log.h"
#include "mem.h"
#include "refusal.h"

/* A device's last use is written down at most this often. */
#define DEVICE_TOUCH_INTERVAL_US (INT64_C(3600) * 1000000)

struct sessions *
sessions_new(void)
{
	return MEM_NEW(struct sessions);
}

uint32_t
sessions_count(const struct sessions *sessions)
{
	return HASH_COUNT(sessions->by_id);
}

uint32_t
sessions_open(const struct sessions *sessions)
{
	return HASH_COUNT(sessions->by_id) - sessions->closing;
}

uint32_t
sessions_queued(const struct sessions *sessions)
{
	return sessions->queued;
}

/* ---- the end ------------------------------------------------------------ */

/* A request that will not be answered, or has been. */
static void
request_over(struct session *session, struct request *request)
{
	session->request_count--;
	session->hub->sessions->queued--;
	request_free(&request);
}

/* Forgets what was not taken up; with only_reads what changes nothing. */
static void
drop_requests(struct session *session, bool only_reads)
{
	struct request *r, *next;

	DL_FOREACH_SAFE (session->requests, r, next) {
		if (only_reads &&
		    (r->row->kind == REQUEST_WRITE ||
			r->row->kind == REQUEST_MARK))
			continue;
		DL_DELETE(session->requests, r);
		request_over(session, r);
	}
}

void
session_free_if_over(struct session *session)
{
	if (session->channel != NULL || session->request_count > 0 ||
	    session->dirty)
		return;
	session_out_clear(session);
	if (session->state == SESSION_CLOSING)
		session->hub->sessions->closing--;
	HASH_DEL(session->hub->sessions->by_id, session);
	free(session);
}

void
session_touch(struct session *session, int64_t now_us)
{
	if (session->person == NULL ||
	    now_us - session->seen_us < DEVICE_TOUCH_INTERVAL_US)
		return;
	if (batch_touch_device(session->hub, session->device_id))
		session->seen_us = now_us;
}

void
sessions_touch(struct hub *hub, int64_t now_us)
{
	struct session *session, *next;

	HASH_ITER (hh, hub->sessions->by_id, session, next)
		session_touch(session, now_us);
}

static void
unbind(struct session *session)
{
	if (session->person == NULL)
		return;
	session_touch(session, hub_now_us());
	routes_remove(
	    session->hub->routes, session->user_id, session, hub_now_ms());
	session->person = NULL;
}

void
session_gone(struct session *session)
{
	unbind(session);
	guests_remove(session);
	session->following = false;
	session_wait_over(session);
	session_out_clear(session);
	channel_free(&session->channel);
	/*
	 * What it asked before it went is done all the same: somebody who sends
	 * and closes the lid has sent.
	 */
	drop_requests(session, session->state != SESSION_CLOSING);
	session_pump(session);
	session_free_if_over(session);
}

void
session_close(struct session *session)
{
	if (session->state == SESSION_CLOSING)
		return;
	session->state = SESSION_CLOSING;
	session->hub->sessions->closing++;
	session->close_owed = true;
	session->following = false;
	session_is_dirty(session);
	unbind(session);
	guests_remove(session);
	drop_requests(session, false);
	session_wait(session, SESSION_CLOSE_LIMIT_MS);
	if (session->channel != NULL)
		channel_pause(session->channel);
}

void
session_end(struct session *session, enum kith_code code, const char *sentence)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Goodbye goodbye = KITH__GOODBYE__INIT;
	Kith__Refusal reason;
	struct frame *frame;

	if (session->state == SESSION_CLOSING || session->channel == NULL)
		return;
	refusal_init(&reason, code, sentence, 0);
	goodbye.reason = &reason;
	message.body_case = KITH__TO_CLIENT__BODY_GOODBYE;
	message.goodbye = &goodbye;
	frame = frame_new(&message);
	session_put(session, frame);
	frame_drop(&frame);
	session_close(session);
}

void
sessions_end_person(struct hub *hub, int64_t user_id, int64_t device_id,
    enum kith_code code, const char *sentence)
{
	struct person *person = routes_person(hub->routes, user_id);
	struct session *session, *next;

	if (person == NULL)
		return;
	DL_FOREACH_SAFE2(person->sessions, session, next, next_of_person)
	if (device_id == 0 || session->device_id == device_id)
		session_end(session, code, sentence);
}

void
sessions_end_all(struct hub *hub, enum kith_code code)
{
	struct session *session, *next;

	HASH_ITER (hh, hub->sessions->by_id, session, next)
		session_end(session, code, NULL);
	sessions_flush(hub);
}

bool
sessions_all_told(const struct sessions *sessions)
{
	const struct session *session;

	DL_FOREACH2(sessions->waiting, session, next_waiting)
	if (session->out != NULL || session->close_owed)
		return false;
	return true;
}

void
sessions_free(struct sessions **sessions)
{
	struct session *session, *next;

	if (*sessions == NULL)
		return;
	HASH_ITER (hh, (*sessions)->by_id, session, next) {
		session_close(session);
		session->dirty = false;
		session_gone(session);
	}
	free(*sessions);
	*sessions = NULL;
}

/* ---- requests ------------------------------------------------------------ */

static enum kith_code
check_operation(const struct request_row *row, const Kith__ToServer *message)
{
	const ProtobufCBinaryData *operation = &message->operation;

	if (!row->has_operation)
		return operation->len == 0 ? KITH_OK : KITH_MALFORMED;
	/* That it is a version 7 only helps the index; it is not our business. */
	return operation->len == STORE_OPERATION_LENGTH ? KITH_OK
							: KITH_MALFORMED;
}

/* Answered at once. KITH_AGAIN: it goes on by itself later. */
static void
handle_now(struct session *session, struct request *request)
{
	struct fault fault = { .code = KITH_OK };

	request->code = request->row->handle(request, &fault);
	if (request->code == KITH_AGAIN)
		return;
	if (request->code == KITH_IO || request->code == KITH_INTEGRITY)
		hub_database_failed(session->hub, request->code);
	memcpy(request->sentence, fault.sentence, sizeof(request->sentence));
	request_send(request);
	request_over(session, request);
}

/* Takes up the first of the queue. False when it has to wait. */
static bool
take_up(struct session *session, struct request *request)
{
	const struct request_row *row = request->row;

	if (row->kind == REQUEST_READ && session->in_batch > 0)
		return false;
	/* Nothing joins the last batch: the Goodbye says STOPPING instead. */
	if (session->hub->stopping && row->kind != REQUEST_LIVE)
		return false;
	DL_DELETE(session->requests, request);
	request->prev = request->next = NULL;
	if ((row->states & (1u << session->state)) == 0) {
		request->code = KITH_NOT_NOW;
		request_send(request);
		request_over(session, request);
	} else if (row->kind == REQUEST_WRITE || row->kind == REQUEST_MARK) {
		session->in_batch++;
		batch_add(session->hub, request);
	} else {
		handle_now(session, request);
	}
	return true;
}

void
session_pump(struct session *session)
{
	/* What a handler does may end here again: the outer call goes on. */
	if (session->pumping)
		return;
	session->pumping = true;
	while (session->requests != NULL &&
	    session->out_bytes <= SESSION_OUT_ANSWER_MAX)
		if (!take_up(session, session->requests))
			break;
	session->pumping = false;
	if (session->channel == NULL || session->state == SESSION_CLOSING)
		return;
	if (session->request_count >= SESSION_REQUESTS_MAX) {
		session->paused = true;
		channel_pause(session->channel);
	} else if (session->paused) {
		session->paused = false;
		channel_resume(session->channel);
	}
}

void
session_request_done(struct session *session, struct request *request)
{
	request_over(session, request);
	session_pump(session);
	session_free_if_over(session);
}

static void
request_arrived(struct session *session, Kith__ToServer *message)
{
	const struct request_row *row = request_row_find(message->body_case);
	struct request *request;
	ProtobufCMessage *unused = &message->base;
	enum kith_code code =
	    row == NULL ? KITH_UNSUPPORTED : check_operation(row, message);

	if (code != KITH_OK) {
		request_refuse(session, message->request, code, NULL, 0);
		ipc_message_wipe(&unused);
		return;
	}
	request = request_new(session, row, message);
	session->request_count++;
	session->hub->sessions->queued++;
	DL_APPEND(session->requests, request);
	session_pump(session);
}

/* Only a session that nobody has taken over passes nothing else. */
static bool
is_request(const Kith__Ipc__SessionToHub *from)
{
	const Kith__ToServer *request = from->request;

	if (from->body_case != KITH__IPC__SESSION_TO_HUB__BODY_REQUEST ||
	    request->base.n_unknown_fields > 0)
		return false;
	return request->body_case != KITH__TO_SERVER__BODY_HELLO ||
	    request->hello->n_features <= ENVELOPE_REPEATED_MAX;
}

static void
on_message(struct session *session, Kith__Ipc__SessionToHub *from)
{
	Kith__ToServer *request;

	if (session->state == SESSION_CLOSING)
		return;
	if (!is_request(from)) {
		session_end(session, KITH_MALFORMED, NULL);
		batch_turn(session->hub);
		return;
	}
	/* The request is taken out of its envelope, which is freed empty. */
	request = from->request;
	from->request = NULL;
	from->body_case = KITH__IPC__SESSION_TO_HUB__BODY__NOT_SET;
	request_arrived(session, request);
	batch_turn(session->hub);
}

static void
on_drained(struct channel *channel, void *context)
{
	struct session *session = context;

	session_drained(session);
	batch_turn(session->hub);
}

static void
on_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct session *session = context;

	if (why == KITH_MALFORMED)
		log_warning("session %llu of %s broke the protocol",
		    (unsigned long long)session->id, session->address);
	session_gone(session);
}

/* ---- the beginning -------------------------------------------------------- */

static void
on_received(
    struct channel *channel, const uint8_t *bytes, size_t length, void *context)
{
	ProtobufCMessage *message = NULL;

	if (length > SESSION_REQUEST_MAX ||
	    ipc_unpack(&kith__ipc__session_to_hub__descriptor, bytes, length,
		&message) != KITH_OK) {
		on_closed(channel, KITH_MALFORMED, context);
		return;
	}
	on_message(context, (Kith__Ipc__SessionToHub *)message);
	ipc_message_wipe(&message);
}

static const struct channel_handler session_channel = {
	.queue_maximum = 0, /* what waits, waits in session->out */
	.received_bytes = on_received,
	.drained = on_drained,
	.closed = on_closed,
};

static void
greet(struct session *session)
{
	struct hub *hub = session->hub;
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Greeting greeting = KITH__GREETING__INIT;
	Kith__Limits limits = KITH__LIMITS__INIT;
	char *features[] = { (char *)(uintptr_t)NEXT_KEY_FEATURE };
	struct frame *frame;

	limits.frame_before_sign_in = FRAME_MAX_BEFORE_SIGN_IN;
	limits.frame = FRAME_MAX;
	limits.text = TEXT_MESSAGE_MAX;
	limits.page = PAGE_ROWS_MAX;
	limits.idle_s = hub->settings.idle_timeout_s;
	greeting.server_name = hub->settings.server_name;
	greeting.epoch.data = hub->epoch;
	greeting.epoch.len = sizeof(hub->epoch);
	greeting.sign_up = hub->settings.sign_up;
	greeting.limits = &limits;
	greeting.features = features;
	greeting.n_features = sizeof(features) / sizeof(features[0]);
	greeting.time_us = hub_now_us();
	message.body_case = KITH__TO_CLIENT__BODY_GREETING;
	message.greeting = &greeting;
	frame = frame_new(&message);
	session_put(session, frame);
	frame_drop(&frame);
}

void
session_start(struct hub *hub, int socket, const char *address)
{
	struct sessions *all = hub->sessions;
	struct session *session = MEM_NEW(struct session);
	uint32_t maximum = hub->settings.max_connections;

	session->hub = hub;
	session->id = ++all->last_id;
	snprintf(session->address, sizeof(session->address), "%s", address);
	session->channel =
	    channel_new(hub->base, socket, &session_channel, session);
	guests_make_room(hub);
	HASH_ADD(hh, all->by_id, id, sizeof(session->id), session);
	guests_add(session);
	greet(session);
	if (hub->stopping)
		session_end(session, KITH_STOPPING, NULL);
	else if (sessions_open(all) > maximum ||
	    HASH_COUNT(all->by_id) > HUB_SESSIONS_MAX)
		session_end(session, KITH_BUSY,
		    SENTENCE("There are too many connections."));
	log_debug("session %llu of %s", (unsigned long long)session->id,
	    session->address);
	batch_turn(hub);
}

bool
session_bind(struct session *session, int64_t user_id, int64_t device_id)
{
	struct hub *hub = session->hub;
	bool came_online;

	if (session->user_id != 0)
		abort(); /* for life: whom it speaks for is never changed */
	if (session->channel == NULL ||
	    !routes_add(hub->routes, user_id, session, &came_online))
		return false;
	session->user_id = user_id;
	session->device_id = device_id;
	session->seen_us = hub_now_us();
	session->person = routes_person(hub->routes, user_id);
	session->state = SESSION_SIGNED_IN;
	guests_remove(session);
	if (came_online)
		push_presence(hub, user_id, true);
	return true;
}
