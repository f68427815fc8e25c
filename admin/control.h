/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * The running hub, asked through its control socket (ipc.proto). Nothing
 * depends on it: a hub that does not answer sees a commit by itself within a
 * quarter of a second.
 */

#define CONTROL_WAIT_MS 2000 /* for each of connect, send and answer */

#define CONTROL_NOTICES_MAX 64u

/* A warning or an error that a process of kithd has logged. */
struct control_notice {
	int64_t time_us;
	bool error; /* else a warning */
	char *role; /* "hub" */
	char *text; /* not cleaned */
};

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
	char *next_public_key_pin; /* "": none is announced */
	char *configuration;       /* path of kithd.conf */
	int64_t certificate_until_us;
	uint32_t messages_last_minute;
	uint32_t batches_last_minute;
	uint64_t warnings, errors; /* that the hub was told of */
	struct control_notice notice[CONTROL_NOTICES_MAX]; /* oldest first */
	size_t notice_count;
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

/* The process that made the socket, kithd's parent, by the kernel's word; 0:
 * nobody listens, or it is not known. */
int control_daemon_pid(const char *path);
