/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <event2/event.h>

#include "ipc.h"

/*
 * One end of a SOCK_SEQPACKET socket on a libevent base: messages in by
 * callback, messages out at once or through a bounded queue. What a broken
 * message from the other end means (fatal to a sibling's peer, the end of a
 * session's connection) is decided by the owner, in closed().
 */
struct channel;

struct channel_handler {
	/* the one type that the other end sends; NULL: received_bytes() */
	const ProtobufCMessageDescriptor *type;

	bool takes_descriptors; /* else a message with one is malformed */

	/* bytes of messages that may wait here when the socket is full;
	 * 0: nothing waits, channel_send() says KITH_BUSY at once */
	size_t queue_maximum;

	/*
	 * One message. It is wiped and freed after the call; what is to stay
	 * must be copied. Descriptors that are kept must be taken out
	 * of the set (fd[i] = -1 or count = 0); the others are closed.
	 * channel_free() may be called from inside.
	 */
	void (*received)(struct channel *channel, ProtobufCMessage *message,
	    struct ipc_descriptors *descriptors, void *context);

	/*
	 * In the place of type and received(), for an end that is not trusted
	 * and whose messages have limits of their own: the packed
	 * bytes as they came, borrowed for the call and wiped after it. Such
	 * channels take no descriptors.
	 */
	void (*received_bytes)(struct channel *channel, const uint8_t *bytes,
	    size_t length, void *context);

	/*
	 * After channel_send() has queued something or refused it with
	 * KITH_BUSY: all that waited has left and the socket takes more.
	 * May be NULL.
	 */
	void (*drained)(struct channel *channel, void *context);

	/*
	 * Once, never from inside channel_send(): KITH_CLOSED when the other
	 * end has gone, KITH_MALFORMED when it broke the protocol, KITH_IO.
	 * No callback follows; the owner calls channel_free(), here or later.
	 */
	void (*closed)(
	    struct channel *channel, enum kith_code why, void *context);
};

/* Takes the socket, makes it non-blocking. handler must outlive it. */
struct channel *channel_new(struct event_base *base, int socket,
    const struct channel_handler *handler, void *context);

/* Closes the socket; what is still queued is lost. Sets *channel to NULL. */
void channel_free(struct channel **channel);

/*
 * Sends now or queues, in order. KITH_BUSY: there is no room, nothing was
 * taken, drained() will be called. KITH_CLOSED/KITH_IO: closed() follows from
 * the loop. The caller keeps the message.
 */
enum kith_code channel_send(
    struct channel *channel, const ProtobufCMessage *message);

/*
 * The same with one descriptor, which is closed here in every case (after it
 * has left, where it is queued).
 */
enum kith_code channel_send_descriptor(
    struct channel *channel, const ProtobufCMessage *message, int descriptor);

/* Bytes of packed messages that wait here for the socket. */
size_t channel_queued(const struct channel *channel);

/* Stops and goes on reading: how a slow consumer holds back the other end. */
void channel_pause(struct channel *channel);
void channel_resume(struct channel *channel);
