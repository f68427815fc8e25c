/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control socket. Holds a few short-lived connections of kith-admin. Can
 * change nothing: it makes the hub look sooner at what it would look at anyway,
 * and tells figures.
 */
#include "hub_control.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utlist.h>

#include "channel.h"
#include "hub_auth.h"
#include "hub_batch.h"
#include "hub_push.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "log.h"
#include "mem.h"

#define CONTROL_QUEUE_BYTES 8192u

struct control_client {
	struct control *control;
	struct channel *channel;
	struct event *limit;
	struct control_client *prev, *next;
};

struct control {
	struct hub *hub;
	int socket;
	struct event *readable;
	struct control_client *clients;
	size_t count;
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
	const struct hub *hub = client->control->hub;
	Kith__Ipc__ControlReply message = KITH__IPC__CONTROL_REPLY__INIT;
	Kith__Ipc__ControlReply__Status status =
	    KITH__IPC__CONTROL_REPLY__STATUS__INIT;

	status.version = (char *)(uintptr_t)PACKAGE_VERSION;
	status.started_us = hub->counters.started_us;
	status.connections = sessions_count(hub->sessions);
	status.people_online = routes_people_online(hub->routes);
	status.sequence = (uint64_t)hub->dispatched;
	status.queued_requests = sessions_queued(hub->sessions);
	status.queued_passwords = auth_desk_count(hub->auth);
	status.messages = hub->counters.messages;
	status.batches = hub->counters.batches;
	status.public_key_pin = hub->settings.public_key_pin;
	status.listen = hub->settings.listen;
	message.body_case = KITH__IPC__CONTROL_REPLY__BODY_STATUS;
	message.status = &status;
	channel_send(client->channel, &message.base);
}

static void
on_request(struct channel *channel, ProtobufCMessage *message,
    struct ipc_descriptors *descriptors, void *context)
{
	const Kith__Ipc__ControlRequest *request =
	    (const Kith__Ipc__ControlRequest *)message;
	struct control_client *client = context;
	struct hub *hub = client->control->hub;
	enum kith_code code;

	switch (request->body_case) {
	case KITH__IPC__CONTROL_REQUEST__BODY_NUDGE:
		code = push_dispatch(hub);
		if (code != KITH_OK)
			hub_database_failed(hub, code);
		batch_turn(hub);
		reply_done(client);
		break;
	case KITH__IPC__CONTROL_REQUEST__BODY_STATUS:
		reply_status(client);
		break;
	default:
		client_free(client);
	}
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
