/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Pairs of friends: one of each sends, the other receives and marks as
 * delivered. A message counts when its receiver has it. Closed loop: each pair
 * keeps a window of messages under way. Open loop: messages leave by the clock,
 * and the time runs from when each was due, so that a slow server cannot hide
 * behind the sender's waiting.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_histogram.h"
#include "bench_server.h"
#include "envelope.h"
#include "kith_bench.h"
#include "mem.h"

struct run;

struct pair {
	struct run *run;
	struct bench_client *sender;
	struct bench_client *receiver;
	uint64_t conversation;
	uint64_t sent;     /* messages */
	uint64_t acked;    /* MessageSent that came back */
	uint64_t received; /* number of the last one */
	uint64_t marked;   /* the highest number told as delivered */
};

struct run {
	const struct bench_options *options;
	struct pair *pairs;
	bool sending;
	bool measuring;
	int64_t due_ns; /* open loop: when the next message is to leave */
	unsigned turn;  /* open loop: the pair that sends next */
	uint64_t delivered;
	struct bench_histogram latency;
};

static void
send_one(struct pair *p, int64_t since_ns)
{
	Kith__Content content = KITH__CONTENT__INIT;
	Kith__SendMessage send = KITH__SEND_MESSAGE__INIT;
	Kith__ToServer request = KITH__TO_SERVER__INIT;
	char text[BENCH_TEXT_BYTES + 1];

	memset(text, 'x', BENCH_TEXT_BYTES);
	text[BENCH_TEXT_BYTES] = '\0';
	text[snprintf(text, sizeof(text), "%" PRId64, since_ns)] = ' ';
	content.kind_case = KITH__CONTENT__KIND_TEXT;
	content.text = text;
	send.conversation_id = p->conversation;
	send.content = &content;
	request.body_case = KITH__TO_SERVER__BODY_SEND_MESSAGE;
	request.send_message = &send;
	bench_client_send_change(p->sender, &request);
	p->sent++;
}

static void
sender_frame(struct bench_client *c, const Kith__ToClient *frame, void *arg)
{
	struct pair *p = arg;

	if (frame->body_case == KITH__TO_CLIENT__BODY_MESSAGE_SENT)
		p->acked++;
	else if (frame->body_case == KITH__TO_CLIENT__BODY_REFUSAL)
		bench_fail("refused: %s", frame->refusal->sentence);
}

static void
receiver_frame(struct bench_client *c, const Kith__ToClient *frame, void *arg)
{
	struct pair *p = arg;
	struct run *run = p->run;
	const Kith__Message *m;
	int64_t since_ns;

	if (frame->body_case == KITH__TO_CLIENT__BODY_REFUSAL)
		bench_fail("refused: %s", frame->refusal->sentence);
	if (frame->body_case != KITH__TO_CLIENT__BODY_EVENT ||
	    frame->event->body_case != KITH__EVENT__BODY_MESSAGE)
		return;
	m = frame->event->message;
	/* the administrator's announcements come by one of their own */
	if (m->conversation_id != p->conversation)
		return;
	if (p->received != 0 && m->number != p->received + 1)
		bench_fail("message %" PRIu64 " came after %" PRIu64, m->number,
		    p->received);
	p->received = m->number;
	since_ns = strtoll(m->content->text, NULL, 10);
	if (run->measuring) {
		run->delivered++;
		bench_histogram_add(
		    &run->latency, (uint64_t)(bench_now_ns() - since_ns));
	}
	if (run->sending && run->options->rate == 0)
		send_one(p, bench_now_ns());
}

static void
mark_delivered(struct pair *p)
{
	Kith__MarkDelivered mark = KITH__MARK_DELIVERED__INIT;
	Kith__ToServer request = KITH__TO_SERVER__INIT;

	if (p->marked == p->received)
		return;
	p->marked = p->received;
	mark.conversation_id = p->conversation;
	mark.number = p->received;
	request.body_case = KITH__TO_SERVER__BODY_MARK_DELIVERED;
	request.mark_delivered = &mark;
	bench_client_send(p->receiver, &request);
}

