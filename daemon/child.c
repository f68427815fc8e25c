/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child's side of the plumbing: turns what the parent says on descriptor 3
 * into calls of the role's handler. The parent is trusted, but a message out
 * of order means that the two are not of one build: the child then exits.
 */
#include "child.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "channel.h"
#include "log.h"
#include "mem.h"
#include "notice.h"
#include "proc.h"

#define CHILD_STATUS_MAX 128u /* bytes of the words in Alive */
#define CHILD_QUEUE_MAX  4096u

struct child {
	Kith__Ipc__Role role;
	const struct child_handler *handler;
	void *context;
	struct channel *channel;
	bool configured;
	bool ready;
};

static void
tell(struct child *c, Kith__Ipc__ChildToParent *message)
{
	/* when the parent is gone closed() ends the process soon */
	channel_send(c->channel, &message->base);
}

/* From now on the parent knows what this process warns of. */
static void
tell_notice(enum log_level level, const char *text, void *context)
{
	struct child *c = context;
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__Notice notice;

	notice_fill(&notice, proc_role_word(c->role), level, text);
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_NOTICE;
	message.notice = &notice;
	tell(c, &message);
}

void
child_fail(struct child *child, const struct fault *fault)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;

	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_FAULT;
	message.fault = (char *)fault->sentence;
	tell(child, &message);
	exit(1);
}

void
child_ready(struct child *child)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Ready ready =
	    KITH__IPC__CHILD_TO_PARENT__READY__INIT;

	if (child->ready)
		return;
	child->ready = true;
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_READY;
	message.ready = &ready;
	tell(child, &message);
}

static void
on_configure(struct child *c, const Kith__Ipc__Settings *settings)
{
	struct fault fault = { .code = KITH_OK };

	if (c->configured)
		log_fatal("the parent configured this process twice");
	c->configured = true;
	log_set_level((enum log_level)settings->log_level);
	if (c->handler->configure(c, settings, c->context, &fault) != KITH_OK)
		child_fail(c, &fault);
}

static void
on_reload(struct child *c, const Kith__Ipc__Settings *settings)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Reloaded reloaded =
	    KITH__IPC__CHILD_TO_PARENT__RELOADED__INIT;
	struct fault fault = { .code = KITH_OK };

	if (c->handler->reload(c, settings, c->context, &fault) != KITH_OK)
		reloaded.fault = fault.sentence;
	else
		log_set_level((enum log_level)settings->log_level);
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_RELOADED;
	message.reloaded = &reloaded;
	tell(c, &message);
}

static void
on_probe(struct child *c)
{
	Kith__Ipc__ChildToParent message = KITH__IPC__CHILD_TO_PARENT__INIT;
	Kith__Ipc__ChildToParent__Alive alive =
	    KITH__IPC__CHILD_TO_PARENT__ALIVE__INIT;
	char text[CHILD_STATUS_MAX] = "";

	if (c->handler->status != NULL)
		c->handler->status(c, text, sizeof(text), c->context);
	alive.status = text;
	message.body_case = KITH__IPC__CHILD_TO_PARENT__BODY_ALIVE;
	message.alive = &alive;
	tell(c, &message);
}

static void
on_introduce(
    struct child *c, Kith__Ipc__Role peer, struct ipc_descriptors *descriptors)
{
	int socket;

	if (descriptors->count != 1)
		log_fatal("the parent introduced a peer without a socket");
	socket = descriptors->fd[0];
	descriptors->count = 0;
	c->handler->introduced(c, peer, socket, c->context);
}

static void
received(struct channel *channel, ProtobufCMessage *any,
    struct ipc_descriptors *descriptors, void *context)
{
	struct child *c = context;
	Kith__Ipc__ParentToChild *message = (Kith__Ipc__ParentToChild *)any;

	if (!c->configured &&
	    message->body_case != KITH__IPC__PARENT_TO_CHILD__BODY_CONFIGURE)
		log_fatal("the parent did not begin with the settings");
	switch (message->body_case) {
	case KITH__IPC__PARENT_TO_CHILD__BODY_CONFIGURE:
		on_configure(c, message->configure);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_INTRODUCE:
		on_introduce(c, message->introduce->peer, descriptors);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_RELOAD:
		on_reload(c, message->reload->settings);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_PROBE:
		on_probe(c);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_STOP:
		c->handler->stop(c, c->context);
		break;
	case KITH__IPC__PARENT_TO_CHILD__BODY_NOTICE:
		if (c->handler->notice != NULL)
			c->handler->notice(c, message->notice, c->context);
		break;
	default:
		log_fatal("the parent sent what the %s does not know",
		    proc_role_word(c->role));
	}
}

static void
closed(struct channel *channel, enum kith_code why, void *context)
{
	/* whatever a role has acknowledged is on disk: leaving at once loses
	 * nothing, and nothing may outlive the parent */
	if (why != KITH_CLOSED)
		log_error(
		    "the parent's channel broke (%s)", kith_code_word(why));
	exit(why == KITH_CLOSED ? 0 : 1);
}

static const struct channel_handler from_parent = {
	.type = &kith__ipc__parent_to_child__descriptor,
	.takes_descriptors = true,
	.queue_maximum = CHILD_QUEUE_MAX,
	.received = received,
	.closed = closed,
};

struct child *
child_new(Kith__Ipc__Role role, struct event_base *base,
    const struct child_handler *handler, void *context)
{
	struct child *c = MEM_NEW(struct child);

	proc_name("kithd", role);
	c->role = role;
	c->handler = handler;
	c->context = context;
	c->channel = channel_new(base, PROC_CHANNEL_FD, &from_parent, c);
	log_listen(tell_notice, c);
	return c;
}

void
child_free(struct child **child)
{
	if (*child == NULL)
		return;
	log_listen(NULL, NULL);
	channel_free(&(*child)->channel);
	free(*child);
	*child = NULL;
}
