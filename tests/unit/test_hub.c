/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hub over a real database, with the test at the other end of the sessions'
 * channels: group commit, order, repeats, back-pressure, and what a hostile
 * session can do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>

#include "hub_batch.h"
#include "hub_push.h"
#include "hub_session.h"
#include "hub_testing.h"
#include "hub_throttle.h"
#include "ipc.h"
#include "mem.h"
#include "store_device.h"
#include "store_event.h"
#include "store_message.h"
#include "store_user.h"
#include "uuid.h"

/* ---- tests ------------------------------------------------------------------- */

/* What arrives together is one transaction, answered in order. */
static void
test_a_batch_is_one_commit_in_order(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	char text[16];
	uint64_t batches;

	go_live(w, &w->alice);
	go_live(w, &w->bob);
	batches = w->hub.counters.batches;
	for (uint64_t n = 1; n <= 20; n++) {
		uuid_new(operation);
		snprintf(text, sizeof(text), "text %u", (unsigned)n);
		ask_send(w, &w->alice, 100 + n, operation, text);
	}
	for (uint64_t n = 1; n <= 20; n++) {
		Kith__ToClient *frame =
		    await(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);

		assert_int_equal(frame->request, 100 + n);
		assert_int_equal(frame->message_sent->number, n);
		kith__to_client__free_unpacked(frame, NULL);
	}
	assert_int_equal(w->hub.counters.batches, batches + 1);
	for (uint64_t n = 1; n <= 20; n++) {
		Kith__ToClient *frame =
		    await(w, &w->bob, KITH__TO_CLIENT__BODY_EVENT);

		assert_int_equal(frame->event->message->number, n);
		/* told only to the sender */
		assert_int_equal(frame->event->message->operation.len, 0);
		kith__to_client__free_unpacked(frame, NULL);
	}
}

static void
test_repeat_gets_the_first_answer(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	Kith__ToClient *frame;

	go_live(w, &w->alice);
	uuid_new(operation);
	ask_send(w, &w->alice, 1, operation, "once");
	pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	ask_send(w, &w->alice, 2, operation, "once");
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	assert_int_equal(frame->request, 2);
	assert_int_equal(frame->message_sent->number, 1);
	kith__to_client__free_unpacked(frame, NULL);
	ask_send(w, &w->alice, 3, operation, "something else");
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(frame->refusal->code, KITH__REFUSAL__CODE__CONFLICT);
	kith__to_client__free_unpacked(frame, NULL);
}

/* In one batch too: the second finds what the first has stored. */
static void
test_repeat_in_the_same_batch(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];

	go_live(w, &w->alice);
	uuid_new(operation);
	ask_send(w, &w->alice, 1, operation, "once");
	ask_send(w, &w->alice, 2, operation, "once");
	for (uint64_t n = 1; n <= 2; n++) {
		Kith__ToClient *frame =
		    await(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);

		assert_int_equal(frame->request, n);
		assert_int_equal(frame->message_sent->number, 1);
		kith__to_client__free_unpacked(frame, NULL);
	}
}

/* A refused one takes no number from the others. */
static void
test_refusal_leaves_the_rest_of_the_batch(void **state)
{
	struct world *w = *state;
	uint8_t operation[3][UUID_SIZE];
	Kith__ToClient *frame;

	go_live(w, &w->alice);
	for (int i = 0; i < 3; i++)
		uuid_new(operation[i]);
	ask_send(w, &w->alice, 1, operation[0], "good");
	ask_send(w, &w->alice, 2, operation[1], " ");
	ask_send(w, &w->alice, 3, operation[2], "good");
	pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(frame->request, 2);
	kith__to_client__free_unpacked(frame, NULL);
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	assert_int_equal(frame->message_sent->number, 2);
	kith__to_client__free_unpacked(frame, NULL);
}

