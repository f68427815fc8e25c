/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages and descriptors between processes: ipc.c and channel.c. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "channel.h"
#include "ipc.h"
#include "ipc.pb-c.h"
#include "under_valgrind.h"

#define LOOP_LIMIT_S 20

static const ProtobufCMessageDescriptor *const reply_type =
    &kith__ipc__auth_reply__descriptor;

static void
make_pair(int pair[2])
{
	assert_int_equal(ipc_pair(pair, NULL), KITH_OK);
}

static enum kith_code
send_reply(int socket, uint64_t id, const char *phc,
    const struct ipc_descriptors *descriptors)
{
	Kith__Ipc__AuthReply reply = KITH__IPC__AUTH_REPLY__INIT;

	reply.id = id;
	reply.phc = (char *)phc;
	return ipc_send(socket, &reply.base, descriptors);
}

static int
open_descriptors(void)
{
	int count = 0, fd;

	for (fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* ---- ipc -------------------------------------------------------------- */

static void
test_message_arrives_whole(void **state)
{
	ProtobufCMessage *any = NULL;
	Kith__Ipc__AuthReply *reply;
	int pair[2];

	make_pair(pair);
	assert_int_equal(
	    ipc_receive(pair[1], reply_type, &any, NULL), KITH_AGAIN);
	assert_int_equal(send_reply(pair[0], 7, "one", NULL), KITH_OK);
	assert_int_equal(send_reply(pair[0], 8, "two", NULL), KITH_OK);
	assert_int_equal(ipc_receive(pair[1], reply_type, &any, NULL), KITH_OK);
	reply = (Kith__Ipc__AuthReply *)any;
	assert_int_equal(reply->id, 7);
	assert_string_equal(reply->phc, "one");
	ipc_message_wipe(&any);
	assert_null(any);
	close(pair[0]);
	/* what was sent before the end still arrives */
	assert_int_equal(ipc_receive(pair[1], reply_type, &any, NULL), KITH_OK);
	ipc_message_free(&any);
	assert_int_equal(
	    ipc_receive(pair[1], reply_type, &any, NULL), KITH_CLOSED);
	assert_int_equal(send_reply(pair[1], 1, "x", NULL), KITH_CLOSED);
	close(pair[1]);
}

static void
test_descriptors_travel(void **state)
{
	struct ipc_descriptors sent = { .count = 2 }, got = { .count = 0 };
	ProtobufCMessage *any = NULL;
	int pair[2], before;
	char byte = 0;

	make_pair(pair);
	assert_int_equal(pipe(sent.fd), 0);
	assert_int_equal(send_reply(pair[0], 1, "", &sent), KITH_OK);
	ipc_descriptors_close(&sent);
	assert_int_equal(ipc_receive(pair[1], reply_type, &any, &got), KITH_OK);
	ipc_message_free(&any);
	assert_int_equal(got.count, 2);
	assert_int_equal(fcntl(got.fd[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got.fd[1], "y", 1), 1);
	assert_int_equal(read(got.fd[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');

	/* where none is expected they are closed, and it is an error */
	before = open_descriptors();
	assert_int_equal(send_reply(pair[0], 1, "", &got), KITH_OK);
	assert_int_equal(
	    ipc_receive(pair[1], reply_type, &any, NULL), KITH_MALFORMED);
	assert_int_equal(open_descriptors(), before);
	ipc_descriptors_close(&got);
	close(pair[0]);
	close(pair[1]);
}

/* More descriptors than any message has must not stay open either. */
static void
test_too_many_descriptors(void **state)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(8 * sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec part = { (void *)"\x08\x01", 2 };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct ipc_descriptors got = { .count = 0 };
	ProtobufCMessage *any = NULL;
	int pair[2], fds[8] = { 0 }, before;

	make_pair(pair);
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	before = open_descriptors();
	assert_int_equal(sendmsg(pair[0], &header, 0), 2);
	assert_int_equal(
	    ipc_receive(pair[1], reply_type, &any, &got), KITH_MALFORMED);
	assert_int_equal(open_descriptors(), before);
	close(pair[0]);
	close(pair[1]);
}

/* The message is no worse for that; but where none is expected it is wrong. */
static void
test_no_descriptor_is_left(void **state)
{
	struct ipc_descriptors sent = { .count = 1, .fd = { STDERR_FILENO } };
	struct ipc_descriptors got = { .count = 0 };
	ProtobufCMessage *any = NULL, *other = NULL;
	enum kith_code code, unexpected;
	struct rlimit before, none;
	int pair[2];

	/* it keeps the limits that a program sets to itself */
	if (under_valgrind())
		skip();
	make_pair(pair);
	assert_int_equal(send_reply(pair[0], 5, "", &sent), KITH_OK);
	assert_int_equal(send_reply(pair[0], 6, "", &sent), KITH_OK);
	assert_int_equal(send_reply(pair[0], 7, "", &sent), KITH_OK);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 3; /* the open ones stay */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	code = ipc_receive(pair[1], reply_type, &any, &got);
	unexpected = ipc_receive(pair[1], reply_type, &other, NULL);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(code, KITH_OK);
	assert_int_equal(((Kith__Ipc__AuthReply *)any)->id, 5);
	ipc_message_free(&any);
	assert_int_equal(got.count, 0);
	assert_true(got.lost);
	assert_int_equal(unexpected, KITH_MALFORMED);
	assert_int_equal(ipc_receive(pair[1], reply_type, &any, &got), KITH_OK);
	ipc_message_free(&any);
	assert_int_equal(got.count, 1);
	assert_false(got.lost);
	ipc_descriptors_close(&got);
	close(pair[0]);
	close(pair[1]);
}

static void
test_rubbish_is_refused(void **state)
{
	static const char huge[IPC_MESSAGE_MAX + 1000];
	/* 30,000 empty sub-messages: a large multiple of its size unpacked */
	uint8_t *many = malloc(60000);
	ProtobufCMessage *any = NULL;
	int pair[2], size = 4 * (int)sizeof(huge);
	size_t i;

	make_pair(pair);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	assert_int_equal(send(pair[0], "\xff\xff\xff", 3, 0), 3);
	assert_int_equal(
	    ipc_receive(pair[1], reply_type, &any, NULL), KITH_MALFORMED);
	assert_int_equal(send(pair[0], huge, sizeof(huge), 0), sizeof(huge));
	assert_int_equal(
	    ipc_receive(pair[1], reply_type, &any, NULL), KITH_MALFORMED);
	assert_non_null(many);
	for (i = 0; i < 60000; i += 2)
		memcpy(many + i, "\x12\x00", 2); /* ListenerState.sessions */
	assert_int_equal(ipc_unpack(&kith__ipc__listener_state__descriptor,
			     many, 60000, &any),
	    KITH_MALFORMED);
	assert_null(any);
	assert_int_equal(
	    ipc_send_packed(pair[0], huge, sizeof(huge), NULL), KITH_TOO_LARGE);
	free(many);
	close(pair[0]);
	close(pair[1]);
}

/* ---- channel ---------------------------------------------------------- */

struct world {
	struct event_base *base;
	struct channel *ours;
	int theirs;
	unsigned received;
	uint64_t last_id;
	unsigned drained;
	unsigned closed;
	enum kith_code why;
	bool free_on_receive;
};

static void
on_received(struct channel *channel, ProtobufCMessage *any,
    struct ipc_descriptors *descriptors, void *context)
{
	struct world *w = context;

	w->received++;
	w->last_id = ((Kith__Ipc__AuthReply *)any)->id;
	if (w->free_on_receive)
		channel_free(&w->ours);
}

static void
on_drained(struct channel *channel, void *context)
{
	((struct world *)context)->drained++;
}

static void
on_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct world *w = context;

	w->closed++;
	w->why = why;
	channel_free(&w->ours);
}

static const struct channel_handler no_queue = {
	.type = &kith__ipc__auth_reply__descriptor,
	.received = on_received,
	.drained = on_drained,
	.closed = on_closed,
};

static const struct channel_handler with_queue = {
	.type = &kith__ipc__auth_reply__descriptor,
	.queue_maximum = 65536,
	.received = on_received,
	.drained = on_drained,
	.closed = on_closed,
};

static void
world_open(struct world *w, const struct channel_handler *handler)
{
	int pair[2];

	memset(w, 0, sizeof(*w));
	make_pair(pair);
	w->base = event_base_new();
	assert_non_null(w->base);
	w->ours = channel_new(w->base, pair[0], handler, w);
	w->theirs = pair[1];
}

static void
world_close(struct world *w)
{
	channel_free(&w->ours);
	if (w->theirs >= 0)
		close(w->theirs);
	event_base_free(w->base);
}

static void
turn(struct world *w)
{
	const struct timeval limit = { .tv_sec = LOOP_LIMIT_S };

	/* one round; the limit only keeps a failing test from hanging */
	event_base_loopexit(w->base, &limit);
	event_base_loop(w->base, EVLOOP_ONCE);
}

static enum kith_code
channel_reply(struct channel *channel, uint64_t id)
{
	static char text[1000];
	Kith__Ipc__AuthReply reply = KITH__IPC__AUTH_REPLY__INIT;

	memset(text, 'x', sizeof(text) - 1);
	reply.id = id;
	reply.phc = text;
	return channel_send(channel, &reply.base);
}

static uint64_t
take_theirs(struct world *w)
{
	ProtobufCMessage *any = NULL;
	uint64_t id;

	if (ipc_receive(w->theirs, reply_type, &any, NULL) != KITH_OK)
		return 0;
	id = ((Kith__Ipc__AuthReply *)any)->id;
	ipc_message_free(&any);
	return id;
}

static void
test_channel_full_without_queue(void **state)
{
	struct world w;
	uint64_t sent = 0, got = 0;

	world_open(&w, &no_queue);
	while (channel_reply(w.ours, sent + 1) == KITH_OK)
		sent++;
	assert_true(sent > 10);
	assert_int_equal(channel_queued(w.ours), 0);
	while (take_theirs(&w) == got + 1)
		got++;
	assert_int_equal(got, sent);
	assert_int_equal(w.drained, 0);
	turn(&w);
	assert_int_equal(w.drained, 1);
	assert_int_equal(channel_reply(w.ours, 1), KITH_OK);
	world_close(&w);
}

static void
test_channel_queues_in_order(void **state)
{
	struct world w;
	uint64_t sent = 0, got = 0, id;

	world_open(&w, &with_queue);
	while (channel_reply(w.ours, sent + 1) == KITH_OK)
		sent++;
	assert_in_range(channel_queued(w.ours), 60000, 65536);
	while (got < sent) {
		while ((id = take_theirs(&w)) != 0) {
			assert_int_equal(id, got + 1);
			got = id;
		}
		turn(&w);
	}
	assert_int_equal(channel_queued(w.ours), 0);
	assert_int_equal(w.drained, 1);
	world_close(&w);
}

static void
test_channel_receives_and_closes(void **state)
{
	struct world w;

	world_open(&w, &no_queue);
	send_reply(w.theirs, 5, "", NULL);
	send_reply(w.theirs, 6, "", NULL);
	turn(&w);
	assert_int_equal(w.received, 2);
	assert_int_equal(w.last_id, 6);
	channel_pause(w.ours);
	send_reply(w.theirs, 7, "", NULL);
	event_base_loop(w.base, EVLOOP_NONBLOCK);
	assert_int_equal(w.received, 2);
	channel_resume(w.ours);
	turn(&w);
	assert_int_equal(w.received, 3);
	close(w.theirs);
	w.theirs = -1;
	/* not from inside the call */
	assert_int_equal(channel_reply(w.ours, 1), KITH_CLOSED);
	assert_int_equal(w.closed, 0);
	turn(&w);
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.why, KITH_CLOSED);
	world_close(&w);
}

static void
test_channel_broken_protocol(void **state)
{
	struct world w;

	world_open(&w, &no_queue);
	assert_int_equal(send(w.theirs, "\xff", 1, 0), 1);
	turn(&w);
	assert_int_equal(w.closed, 1);
	assert_int_equal(w.why, KITH_MALFORMED);
	world_close(&w);
}

static void
test_channel_freed_in_callback(void **state)
{
	struct world w;

	world_open(&w, &no_queue);
	w.free_on_receive = true;
	send_reply(w.theirs, 5, "", NULL);
	send_reply(w.theirs, 6, "", NULL);
	turn(&w);
	assert_int_equal(w.received, 1);
	assert_int_equal(w.closed, 0);
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message_arrives_whole),
		cmocka_unit_test(test_descriptors_travel),
		cmocka_unit_test(test_too_many_descriptors),
		cmocka_unit_test(test_no_descriptor_is_left),
		cmocka_unit_test(test_rubbish_is_refused),
		cmocka_unit_test(test_channel_full_without_queue),
		cmocka_unit_test(test_channel_queues_in_order),
		cmocka_unit_test(test_channel_receives_and_closes),
		cmocka_unit_test(test_channel_broken_protocol),
		cmocka_unit_test(test_channel_freed_in_callback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
