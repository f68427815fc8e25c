/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket. Holds a few short-lived connections of kith-admin. Can
 * change nothing that is stored: it makes the hub look sooner at what it would
 * look at anyway, tells figures, and forgives what is held against people.
 * Never waits: what the listener is asked for a client is answered when the
 * listener has answered.
 */
#include "hub_control.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#include "channel.h"
#include "hub_batch.h"
#include "hub_penalties.h"
#include "hub_push.h"
#include "hub_session.h"
#include "hub_status.h"
#include "log.h"
#include "mem.h"

#define CONTROL_QUEUE_BYTES 32768u
#define PENALTY_KEY_MAX     64u /* bytes; the listener knows what they are */

struct control_client {
	struct control *control;
	struct channel *channel;
	struct event *limit;
	uint64_t question; /* that the listener is to answer; 0: none */
	Kith__Ipc__ControlReply__Forgiven forgiven; /* so far */
	struct control_client *prev, *next;
};

struct control {
	struct hub *hub;
	int socket;
	struct event *readable;
	struct control_client *clients;
	size_t count;
	uint64_t questions; /* asked of the listener ever */
};

static void
client_free(struct control_client *client)
{
	DL_DELETE(client->control->clients, client);
	client->control->count--;
	event_free(client->limit);
	channel_free(&client->channel);
	free(client);
}

/* ---- answers --------------------------------------------------------------- */

static void
reply_done(struct control_client *client)
{
	Kith__Ipc__ControlReply message = KITH__IPC__CONTROL_REPLY__INIT;
	Kith__Ipc__ControlReply__Done done =
	    KITH__IPC__CONTROL_REPLY__DONE__INIT;

	message.body_case = KITH__IPC__CONTROL_REPLY__BODY_DONE;
	message.done = &done;
	channel_send(client->channel, &message.base);
}

static void
reply_status(struct control_client *client)
{
	Kith__Ipc__ControlReply message = KITH__IPC__CONTROL_REPLY__INIT;
	Kith__Ipc__ControlReply__Status status;

	hub_status_fill(client->control->hub, &status);
	message.body_case = KITH__IPC__CONTROL_REPLY__BODY_STATUS;
	message.status = &status;
	channel_send(client->channel, &message.base);
}

static void
reply_fault(struct control_client *client, const char *sentence)
{
	Kith__Ipc__ControlReply message = KITH__IPC__CONTROL_REPLY__INIT;

	message.body_case = KITH__IPC__CONTROL_REPLY__BODY_FAULT;
	message.fault = (char *)(uintptr_t)sentence;
	channel_send(client->channel, &message.base);
}

static void
reply_penalties(struct control_client *client, Kith__Ipc__Penalty **rows,
    size_t count, bool more)
{
	Kith__Ipc__ControlReply message = KITH__IPC__CONTROL_REPLY__INIT;
	Kith__Ipc__ControlReply__Penalties page =
	    KITH__IPC__CONTROL_REPLY__PENALTIES__INIT;

	page.n_rows = count;
	page.rows = rows;
	page.more = more;
	message.body_case = KITH__IPC__CONTROL_REPLY__BODY_PENALTIES;
	message.penalties = &page;
	channel_send(client->channel, &message.base);
}

static void
reply_forgiven(struct control_client *client)
{
	Kith__Ipc__ControlReply message = KITH__IPC__CONTROL_REPLY__INIT;

	message.body_case = KITH__IPC__CONTROL_REPLY__BODY_FORGIVEN;
	message.forgiven = &client->forgiven;
	channel_send(client->channel, &message.base);
}

/* ---- penalties --------------------------------------------------------------- */

#define NO_LISTENER \
	"The part of kithd that takes connections is being restarted; try again."

/* Its answer comes to control_listener_said(). */
static void
ask_listener(struct control_client *client, Kith__Ipc__HubToListener *question)
{
	struct control *control = client->control;
	struct channel *listener = control->hub->listener;

	question->id = ++control->questions;
	if (listener == NULL ||
	    channel_send(listener, &question->base) != KITH_OK)
		reply_fault(client, NO_LISTENER);
	else
		client->question = question->id;
}

/* False: the client is not to be spoken to any more. */
static bool
list_penalties(struct control_client *client,
    const Kith__Ipc__ControlRequest__ListPenalties *asked)
{
	Kith__Ipc__HubToListener question = KITH__IPC__HUB_TO_LISTENER__INIT;
	Kith__Ipc__HubToListener__ListPenalties list =
	    KITH__IPC__HUB_TO_LISTENER__LIST_PENALTIES__INIT;
	struct penalty_page page;

	if (asked->kind == KITH__IPC__PENALTY__KIND__CONNECTION) {
		if (asked->after.len > PENALTY_KEY_MAX)
			return false;
		list.after = asked->after;
		question.body_case =
		    KITH__IPC__HUB_TO_LISTENER__BODY_LIST_PENALTIES;
		question.list_penalties = &list;
		ask_listener(client, &question);
		return true;
	}
	if (penalty_page_fill(&page, client->control->hub->throttle, asked,
		hub_now_ms()) != KITH_OK)
		return false;
	reply_penalties(client, page.rows, page.count, page.more);
	return true;
}

