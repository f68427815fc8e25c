/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "sandbox.h"
#include "tls.h"

/*
 * One client's connection, and the process that serves one of them or, with
 * sessions-per-process above 1, several: the same code either way.
 */

/* Why a connection ended. A process for one connection exits with it. */
enum session_outcome {
	SESSION_CLOSED = 0,     /* by the client or the hub, after signing in */
	SESSION_LEFT = 10,      /* the client went without signing in */
	SESSION_LATE = 11,      /* it did not sign in within the time */
	SESSION_MALFORMED = 12, /* it broke the protocol */
	SESSION_NO_TLS = 13,    /* the handshake failed */
	SESSION_REFUSED = 14,   /* the hub closed it before it had signed in */
	SESSION_SILENT = 15,    /* signed in, then idle or too slow */
	SESSION_HUB_GONE = 16,  /* the hub ended, or this process was told to */
	SESSION_BROKEN = 17,    /* something failed on our side */
};

/* "closed", "left", …: for the log. Static. */
const char *session_outcome_word(int outcome);

struct session_limits {
	uint32_t sign_in_timeout_s;
	uint32_t idle_timeout_s;
};

/* ---- the process ------------------------------------------------------ */

#define SESSION_HANDOVER_FD 3 /* of a shared process: where connections come */
#define SESSION_CLIENT_FD   3 /* of a process for one: the connection … */
#define SESSION_HUB_FD      4 /* … and its channel to the hub */

struct session_process {
	struct tls_config *config;
	struct sandbox *sandbox; /* prepared; entered here */
	struct session_limits limits;
	bool shared;
	const char *address; /* of the one client; for the log */
};

/*
 * The whole life of a freshly forked process; the descriptors above are in
 * their places and nothing else is open. Returns the exit status.
 */
int session_process_run(const struct session_process *process);

/* ---- one connection --------------------------------------------------- */

struct session;

struct session_owner {
	struct event_base *base;
	struct tls_config *config;
	struct session_limits limits;
	bool wipe_key; /* after the handshake */

	/* Once, from the loop; s is freed after the call. */
	void (*ended)(struct session *s, uint64_t id,
	    enum session_outcome outcome, void *context);
	void *context;
};

/*
 * Takes both descriptors. owner must outlive it. NULL (and both closed) when
 * TLS cannot be set up.
 */
struct session *session_new(const struct session_owner *owner, int client,
    int hub, uint64_t id, const char *address);

/* At once, without a word to the client. */
void session_free(struct session **session);
