/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent's part that concerns one child at a time: its start, its
 * messages, its death and its next start. Each step does nothing until it is
 * possible and nothing when it is done (parent_advance()).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "log.h"
#include "mem.h"
#include "monotonic.h"
#include "parent_private.h"

#define RESTART_FIRST_MS    100u
#define RESTART_MOST_MS     10000u
#define RESTART_HEALTHY_MS  60000 /* after this long the next start is prompt */
#define RESTART_HANDOVER_MS 1000u /* between two listeners, at least */

#define PARENT_QUEUE_MAX  (2u * IPC_MESSAGE_MAX)
#define PARENT_REAPED_MAX 65536u /* sessions that end while no listener is up */

static const Kith__Ipc__Role child_roles[PARENT_CHILDREN] = {
	KITH__IPC__ROLE__ROLE_HUB,
	KITH__IPC__ROLE__ROLE_AUTH,
	KITH__IPC__ROLE__ROLE_LISTENER,
};

struct one *
parent_one(struct parent *p, Kith__Ipc__Role role)
{
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++)
		if (p->children[i].role == role)
			return &p->children[i];
	abort();
}

/* ---- death ----------------------------------------------------------- */

static void
log_death(const struct one *one)
{
	const char *word = proc_role_word(one->role);

	if (one->handed_over)
		log_info("the listener makes room for a fresh one");
	else if (one->stopping || one->told_fault)
		log_debug("the %s has ended", word);
	else if (WIFSIGNALED(one->wait_status))
		log_error("the %s was killed by signal %d (%s)", word,
		    WTERMSIG(one->wait_status),
		    strsignal(WTERMSIG(one->wait_status)));
	else
		log_error("the %s ended with status %d", word,
		    WEXITSTATUS(one->wait_status));
}

static unsigned
next_delay_ms(struct one *one)
{
	int64_t lived_ms = monotonic_ms() - one->started_ms;

	if (one->handed_over)
		return lived_ms > (int64_t)RESTART_HANDOVER_MS
		    ? 0
		    : RESTART_HANDOVER_MS;
	if (lived_ms > RESTART_HEALTHY_MS || one->delay_ms == 0)
		one->delay_ms = RESTART_FIRST_MS;
	else
		one->delay_ms *= 2;
	if (one->delay_ms > RESTART_MOST_MS)
		one->delay_ms = RESTART_MOST_MS;
	return one->delay_ms;
}

/* Both happened: it was reaped, and its channel has told all it had. */
static void
gone(struct parent *p, struct one *one)
{
	struct timeval delay;
	unsigned delay_ms;
	size_t i;

	log_death(one);
	one->state = ONE_DOWN;
	one->answered = false;
	for (i = 0; i < proc_link_count; i++)
		if (proc_links[i].one == one->role ||
		    proc_links[i].other == one->role)
			p->linked[i] = false;
	if (p->reloading && one->role == KITH__IPC__ROLE__ROLE_LISTENER)
		parent_reload_failed(p, "the listener ended meanwhile");
	if (p->stage == STAGE_STOPPING) {
		parent_stop_next(p);
		return;
	}
	if (p->stage == STAGE_STARTING) {
		parent_stop(p, 1);
		return;
	}
	delay_ms = next_delay_ms(one);
	delay.tv_sec = (time_t)(delay_ms / 1000);
	delay.tv_usec = (suseconds_t)(delay_ms % 1000 * 1000);
	event_add(one->restart, &delay);
}

/* Its pid is 0 once it was reaped, and kill(0) would take our whole group. */
bool
parent_kill_one(const struct one *one)
{
	return one->pid > 0 && kill(one->pid, SIGKILL) == 0;
}

/* A session that an earlier listener started: the present one counts it. */
static void
orphan_reaped(struct parent *p, pid_t pid, int status)
{
	struct one *listener = parent_one(p, KITH__IPC__ROLE__ROLE_LISTENER);

	if (p->stage == STAGE_STOPPING)
		return;
	if (listener->state >= ONE_CONFIGURED && listener->channel != NULL) {
		parent_tell_reaped(listener, (int)pid, status);
	} else if (p->reaped_count < PARENT_REAPED_MAX) {
		p->reaped = mem_resize(
		    p->reaped, p->reaped_count + 1, sizeof(*p->reaped));
		p->reaped[p->reaped_count].pid = (int)pid;
		p->reaped[p->reaped_count].status = status;
		p->reaped_count++;
	}
}

void
parent_reaped(struct parent *p, pid_t pid, int status)
{
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++) {
		struct one *one = &p->children[i];

		if (one->pid != pid)
			continue;
		one->pid = 0;
		one->wait_status = status;
		if (one->channel == NULL)
			gone(p, one);
		return;
	}
	orphan_reaped(p, pid, status);
}

/* ---- what a child says ------------------------------------------------ */

static void
on_fault(struct one *one, const char *sentence)
{
	one->told_fault = true;
	log_error("%s", sentence);
}

