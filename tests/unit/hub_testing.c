/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hub_testing.h"

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

#include "hub_auth.h"
#include "hub_batch.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "hub_throttle.h"
#include "hub_view.h"
#include "ipc.h"
#include "mem.h"
#include "store_device.h"
#include "store_event.h"
#include "store_friend_link.h"
#include "store_user.h"

#define WAIT_LIMIT_MS 10000

/* ---- the loop and the channels ------------------------------------------- */

void
turn(struct hub *hub)
{
	for (int i = 0; i < 20; i++)
		event_base_loop(hub->base, EVLOOP_NONBLOCK);
}

static void
unpack_frames(struct peer *peer, const Kith__Ipc__HubToSession *message)
{
	for (size_t i = 0; i < message->n_frames; i++) {
		assert_true(peer->count < FRAMES_MAX);
		peer->frames[peer->count] = kith__to_client__unpack(
		    NULL, message->frames[i].len, message->frames[i].data);
		assert_non_null(peer->frames[peer->count]);
		peer->count++;
	}
	peer->told_signed_in |= message->signed_in;
	peer->told_close |= message->close;
}

/* Reads what is there. */
void
receive(struct peer *peer)
{
	ProtobufCMessage *message;
	enum kith_code code;

	while ((code = ipc_receive(peer->socket,
		    &kith__ipc__hub_to_session__descriptor, &message, NULL)) ==
	    KITH_OK) {
		unpack_frames(peer, (Kith__Ipc__HubToSession *)message);
		ipc_message_free(&message);
	}
	if (code != KITH_AGAIN) {
		close(peer->socket);
		peer->socket = -1;
	}
}

/* The next frame of this kind; others before it are dropped. */
Kith__ToClient *
await(struct world *w, struct peer *peer, Kith__ToClient__BodyCase body)
{
	int64_t until_ms = hub_now_ms() + WAIT_LIMIT_MS;

	while (hub_now_ms() < until_ms) {
		turn(&w->hub);
		if (peer->socket >= 0)
			receive(peer);
		while (peer->first < peer->count) {
			Kith__ToClient *frame = peer->frames[peer->first++];

			if (frame->body_case == body)
				return frame;
			kith__to_client__free_unpacked(frame, NULL);
		}
	}
	fail_msg("%s got no frame %d", peer->name, (int)body);
	return NULL;
}

/* Waits for it and forgets it. */
void
pass(struct world *w, struct peer *peer, Kith__ToClient__BodyCase body)
{
	kith__to_client__free_unpacked(await(w, peer, body), NULL);
}

void
ask(struct peer *peer, Kith__ToServer *request)
{
	Kith__Ipc__SessionToHub message = KITH__IPC__SESSION_TO_HUB__INIT;

	message.body_case = KITH__IPC__SESSION_TO_HUB__BODY_REQUEST;
	message.request = request;
	assert_int_equal(ipc_send(peer->socket, &message.base, NULL), KITH_OK);
}

void
drop_frames(struct peer *peer)
{
	while (peer->first < peer->count)
		kith__to_client__free_unpacked(
		    peer->frames[peer->first++], NULL);
	peer->first = peer->count = 0;
}

static void
ask_hello(struct peer *peer)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__Hello hello = KITH__HELLO__INIT;

	hello.client = (char *)"test 1";
	request.request = 1;
	request.body_case = KITH__TO_SERVER__BODY_HELLO;
	request.hello = &hello;
	ask(peer, &request);
}

void
ask_sign_in(struct peer *peer)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__SignIn sign_in = KITH__SIGN_IN__INIT;

	sign_in.name = (char *)(uintptr_t)peer->name;
	sign_in.proof_case = KITH__SIGN_IN__PROOF_TOKEN;
	sign_in.token.data = peer->token;
	sign_in.token.len = TOKEN_SIZE;
	request.request = 2;
	request.body_case = KITH__TO_SERVER__BODY_SIGN_IN;
	request.sign_in = &sign_in;
	ask(peer, &request);
}

static void
ask_catch_up(struct world *w, struct peer *peer, uint64_t sequence)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__CatchUp catch_up = KITH__CATCH_UP__INIT;

	catch_up.epoch.data = w->hub.epoch;
	catch_up.epoch.len = sizeof(w->hub.epoch);
	catch_up.sequence = sequence;
	request.request = 3;
	request.body_case = KITH__TO_SERVER__BODY_CATCH_UP;
	request.catch_up = &catch_up;
	ask(peer, &request);
}

void
ask_send(struct world *w, struct peer *peer, uint64_t number,
    const uint8_t operation[UUID_SIZE], const char *text)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__SendMessage send = KITH__SEND_MESSAGE__INIT;
	Kith__Content content = KITH__CONTENT__INIT;

	content.kind_case = KITH__CONTENT__KIND_TEXT;
	content.text = (char *)(uintptr_t)text;
	send.conversation_id = (uint64_t)w->conversation_id;
	send.content = &content;
	request.request = number;
	request.operation.data = (uint8_t *)(uintptr_t)operation;
	request.operation.len = UUID_SIZE;
	request.body_case = KITH__TO_SERVER__BODY_SEND_MESSAGE;
	request.send_message = &send;
	ask(peer, &request);
}

