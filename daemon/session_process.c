/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A forked process that serves connections: exactly one, whose outcome is its
 * exit status, or (sessions-per-process above 1) as many as its listener hands
 * over. Nothing of the listener is left in it but the TLS configuration; a
 * process for one wipes the private key in that as soon as its handshake ends.
 */
#include "session.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "mem.h"
#include "proc.h"

#define HANDOVER_QUEUE_MAX 65536u /* bytes of "ended" that may wait */

struct process {
	struct session_owner owner;
	struct channel *handover; /* NULL: for one, or the listener has gone */
	unsigned sessions;
	int status;
};

static void
on_ended(
    struct session *s, uint64_t id, enum session_outcome outcome, void *context)
{
	struct process *p = context;
	Kith__Ipc__SessionToListener message =
	    KITH__IPC__SESSION_TO_LISTENER__INIT;
	Kith__Ipc__SessionToListener__Ended ended =
	    KITH__IPC__SESSION_TO_LISTENER__ENDED__INIT;

	session_free(&s);
	p->sessions--;
	p->status = (int)outcome;
	if (p->handover == NULL) {
		if (p->sessions == 0)
			event_base_loopexit(p->owner.base, NULL);
		return;
	}
	ended.id = id;
	ended.outcome = (uint32_t)outcome;
	message.body_case = KITH__IPC__SESSION_TO_LISTENER__BODY_ENDED;
	message.ended = &ended;
	channel_send(p->handover, &message.base);
}

static void
add_session(
    struct process *p, int client, int hub, uint64_t id, const char *address)
{
	p->sessions++;
	if (session_new(&p->owner, client, hub, id, address) == NULL)
		on_ended(NULL, id, SESSION_BROKEN, p);
}

/* ---- a shared process ------------------------------------------------- */

/* The listener has gone or wants no more of this process: it ends when its
 * last connection does. */
static void
on_handover_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct process *p = context;

	channel_free(&p->handover);
	if (p->sessions == 0)
		event_base_loopexit(p->owner.base, NULL);
}

/* No descriptor is left for one more: the listener starts another process. */
static void
no_room(struct process *p, uint64_t id)
{
	log_error("out of descriptors: a connection is sent away");
	p->sessions++;
	on_ended(NULL, id, SESSION_BROKEN, p);
	on_handover_closed(p->handover, KITH_BUSY, p);
}

static void
on_take(struct channel *channel, ProtobufCMessage *any,
    struct ipc_descriptors *descriptors, void *context)
{
	struct process *p = context;
	Kith__Ipc__ListenerToSession *m = (Kith__Ipc__ListenerToSession *)any;

	if (m->body_case != KITH__IPC__LISTENER_TO_SESSION__BODY_TAKE ||
	    (descriptors->count != 2 && !descriptors->lost))
		log_fatal("the listener sent what a session does not know");
	if (descriptors->lost) {
		no_room(p, m->take->id);
		return;
	}
	descriptors->count = 0;
	add_session(p, descriptors->fd[0], descriptors->fd[1], m->take->id,
	    m->take->address);
}

static const struct channel_handler from_listener = {
	.type = &kith__ipc__listener_to_session__descriptor,
	.takes_descriptors = true,
	.queue_maximum = HANDOVER_QUEUE_MAX,
	.received = on_take,
	.closed = on_handover_closed,
};

/* ---- both ------------------------------------------------------------- */

static void
on_terminate(int number)
{
	_exit(SESSION_HUB_GONE);
}

static struct event_base *
new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL) {
		/* one thread: no locks, and no pages for them */
		event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
		base = event_base_new_with_config(config);
		event_config_free(config);
	}
	if (base == NULL)
		abort();
	return base;
}

int
session_process_run(const struct session_process *process)
{
	struct process p = { .handover = NULL };
	struct sandbox *sandbox = process->sandbox;
	struct fault fault = { .code = KITH_OK };

	signal(SIGTERM, on_terminate);
	/* before anything else: until here siblings would draw the same */
	if (tls_random_reseed(&fault) != KITH_OK ||
	    sandbox_enter(sandbox, &fault) != KITH_OK)
		log_fatal("%s", fault.sentence);
	sandbox_free(&sandbox);
	p.owner.base = new_base();
	p.owner.config = process->config;
	p.owner.limits = process->limits;
	p.owner.wipe_key = !process->shared;
	p.owner.ended = on_ended;
	p.owner.context = &p;
	if (process->shared)
		p.handover = channel_new(
		    p.owner.base, SESSION_HANDOVER_FD, &from_listener, &p);
	else
		add_session(
		    &p, SESSION_CLIENT_FD, SESSION_HUB_FD, 0, process->address);
	event_base_dispatch(p.owner.base);
	/* the kernel takes back all memory; secrets do not stay in it */
	return process->shared ? 0 : p.status;
}
