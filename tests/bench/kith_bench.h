/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench_client.h"

/* What the command line asked for. */
struct bench_options {
	struct bench_target target;
	pid_t server;    /* kithd's parent process */
	unsigned pairs;  /* pairs: senders, each with a receiver */
	unsigned window; /* pairs: messages under way a pair, closed loop */
	unsigned rate;   /* pairs: messages a second over all; 0: closed loop */
	unsigned sessions; /* idle, sign-in: connections */
	unsigned seconds;  /* pairs, sign-in: how long to measure */
	bool by_token;     /* sign-in: else by password */
};

#define BENCH_TEXT_BYTES   200u
#define BENCH_WARM_UP_NS   2000000000ll
#define BENCH_DRAIN_NS     10000000000ll /* for what is still under way */
#define BENCH_SETTLE_NS    5000000000ll  /* before idle memory is read */
#define BENCH_SECONDS_MAX  3600u
#define BENCH_SESSIONS_MAX 20000u
#define BENCH_PAIRS_MAX    2000u
#define BENCH_WINDOW_MAX   64u
/* Idle sessions share so many accounts; one account may have 64 connections. */
#define BENCH_ACCOUNTS_IDLE 100u

/* Each prints its one line of key=value. */
void bench_pairs(const struct bench_options *o);
void bench_idle(const struct bench_options *o);
void bench_sign_in(const struct bench_options *o);

/* Serves all clients until deadline_ns at most, or for one round of epoll. */
void bench_serve(const struct bench_target *target, int64_t deadline_ns);
