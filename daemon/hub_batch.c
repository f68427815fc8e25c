/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Group commit. Holds the requests of the next transaction; decides what each
 * of them comes to: done once, answered again, refused. The only place that
 * begins a write. Must never answer before the commit, nor commit after a
 * failure.
 */
#include "hub_batch.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "hub_marks.h"
#include "hub_push.h"
#include "hub_session.h"
#include "log.h"
#include "mem.h"
#include "store_announcement.h"
#include "store_device.h"
#include "store_operation.h"
#include "store_user.h"

/* A stream of requests must not put the batch off for longer. */
#define TURN_AGE_LIMIT_MS 3

struct batch {
	struct hub *hub;
	struct request *requests;
	size_t count;
	struct event *turn;   /* low priority: the end of a turn of the loop */
	struct event *urgent; /* high: the turn has lasted long enough */
	struct event *retry;  /* the write lock was held */
	bool turn_wanted;
	int64_t turn_since_ms;
	int64_t busy_since_ms; /* 0: the lock was not refused */
	struct throttle_bucket full_told;
	uint32_t chores;
	int64_t touched[BATCH_TOUCHES_MAX];
	size_t touched_count;
	void (*stopped)(struct hub *hub);
};

/* ---- one request ---------------------------------------------------------- */

/*
 * The answer it got before, under the same operation. KITH_NOT_FOUND: this is
 * the first time.
 */
static enum kith_code
replay(struct request *r)
{
	struct store_operation operation = {
		.user_id = r->session->user_id,
		.id = r->message->operation.data,
		.digest = r->digest,
	};
	enum kith_code code = store_operation_find(r->hub->store, &operation);

	if (code == KITH_OK)
		request_answer_packed(
		    r, operation.result, operation.result_length);
	return code;
}

static enum kith_code
remember(struct request *r)
{
	struct store_operation operation = {
		.user_id = r->session->user_id,
		.id = r->message->operation.data,
		.digest = r->digest,
		.result = r->answer->bytes + r->answer_body,
		.result_length = r->answer->length - r->answer_body,
	};

	return store_operation_add(r->hub->store, &operation, hub_now_us());
}

static enum kith_code
run_handler(struct request *r, struct fault *fault)
{
	enum kith_code code;

	/* Those who sign in speak for nobody yet: handle_sign_*.c keeps their
	 * operation itself. */
	if (r->row->kind == REQUEST_SIGN)
		return sign_in_finish(r, fault);
	/* The session was ended (locked, say) after it had asked. */
	if (r->session->state != SESSION_SIGNED_IN)
		return KITH_NOT_NOW;
	if (!r->row->has_operation)
		return r->row->handle(r, fault);
	request_digest(r);
	code = replay(r);
	if (code != KITH_NOT_FOUND)
		return code;
	code = r->row->handle(r, fault);
	return code == KITH_OK ? remember(r) : code;
}

/* Only what is about the database itself is returned. */
static enum kith_code
run_one(struct request *r)
{
	struct store *store = r->hub->store;
	struct fault fault = { .code = KITH_OK };
	enum kith_code code = store_savepoint(store);

	if (code != KITH_OK)
		return code;
	r->code = run_handler(r, &fault);
	if (store_is_broken(r->code))
		return r->code;
	memcpy(r->sentence, fault.sentence, sizeof(r->sentence));
	return r->code == KITH_OK || r->kept ? store_savepoint_keep(store)
					     : store_savepoint_undo(store);
}

/* ---- the transaction -------------------------------------------------------- */

/* A busy server makes more of them in ten minutes than one call forgets: then
 * the next turns go on. */
static enum kith_code
purge_operations(struct batch *b)
{
	uint32_t forgotten;
	enum kith_code code =
	    store_operation_purge(b->hub->store, hub_now_us(), &forgotten);

	if (code == KITH_OK && forgotten < STORE_OPERATION_PURGE_MAX)
		b->chores &= ~(uint32_t)BATCH_PURGE_OPERATIONS;
	return code;
}

/* As many as one transaction should hold; the next turns go on. */
static enum kith_code
run_users_due(struct batch *b)
{
	uint32_t done;
	enum kith_code code =
	    store_user_due(b->hub->store, hub_now_us(), &done);

	if (code != KITH_OK)
		return code;
	if (done < STORE_DUE_MAX)
		b->chores &= ~(uint32_t)BATCH_USERS_DUE;
	if (done > 0)
		log_info("%u accounts unlocked or purged, as was due",
		    (unsigned int)done);
	return KITH_OK;
}

