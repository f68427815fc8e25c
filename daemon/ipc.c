/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One protobuf message with its descriptors as one datagram. Both ends are of
 * one build, but a session's end may be in an attacker's hands: every length
 * and every descriptor that arrives is checked here, and unpacking has a
 * budget. Must never block and never log.
 */
#include "ipc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "envelope.h"
#include "mem.h"

/* Static, not on the stack: pages that no message needs are never touched. */
static uint8_t pack_buffer[IPC_MESSAGE_MAX];
static uint8_t receive_buffer[IPC_MESSAGE_MAX];

enum kith_code
ipc_pair(int pair_r[2], struct fault *fault)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, pair) != 0)
		return fault_set_errno(
		    fault, KITH_IO, errno, "Cannot make a pair of sockets");
	pair_r[0] = pair[0];
	pair_r[1] = pair[1];
	return KITH_OK;
}

/* ---- sending --------------------------------------------------------- */

union control_space {
	struct cmsghdr header;
	char space[CMSG_SPACE(IPC_DESCRIPTORS_MAX * sizeof(int))];
};

static void
attach(struct msghdr *header, union control_space *control,
    const struct ipc_descriptors *descriptors)
{
	size_t bytes = descriptors->count * sizeof(int);
	struct cmsghdr *part;

	memset(control, 0, sizeof(*control));
	header->msg_control = control;
	header->msg_controllen = CMSG_SPACE(bytes);
	part = CMSG_FIRSTHDR(header);
	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(bytes);
	memcpy(CMSG_DATA(part), descriptors->fd, bytes);
}

static enum kith_code
code_of_errno(int error)
{
	switch (error) {
	case EAGAIN:
	case ENOBUFS:
	case ETOOMANYREFS: /* too many descriptors in flight */
		return KITH_BUSY;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
		return KITH_CLOSED;
	case EMSGSIZE:
		return KITH_TOO_LARGE;
	default:
		return KITH_IO;
	}
}

enum kith_code
ipc_send_packed(int socket, const void *bytes, size_t length,
    const struct ipc_descriptors *descriptors)
{
	struct iovec part = { .iov_base = (void *)bytes, .iov_len = length };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	union control_space control;
	ssize_t sent;

	if (length == 0 || length > IPC_MESSAGE_MAX)
		return KITH_TOO_LARGE;
	if (descriptors != NULL && descriptors->count > 0) {
		if (descriptors->count > IPC_DESCRIPTORS_MAX)
			return KITH_TOO_LARGE;
		attach(&header, &control, descriptors);
	}
	do
		sent = sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent >= 0 ? KITH_OK : code_of_errno(errno);
}

enum kith_code
ipc_send(int socket, const ProtobufCMessage *message,
    const struct ipc_descriptors *descriptors)
{
	size_t length = protobuf_c_message_get_packed_size(message);
	enum kith_code code;

	/* a datagram of no bytes would look like the end of the channel, and
	 * no message between processes is empty: each has a body */
	if (length == 0 || length > sizeof(pack_buffer))
		return KITH_TOO_LARGE;
	protobuf_c_message_pack(message, pack_buffer);
	code = ipc_send_packed(socket, pack_buffer, length, descriptors);
	/* passwords pass through here */
	explicit_bzero(pack_buffer, length);
	return code;
}

/* ---- receiving ------------------------------------------------------- */

static void
collect(struct msghdr *header, struct ipc_descriptors *descriptors)
{
	struct cmsghdr *part;

	descriptors->count = 0;
	for (part = CMSG_FIRSTHDR(header); part != NULL;
	     part = CMSG_NXTHDR(header, part)) {
		size_t count;

		if (part->cmsg_level != SOL_SOCKET ||
		    part->cmsg_type != SCM_RIGHTS)
			continue;
		/* control_space has room for no more than the set has */
		count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (count > IPC_DESCRIPTORS_MAX - descriptors->count)
			count = IPC_DESCRIPTORS_MAX - descriptors->count;
		memcpy(descriptors->fd + descriptors->count, CMSG_DATA(part),
		    count * sizeof(int));
		descriptors->count += count;
	}
}