/* Many marks of one batch are one event; each gets its own answer. */
static void
test_marks_are_coalesced(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	int64_t before, after;

	go_live(w, &w->alice);
	go_live(w, &w->bob);
	for (uint64_t n = 1; n <= 5; n++) {
		uuid_new(operation);
		ask_send(w, &w->alice, n, operation, "text");
		pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	}
	drop_frames(&w->bob);
	store_event_newest(w->hub.store, &before);
	for (uint64_t n = 1; n <= 5; n++)
		ask_mark_read(w, &w->bob, n, n);
	ask_mark_read(w, &w->bob, 6, 77);
	for (uint64_t n = 1; n <= 5; n++)
		pass(w, &w->bob, KITH__TO_CLIENT__BODY_DONE);
	pass(w, &w->bob, KITH__TO_CLIENT__BODY_REFUSAL);
	for (uint64_t n = 7; n <= 9; n++)
		ask_mark_read(w, &w->bob, n, n - 4);
	for (uint64_t n = 7; n <= 9; n++)
		pass(w, &w->bob, KITH__TO_CLIENT__BODY_DONE);
	store_event_newest(w->hub.store, &after);
	/* the one that does not exist makes each be raised alone */
	assert_in_range(after - before, 1, 5);
}

/* Somebody who does not read is held back, then gets everything once. */
static void
test_slow_reader_gets_everything_in_order(void **state)
{
	enum { MESSAGES = 400 };
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	char text[2001];
	uint64_t last = 0;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	go_live(w, &w->alice);
	go_live(w, &w->bob);
	for (uint64_t n = 1; n <= MESSAGES; n++) {
		uuid_new(operation);
		ask_send(w, &w->alice, n, operation, text);
		pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	}
	/* bob reads only now */
	for (uint64_t n = 1; n <= MESSAGES; n++) {
		Kith__ToClient *frame =
		    await(w, &w->bob, KITH__TO_CLIENT__BODY_EVENT);

		assert_int_equal(frame->event->message->number, n);
		assert_true(frame->event->sequence > last);
		last = frame->event->sequence;
		kith__to_client__free_unpacked(frame, NULL);
		if (w->bob.first == w->bob.count)
			drop_frames(&w->bob);
	}
	/* in step again: what comes now comes by itself, once */
	uuid_new(operation);
	ask_send(w, &w->alice, 9999, operation, "now");
	{
		Kith__ToClient *frame =
		    await(w, &w->bob, KITH__TO_CLIENT__BODY_EVENT);

		assert_string_equal(
		    frame->event->message->content->text, "now");
		kith__to_client__free_unpacked(frame, NULL);
	}
}

static void
sign_devices_in_and_out(struct world *w, int64_t user_id, uint8_t count)
{
	uint8_t hash[STORE_TOKEN_HASH_LENGTH] = { 0 };
	struct fault fault;
	int64_t id;

	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	for (hash[0] = 1; hash[0] <= count; hash[0]++) {
		assert_int_equal(store_device_add(w->admin, user_id, hash, "",
				     hub_now_us(), &id),
		    KITH_OK);
		assert_int_equal(
		    store_device_remove(w->admin, user_id, id, hub_now_us()),
		    KITH_OK);
	}
	assert_int_equal(store_commit(w->admin, &fault), KITH_OK);
}

