/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub.h"
#include "hub_request.h"

/*
 * Group commit. What all sessions ask for in one turn of the loop becomes one
 * transaction: one savepoint a request, one fsync for all. Nothing is answered
 * before the commit, everything right after it.
 *
 * When kith-admin holds the write lock, the batch waits by a timer, reading
 * goes on, and after BATCH_BUSY_LIMIT_MS everybody in it is refused with BUSY.
 * A full disk refuses the whole batch with STORAGE_FULL; any other failure of
 * the database ends the hub without an answer to anybody.
 *
 * It cannot grow without end: each session has at most SESSION_REQUESTS_MAX in
 * it, and one transaction takes at most BATCH_REQUESTS_MAX of them.
 */

#define BATCH_REQUESTS_MAX  1024u
#define BATCH_LOCK_RETRY_MS 2
#define BATCH_BUSY_LIMIT_MS 5000

/* The hub's own work that needs the write transaction. */
enum batch_chore {
	BATCH_STORE_META = 1 << 0,
	BATCH_PURGE_OPERATIONS = 1 << 1,
	BATCH_USERS_DUE = 1 << 2, /* locks that end, accounts to be purged */
	BATCH_ANNOUNCE = 1 << 3,  /* a part of what is on its way */
};
#define BATCH_TOUCHES_MAX 256u /* devices whose last use is noted at once */

struct batch *batch_new(struct hub *hub);
/* When it is empty. */
void batch_free(struct batch **batch);

/* Takes the request: it will be answered, or given up with its session. */
void batch_add(struct hub *hub, struct request *request);

/* Something has happened in this turn: at its end the batch runs and what was
 * put for sessions leaves. Cheap, any number of times. */
void batch_turn(struct hub *hub);

void batch_add_chore(struct hub *hub, enum batch_chore chore);
/* This device was used. False: too many at once, try again later. */
bool batch_touch_device(struct hub *hub, int64_t device_id);

/*
 * The daemon stops: no more than what is in the batch is done; then stopped()
 * is called, from here or from the loop.
 */
void batch_stop(struct hub *hub, void (*stopped)(struct hub *hub));
