/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <netinet/in.h>
#include <uthash.h>

#include "ipc.h"
#include "log.h"
#include "penalties.h"
#include "pin.h"
#include "sandbox.h"
#include "session.h"
#include "settings.h"

/* Shared by listener.c, listener_hub.c, listener_parent.c and
 * listener_workers.c only. */

/* A connection that was accepted and not yet handed to a process. */
struct newcomer {
	int client;
	int hub; /* the session's end of its channel to the hub */
	struct network network;
	char address[INET6_ADDRSTRLEN];
};

/* A connection that a process serves. */
struct client {
	struct client *next;
	uint64_t id;
	struct network network;
	int64_t since_ms;
	char address[INET6_ADDRSTRLEN];
};

/* A process that serves one connection, or several. */
struct worker {
	int pid;      /* the key */
	int handover; /* -1: takes no (more) connections */
	unsigned count;
	struct client *clients;
	UT_hash_handle hh;
};

struct listener {
	bool configured;
	uint32_t max_connections;
	uint32_t max_per_address;
	uint32_t sessions_per_process;
	enum sandbox_mode sandbox_mode;
	struct session_limits limits;
	struct tls_config *config;
	char next_pin[PIN_SIZE]; /* of the announced key; "": none */
	int64_t until_us;        /* the end of the certificate */
	struct sandbox *sandbox; /* of the sessions, prepared */

	int hub;     /* -1: not introduced, or gone */
	int reserve; /* given up for a moment when descriptors run out */
	int listening[SETTINGS_LISTEN_MAX];
	size_t listening_count;
	int64_t paused_until_ms; /* accepting waits: something had run out */

	bool waits_for_hub; /* newcomer waits for room in the hub's channel */
	struct newcomer newcomer;
	int newcomer_peer; /* the hub's end, not sent yet */

	uint8_t *answer; /* packed; waits for room in the hub's channel */
	size_t answer_length;

	struct penalties *penalties;
	struct worker *workers;
	unsigned connections;
	uint64_t last_id;
	bool told_ready;
	bool refresh_wanted; /* a session crashed: change the address layout */
};

/* Closes both ends that a newcomer holds. */
void newcomer_drop(struct newcomer *newcomer);

/* listener_parent.c */

/* A warning or an error of the log, for log_listen(). */
void listener_tell_notice(
    enum log_level level, const char *text, void *context);

/* Reads all that the parent has sent, and obeys; may end the process. */
void listener_hear_parent(struct listener *l);

/*
 * Asks the parent for a successor, with what it has to know. A crash may have
 * told an attacker something about the address layout, which every session
 * inherits: a fresh listener has another. Returns only if the parent is busy.
 */
void listener_hand_over(struct listener *l);

/* listener_hub.c */

/* Takes the socket of a hub, in place of an earlier one's. */
void listener_meet_hub(struct listener *l, int socket);

/* Answers what the hub asks; finds out when it has gone. Reads all. */
void listener_hear_hub(struct listener *l);

/* listener_workers.c */

/* Gives the newcomer to a process. KITH_BUSY: no process can be made now. */
enum kith_code workers_serve(struct listener *l, struct newcomer *newcomer);

/* Collects processes that have ended. */
void workers_reap(struct listener *l);

/* One that a predecessor had started has ended. */
void workers_reaped(struct listener *l, int pid, int status);

/* What a shared process tells; false when its channel has closed. */
bool workers_hear(struct listener *l, struct worker *worker);

/* After a reload: shared processes take no more connections. */
void workers_retire(struct listener *l);

/* What a successor has to know, and taking it over. Free with free(). */
uint8_t *workers_save(struct listener *l, size_t *length_r);
void workers_restore(struct listener *l, const void *bytes, size_t length);