/* One part and no more: who has begun it may still be about it. */
static enum kith_code
announce_part(struct batch *b)
{
	bool more;
	enum kith_code code = store_announcement_advance(b->hub->store, &more);

	if (code == KITH_OK)
		b->chores &= ~(uint32_t)BATCH_ANNOUNCE;
	return code;
}

static enum kith_code
run_chores(struct batch *b)
{
	enum kith_code code = KITH_OK;

	if ((b->chores & BATCH_STORE_META) != 0)
		code = hub_store_meta(b->hub);
	if (code == KITH_OK && (b->chores & BATCH_PURGE_OPERATIONS) != 0)
		code = purge_operations(b);
	if (code == KITH_OK && (b->chores & BATCH_USERS_DUE) != 0)
		code = run_users_due(b);
	if (code == KITH_OK && (b->chores & BATCH_ANNOUNCE) != 0)
		code = announce_part(b);
	for (size_t i = 0; code == KITH_OK && i < b->touched_count; i++) {
		code = store_device_touch(
		    b->hub->store, b->touched[i], hub_now_us());
		if (code == KITH_NOT_FOUND)
			code = KITH_OK; /* revoked meanwhile */
	}
	return code;
}

/* Everything between BEGIN and COMMIT. */
static enum kith_code
run_all(struct batch *b, struct request *requests)
{
	struct marks *marks = marks_new();
	struct request *r;
	/* What kith-admin has changed since holds for what comes now: a user
	 * that it locked asks for nothing more. */
	enum kith_code code = push_dispatch(b->hub);

	DL_FOREACH (requests, r) {
		if (code != KITH_OK)
			break;
		if (r->row->kind == REQUEST_MARK)
			marks_add(marks, r);
		else
			code = run_one(r);
	}
	if (code == KITH_OK)
		code = marks_run(marks, b->hub);
	if (code == KITH_OK)
		code = run_chores(b);
	marks_free(&marks);
	return code;
}

static void
refuse_all(struct request *requests, enum kith_code code)
{
	struct request *r;

	DL_FOREACH (requests, r) {
		r->code = code;
		r->sentence[0] = '\0';
		r->retry_after_ms = 0;
		r->committed = NULL;
	}
}

/* After the commit, or after it is certain that there is none. */
static void
answer_all(struct request *requests)
{
	struct request *r, *next;

	DL_FOREACH (requests, r) {
		if (r->committed != NULL)
			r->committed(r);
		request_send(r);
	}
	DL_FOREACH_SAFE (requests, r, next) {
		struct session *session = r->session;

		DL_DELETE(requests, r);
		session->in_batch--;
		session_request_done(session, r);
	}
}

/* Takes what one transaction may hold out of the batch. */
static struct request *
take_requests(struct batch *b)
{
	struct request *taken = NULL;
	size_t count = 0;

	if (b->count <= BATCH_REQUESTS_MAX) {
		taken = b->requests;
		b->requests = NULL;
		b->count = 0;
		return taken;
	}
	while (count++ < BATCH_REQUESTS_MAX) {
		struct request *r = b->requests;

		DL_DELETE(b->requests, r);
		DL_APPEND(taken, r);
		b->count--;
	}
	return taken;
}

static void
lock_is_held(struct batch *b)
{
	struct timeval wait = { .tv_usec = BATCH_LOCK_RETRY_MS * 1000 };
	int64_t now_ms = hub_now_ms();

	if (b->busy_since_ms == 0)
		b->busy_since_ms = now_ms;
	if (now_ms - b->busy_since_ms >= BATCH_BUSY_LIMIT_MS) {
		struct request *requests = take_requests(b);

		log_warning("the database was held by another for %d ms: "
			    "refusing what waited",
		    (int)(now_ms - b->busy_since_ms));
		b->busy_since_ms = 0;
		refuse_all(requests, KITH_BUSY);
		answer_all(requests);
		return;
	}
	evtimer_add(b->retry, &wait);
}

static void
tell_full(struct batch *b)
{
	if (throttle_take(&b->full_told, 1, HUB_TELL_AGAIN_MS, hub_now_ms()) ==
	    0)
		log_error("the disk is full: nothing new is stored");
}

