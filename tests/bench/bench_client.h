/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kith.pb-c.h"
#include "tls.h"

/*
 * One connection of the load generator: what a client does on the wire, without
 * a cache. Anything unexpected ends the program with a sentence: a benchmark
 * that goes on after a fault measures the fault.
 */
struct bench_client;

/* Where to connect and whom to trust; shared by all clients. */
struct bench_target {
	const char *host; /* numeric */
	uint16_t port;
	struct tls_config *config;
	int epoll; /* every client's descriptor is added to it */
};

/* Called for each frame that is not the answer bench_client_call() waits for. */
typedef void bench_frame(
    struct bench_client *c, const Kith__ToClient *frame, void *arg);

/* Connects, ends the handshake and reads the greeting. Never NULL. */
struct bench_client *bench_client_new(const struct bench_target *target);

/* Closes at once, frees, sets *c to NULL. */
void bench_client_free(struct bench_client **c);

void bench_client_on_frame(
    struct bench_client *c, bench_frame *on_frame, void *arg);

/* Queues a request and writes what the socket takes. Fills in the id. */
void bench_client_send(struct bench_client *c, Kith__ToServer *request);

/* bench_client_send() with a new operation. */
void bench_client_send_change(struct bench_client *c, Kith__ToServer *request);

/*
 * Sends and waits up to BENCH_ANSWER_LIMIT_MS for the answer, which the caller
 * frees with envelope_free_to_client(). For setting up: it serves only c.
 */
Kith__ToClient *bench_client_call(
    struct bench_client *c, Kith__ToServer *request, bool change);

/* epoll said something of c (the event's data.ptr). */
void bench_client_ready(struct bench_client *c);

/* Writes what bench_client_send() left in the buffer. */
void bench_client_flush(struct bench_client *c);

/*
 * Signs in with a token, or with the password that run-bench gave every account
 * when token is NULL. token_r (32 bytes) may be NULL. Returns the user's id.
 */
uint64_t bench_client_sign_in(struct bench_client *c, const char *name,
    const uint8_t *token, uint8_t *token_r);

/* Asks for a page of events until the connection is live. */
void bench_client_go_live(struct bench_client *c);

/* The direct conversation with that user; 0 when there is none. */
uint64_t bench_client_conversation(struct bench_client *c, uint64_t peer_id);

/* Prints the sentence and ends the program with status 1. */
void bench_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

int64_t bench_now_ns(void); /* monotonic */