/* What is for the hub alone stands between: it is passed over, pages of it. */
static void
test_slow_reader_passes_what_is_not_told(void **state)
{
	enum { MESSAGES = 200 };
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	char text[2001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	go_live(w, &w->alice);
	go_live(w, &w->bob);
	for (uint64_t n = 1; n <= MESSAGES; n++) {
		uuid_new(operation);
		ask_send(w, &w->alice, n, operation, text);
		pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	}
	sign_devices_in_and_out(w, w->bob.user_id, 4 * PUSH_RESUME_MAX);
	uuid_new(operation);
	ask_send(w, &w->alice, 9999, operation, "now");
	pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	for (uint64_t n = 1; n <= MESSAGES + 1; n++)
		pass(w, &w->bob, KITH__TO_CLIENT__BODY_EVENT);
}

/* More answers than wait for a channel at once: none is forgotten. */
static void
test_many_pages_asked_for_at_once(void **state)
{
	enum { MESSAGES = 20, PAGES = 20 };
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	char text[4001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	go_live(w, &w->alice);
	for (uint64_t n = 1; n <= MESSAGES; n++) {
		uuid_new(operation);
		ask_send(w, &w->alice, n, operation, text);
		pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	}
	for (uint64_t n = 1; n <= PAGES; n++)
		ask_history(w, &w->alice, n);
	for (uint64_t n = 1; n <= PAGES; n++) {
		Kith__ToClient *frame =
		    await(w, &w->alice, KITH__TO_CLIENT__BODY_HISTORY_PAGE);

		assert_int_equal(frame->request, n);
		kith__to_client__free_unpacked(frame, NULL);
	}
}

/* kith-admin holds the lock: the request waits, reading goes on. */
static void
test_write_lock_delays_and_loses_nothing(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	struct fault fault;
	Kith__ToClient *frame;

	go_live(w, &w->alice);
	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	uuid_new(operation);
	ask_send(w, &w->alice, 1, operation, "waits");
	for (int i = 0; i < 50; i++)
		turn(&w->hub);
	receive(&w->alice);
	assert_int_equal(w->alice.first, w->alice.count);
	store_rollback(w->admin);
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	assert_int_equal(frame->message_sent->number, 1);
	kith__to_client__free_unpacked(frame, NULL);
}

/* What kith-admin commits leaves before what the hub commits after it. */
static void
test_lock_of_a_user_ends_the_sessions(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	struct fault fault;
	Kith__ToClient *frame;
	struct store_message found;

	go_live(w, &w->alice);
	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	assert_int_equal(
	    store_user_lock(w->admin, w->alice.user_id, "", 0, hub_now_us()),
	    KITH_OK);
	assert_int_equal(store_commit(w->admin, &fault), KITH_OK);
	/* asked after the lock: the hub has not looked yet, and must */
	uuid_new(operation);
	ask_send(w, &w->alice, 1, operation, "too late");
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_GOODBYE);
	assert_int_equal(
	    frame->goodbye->reason->code, KITH__REFUSAL__CODE__LOCKED);
	kith__to_client__free_unpacked(frame, NULL);
	assert_true(w->alice.told_close);
	assert_int_equal(
	    store_message_find(w->hub.store, w->conversation_id, 1, &found),
	    KITH_NOT_FOUND);
}

/* A sign-in by its token ends so. */
static void
is_refused(struct world *w, struct peer *peer, const char *words)
{
	Kith__ToClient *frame;

	connect_peer(w, peer);
	ask_sign_in(peer);
	frame = await(w, peer, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(frame->refusal->code, KITH__REFUSAL__CODE__LOCKED);
	assert_non_null(strstr(frame->refusal->sentence, words));
	kith__to_client__free_unpacked(frame, NULL);
	leave(w, peer);
}

static void
test_an_account_to_be_deleted_is_kept_out_and_told(void **state)
{
	struct world *w = *state;
	struct fault fault;
	Kith__ToClient *frame;

	go_live(w, &w->alice);
	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	assert_int_equal(store_user_delete(w->admin, w->alice.user_id,
			     hub_now_us() + INT64_C(3600000000), hub_now_us()),
	    KITH_OK);
	assert_int_equal(store_commit(w->admin, &fault), KITH_OK);
	assert_int_equal(push_dispatch(&w->hub), KITH_OK);
	batch_turn(&w->hub);
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_GOODBYE);
	assert_int_equal(
	    frame->goodbye->reason->code, KITH__REFUSAL__CODE__LOCKED);
	assert_non_null(
	    strstr(frame->goodbye->reason->sentence, "going to be deleted"));
	kith__to_client__free_unpacked(frame, NULL);
	leave(w, &w->alice);
	is_refused(w, &w->alice, "going to be deleted");
}

/* Purged and unlocked in the hub's batch, and those who are here see it. */
static void
test_what_is_due_is_done(void **state)
{
	struct world *w = *state;
	int64_t now_us = hub_now_us();
	struct fault fault;
	struct store_user user;

	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	assert_int_equal(store_user_lock(w->admin, w->alice.user_id, "",
			     now_us + INT64_C(86400000000), now_us),
	    KITH_OK);
	assert_int_equal(store_commit(w->admin, &fault), KITH_OK);
	is_refused(w, &w->alice, "is locked until 2");
	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	assert_int_equal(
	    store_user_lock(w->admin, w->alice.user_id, "", now_us, now_us),
	    KITH_OK);
	assert_int_equal(
	    store_user_delete(w->admin, w->bob.user_id, now_us, now_us),
	    KITH_OK);
	assert_int_equal(store_commit(w->admin, &fault), KITH_OK);
	batch_add_chore(&w->hub, BATCH_USERS_DUE);
	turn(&w->hub);
	go_live(w, &w->alice);
	assert_int_equal(
	    store_user_find(w->hub.store, w->bob.user_id, &user), KITH_OK);
	assert_int_equal(user.state, STORE_USER_DELETED);
}

static int64_t
last_seen(struct world *w, int64_t user_id)
{
	struct store_user user;

	assert_int_equal(
	    store_user_find(w->hub.store, user_id, &user), KITH_OK);
	return user.last_seen_us;
}

/* Also while a connection lasts, and once an hour at most. */
static void
test_who_is_here_is_seen(void **state)
{
	struct world *w = *state;
	int64_t first = last_seen(w, w->alice.user_id);

	go_live(w, &w->alice);
	sessions_touch(&w->hub, hub_now_us());
	batch_turn(&w->hub);
	turn(&w->hub);
	assert_true(last_seen(w, w->alice.user_id) == first);
	sessions_touch(&w->hub, hub_now_us() + INT64_C(3601000000));
	batch_turn(&w->hub);
	turn(&w->hub);
	assert_true(last_seen(w, w->alice.user_id) > first);
}

/* Who closes at once after sending is counted like everybody. */
static void
test_leaving_does_not_evade_a_rate(void **state)
{
	enum { RATE = 3, MESSAGES = 10 };
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	struct store_message found;

	w->hub.settings.messages_per_minute = RATE;
	go_live(w, &w->alice);
	for (uint64_t n = 1; n <= MESSAGES; n++) {
		uuid_new(operation);
		ask_send(w, &w->alice, n, operation, "and away");
	}
	leave(w, &w->alice);
	assert_int_equal(
	    store_message_find(w->hub.store, w->conversation_id, RATE, &found),
	    KITH_OK);
	assert_int_equal(store_message_find(w->hub.store, w->conversation_id,
			     RATE + 1, &found),
	    KITH_NOT_FOUND);
}

static void
await_end(struct world *w, struct peer *peer)
{
	for (int i = 0; i < 1000 && peer->socket >= 0; i++) {
		turn(&w->hub);
		receive(peer);
	}
	assert_int_equal(peer->socket, -1);
}

static void
test_garbage_ends_one_connection_only(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];

	go_live(w, &w->alice);
	go_live(w, &w->bob);
	assert_int_equal(
	    ipc_send_packed(w->bob.socket, "\xff\xff\xff", 3, NULL), KITH_OK);
	await_end(w, &w->bob);
	uuid_new(operation);
	ask_send(w, &w->alice, 1, operation, "still here");
	pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
}

