/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages of a SOCK_SEQPACKET socket as callbacks of a libevent base, with a
 * bounded queue for what the socket does not take at once. Must never block,
 * and never decide what a broken message means: that is the owner's.
 */
#include "channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "mem.h"

/* Messages read in one turn of the loop, so that one busy channel does not
 * starve the others. */
#define CHANNEL_TURN_MAX 32

struct waiting {
	struct waiting *prev, *next;
	int descriptor; /* -1: none */
	size_t length;
	uint8_t bytes[];
};

struct channel {
	int socket;
	const struct channel_handler *handler;
	void *context;
	struct event *readable;
	struct event *writable;
	struct waiting *queue;
	size_t queued;        /* bytes; <= handler->queue_maximum */
	enum kith_code fault; /* found while sending; told from the loop */
	bool paused;
	bool wants_drained;
	bool closed;    /* closed() was called */
	bool in_turn;   /* a callback may be running */
	bool discarded; /* channel_free() was called in a callback */
};

static void
destroy(struct channel *c)
{
	struct waiting *w, *next;

	DL_FOREACH_SAFE (c->queue, w, next) {
		if (w->descriptor >= 0)
			close(w->descriptor);
		explicit_bzero(w->bytes, w->length);
		free(w);
	}
	event_free(c->readable);
	event_free(c->writable);
	close(c->socket);
	free(c);
}

void
channel_free(struct channel **channel)
{
	struct channel *c = *channel;

	*channel = NULL;
	if (c == NULL)
		return;
	if (c->in_turn) {
		/* the running turn destroys it when the callback returns */
		c->discarded = true;
		c->closed = true;
		event_del(c->readable);
		event_del(c->writable);
	} else {
		destroy(c);
	}
}

static void
tell_closed(struct channel *c, enum kith_code why)
{
	if (c->closed)
		return;
	c->closed = true;
	event_del(c->readable);
	event_del(c->writable);
	c->handler->closed(c, why, c->context);
}

/* Ends a turn; c may be gone afterwards. */
static void
leave_turn(struct channel *c)
{
	c->in_turn = false;
	if (c->discarded)
		destroy(c);
}

/* ---- reading --------------------------------------------------------- */

static enum kith_code
receive_message(struct channel *c)
{
	struct ipc_descriptors descriptors = { .count = 0 };
	ProtobufCMessage *message = NULL;
	enum kith_code code;

	code = ipc_receive(c->socket, c->handler->type, &message,
	    c->handler->takes_descriptors ? &descriptors : NULL);
	if (code != KITH_OK)
		return code;
	c->handler->received(c, message, &descriptors, c->context);
	ipc_message_wipe(&message);
	ipc_descriptors_close(&descriptors);
	return KITH_OK;
}

static enum kith_code
receive_bytes(struct channel *c)
{
	uint8_t *bytes;
	size_t length;
	enum kith_code code = ipc_receive_packed(c->socket, &bytes, &length);

	if (code != KITH_OK)
		return code;
	c->handler->received_bytes(c, bytes, length, c->context);
	explicit_bzero(bytes, length);
	return KITH_OK;
}

static void
on_readable(evutil_socket_t socket, short events, void *context)
{
	struct channel *c = context;
	int i;

	c->in_turn = true;
	for (i = 0; i < CHANNEL_TURN_MAX && !c->closed && !c->paused; i++) {
		enum kith_code code = c->handler->type != NULL
		    ? receive_message(c)
		    : receive_bytes(c);

		if (code == KITH_AGAIN)
			break;
		if (code != KITH_OK)
			tell_closed(c, code);
	}
	leave_turn(c);
}

/* ---- writing --------------------------------------------------------- */

static enum kith_code
send_now(struct channel *c, const void *bytes, size_t length, int descriptor)
{
	struct ipc_descriptors set = { .count = 1, .fd = { descriptor } };

	return ipc_send_packed(
	    c->socket, bytes, length, descriptor >= 0 ? &set : NULL);
}

