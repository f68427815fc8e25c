/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parent's part that concerns one child at a time: its start, its
 * messages, its death and its next start. Each step does nothing until it is
 * possible and nothing when it is done (parent_advance()).
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"
#include "parent_private.h"
#include "settings_message.h"

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

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

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
	int64_t lived_ms = now_ms() - one->started_ms;

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

static void
forward_reaped(struct one *listener, int pid, int status)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Reaped reaped =
	    KITH__IPC__PARENT_TO_CHILD__REAPED__INIT;

	reaped.pid = pid;
	reaped.status = status;
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_REAPED;
	message.reaped = &reaped;
	channel_send(listener->channel, &message.base);
}

/* A session that an earlier listener started: the present one counts it. */
static void
orphan_reaped(struct parent *p, pid_t pid, int status)
{
	struct one *listener = parent_one(p, KITH__IPC__ROLE__ROLE_LISTENER);

	if (p->stage == STAGE_STOPPING)
		return;
	if (listener->state >= ONE_CONFIGURED && listener->channel != NULL) {
		forward_reaped(listener, (int)pid, status);
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
		kill(one->pid, SIGKILL);
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
	if (one->pid != 0)
		kill(one->pid, SIGKILL);
	else
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
	one->started_ms = now_ms();
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

/* ---- what a child is told -------------------------------------------- */

static void
tell(struct one *one, const Kith__Ipc__ParentToChild *message, int descriptor)
{
	/* a child that does not read any more is the watchdog's business */
	if (one->channel != NULL)
		channel_send_descriptor(
		    one->channel, &message->base, descriptor);
	else if (descriptor >= 0)
		close(descriptor);
}

/* Each role is told no more than it needs. */
static void
fill_settings(struct parent *p, const struct one *one,
    const struct settings *settings, const struct identity *identity,
    Kith__Ipc__Settings *message)
{
	settings_to_message(settings, message);
	if (one->role == KITH__IPC__ROLE__ROLE_HUB) {
		message->public_key_pin = p->pin;
		message->control_socket = p->control_path;
		message->next_public_key_pin = p->next_pin;
		message->certificate_until_us = p->certificate_until_us;
		message->configuration = p->config;
		return;
	}
	message->database = (char *)protobuf_c_empty_string;
	message->listen = (char *)protobuf_c_empty_string;
	message->run_directory = (char *)protobuf_c_empty_string;
	if (one->role == KITH__IPC__ROLE__ROLE_LISTENER && identity != NULL)
		identity_to_message(identity, message);
}

static void
send_inheritance(struct parent *p, struct one *listener)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Inherit inherit =
	    KITH__IPC__PARENT_TO_CHILD__INHERIT__INIT;
	size_t i;

	if (p->state != NULL) {
		inherit.state.data = p->state;
		inherit.state.len = p->state_length;
		message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_INHERIT;
		message.inherit = &inherit;
		tell(listener, &message, -1);
	}
	for (i = 0; i < p->reaped_count; i++)
		forward_reaped(listener, p->reaped[i].pid, p->reaped[i].status);
	free(p->state);
	free(p->reaped);
	p->state = NULL;
	p->reaped = NULL;
	p->reaped_count = 0;
}

static void
send_notice(struct one *hub, Kith__Ipc__Notice *notice)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;

	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_NOTICE;
	message.notice = notice;
	tell(hub, &message, -1);
}

/* A new hub learns why there had to be a new one. */
static void
send_notices(struct parent *p, struct one *hub)
{
	size_t i;

	for (i = 0; i < p->notices.count; i++) {
		Kith__Ipc__Notice notice;

		notices_get(&p->notices, i, &notice);
		send_notice(hub, &notice);
	}
}

void
parent_notice(struct parent *p, const Kith__Ipc__Notice *notice)
{
	struct one *hub = parent_one(p, KITH__IPC__ROLE__ROLE_HUB);
	Kith__Ipc__Notice last;

	notices_add(&p->notices, notice);
	if (hub->state < ONE_CONFIGURED)
		return; /* with the others, once it is */
	notices_get(&p->notices, p->notices.count - 1, &last);
	send_notice(hub, &last);
}