/* Somebody who has taken a session over cannot fill the hub's memory: what no
 * client could have asked for is not kept. */
static void
test_bulk_ends_one_connection_only(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	char *text = mem_new(1, 60000);
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__Hello hello = KITH__HELLO__INIT;
	char *names[500];

	go_live(w, &w->alice);
	go_live(w, &w->bob);
	memset(text, 'x', 59999);
	uuid_new(operation);
	ask_send(w, &w->bob, 1, operation, text);
	await_end(w, &w->bob);
	for (size_t i = 0; i < 500; i++)
		names[i] = (char *)(uintptr_t) "";
	hello.features = names;
	hello.n_features = 500;
	request.body_case = KITH__TO_SERVER__BODY_HELLO;
	request.hello = &hello;
	connect_peer(w, &w->bob);
	ask(&w->bob, &request);
	pass(w, &w->bob, KITH__TO_CLIENT__BODY_GOODBYE);
	assert_true(w->bob.told_close);
	uuid_new(operation);
	ask_send(w, &w->alice, 1, operation, "still here");
	pass(w, &w->alice, KITH__TO_CLIENT__BODY_MESSAGE_SENT);
	free(text);
}

/* Who is not signed in gets nothing done, and identity is bound once. */
static void
test_states_are_enforced(void **state)
{
	struct world *w = *state;
	uint8_t operation[UUID_SIZE];
	Kith__ToClient *frame;

	connect_peer(w, &w->alice);
	uuid_new(operation);
	ask_send(w, &w->alice, 7, operation, "not yet");
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(frame->refusal->code, KITH__REFUSAL__CODE__NOT_NOW);
	kith__to_client__free_unpacked(frame, NULL);
	ask_sign_in(&w->alice);
	pass(w, &w->alice, KITH__TO_CLIENT__BODY_SIGNED_IN);
	ask_sign_in(&w->alice);
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(frame->refusal->code, KITH__REFUSAL__CODE__NOT_NOW);
	kith__to_client__free_unpacked(frame, NULL);
}