void
ask_history(struct world *w, struct peer *peer, uint64_t number)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__GetHistory history = KITH__GET_HISTORY__INIT;

	history.conversation_id = (uint64_t)w->conversation_id;
	request.request = number;
	request.body_case = KITH__TO_SERVER__BODY_GET_HISTORY;
	request.get_history = &history;
	ask(peer, &request);
}

void
ask_mark_read(struct world *w, struct peer *peer, uint64_t request_number,
    uint64_t number)
{
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__MarkRead mark = KITH__MARK_READ__INIT;

	mark.conversation_id = (uint64_t)w->conversation_id;
	mark.number = number;
	request.request = request_number;
	request.body_case = KITH__TO_SERVER__BODY_MARK_READ;
	request.mark_read = &mark;
	ask(peer, &request);
}

void
connect_peer(struct world *w, struct peer *peer)
{
	struct fault fault;
	int pair[2];

	assert_int_equal(ipc_pair(pair, &fault), KITH_OK);
	peer->socket = pair[0];
	peer->told_close = peer->told_signed_in = false;
	session_start(&w->hub, pair[1], "192.0.2.1");
	pass(w, peer, KITH__TO_CLIENT__BODY_GREETING);
	ask_hello(peer);
	pass(w, peer, KITH__TO_CLIENT__BODY_DONE);
}

void
go_live(struct world *w, struct peer *peer)
{
	Kith__ToClient *frame;
	int64_t newest;

	connect_peer(w, peer);
	ask_sign_in(peer);
	pass(w, peer, KITH__TO_CLIENT__BODY_SIGNED_IN);
	assert_true(peer->told_signed_in);
	store_event_newest(w->hub.store, &newest);
	ask_catch_up(w, peer, (uint64_t)newest);
	frame = await(w, peer, KITH__TO_CLIENT__BODY_EVENT_PAGE);
	assert_false(frame->event_page->more);
	kith__to_client__free_unpacked(frame, NULL);
}

void
leave(struct world *w, struct peer *peer)
{
	if (peer->socket >= 0)
		close(peer->socket);
	peer->socket = -1;
	drop_frames(peer);
	turn(&w->hub);
}

/* ---- the world -------------------------------------------------------------- */

static void
make_person(struct world *w, struct peer *peer, const char *name)
{
	struct store_user_new new = { .name = name,
		.display_name = "",
		.phc = "",
		.state = STORE_USER_ACTIVE,
		.now_us = hub_now_us() };
	uint8_t hash[HASH_SIZE];
	int64_t device_id;

	peer->name = name;
	peer->socket = -1;
	token_new(peer->token);
	token_hash(peer->token, hash);
	assert_int_equal(
	    store_user_add(w->admin, &new, &peer->user_id), KITH_OK);
	assert_int_equal(store_device_add(w->admin, peer->user_id, hash, "",
			     hub_now_us(), &device_id),
	    KITH_OK);
}

static void
make_people(struct world *w)
{
	struct fault fault;

	assert_int_equal(
	    store_begin_write(w->admin, STORE_WAIT, &fault), KITH_OK);
	make_person(w, &w->alice, "alice");
	make_person(w, &w->bob, "bob");
	assert_int_equal(store_friend_link_add(w->admin, w->alice.user_id,
			     w->bob.user_id, hub_now_us(), &w->conversation_id),
	    KITH_OK);
	assert_int_equal(store_commit(w->admin, &fault), KITH_OK);
}

static void
make_hub(struct hub *hub, struct store *store)
{
	hub->base = event_base_new();
	event_base_priority_init(hub->base, HUB_PRIORITY_COUNT);
	hub->throttle = throttle_new();
	hub->routes = routes_new();
	hub->sessions = sessions_new();
	hub->view = view_new();
	hub->batch = batch_new(hub);
	hub->auth = auth_desk_new(hub);
	hub->store = store;
	hub->settings.server_name = (char *)"test";
	hub->settings.max_connections = 100;
	hub->settings.sign_up = KITH__SIGN_UP_MODE__SIGN_UP_OPEN;
	store_epoch(store, hub->epoch);
	store_event_newest(store, &hub->dispatched);
}

int
set_up(void **state)
{
	struct world *w = MEM_NEW(struct world);
	struct store *store;
	struct fault fault = { .code = KITH_OK };
	char path[128];

	snprintf(w->folder, sizeof(w->folder), "/tmp/kith-test-hub-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(path, sizeof(path), "%s/kith.db", w->folder);
	if (store_open(path, STORE_CREATE | STORE_MIGRATE | STORE_HUB, &store,
		&fault) != KITH_OK)
		fail_msg("%s", fault.sentence);
	assert_int_equal(store_open(path, 0, &w->admin, &fault), KITH_OK);
	make_people(w);
	make_hub(&w->hub, store);
	*state = w;
	return 0;
}

int
tear_down(void **state)
{
	struct world *w = *state;
	char command[128];

	leave(w, &w->alice);
	leave(w, &w->bob);
	auth_desk_free(&w->hub.auth);
	sessions_free(&w->hub.sessions);
	batch_free(&w->hub.batch);
	view_free(&w->hub.view);
	routes_free(&w->hub.routes);
	throttle_free(&w->hub.throttle);
	store_close(&w->admin);
	store_close(&w->hub.store);
	event_base_free(w->hub.base);
	snprintf(command, sizeof(command), "rm -r %s", w->folder);
	assert_int_equal(system(command), 0);
	free(w);
	return 0;
}
