/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "fault.h"

/*
 * One protobuf message, and the descriptors that belong to it, as one datagram
 * of a SOCK_SEQPACKET socket. Knows no event loop (channel.h does), never
 * blocks, never logs. One thread only: it packs into buffers of the process.
 */

#define IPC_MESSAGE_MAX     (96u * 1024u)  /* bytes of one packed message */
#define IPC_UNPACK_MAX      (448u * 1024u) /* bytes that unpacking may take */
#define IPC_DESCRIPTORS_MAX 2u             /* with one message */
#define IPC_PENALTIES_PAGE  64u            /* rows, each under 128 bytes */

/* Descriptors that travel with a message. */
struct ipc_descriptors {
	size_t count; /* <= IPC_DESCRIPTORS_MAX */
	int fd[IPC_DESCRIPTORS_MAX];
	/* Received: more came, for which this process has no room left. */
	bool lost;
};

/* A non-blocking, close-on-exec pair. KITH_IO with a sentence. */
enum kith_code ipc_pair(int pair_r[2], struct fault *fault);

/*
 * Packs and sends. The caller keeps message and descriptors (NULL: none).
 * KITH_BUSY: the socket is full, nothing was sent. KITH_CLOSED: the other end
 * has gone. KITH_TOO_LARGE: over IPC_MESSAGE_MAX. KITH_IO: errno says.
 */
enum kith_code ipc_send(int socket, const ProtobufCMessage *message,
    const struct ipc_descriptors *descriptors);

/* The same for bytes that are packed already. */
enum kith_code ipc_send_packed(int socket, const void *bytes, size_t length,
    const struct ipc_descriptors *descriptors);

/*
 * Receives and unpacks one message of the given type. The caller frees
 * *message_r with ipc_message_free() and closes the descriptors.
 * KITH_AGAIN: nothing there. KITH_CLOSED: the other end has gone.
 * KITH_MALFORMED: not such a message, or too long; its descriptors have been
 * closed. KITH_IO: errno says.
 * Where descriptors have run out the message comes without them (lost).
 * A type whose messages carry none is asked for with descriptors_r NULL:
 * descriptors that come nevertheless are closed and make it KITH_MALFORMED.
 */
enum kith_code ipc_receive(int socket, const ProtobufCMessageDescriptor *type,
    ProtobufCMessage **message_r, struct ipc_descriptors *descriptors_r);

/*
 * Receives one message without unpacking it: *bytes_r is borrowed until the
 * next call of this module; wipe it when it was secret. Descriptors that come
 * make it KITH_MALFORMED. Else as above.
 */
enum kith_code ipc_receive_packed(
    int socket, uint8_t **bytes_r, size_t *length_r);

/*
 * Unpacks within IPC_UNPACK_MAX bytes of memory. KITH_MALFORMED when it is
 * not such a message or needs more. What a message means is not checked here.
 */
enum kith_code ipc_unpack(const ProtobufCMessageDescriptor *type,
    const void *bytes, size_t length, ProtobufCMessage **message_r);

/* Frees *message (which may be NULL) and sets it to NULL. */
void ipc_message_free(ProtobufCMessage **message);

/* The same, after wiping every string and bytes field in it. */
void ipc_message_wipe(ProtobufCMessage **message);

/* Closes each descriptor and empties the set. */
void ipc_descriptors_close(struct ipc_descriptors *descriptors);