static void
on_reloaded(struct one *one, const char *fault)
{
	struct parent *p = one->parent;

	if (one->role != KITH__IPC__ROLE__ROLE_LISTENER) {
		if (fault[0] != '\0')
			log_warning("the %s did not take the new settings: %s",
			    proc_role_word(one->role), fault);
		return;
	}
	if (!p->reloading)
		return;
	if (fault[0] != '\0')
		parent_reload_failed(p, fault);
	else
		parent_reload_accepted(p);
}

static void
on_handover(struct one *one, const ProtobufCBinaryData *state)
{
	struct parent *p = one->parent;

	one->handed_over = true;
	free(p->state);
	p->state = mem_dup(state->data, state->len);
	p->state_length = state->len;
}

static void
take_key(struct parent *p, const Kith__Ipc__ChildToParent__PublicKey *key)
{
	snprintf(p->pin, sizeof(p->pin), "%s", key->pin);
	snprintf(p->next_pin, sizeof(p->next_pin), "%s", key->next_pin);
	p->certificate_until_us = key->until_us;
}

static void
received(struct channel *channel, ProtobufCMessage *any,
    struct ipc_descriptors *descriptors, void *context)
{
	struct one *one = context;
	struct parent *p = one->parent;
	Kith__Ipc__ChildToParent *m = (Kith__Ipc__ChildToParent *)any;

	switch (m->body_case) {
	case KITH__IPC__CHILD_TO_PARENT__BODY_READY:
		one->state = ONE_READY;
		break;
	case KITH__IPC__CHILD_TO_PARENT__BODY_ALIVE:
		snprintf(
		    one->status, sizeof(one->status), "%s", m->alive->status);
		parent_alive(p, one);
		break;
	case KITH__IPC__CHILD_TO_PARENT__BODY_RELOADED:
		on_reloaded(one, m->reloaded->fault);
		break;
	case KITH__IPC__CHILD_TO_PARENT__BODY_PUBLIC_KEY:
		if (one->role == KITH__IPC__ROLE__ROLE_LISTENER)
			take_key(p, m->public_key);
		break;
	case KITH__IPC__CHILD_TO_PARENT__BODY_HANDOVER:
		on_handover(one, &m->handover->state);
		break;
	case KITH__IPC__CHILD_TO_PARENT__BODY_NOTICE:
		parent_notice(p, m->notice);
		return;
	case KITH__IPC__CHILD_TO_PARENT__BODY_FAULT:
		on_fault(one, m->fault);
		break;
	default:
		log_error("the %s broke the protocol and is killed",
		    proc_role_word(one->role));
		parent_kill_one(one);
		break;
	}
	parent_advance(p);
}

static void
closed(struct channel *channel, enum kith_code why, void *context)
{
	struct one *one = context;

	channel_free(&one->channel);
	if (why != KITH_CLOSED)
		log_error("the channel of the %s broke: %s",
		    proc_role_word(one->role), kith_code_word(why));
	/* without its channel it has to go; mostly it has gone already */
	if (!parent_kill_one(one))
		gone(one->parent, one);
}

static const struct channel_handler from_child = {
	.type = &kith__ipc__child_to_parent__descriptor,
	.queue_maximum = PARENT_QUEUE_MAX,
	.received = received,
	.closed = closed,
};

/* ---- start ----------------------------------------------------------- */

static void
start_one(struct one *one)
{
	struct parent *p = one->parent;
	struct fault fault = { .code = KITH_OK };
	int socket;

	one->stopping = one->answered = one->handed_over = false;
	one->has_sockets = one->told_fault = false;
	one->status[0] = '\0';
	one->started_ms = monotonic_ms();
	if (proc_start(p->programs, one->role, &one->pid, &socket, &fault) !=
	    KITH_OK) {
		const struct timeval later = { .tv_sec =
						   RESTART_MOST_MS / 1000 };

		log_error("%s", fault.sentence);
		if (p->stage == STAGE_STARTING)
			parent_stop(p, 1);
		else
			event_add(one->restart, &later);
		return;
	}
	one->state = ONE_STARTED;
	one->channel = channel_new(p->base, socket, &from_child, one);
}

static void
on_restart(evutil_socket_t fd, short events, void *context)
{
	struct one *one = context;

	if (one->parent->stage == STAGE_STOPPING)
		return;
	start_one(one);
	parent_advance(one->parent);
}

void
parent_start_children(struct parent *p)
{
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++) {
		struct one *one = &p->children[i];

		one->parent = p;
		one->role = child_roles[i];
		one->restart = event_new(p->base, -1, 0, on_restart, one);
	}
	for (i = 0; i < PARENT_CHILDREN && p->stage != STAGE_STOPPING; i++)
		start_one(&p->children[i]);
	parent_advance(p);
}

void
parent_free_children(struct parent *p)
{
	size_t i;

	for (i = 0; i < PARENT_CHILDREN; i++) {
		channel_free(&p->children[i].channel);
		if (p->children[i].restart != NULL)
			event_free(p->children[i].restart);
	}
}

void
parent_stop_one(struct one *one)
{
	one->stopping = true;
	if (one->state == ONE_STARTED) {
		/* it has nothing to finish, and expects its settings first */
		channel_free(&one->channel);
		if (!parent_kill_one(one))
			gone(one->parent, one);
		return;
	}
	parent_tell_stop(one);
}