static enum kith_code
send_waiting(struct channel *c)
{
	while (c->queue != NULL) {
		struct waiting *w = c->queue;
		enum kith_code code =
		    send_now(c, w->bytes, w->length, w->descriptor);

		if (code != KITH_OK)
			return code;
		DL_DELETE(c->queue, w);
		c->queued -= w->length;
		if (w->descriptor >= 0)
			close(w->descriptor);
		explicit_bzero(w->bytes, w->length);
		free(w);
	}
	return KITH_OK;
}

static void
on_writable(evutil_socket_t socket, short events, void *context)
{
	struct channel *c = context;
	enum kith_code code = c->fault != KITH_OK ? c->fault : send_waiting(c);

	c->in_turn = true;
	if (code == KITH_OK) {
		event_del(c->writable);
		if (c->wants_drained) {
			c->wants_drained = false;
			if (c->handler->drained != NULL)
				c->handler->drained(c, c->context);
		}
	} else if (code == KITH_CLOSED && !c->paused) {
		/* Its last words may lie unread: reading comes to the end by
		 * itself, and tells it. */
		event_del(c->writable);
		event_active(c->readable, EV_READ, 0);
	} else if (code != KITH_BUSY) {
		tell_closed(c, code);
	}
	leave_turn(c);
}

static void
enqueue(struct channel *c, const void *bytes, size_t length, int descriptor)
{
	struct waiting *w = mem_new(1, sizeof(*w) + length);

	w->descriptor = descriptor;
	w->length = length;
	memcpy(w->bytes, bytes, length);
	DL_APPEND(c->queue, w);
	c->queued += length;
}

/* Takes the descriptor. */
static enum kith_code
send_or_queue(
    struct channel *c, const void *bytes, size_t length, int descriptor)
{
	enum kith_code code = c->fault;

	if (c->closed)
		code = KITH_CLOSED;
	if (code == KITH_OK)
		code = c->queue != NULL
		    ? KITH_BUSY
		    : send_now(c, bytes, length, descriptor);
	if (code == KITH_BUSY) {
		c->wants_drained = true;
		event_add(c->writable, NULL);
		if (length <= c->handler->queue_maximum - c->queued) {
			enqueue(c, bytes, length, descriptor);
			return KITH_OK;
		}
	} else if (code != KITH_OK && code != KITH_TOO_LARGE && !c->closed) {
		/* the caller may be in the middle of something: tell it from
		 * the loop, not from inside this call */
		c->fault = code;
		event_active(c->writable, EV_WRITE, 0);
	}
	if (descriptor >= 0)
		close(descriptor);
	return code;
}

enum kith_code
channel_send_descriptor(
    struct channel *channel, const ProtobufCMessage *message, int descriptor)
{
	static uint8_t packed[IPC_MESSAGE_MAX];
	size_t length = protobuf_c_message_get_packed_size(message);
	enum kith_code code;

	if (length == 0 || length > sizeof(packed)) {
		if (descriptor >= 0)
			close(descriptor);
		return KITH_TOO_LARGE;
	}
	protobuf_c_message_pack(message, packed);
	code = send_or_queue(channel, packed, length, descriptor);
	explicit_bzero(packed, length);
	return code;
}

enum kith_code
channel_send(struct channel *channel, const ProtobufCMessage *message)
{
	return channel_send_descriptor(channel, message, -1);
}

size_t
channel_queued(const struct channel *channel)
{
	return channel->queued;
}

/* ---- the rest -------------------------------------------------------- */

struct channel *
channel_new(struct event_base *base, int socket,
    const struct channel_handler *handler, void *context)
{
	struct channel *c = MEM_NEW(struct channel);

	evutil_make_socket_nonblocking(socket);
	c->socket = socket;
	c->handler = handler;
	c->context = context;
	c->readable =
	    event_new(base, socket, EV_READ | EV_PERSIST, on_readable, c);
	c->writable =
	    event_new(base, socket, EV_WRITE | EV_PERSIST, on_writable, c);
	if (c->readable == NULL || c->writable == NULL ||
	    event_add(c->readable, NULL) != 0)
		abort();
	return c;
}

void
channel_pause(struct channel *channel)
{
	channel->paused = true;
	event_del(channel->readable);
}

void
channel_resume(struct channel *channel)
{
	if (!channel->paused || channel->closed)
		return;
	channel->paused = false;
	event_add(channel->readable, NULL);
}