static void
commit(struct batch *b)
{
	struct hub *hub = b->hub;
	struct request *requests = take_requests(b);
	struct fault fault = { .code = KITH_OK };
	enum kith_code code;

	hub->counters.in_batch = 0;
	code = run_all(b, requests);

	if (code == KITH_OK)
		code = store_commit(hub->store, &fault);
	else
		store_rollback(hub->store);
	if (code == KITH_STORAGE_FULL) {
		tell_full(b);
		refuse_all(requests, code);
	} else if (code != KITH_OK) {
		hub_database_failed(hub, code);
	} else {
		hub->counters.batches++;
		hub->counters.messages += hub->counters.in_batch;
		b->chores &= ~(uint32_t)BATCH_STORE_META;
		b->touched_count = 0;
	}
	answer_all(requests);
	code = push_dispatch(hub);
	if (code != KITH_OK)
		hub_database_failed(hub, code);
}

static void
batch_run(struct batch *b)
{
	struct fault fault = { .code = KITH_OK };
	enum kith_code code;

	if (b->count == 0 && b->chores == 0 && b->touched_count == 0)
		return;
	if (event_pending(b->retry, EV_TIMEOUT, NULL))
		return;
	code = store_begin_write(b->hub->store, STORE_TRY, &fault);
	if (code == KITH_BUSY) {
		lock_is_held(b);
		return;
	}
	b->busy_since_ms = 0;
	if (code == KITH_STORAGE_FULL) {
		struct request *requests = take_requests(b);

		tell_full(b);
		refuse_all(requests, code);
		answer_all(requests);
	} else if (code != KITH_OK) {
		hub_database_failed(b->hub, code);
	} else {
		commit(b);
	}
}

/* ---- turns -------------------------------------------------------------------- */

/* Nothing while the log is small; nobody waits for an answer now. */
static void
checkpoint(struct hub *hub)
{
	struct fault fault = { .code = KITH_OK };
	enum kith_code code = store_checkpoint(hub->store, &fault);

	if (code == KITH_IO || code == KITH_INTEGRITY)
		hub_database_failed(hub, code);
}

static void
turn_over(struct batch *b)
{
	b->turn_wanted = false;
	batch_run(b);
	sessions_flush(b->hub);
	checkpoint(b->hub);
	/* Answers may have let sessions put more into the batch. */
	if (b->count > 0 && b->busy_since_ms == 0)
		batch_turn(b->hub);
	if (b->stopped != NULL && b->count == 0) {
		void (*stopped)(struct hub * hub) = b->stopped;

		b->stopped = NULL;
		stopped(b->hub);
	}
}

static void
on_turn(evutil_socket_t unused, short events, void *context)
{
	turn_over(context);
}

void
batch_turn(struct hub *hub)
{
	struct batch *b = hub->batch;

	if (!b->turn_wanted) {
		b->turn_wanted = true;
		b->turn_since_ms = hub_now_ms();
		event_active(b->turn, EV_TIMEOUT, 0);
		return;
	}
	if (b->count >= BATCH_REQUESTS_MAX ||
	    hub_now_ms() - b->turn_since_ms >= TURN_AGE_LIMIT_MS)
		event_active(b->urgent, EV_TIMEOUT, 0);
}

void
batch_add(struct hub *hub, struct request *request)
{
	DL_APPEND(hub->batch->requests, request);
	hub->batch->count++;
	batch_turn(hub);
}

void
batch_add_chore(struct hub *hub, enum batch_chore chore)
{
	hub->batch->chores |= chore;
	batch_turn(hub);
}

bool
batch_touch_device(struct hub *hub, int64_t device_id)
{
	struct batch *b = hub->batch;

	if (b->touched_count >= BATCH_TOUCHES_MAX)
		return false;
	b->touched[b->touched_count++] = device_id;
	return true;
}

void
batch_stop(struct hub *hub, void (*stopped)(struct hub *hub))
{
	hub->batch->stopped = stopped;
	batch_turn(hub);
}

struct batch *
batch_new(struct hub *hub)
{
	struct batch *b = MEM_NEW(struct batch);

	b->hub = hub;
	b->turn = event_new(hub->base, -1, 0, on_turn, b);
	b->urgent = event_new(hub->base, -1, 0, on_turn, b);
	b->retry = evtimer_new(hub->base, on_turn, b);
	if (b->turn == NULL || b->urgent == NULL || b->retry == NULL ||
	    event_priority_set(b->turn, HUB_PRIORITY_LAST) != 0 ||
	    event_priority_set(b->urgent, HUB_PRIORITY_FIRST) != 0)
		abort();
	return b;
}

void
batch_free(struct batch **batch)
{
	struct batch *b = *batch;

	if (b == NULL)
		return;
	event_free(b->turn);
	event_free(b->urgent);
	event_free(b->retry);
	free(b);
	*batch = NULL;
}
