/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What the store alone can do, without sockets, TLS or processes: fills a
 * database, then runs batches as the hub does. Each message is a savepoint with
 * a look for its operation, the message, its event and the operation's answer;
 * at the end of a batch each conversation of it gets a delivered mark, and all
 * new events are read for dispatching.
 *
 *   store-bench FILE [preload=1000000] [messages=100000] [batch=16] [pairs=100]
 *
 * Prints one line of key=value. FILE must not be there before.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "mem.h"
#include "store_conversation.h"
#include "store_event.h"
#include "store_friend_link.h"
#include "store_operation.h"
#include "store_user.h"

#define BODY_BYTES        200
#define PRELOAD_BATCH     1000
#define PAIRS_MAX         10000
#define CHECKPOINT_REAL_S 0.0002

struct bench {
	struct store *s;
	const char *path;
	int64_t preload;
	int64_t messages;
	int64_t batch;
	int64_t pairs;
	int64_t *talks; /* the conversation of each pair */
	int64_t *last;  /* its newest number */
	uint8_t body[BODY_BYTES];
	uint8_t operation[STORE_OPERATION_LENGTH];
	int64_t dispatched;
	int64_t events;
	int64_t checkpoints;
	double checkpoint_s; /* in all of them */
	double checkpoint_max_s;
};

static void
must(struct bench *b, enum kith_code code, const char *what)
{
	if (code == KITH_OK)
		return;
	fprintf(stderr, "store-bench: %s: %s (%s)\n", what,
	    kith_code_word(code),
	    b->s != NULL ? store_fault(b->s)->sentence : "");
	exit(1);
}

