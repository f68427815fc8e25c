/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * The running hub, asked through its control socket (ipc.proto). Nothing
 * depends on it: a hub that does not answer sees a commit by itself within a
 * quarter of a second.
 */

#define CONTROL_WAIT_MS 2000 /* for each of connect, send and answer */

struct control_status {
	char *version;
	char *listen;
	char *public_key_pin;
	int64_t started_us;
	uint32_t connections;
	uint32_t people_online;
	uint32_t queued_requests;
	uint32_t queued_passwords;
	uint64_t sequence;
	uint64_t messages;
	uint64_t batches;
};

void control_status_clear(struct control_status *status);

/* Tells the hub to look into the database now. Failures are not told. */
void control_nudge(const char *path);

/*
 * KITH_CLOSED: nobody listens there. KITH_FORBIDDEN, KITH_BUSY (no answer in
 * time), KITH_IO, KITH_MALFORMED.
 */
enum kith_code control_ask_status(
    const char *path, struct control_status *status_r, struct fault *f);

/*
 * Any other question, and the answer of the kind that is wanted, to be freed
 * with kith__ipc__control_reply__free_unpacked(). As above; KITH_BUSY also with
 * what the hub says is in the way.
 */
enum kith_code control_ask(const char *path,
    const Kith__Ipc__ControlRequest *request,
    Kith__Ipc__ControlReply__BodyCase wanted, Kith__Ipc__ControlReply **reply_r,
    struct fault *f);
