/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What connections cost: idle ones in memory, new ones in processor time. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench_server.h"
#include "envelope.h"
#include "kith_bench.h"
#include "mem.h"

static void
account_name(char *name, size_t size, unsigned index)
{
	snprintf(name, size, "idle%u", index % BENCH_ACCOUNTS_IDLE);
}

/* A device token for each of the accounts that the sessions share. */
static void
collect_tokens(const struct bench_options *o,
    uint8_t tokens[BENCH_ACCOUNTS_IDLE][ENVELOPE_TOKEN_SIZE])
{
	char name[32];

	for (unsigned i = 0; i < BENCH_ACCOUNTS_IDLE; i++) {
		struct bench_client *c = bench_client_new(&o->target);

		account_name(name, sizeof(name), i);
		bench_client_sign_in(c, name, NULL, tokens[i]);
		bench_client_free(&c);
	}
}

static void
wait_ns(const struct bench_options *o, int64_t ns)
{
	const int64_t end_ns = bench_now_ns() + ns;

	while (bench_now_ns() < end_ns)
		bench_serve(&o->target, end_ns);
}

void
bench_idle(const struct bench_options *o)
{
	uint8_t tokens[BENCH_ACCOUNTS_IDLE][ENVELOPE_TOKEN_SIZE];
	struct bench_client **clients =
	    mem_new(o->sessions, sizeof(struct bench_client *));
	struct bench_server before, after;
	int64_t available;
	double n = (double)o->sessions;
	char name[32];

	collect_tokens(o, tokens);
	wait_ns(o, BENCH_SETTLE_NS);
	bench_server_read(o->server, &before);
	available = bench_memory_available_kib();
	for (unsigned i = 0; i < o->sessions; i++) {
		account_name(name, sizeof(name), i);
		clients[i] = bench_client_new(&o->target);
		bench_client_sign_in(
		    clients[i], name, tokens[i % BENCH_ACCOUNTS_IDLE], NULL);
		bench_client_go_live(clients[i]);
	}
	wait_ns(o, BENCH_SETTLE_NS);
	bench_server_read(o->server, &after);
	available -= bench_memory_available_kib();
	/* what the machine has less includes the generator's own share */
	printf("idle sessions=%u processes=%u pss_kib_per_session=%.1f"
	       " mem_available_kib_per_session=%.1f\n",
	    o->sessions, after.processes,
	    (double)(after.pss_kib - before.pss_kib) / n,
	    (double)available / n);
	for (unsigned i = 0; i < o->sessions; i++)
		bench_client_free(&clients[i]);
	free(clients);
}

/*
 * One after the other on one connection each: the figure is what a sign-in
 * costs the server, handshake and process included.
 */
void
bench_sign_in(const struct bench_options *o)
{
	uint8_t tokens[BENCH_ACCOUNTS_IDLE][ENVELOPE_TOKEN_SIZE];
	struct bench_server before, after;
	int64_t start_ns, spent_ns;
	unsigned count = 0;
	char name[32];

	collect_tokens(o, tokens);
	wait_ns(o, BENCH_SETTLE_NS / 5);
	bench_server_read_cpu(o->server, &before);
	start_ns = bench_now_ns();
	do {
		struct bench_client *c = bench_client_new(&o->target);
		const uint8_t *token = tokens[count % BENCH_ACCOUNTS_IDLE];

		account_name(name, sizeof(name), count);
		bench_client_sign_in(c, name, o->by_token ? token : NULL, NULL);
		bench_client_free(&c);
		count++;
		spent_ns = bench_now_ns() - start_ns;
	} while (spent_ns < (int64_t)o->seconds * 1000000000);
	wait_ns(o, BENCH_SETTLE_NS / 5); /* the sessions end and are reaped */
	bench_server_read_cpu(o->server, &after);
	printf("sign-in by=%s seconds=%u sign_ins=%u per_s=%.1f"
	       " server_cpu_ms_per_sign_in=%.3f\n",
	    o->by_token ? "token" : "password", o->seconds, count,
	    (double)count * 1e9 / (double)spent_ns,
	    (double)(after.cpu_ns - before.cpu_ns) / 1e6 / (double)count);
}
