/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/event.h>

#include "fault.h"
#include "password.h"

/*
 * Argon2 on a few threads: jobs in from the event loop, results out to it.
 * Nothing but the job itself is shared with a thread, and everything secret in
 * it is wiped when its result has been handed over.
 */
struct auth_pool;

#define AUTH_QUEUE_MAX   64u /* jobs that wait for a thread */
#define AUTH_WORKERS_MAX 16u

struct auth_job {
	uint64_t id;
	bool hash;                      /* else: verify */
	char phc[PASSWORD_PHC_MAX + 1]; /* verify; "" for nobody */
	struct password_cost cost;
	char password[PASSWORD_BYTES_MAX];
	size_t password_length;
};

struct auth_result {
	uint64_t id;
	bool matched;
	char phc[PASSWORD_PHC_MAX + 1]; /* the (new) hash, or "" */
	enum kith_code code; /* KITH_OK, or that nothing could be found out */
};

/*
 * workers: 1 to AUTH_WORKERS_MAX threads, begun here: apply the sandbox before.
 * done() is called from the loop.
 */
struct auth_pool *auth_pool_new(struct event_base *base, unsigned int workers,
    void (*done)(void *context, const struct auth_result *result),
    void *context);

/* Jobs being worked on are finished, those that wait are forgotten. */
void auth_pool_free(struct auth_pool **pool);

/* Copies the job. KITH_BUSY when AUTH_QUEUE_MAX wait. */
enum kith_code auth_pool_add(
    struct auth_pool *pool, const struct auth_job *job);

/* Waiting and being worked on. */
size_t auth_pool_count(struct auth_pool *pool);
