/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hub's desk for the auth process. Holds the requests that wait for an
 * answer, by id; keeps no password: what was sent is wiped in the channel.
 */
#include "hub_auth.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "channel.h"
#include "hub_batch.h"
#include "log.h"
#include "mem.h"

struct parked {
	uint64_t id;
	struct request *request;
	UT_hash_handle hh;
};

struct auth_desk {
	struct hub *hub;
	struct channel *channel;
	struct parked *parked;
	uint64_t last_id;
};

struct auth_desk *
auth_desk_new(struct hub *hub)
{
	struct auth_desk *desk = MEM_NEW(struct auth_desk);

	desk->hub = hub;
	return desk;
}

void
auth_desk_free(struct auth_desk **desk)
{
	struct parked *p, *next;

	if (*desk == NULL)
		return;
	HASH_ITER (hh, (*desk)->parked, p, next) {
		HASH_DEL((*desk)->parked, p);
		free(p);
	}
	channel_free(&(*desk)->channel);
	free(*desk);
	*desk = NULL;
}

static void
unpark(
    struct auth_desk *desk, struct parked *p, const Kith__Ipc__AuthReply *reply)
{
	struct request *request = p->request;

	HASH_DEL(desk->parked, p);
	free(p);
	sign_in_answered(request, reply);
}

static void
on_reply(struct channel *channel, ProtobufCMessage *message,
    struct ipc_descriptors *descriptors, void *context)
{
	const Kith__Ipc__AuthReply *reply =
	    (const Kith__Ipc__AuthReply *)message;
	struct auth_desk *desk = context;
	struct parked *p;

	HASH_FIND(hh, desk->parked, &reply->id, sizeof(reply->id), p);
	/* Auth may have outlived a hub and answer what that one asked. */
	if (p != NULL)
		unpark(desk, p, reply);
	batch_turn(desk->hub);
}

static void
nobody_answers(struct auth_desk *desk)
{
	struct parked *p, *next;

	HASH_ITER (hh, desk->parked, p, next)
		unpark(desk, p, NULL);
	batch_turn(desk->hub);
}

static void
on_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct auth_desk *desk = context;

	if (why == KITH_MALFORMED)
		log_fatal("auth broke the protocol between processes");
	channel_free(&desk->channel);
	nobody_answers(desk);
}

static const struct channel_handler auth_channel = {
	.type = &kith__ipc__auth_reply__descriptor,
	.queue_maximum = AUTH_PARKED_MAX * 2048u,
	.received = on_reply,
	.closed = on_closed,
};

void
auth_desk_connect(struct auth_desk *desk, int socket)
{
	channel_free(&desk->channel);
	nobody_answers(desk);
	desk->channel =
	    channel_new(desk->hub->base, socket, &auth_channel, desk);
}

bool
auth_desk_connected(const struct auth_desk *desk)
{
	return desk->channel != NULL;
}

static enum kith_code
send_question(
    struct auth_desk *desk, uint64_t id, const char *phc, const char *password)
{
	Kith__Ipc__AuthRequest message = KITH__IPC__AUTH_REQUEST__INIT;
	Kith__Ipc__AuthRequest__Verify verify =
	    KITH__IPC__AUTH_REQUEST__VERIFY__INIT;
	Kith__Ipc__AuthRequest__Hash hash = KITH__IPC__AUTH_REQUEST__HASH__INIT;
	ProtobufCBinaryData bytes = { .len = strlen(password),
		.data = (uint8_t *)(uintptr_t)password };

	message.id = id;
	if (phc != NULL) {
		verify.phc = (char *)(uintptr_t)phc;
		verify.password = bytes;
		message.body_case = KITH__IPC__AUTH_REQUEST__BODY_VERIFY;
		message.verify = &verify;
	} else {
		hash.password = bytes;
		message.body_case = KITH__IPC__AUTH_REQUEST__BODY_HASH;
		message.hash = &hash;
	}
	return channel_send(desk->channel, &message.base);
}

enum kith_code
auth_desk_ask(struct auth_desk *desk, struct request *request, const char *phc,
    const char *password)
{
	struct parked *p;

	if (desk->channel == NULL ||
	    HASH_COUNT(desk->parked) >= AUTH_PARKED_MAX)
		return KITH_BUSY;
	if (send_question(desk, ++desk->last_id, phc, password) != KITH_OK)
		return KITH_BUSY;
	p = MEM_NEW(struct parked);
	p->id = desk->last_id;
	p->request = request;
	HASH_ADD(hh, desk->parked, id, sizeof(p->id), p);
	return KITH_AGAIN;
}

uint32_t
auth_desk_count(const struct auth_desk *desk)
{
	return HASH_COUNT(desk->parked);
}