void
parent_configure(struct parent *p, struct one *one)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__Settings settings;

	/* the hub is told the key's pin, which the listener has to say first */
	if (one->state != ONE_STARTED ||
	    (one->role == KITH__IPC__ROLE__ROLE_HUB && p->pin[0] == '\0'))
		return;
	fill_settings(p, one, p->settings, &p->identity, &settings);
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_CONFIGURE;
	message.configure = &settings;
	one->state = ONE_CONFIGURED;
	tell(one, &message, -1);
	if (one->role == KITH__IPC__ROLE__ROLE_LISTENER)
		send_inheritance(p, one);
	if (one->role == KITH__IPC__ROLE__ROLE_HUB)
		send_notices(p, one);
}

static void
introduce_to(struct one *one, Kith__Ipc__Role peer, int socket)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Introduce introduce =
	    KITH__IPC__PARENT_TO_CHILD__INTRODUCE__INIT;

	introduce.peer = peer;
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_INTRODUCE;
	message.introduce = &introduce;
	tell(one, &message, socket);
}

void
parent_introduce(struct parent *p, size_t link)
{
	struct one *a = parent_one(p, proc_links[link].one);
	struct one *b = parent_one(p, proc_links[link].other);
	struct fault fault;
	int pair[2];

	if (p->linked[link] || a->state < ONE_CONFIGURED ||
	    b->state < ONE_CONFIGURED)
		return;
	if (ipc_pair(pair, &fault) != KITH_OK) {
		log_error("%s", fault.sentence);
		return; /* again at the next step */
	}
	introduce_to(a, b->role, pair[0]);
	introduce_to(b, a->role, pair[1]);
	p->linked[link] = true;
}

static int
duplicate(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static void
send_listening(struct parent *p, struct one *listener)
{
	size_t i;

	for (i = 0; i < p->listening.count; i++) {
		Kith__Ipc__ParentToChild message =
		    KITH__IPC__PARENT_TO_CHILD__INIT;
		Kith__Ipc__ParentToChild__Listen listen =
		    KITH__IPC__PARENT_TO_CHILD__LISTEN__INIT;

		listen.address = p->listening.text[i];
		message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_LISTEN;
		message.listen = &listen;
		tell(listener, &message, duplicate(p->listening.fd[i]));
	}
}

/* The listener listens once the hub serves; the hub answers kith-admin. */
void
parent_hand_sockets(struct parent *p)
{
	struct one *hub = parent_one(p, KITH__IPC__ROLE__ROLE_HUB);
	struct one *listener = parent_one(p, KITH__IPC__ROLE__ROLE_LISTENER);

	if (hub->state >= ONE_CONFIGURED && !hub->has_sockets) {
		hub->has_sockets = true;
		introduce_to(
		    hub, KITH__IPC__ROLE__ROLE_PARENT, duplicate(p->control));
	}
	if (listener->state >= ONE_CONFIGURED && hub->state == ONE_READY &&
	    !listener->has_sockets) {
		listener->has_sockets = true;
		send_listening(p, listener);
	}
}

void
parent_probe(struct one *one)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Probe probe =
	    KITH__IPC__PARENT_TO_CHILD__PROBE__INIT;

	one->answered = false;
	/* one probe may wait; more would only fill the queue of a stuck one */
	if (one->state != ONE_READY || one->channel == NULL ||
	    channel_queued(one->channel) > 0)
		return;
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_PROBE;
	message.probe = &probe;
	tell(one, &message, -1);
}

void
parent_stop_one(struct one *one)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Stop stop =
	    KITH__IPC__PARENT_TO_CHILD__STOP__INIT;

	one->stopping = true;
	if (one->state == ONE_STARTED) {
		/* it has nothing to finish, and expects its settings first */
		channel_free(&one->channel);
		if (one->pid != 0)
			kill(one->pid, SIGKILL);
		else
			gone(one->parent, one);
		return;
	}
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_STOP;
	message.stop = &stop;
	tell(one, &message, -1);
}

void
parent_send_reload(struct parent *p, struct one *one,
    const struct settings *settings, const struct identity *identity)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Reload reload =
	    KITH__IPC__PARENT_TO_CHILD__RELOAD__INIT;
	Kith__Ipc__Settings body;

	/* one that is down gets the present settings when it starts */
	if (one->state < ONE_CONFIGURED) {
		if (one->role == KITH__IPC__ROLE__ROLE_LISTENER)
			parent_reload_failed(p, "the listener is not there");
		return;
	}
	fill_settings(p, one, settings, identity, &body);
	reload.settings = &body;
	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_RELOAD;
	message.reload = &reload;
	tell(one, &message, -1);
}