static enum kith_code
receive(int socket, size_t *length_r, struct ipc_descriptors *descriptors_r)
{
	union control_space control;
	struct iovec part = { .iov_base = receive_buffer,
		.iov_len = sizeof(receive_buffer) };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	bool reset = false;
	ssize_t got;

	/*
	 * The other end closed without having read all: Linux says so once,
	 * before it hands over what that end had sent.
	 */
	do {
		got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (got < 0 &&
	    (errno == EINTR ||
		(errno == ECONNRESET && !reset && (reset = true))));
	if (got < 0)
		return errno == EAGAIN ? KITH_AGAIN : code_of_errno(errno);
	collect(&header, descriptors_r);
	/* cut short for want of descriptors here, not of room for them? */
	descriptors_r->lost = (header.msg_flags & MSG_CTRUNC) != 0 &&
	    descriptors_r->count < IPC_DESCRIPTORS_MAX;
	if (got == 0 || (header.msg_flags & MSG_TRUNC) != 0 ||
	    ((header.msg_flags & MSG_CTRUNC) != 0 && !descriptors_r->lost)) {
		ipc_descriptors_close(descriptors_r);
		return got == 0 ? KITH_CLOSED : KITH_MALFORMED;
	}
	*length_r = (size_t)got;
	return KITH_OK;
}

enum kith_code
ipc_receive_packed(int socket, uint8_t **bytes_r, size_t *length_r)
{
	struct ipc_descriptors descriptors;
	enum kith_code code = receive(socket, length_r, &descriptors);

	if (code != KITH_OK)
		return code;
	if (descriptors.count > 0 || descriptors.lost) {
		ipc_descriptors_close(&descriptors);
		return KITH_MALFORMED;
	}
	*bytes_r = receive_buffer;
	return KITH_OK;
}

enum kith_code
ipc_receive(int socket, const ProtobufCMessageDescriptor *type,
    ProtobufCMessage **message_r, struct ipc_descriptors *descriptors_r)
{
	struct ipc_descriptors descriptors;
	size_t length;
	enum kith_code code = receive(socket, &length, &descriptors);

	if (code != KITH_OK)
		return code;
	if (descriptors_r == NULL &&
	    (descriptors.count > 0 || descriptors.lost))
		code = KITH_MALFORMED;
	else
		code = ipc_unpack(type, receive_buffer, length, message_r);
	explicit_bzero(receive_buffer, length);
	if (code != KITH_OK)
		ipc_descriptors_close(&descriptors);
	else if (descriptors_r != NULL)
		*descriptors_r = descriptors;
	return code;
}

/*
 * protobuf-c turns hostile input into up to 56 times its size. So it gets only
 * what lib/wire's scan lets through, and unpacking counts what it takes. What it took is freed by plain free(), so that a
 * message outlives its budget.
 */
struct budget {
	size_t left; /* bytes */
};

static void *
budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;

	if (size > budget->left)
		return NULL;
	budget->left -= size;
	return mem_resize(NULL, 1, size > 0 ? size : 1);
}

static void
budget_free(void *data, void *memory)
{
	free(memory);
}

enum kith_code
ipc_unpack(const ProtobufCMessageDescriptor *type, const void *bytes,
    size_t length, ProtobufCMessage **message_r)
{
	struct budget budget = { .left = IPC_UNPACK_MAX };
	ProtobufCAllocator allocator = { .alloc = budget_alloc,
		.free = budget_free,
		.allocator_data = &budget };
	ProtobufCMessage *message;

	if (envelope_scan(type, bytes, length) != KITH_OK)
		return KITH_MALFORMED;
	message = protobuf_c_message_unpack(type, &allocator, length, bytes);
	if (message == NULL)
		return KITH_MALFORMED;
	*message_r = message;
	return KITH_OK;
}

void
ipc_message_free(ProtobufCMessage **message)
{
	if (*message == NULL)
		return;
	protobuf_c_message_free_unpacked(*message, NULL);
	*message = NULL;
}

/* ---- wiping ---------------------------------------------------------- */

static void wipe_member(const ProtobufCFieldDescriptor *field, void *member);

/* Messages between processes hold no recursive type: the depth is bounded. */
static void
wipe_message(ProtobufCMessage *message)
{
	unsigned i;

	for (i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f =
		    &message->descriptor->fields[i];
		char *base = (char *)message;
		size_t j;

		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
			uint32_t chosen;

			memcpy(&chosen, base + f->quantifier_offset,
			    sizeof(chosen));
			if (chosen != f->id)
				continue;
		}
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			size_t count, size;
			char *items;

			memcpy(
			    &count, base + f->quantifier_offset, sizeof(count));
			memcpy(&items, base + f->offset, sizeof(items));
			size = f->type == PROTOBUF_C_TYPE_BYTES
			    ? sizeof(ProtobufCBinaryData)
			    : sizeof(void *);
			if (f->type != PROTOBUF_C_TYPE_BYTES &&
			    f->type != PROTOBUF_C_TYPE_STRING &&
			    f->type != PROTOBUF_C_TYPE_MESSAGE)
				continue;
			for (j = 0; j < count; j++)
				wipe_member(f, items + j * size);
		} else {
			wipe_member(f, base + f->offset);
		}
	}
}

static void
wipe_member(const ProtobufCFieldDescriptor *field, void *member)
{
	if (field->type == PROTOBUF_C_TYPE_BYTES) {
		ProtobufCBinaryData *data = member;

		if (data->data != NULL)
			explicit_bzero(data->data, data->len);
	} else if (field->type == PROTOBUF_C_TYPE_STRING) {
		char *text = *(char **)member;

		if (text != NULL && text != field->default_value)
			explicit_bzero(text, strlen(text));
	} else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		ProtobufCMessage *inner = *(ProtobufCMessage **)member;

		if (inner != NULL)
			wipe_message(inner);
	}
}

void
ipc_message_wipe(ProtobufCMessage **message)
{
	if (*message != NULL)
		wipe_message(*message);
	ipc_message_free(message);
}

void
ipc_descriptors_close(struct ipc_descriptors *descriptors)
{
	size_t i;

	for (i = 0; i < descriptors->count; i++)
		if (descriptors->fd[i] >= 0)
			close(descriptors->fd[i]);
	descriptors->count = 0;
}