static void
test_token_of_another_is_refused(void **state)
{
	struct world *w = *state;
	Kith__ToClient *frame;

	connect_peer(w, &w->alice);
	w->alice.name = "bob";
	ask_sign_in(&w->alice);
	w->alice.name = "alice";
	frame = await(w, &w->alice, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(
	    frame->refusal->code, KITH__REFUSAL__CODE__BAD_CREDENTIALS);
	kith__to_client__free_unpacked(frame, NULL);
}

/* People get in, however many connect and do nothing else. */
static void
test_guests_make_room(void **state)
{
	enum { MOST = 16, STAY = MOST - MOST / 8 - 2, CROWD = 40 };
	struct world *w = *state;
	struct peer *crowd = mem_new(CROWD, sizeof(*crowd));

	w->hub.settings.max_connections = MOST;
	go_live(w, &w->alice);
	for (int i = 0; i < CROWD; i++) {
		crowd[i].name = "crowd";
		connect_peer(w, &crowd[i]);
	}
	go_live(w, &w->bob);
	for (int i = 0; i < CROWD; i++) {
		receive(&crowd[i]);
		/* beside alice and bob those who came last */
		assert_int_equal(crowd[i].told_close, i < CROWD - STAY);
		leave(w, &crowd[i]);
	}
	assert_false(w->alice.told_close);
	free(crowd);
}

static void
ask_sign_up(struct peer *peer, const char *name)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__SignUp sign_up = KITH__SIGN_UP__INIT;
	uint8_t operation[UUID_SIZE];

	uuid_new(operation);
	sign_up.name = (char *)(uintptr_t)name;
	sign_up.password = (char *)(uintptr_t) "correct horse 7";
	request.request = 1;
	request.operation.data = operation;
	request.operation.len = UUID_SIZE;
	request.body_case = KITH__TO_SERVER__BODY_SIGN_UP;
	request.sign_up = &sign_up;
	ask(peer, &request);
}

/* Where accounts are made for everybody, that must not tell who has one. */
static void
test_names_cannot_be_tried_without_end(void **state)
{
	struct world *w = *state;
	Kith__ToClient *frame;

	connect_peer(w, &w->bob);
	for (unsigned i = 0; i <= THROTTLE_SIGN_UP_BURST; i++) {
		ask_sign_up(&w->bob, "alice");
		frame = await(w, &w->bob, KITH__TO_CLIENT__BODY_REFUSAL);
		assert_int_equal(frame->refusal->code,
		    i < THROTTLE_SIGN_UP_BURST
			? KITH__REFUSAL__CODE__NAME_TAKEN
			: KITH__REFUSAL__CODE__TRY_LATER);
		kith__to_client__free_unpacked(frame, NULL);
	}
	/* nor by what becomes of a name that is free */
	ask_sign_up(&w->bob, "zoe");
	frame = await(w, &w->bob, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(frame->refusal->code, KITH__REFUSAL__CODE__TRY_LATER);
	assert_true(frame->refusal->retry_after_ms > 0);
	kith__to_client__free_unpacked(frame, NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_batch_is_one_commit_in_order),
		TEST(test_repeat_gets_the_first_answer),
		TEST(test_repeat_in_the_same_batch),
		TEST(test_refusal_leaves_the_rest_of_the_batch),
		TEST(test_marks_are_coalesced),
		TEST(test_slow_reader_gets_everything_in_order),
		TEST(test_slow_reader_passes_what_is_not_told),
		TEST(test_many_pages_asked_for_at_once),
		TEST(test_write_lock_delays_and_loses_nothing),
		TEST(test_lock_of_a_user_ends_the_sessions),
		TEST(test_an_account_to_be_deleted_is_kept_out_and_told),
		TEST(test_what_is_due_is_done),
		TEST(test_who_is_here_is_seen),
		TEST(test_leaving_does_not_evade_a_rate),
		TEST(test_garbage_ends_one_connection_only),
		TEST(test_bulk_ends_one_connection_only),
		TEST(test_states_are_enforced),
		TEST(test_token_of_another_is_refused),
		TEST(test_names_cannot_be_tried_without_end),
		TEST(test_guests_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
