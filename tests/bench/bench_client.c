/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "envelope.h"
#include "frame.h"
#include "mem.h"
#include "uuid.h"

#define BENCH_ANSWER_LIMIT_MS 60000
#define BENCH_PASSWORD        "correct horse battery"
#define BENCH_BUFFER_MAX      (4u * (FRAME_HEADER_SIZE + FRAME_MAX))
#define BENCH_READ_SIZE       16384u

struct bench_client {
	const struct bench_target *target;
	int fd;
	struct tls_connection *tls;
	struct buf *in;
	struct buf *out;
	uint64_t last_request;
	uint64_t awaited;       /* the request of a call under way, else 0 */
	Kith__ToClient *answer; /* to it, once it came */
	bench_frame *on_frame;
	void *arg;
	uint32_t epoll_events; /* what epoll waits for at present */
};

void
bench_fail(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("kith-bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

int64_t
bench_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
connect_to(const struct bench_target *target)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(target->port) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		bench_fail("no socket: %s", strerror(errno));
	if (inet_pton(AF_INET, target->host, &address.sin_addr) != 1)
		bench_fail("%s is not a numeric IPv4 address", target->host);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		bench_fail("cannot connect: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		bench_fail("fcntl: %s", strerror(errno));
	return fd;
}

static void
wait_for(struct bench_client *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	if (poll(&p, 1, BENCH_ANSWER_LIMIT_MS) <= 0)
		bench_fail("the server does not answer");
}

static void
shake_hands(struct bench_client *c)
{
	struct fault fault = { 0 };
	enum kith_code code;

	while ((code = tls_handshake(c->tls, &fault)) == KITH_AGAIN)
		wait_for(
		    c, tls_wants(c->tls) == TLS_WANTS_READ ? POLLIN : POLLOUT);
	if (code != KITH_OK)
		bench_fail("handshake: %s", fault.sentence);
}

static void
take_frame(struct bench_client *c, const uint8_t *body, size_t length)
{
	struct fault fault = { 0 };
	Kith__ToClient *frame = NULL;

	if (envelope_unpack_to_client(body, length, &frame, &fault) != KITH_OK)
		bench_fail("bad frame: %s", fault.sentence);
	if (frame->body_case == KITH__TO_CLIENT__BODY_GOODBYE)
		bench_fail("goodbye: %s",
		    frame->goodbye->reason != NULL
			? frame->goodbye->reason->sentence
			: "?");
	if (c->awaited != 0 && frame->request == c->awaited) {
		c->awaited = 0;
		c->answer = frame;
		return;
	}
	if (c->on_frame != NULL)
		c->on_frame(c, frame, c->arg);
	envelope_free_to_client(&frame);
}

/* Frames are taken as long as they come; a call stops at its answer. */
static void
take_frames(struct bench_client *c)
{
	const uint8_t *body;
	size_t length;

	while (c->answer == NULL) {
		enum kith_code code =
		    frame_peek(c->in, FRAME_MAX, &body, &length);

		if (code == KITH_AGAIN)
			return;
		if (code != KITH_OK)
			bench_fail("the server sent a bad frame");
		take_frame(c, body, length);
		frame_consume(c->in);
	}
}

static void
read_all(struct bench_client *c)
{
	struct fault fault = { 0 };
	size_t length;

	while (c->answer == NULL) {
		uint8_t *to = buf_reserve(c->in, BENCH_READ_SIZE);
		enum kith_code code =
		    tls_read(c->tls, to, BENCH_READ_SIZE, &length, &fault);

		if (code == KITH_AGAIN)
			return;
		if (code != KITH_OK)
			bench_fail("the connection ended: %s",
			    kith_code_sentence(code));
		buf_commit(c->in, length);
		take_frames(c);
	}
}

static void
watch(struct bench_client *c, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (events == c->epoll_events)
		return;
	if (epoll_ctl(c->target->epoll,
		c->epoll_events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd,
		&e) != 0)
		bench_fail("epoll: %s", strerror(errno));
	c->epoll_events = events;
}

void
bench_client_flush(struct bench_client *c)
{
	struct fault fault = { 0 };
	size_t length;

	while (buf_length(c->out) > 0) {
		enum kith_code code = tls_write(c->tls, buf_peek(c->out),
		    buf_length(c->out), &length, &fault);

		if (code == KITH_AGAIN)
			break;
		if (code != KITH_OK)
			bench_fail("cannot send: %s", fault.sentence);
		buf_consume(c->out, length);
	}
	watch(c, EPOLLIN | (buf_length(c->out) > 0 ? EPOLLOUT : 0u));
}

void
bench_client_ready(struct bench_client *c)
{
	read_all(c);
	bench_client_flush(c);
}

static void
wait_for_answer(struct bench_client *c)
{
	take_frames(c);
	while (c->answer == NULL) {
		bench_client_ready(c);
		if (c->answer == NULL)
			wait_for(c,
			    buf_length(c->out) > 0 ? POLLIN | POLLOUT : POLLIN);
	}
}

struct bench_client *
bench_client_new(const struct bench_target *target)
{
	struct bench_client *c = MEM_NEW(struct bench_client);
	struct fault fault = { 0 };

	c->target = target;
	c->fd = connect_to(target);
	c->in = buf_new(BENCH_BUFFER_MAX);
	c->out = buf_new(BENCH_BUFFER_MAX);
	if (tls_connection_new(target->config, c->fd, target->host, &c->tls,
		&fault) != KITH_OK)
		bench_fail("TLS: %s", fault.sentence);
	shake_hands(c);
	watch(c, EPOLLIN);

	Kith__Hello hello = KITH__HELLO__INIT;
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	char client[] = "kith-bench";

	hello.client = client;
	request.body_case = KITH__TO_SERVER__BODY_HELLO;
	request.hello = &hello;
	Kith__ToClient *answer = bench_client_call(c, &request, false);
	envelope_free_to_client(&answer);
	return c;
}

void
bench_client_free(struct bench_client **c)
{
	if (*c == NULL)
		return;
	tls_connection_free(&(*c)->tls);
	close((*c)->fd);
	buf_free(&(*c)->in);
	buf_free(&(*c)->out);
	free(*c);
	*c = NULL;
}

void
bench_client_on_frame(struct bench_client *c, bench_frame *on_frame, void *arg)
{
	c->on_frame = on_frame;
	c->arg = arg;
}

void
bench_client_send(struct bench_client *c, Kith__ToServer *request)
{
	request->request = ++c->last_request;
	if (envelope_put(c->out, FRAME_MAX, &request->base) != KITH_OK)
		bench_fail("the server takes no more requests");
}

void
bench_client_send_change(struct bench_client *c, Kith__ToServer *request)
{
	uint8_t operation[UUID_SIZE];

	uuid_new(operation);
	request->operation.data = operation;
	request->operation.len = sizeof(operation);
	bench_client_send(c, request);
}

Kith__ToClient *
bench_client_call(struct bench_client *c, Kith__ToServer *request, bool change)
{
	Kith__ToClient *answer;

	if (change)
		bench_client_send_change(c, request);
	else
		bench_client_send(c, request);
	c->awaited = c->last_request;
	bench_client_flush(c);
	wait_for_answer(c);
	answer = c->answer;
	c->answer = NULL;
	take_frames(c);
	return answer;
}

static Kith__ToClient *
ask_to_sign_in(struct bench_client *c, const char *name, const uint8_t *token)
{
	Kith__SignIn sign_in = KITH__SIGN_IN__INIT;
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	uint8_t copy[ENVELOPE_TOKEN_SIZE];
	char password[] = BENCH_PASSWORD;

	sign_in.name = (char *)(uintptr_t)name;
	if (token != NULL) {
		memcpy(copy, token, sizeof(copy));
		sign_in.proof_case = KITH__SIGN_IN__PROOF_TOKEN;
		sign_in.token.data = copy;
		sign_in.token.len = sizeof(copy);
	} else {
		sign_in.proof_case = KITH__SIGN_IN__PROOF_PASSWORD;
		sign_in.password = password;
	}
	request.body_case = KITH__TO_SERVER__BODY_SIGN_IN;
	request.sign_in = &sign_in;
	return bench_client_call(c, &request, false);
}

static const char *
refusal_sentence(const Kith__ToClient *answer)
{
	return answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL
	    ? answer->refusal->sentence
	    : "an unexpected answer";
}

uint64_t
bench_client_sign_in(struct bench_client *c, const char *name,
    const uint8_t *token, uint8_t *token_r)
{
	Kith__ToClient *answer = ask_to_sign_in(c, name, token);
	uint64_t id;

	if (answer->body_case != KITH__TO_CLIENT__BODY_SIGNED_IN)
		bench_fail(
		    "%s cannot sign in: %s", name, refusal_sentence(answer));
	if (token_r != NULL &&
	    answer->signed_in->token.len == ENVELOPE_TOKEN_SIZE)
		memcpy(token_r, answer->signed_in->token.data,
		    ENVELOPE_TOKEN_SIZE);
	id = answer->signed_in->self->id;
	envelope_free_to_client(&answer);
	return id;
}

static Kith__ToClient *
ask_for_snapshot(struct bench_client *c, uint64_t from)
{
	Kith__GetSnapshot get = KITH__GET_SNAPSHOT__INIT;
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	Kith__ToClient *answer;

	get.from = from;
	request.body_case = KITH__TO_SERVER__BODY_GET_SNAPSHOT;
	request.get_snapshot = &get;
	answer = bench_client_call(c, &request, false);
	if (answer->body_case != KITH__TO_CLIENT__BODY_SNAPSHOT)
		bench_fail("no snapshot: %s", refusal_sentence(answer));
	return answer;
}

uint64_t
bench_client_conversation(struct bench_client *c, uint64_t peer_id)
{
	uint64_t found = 0;
	uint64_t from = 0;

	do {
		Kith__ToClient *answer = ask_for_snapshot(c, from);
		const Kith__Snapshot *s = answer->snapshot;

		for (size_t i = 0; i < s->n_conversations; i++)
			if (s->conversations[i]->friends &&
			    s->conversations[i]->peer->id == peer_id)
				found = s->conversations[i]->id;
		from = s->next;
		envelope_free_to_client(&answer);
	} while (found == 0 && from != 0);
	return found;
}

void
bench_client_go_live(struct bench_client *c)
{
	Kith__ToClient *snapshot = ask_for_snapshot(c, 0);
	uint64_t sequence = snapshot->snapshot->sequence;
	bool more = true;

	while (more) {
		Kith__CatchUp catch_up = KITH__CATCH_UP__INIT;
		Kith__ToServer request = KITH__TO_SERVER__INIT;
		Kith__ToClient *answer;

		catch_up.epoch = snapshot->snapshot->epoch;
		catch_up.sequence = sequence;
		request.body_case = KITH__TO_SERVER__BODY_CATCH_UP;
		request.catch_up = &catch_up;
		answer = bench_client_call(c, &request, false);
		if (answer->body_case != KITH__TO_CLIENT__BODY_EVENT_PAGE)
			bench_fail("no events: %s", refusal_sentence(answer));
		sequence = answer->event_page->sequence;
		more = answer->event_page->more;
		envelope_free_to_client(&answer);
	}
	envelope_free_to_client(&snapshot);
}