static double
seconds(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int64_t
now_us(void)
{
	return (int64_t)(seconds(CLOCK_REALTIME) * 1e6);
}

/* Rises, as UUIDs of version 7 do. */
static void
next_operation(struct bench *b)
{
	int i;

	for (i = STORE_OPERATION_LENGTH - 1; i >= 0 && ++b->operation[i] == 0;
	     i--)
		;
}

/* ---- filling --------------------------------------------------------- */

static void
make_pair(struct bench *b, int64_t pair)
{
	struct store_user_new new = { .display_name = "",
		.phc = "",
		.state = STORE_USER_ACTIVE,
		.now_us = now_us() };
	int64_t ids[2] = { 0, 0 };
	char *name;
	int side;

	for (side = 0; side < 2; side++) {
		name = mem_format("user%lld.%d", (long long)pair, side);
		new.name = name;
		must(b, store_user_add(b->s, &new, &ids[side]), "user");
		free(name);
	}
	must(b,
	    store_friend_link_add(
		b->s, ids[0], ids[1], now_us(), &b->talks[pair]),
	    "link");
}

static void
send_one(struct bench *b, int64_t pair, bool whole)
{
	const uint8_t digest[STORE_DIGEST_LENGTH] = { 1 };
	int64_t sender = 2 * pair + 1;
	struct store_operation operation = {
		.user_id = sender, .id = b->operation, .digest = digest
	};
	struct store_message message = { .conversation_id = b->talks[pair],
		.sender_id = sender,
		.time_us = now_us(),
		.has_operation = true,
		.kind = STORE_MESSAGE_TEXT,
		.body = b->body,
		.body_length = BODY_BYTES };
	struct store_message_sent sent;

	next_operation(b);
	memcpy(message.operation, b->operation, STORE_OPERATION_LENGTH);
	if (whole && store_operation_find(b->s, &operation) != KITH_NOT_FOUND)
		must(b, KITH_CONFLICT, "operation");
	must(b, store_message_add(b->s, &message, &sent), "message");
	b->last[pair] = sent.number;
	operation.result = b->body;
	operation.result_length = 24;
	must(b, store_operation_add(b->s, &operation, now_us()), "operation");
}

static void
fill(struct bench *b)
{
	int64_t i;

	must(b, store_begin_write(b->s, STORE_TRY, NULL), "begin");
	for (i = 0; i < b->pairs; i++)
		make_pair(b, i);
	for (i = 0; i < b->preload; i++) {
		if (i % PRELOAD_BATCH == 0) {
			must(b, store_commit(b->s, NULL), "commit");
			must(b, store_checkpoint(b->s, NULL), "checkpoint");
			must(b, store_begin_write(b->s, STORE_TRY, NULL),
			    "begin");
		}
		send_one(b, i % b->pairs, false);
	}
	must(b, store_commit(b->s, NULL), "commit");
}

/* ---- measuring ------------------------------------------------------- */

static bool
dispatch(void *context, const struct store_event *event)
{
	struct bench *b = context;

	b->dispatched = event->sequence;
	b->events++;
	return true;
}

/* Nearly always it finds nothing to do; the others hold everybody up. */
static void
checkpoint(struct bench *b)
{
	double begun = seconds(CLOCK_MONOTONIC), took;

	must(b, store_checkpoint(b->s, NULL), "checkpoint");
	took = seconds(CLOCK_MONOTONIC) - begun;
	if (took < CHECKPOINT_REAL_S)
		return;
	b->checkpoints++;
	b->checkpoint_s += took;
	if (took > b->checkpoint_max_s)
		b->checkpoint_max_s = took;
}

static void
run_batch(struct bench *b, int64_t first)
{
	struct store_mark mark;
	int64_t i, pair;
	bool changed;

	must(b, store_begin_write(b->s, STORE_TRY, NULL), "begin");
	for (i = 0; i < b->batch; i++) {
		must(b, store_savepoint(b->s), "savepoint");
		send_one(b, (first + i) * 7919 % b->pairs, true);
		must(b, store_savepoint_keep(b->s), "savepoint");
	}
	for (i = 0; i < b->batch; i++) {
		pair = (first + i) * 7919 % b->pairs;
		mark = (struct store_mark){ b->talks[pair], 2 * pair + 2,
			b->last[pair], 0 };
		must(b, store_mark_raise(b->s, &mark, now_us(), &changed),
		    "mark");
	}
	must(b,
	    store_event_each(b->s, b->dispatched, STORE_PAGE_MAX, dispatch, b),
	    "events");
	must(b, store_commit(b->s, NULL), "commit");
	checkpoint(b);
}

static void
measure(struct bench *b)
{
	double wall, cpu;
	struct rusage usage;
	int64_t done;

	must(b, store_event_newest(b->s, &b->dispatched), "newest");
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (done = 0; done < b->messages; done += b->batch)
		run_batch(b, done);
	wall = seconds(CLOCK_MONOTONIC) - wall;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	getrusage(RUSAGE_SELF, &usage);
	printf("preload=%lld messages=%lld batch=%lld pairs=%lld"
	       " messages_per_s=%.0f cpu_us_per_message=%.1f"
	       " events=%lld rss_kib=%ld checkpoints=%lld"
	       " checkpoint_ms=%.1f checkpoint_max_ms=%.1f\n",
	    (long long)b->preload, (long long)done, (long long)b->batch,
	    (long long)b->pairs, (double)done / wall, cpu * 1e6 / (double)done,
	    (long long)b->events, usage.ru_maxrss, (long long)b->checkpoints,
	    b->checkpoints > 0 ? b->checkpoint_s * 1e3 / (double)b->checkpoints
			       : 0.0,
	    b->checkpoint_max_s * 1e3);
}

static void
set(struct bench *b, const char *argument)
{
	const char *value = strchr(argument, '=');
	size_t length = value != NULL ? (size_t)(value - argument) : 0;

	if (length == 7 && memcmp(argument, "preload", length) == 0)
		b->preload = atoll(value + 1);
	else if (length == 8 && memcmp(argument, "messages", length) == 0)
		b->messages = atoll(value + 1);
	else if (length == 5 && memcmp(argument, "batch", length) == 0)
		b->batch = atoll(value + 1);
	else if (length == 5 && memcmp(argument, "pairs", length) == 0)
		b->pairs = atoll(value + 1);
	else
		b->path = argument;
}

int
main(int argc, char **argv)
{
	struct bench b = { .preload = 1000000,
		.messages = 100000,
		.batch = 16,
		.pairs = 100 };
	struct fault f = { 0 };
	int i;

	for (i = 1; i < argc; i++)
		set(&b, argv[i]);
	if (b.path == NULL || b.batch < 1 || b.pairs < 1 ||
	    b.pairs > PAIRS_MAX) {
		fprintf(stderr,
		    "usage: store-bench FILE [preload=N] [messages=N]"
		    " [batch=N] [pairs=N]\n");
		return 2;
	}
	memset(b.body, 'm', sizeof(b.body));
	b.talks = mem_new((size_t)b.pairs, sizeof(b.talks[0]));
	b.last = mem_new((size_t)b.pairs, sizeof(b.last[0]));
	if (store_open(b.path, STORE_CREATE | STORE_HUB, &b.s, &f) != KITH_OK) {
		fprintf(stderr, "store-bench: %s\n", f.sentence);
		return 1;
	}
	fill(&b);
	measure(&b);
	store_close(&b.s);
	free(b.talks);
	free(b.last);
	return 0;
}