static void
set_up_pair(struct run *run, unsigned index)
{
	struct pair *p = &run->pairs[index];
	char sender[32], receiver[32];
	uint64_t peer;

	snprintf(sender, sizeof(sender), "sender%u", index);
	snprintf(receiver, sizeof(receiver), "receiver%u", index);
	p->run = run;
	p->sender = bench_client_new(&run->options->target);
	p->receiver = bench_client_new(&run->options->target);
	bench_client_sign_in(p->sender, sender, NULL, NULL);
	peer = bench_client_sign_in(p->receiver, receiver, NULL, NULL);
	p->conversation = bench_client_conversation(p->sender, peer);
	if (p->conversation == 0)
		bench_fail("%s and %s have no conversation", sender, receiver);
	bench_client_on_frame(p->sender, sender_frame, p);
	bench_client_on_frame(p->receiver, receiver_frame, p);
	bench_client_go_live(p->sender);
	bench_client_go_live(p->receiver);
}

static void
send_what_is_due(struct run *run)
{
	const int64_t step_ns = 1000000000 / (int64_t)run->options->rate;

	while (run->due_ns <= bench_now_ns()) {
		send_one(&run->pairs[run->turn], run->due_ns);
		run->turn = (run->turn + 1) % run->options->pairs;
		run->due_ns += step_ns;
	}
}

static void
serve_until(struct run *run, int64_t end_ns)
{
	while (bench_now_ns() < end_ns) {
		int64_t wake_ns = end_ns;

		if (run->sending && run->options->rate > 0) {
			send_what_is_due(run);
			wake_ns = run->due_ns < end_ns ? run->due_ns : end_ns;
		}
		for (unsigned i = 0; i < run->options->pairs; i++) {
			mark_delivered(&run->pairs[i]);
			bench_client_flush(run->pairs[i].sender);
			bench_client_flush(run->pairs[i].receiver);
		}
		bench_serve(&run->options->target, wake_ns);
	}
}

static uint64_t
under_way(const struct run *run)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < run->options->pairs; i++)
		sum += run->pairs[i].sent - run->pairs[i].acked;
	return sum;
}

static void
drain(struct run *run)
{
	const int64_t end_ns = bench_now_ns() + BENCH_DRAIN_NS;

	run->sending = false;
	while (under_way(run) > 0) {
		if (bench_now_ns() >= end_ns)
			bench_fail("%" PRIu64 " messages were never answered",
			    under_way(run));
		serve_until(run, bench_now_ns() + 10000000);
	}
}

static void
start_sending(struct run *run)
{
	run->sending = true;
	run->due_ns = bench_now_ns();
	if (run->options->rate > 0)
		return;
	for (unsigned i = 0; i < run->options->pairs; i++)
		for (unsigned k = 0; k < run->options->window; k++)
			send_one(&run->pairs[i], bench_now_ns());
}

static void
print_result(const struct run *run, int64_t spent_ns, int64_t cpu_ns)
{
	const struct bench_options *o = run->options;
	const double delivered =
	    run->delivered > 0 ? (double)run->delivered : 1;

	printf("pairs pairs=%u window=%u rate=%u seconds=%u delivered=%" PRIu64
	       " delivered_per_s=%.0f p50_ms=%.3f p99_ms=%.3f max_ms=%.3f"
	       " server_cpu_us_per_message=%.1f server_cores=%.2f\n",
	    o->pairs, o->rate > 0 ? 0 : o->window, o->rate, o->seconds,
	    run->delivered, (double)run->delivered * 1e9 / (double)spent_ns,
	    bench_histogram_quantile_ms(&run->latency, 0.5),
	    bench_histogram_quantile_ms(&run->latency, 0.99),
	    (double)run->latency.max_ns / 1e6, (double)cpu_ns / 1e3 / delivered,
	    (double)cpu_ns / (double)spent_ns);
}

void
bench_pairs(const struct bench_options *o)
{
	struct run *run = MEM_NEW(struct run);
	struct bench_server before, after;
	int64_t start_ns, end_ns;

	run->options = o;
	run->pairs = mem_new(o->pairs, sizeof(*run->pairs));
	for (unsigned i = 0; i < o->pairs; i++)
		set_up_pair(run, i);
	start_sending(run);
	serve_until(run, bench_now_ns() + BENCH_WARM_UP_NS);

	bench_server_read_cpu(o->server, &before);
	run->measuring = true;
	start_ns = bench_now_ns();
	serve_until(run, start_ns + (int64_t)o->seconds * 1000000000);
	end_ns = bench_now_ns();
	run->measuring = false;
	bench_server_read_cpu(o->server, &after);

	drain(run);
	print_result(run, end_ns - start_ns, after.cpu_ns - before.cpu_ns);
	for (unsigned i = 0; i < o->pairs; i++) {
		bench_client_free(&run->pairs[i].sender);
		bench_client_free(&run->pairs[i].receiver);
	}
	free(run->pairs);
	free(run);
}