static bool
forgive(struct control_client *client, Kith__Ipc__Forgive *asked)
{
	Kith__Ipc__HubToListener question = KITH__IPC__HUB_TO_LISTENER__INIT;

	kith__ipc__control_reply__forgiven__init(&client->forgiven);
	if (penalty_forgive(client->control->hub->throttle, asked, hub_now_ms(),
		&client->forgiven) != KITH_OK)
		return false;
	if (asked->account[0] != '\0') { /* the listener knows no names */
		reply_forgiven(client);
		return true;
	}
	question.body_case = KITH__IPC__HUB_TO_LISTENER__BODY_FORGIVE;
	question.forgive = asked;
	ask_listener(client, &question);
	return true;
}

static struct control_client *
client_who_asked(struct control *control, uint64_t question)
{
	struct control_client *client;

	if (question == 0)
		return NULL;
	DL_SEARCH_SCALAR(control->clients, client, question, question);
	if (client != NULL)
		client->question = 0;
	return client;
}

void
control_listener_said(
    struct control *control, const Kith__Ipc__ListenerToHub *answer)
{
	struct control_client *client;

	if (answer->body_case == KITH__IPC__LISTENER_TO_HUB__BODY_PENALTIES) {
		client = client_who_asked(control, answer->penalties->id);
		if (client != NULL)
			reply_penalties(client, answer->penalties->rows,
			    answer->penalties->n_rows, answer->penalties->more);
	} else {
		client = client_who_asked(control, answer->forgiven->id);
		if (client == NULL)
			return;
		client->forgiven.connections = answer->forgiven->count;
		reply_forgiven(client);
	}
}

void
control_listener_lost(struct control *control)
{
	struct control_client *client;

	DL_FOREACH (control->clients, client) {
		if (client->question == 0)
			continue;
		client->question = 0;
		reply_fault(client, NO_LISTENER);
	}
}

/* ---- requests ----------------------------------------------------------------- */

static void
nudge(struct control_client *client)
{
	struct hub *hub = client->control->hub;
	enum kith_code code = push_dispatch(hub);

	if (code != KITH_OK)
		hub_database_failed(hub, code);
	batch_turn(hub);
	reply_done(client);
}

static void
on_request(struct channel *channel, ProtobufCMessage *message,
    struct ipc_descriptors *descriptors, void *context)
{
	const Kith__Ipc__ControlRequest *request =
	    (const Kith__Ipc__ControlRequest *)message;
	struct control_client *client = context;
	bool good = client->question == 0; /* one thing at a time */

	switch (good ? request->body_case : 0) {
	case KITH__IPC__CONTROL_REQUEST__BODY_NUDGE:
		nudge(client);
		break;
	case KITH__IPC__CONTROL_REQUEST__BODY_STATUS:
		reply_status(client);
		break;
	case KITH__IPC__CONTROL_REQUEST__BODY_LIST_PENALTIES:
		good = list_penalties(client, request->list_penalties);
		break;
	case KITH__IPC__CONTROL_REQUEST__BODY_FORGIVE:
		good = forgive(client, request->forgive);
		break;
	default:
		good = false;
	}
	if (!good)
		client_free(client);
}

static void
on_closed(struct channel *channel, enum kith_code why, void *context)
{
	client_free(context);
}

static void
on_limit(evutil_socket_t unused, short events, void *context)
{
	client_free(context);
}

/* ---- clients ---------------------------------------------------------------- */

static const struct channel_handler client_channel = {
	.type = &kith__ipc__control_request__descriptor,
	.queue_maximum = CONTROL_QUEUE_BYTES,
	.received = on_request,
	.closed = on_closed,
};

static bool
may_speak(int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void
client_new(struct control *control, int socket)
{
	struct timeval limit = { .tv_sec = CONTROL_TIME_LIMIT_MS / 1000 };
	struct control_client *client = MEM_NEW(struct control_client);

	client->control = control;
	client->channel =
	    channel_new(control->hub->base, socket, &client_channel, client);
	client->limit = evtimer_new(control->hub->base, on_limit, client);
	if (client->limit == NULL || evtimer_add(client->limit, &limit) != 0)
		abort();
	DL_APPEND(control->clients, client);
	control->count++;
}

static void
on_readable(evutil_socket_t socket, short events, void *context)
{
	struct control *control = context;
	int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return; /* it went again, or there is no descriptor left */
	if (control->count < CONTROL_CLIENTS_MAX && may_speak(fd))
		client_new(control, fd);
	else
		close(fd);
}

struct control *
control_new(struct hub *hub, int socket)
{
	struct control *control = MEM_NEW(struct control);

	evutil_make_socket_nonblocking(socket);
	control->hub = hub;
	control->socket = socket;
	control->readable = event_new(
	    hub->base, socket, EV_READ | EV_PERSIST, on_readable, control);
	if (control->readable == NULL ||
	    event_add(control->readable, NULL) != 0)
		abort();
	return control;
}

void
control_free(struct control **control)
{
	struct control *c = *control;

	if (c == NULL)
		return;
	while (c->clients != NULL)
		client_free(c->clients);
	event_free(c->readable);
	close(c->socket);
	free(c);
	*control = NULL;
}
