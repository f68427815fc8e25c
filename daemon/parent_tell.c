/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parent tells its children: each its own part of the settings, its
 * sockets, and the channels to its siblings.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "parent_private.h"
#include "settings_message.h"

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

void
parent_tell_reaped(struct one *listener, int pid, int status)
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

void
parent_tell_stop(struct one *one)
{
	Kith__Ipc__ParentToChild message = KITH__IPC__PARENT_TO_CHILD__INIT;
	Kith__Ipc__ParentToChild__Stop stop =
	    KITH__IPC__PARENT_TO_CHILD__STOP__INIT;

	message.body_case = KITH__IPC__PARENT_TO_CHILD__BODY_STOP;
	message.stop = &stop;
	tell(one, &message, -1);
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
		parent_tell_reaped(
		    listener, p->reaped[i].pid, p->reaped[i].status);
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
