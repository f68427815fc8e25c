/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The auth process: verifies or makes one Argon2id hash for each request of the
 * hub. Holds nothing between two requests; answers the hub alone; can open no
 * file and no socket. Never learns whose password it is, never logs one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "auth_pool.h"
#include "channel.h"
#include "child.h"
#include "log.h"
#include "proc.h"
#include "sandbox.h"

#define AUTH_QUEUE_BYTES         (64u * 1024u) /* replies that wait for the hub */
#define AUTH_WORKERS_DEFAULT_MAX 4

struct auth {
	struct event_base *base;
	struct child *child;
	struct channel *hub;
	struct auth_pool *pool;
	struct password_cost cost;
};

/* The hub, restarted, knows nothing of what the old one asked. */
static void
reply(struct auth *auth, const Kith__Ipc__AuthReply *message)
{
	if (auth->hub != NULL &&
	    channel_send(auth->hub, &message->base) == KITH_BUSY)
		log_warning("the hub does not take replies");
}

static void
on_done(void *context, const struct auth_result *result)
{
	struct auth *auth = context;
	Kith__Ipc__AuthReply message = KITH__IPC__AUTH_REPLY__INIT;

	message.id = result->id;
	message.matched = result->matched;
	message.phc = (char *)(uintptr_t)result->phc;
	if (result->code != KITH_OK) {
		/* It does not hang on the password: nothing was found out. */
		log_error("a password could not be worked on: %s",
		    kith_code_sentence(result->code));
		message.busy = true;
	}
	reply(auth, &message);
}

static void
refuse_busy(struct auth *auth, uint64_t id)
{
	Kith__Ipc__AuthReply message = KITH__IPC__AUTH_REPLY__INIT;

	message.id = id;
	message.busy = true;
	reply(auth, &message);
}

static bool
read_job(const Kith__Ipc__AuthRequest *request, struct auth_job *job)
{
	const ProtobufCBinaryData *password;

	job->id = request->id;
	switch (request->body_case) {
	case KITH__IPC__AUTH_REQUEST__BODY_VERIFY:
		password = &request->verify->password;
		if (strlen(request->verify->phc) > PASSWORD_PHC_MAX)
			return false;
		memcpy(job->phc, request->verify->phc,
		    strlen(request->verify->phc) + 1);
		break;
	case KITH__IPC__AUTH_REQUEST__BODY_HASH:
		password = &request->hash->password;
		job->hash = true;
		break;
	default:
		return false;
	}
	if (password->len > sizeof(job->password))
		return false;
	if (password->len > 0)
		memcpy(job->password, password->data, password->len);
	job->password_length = password->len;
	return true;
}

static void
wipe_request(Kith__Ipc__AuthRequest *request)
{
	ProtobufCBinaryData *password =
	    request->body_case == KITH__IPC__AUTH_REQUEST__BODY_HASH
	    ? &request->hash->password
	    : &request->verify->password;

	if (password->data != NULL)
		explicit_bzero(password->data, password->len);
}

static void
on_request(struct channel *channel, ProtobufCMessage *message,
    struct ipc_descriptors *descriptors, void *context)
{
	Kith__Ipc__AuthRequest *request = (Kith__Ipc__AuthRequest *)message;
	struct auth *auth = context;
	struct auth_job job = { .cost = auth->cost };

	if (!read_job(request, &job))
		log_fatal("the hub asked what cannot be");
	if (auth_pool_add(auth->pool, &job) != KITH_OK)
		refuse_busy(auth, job.id);
	explicit_bzero(&job, sizeof(job));
	wipe_request(request);
}

static void
on_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct auth *auth = context;

	if (why != KITH_CLOSED)
		log_fatal("the hub's channel broke (%s)", kith_code_word(why));
	/* It was restarted; the parent introduces the new one. */
	channel_free(&auth->hub);
}

static const struct channel_handler hub_channel = {
	.type = &kith__ipc__auth_request__descriptor,
	.queue_maximum = AUTH_QUEUE_BYTES,
	.received = on_request,
	.closed = on_closed,
};

/* ---- what the parent says ------------------------------------------------------ */

static void
read_cost(struct auth *auth, const Kith__Ipc__Settings *settings)
{
	auth->cost = (struct password_cost){
		.memory_kib = settings->argon2_memory_kib,
		.passes = settings->argon2_passes,
		.lanes = settings->argon2_lanes,
	};
}

static unsigned int
worker_count(const Kith__Ipc__Settings *settings)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (settings->auth_workers > 0)
		return settings->auth_workers;
	if (cores < 1)
		return 1;
	return cores < AUTH_WORKERS_DEFAULT_MAX ? (unsigned int)cores
						: AUTH_WORKERS_DEFAULT_MAX;
}

static enum kith_code
on_configure(struct child *child, const Kith__Ipc__Settings *settings,
    void *context, struct fault *fault)
{
	struct auth *auth = context;
	unsigned int workers = worker_count(settings);
	enum kith_code code;

	read_cost(auth, settings);
	code = password_check_cost(&auth->cost, fault);
	if (code != KITH_OK)
		return code;
	code = sandbox_apply(KITH__IPC__ROLE__ROLE_AUTH,
	    (enum sandbox_mode)settings->sandbox, NULL, fault);
	if (code != KITH_OK)
		return code;
	auth->pool = auth_pool_new(auth->base, workers, on_done, auth);
	return KITH_OK;
}

static void
on_introduced(
    struct child *child, Kith__Ipc__Role peer, int socket, void *context)
{
	struct auth *auth = context;

	if (peer != KITH__IPC__ROLE__ROLE_HUB)
		log_fatal("auth was introduced to a stranger");
	channel_free(&auth->hub);
	auth->hub = channel_new(auth->base, socket, &hub_channel, auth);
	child_ready(child);
}

static enum kith_code
on_reload(struct child *child, const Kith__Ipc__Settings *settings,
    void *context, struct fault *fault)
{
	struct auth *auth = context;
	struct password_cost before = auth->cost;
	enum kith_code code;

	read_cost(auth, settings);
	code = password_check_cost(&auth->cost, fault);
	if (code != KITH_OK)
		auth->cost = before;
	return code;
}

static void
on_status(struct child *child, char *text, size_t size, void *context)
{
	struct auth *auth = context;

	snprintf(text, size, "%zu passwords", auth_pool_count(auth->pool));
}

static void
on_stop(struct child *child, void *context)
{
	struct auth *auth = context;

	event_base_loopbreak(auth->base);
}

static const struct child_handler handler = {
	.configure = on_configure,
	.introduced = on_introduced,
	.reload = on_reload,
	.status = on_status,
	.stop = on_stop,
};

int
auth_main(void)
{
	struct auth auth = { .base = event_base_new() };

	if (auth.base == NULL)
		log_fatal("no event loop");
	auth.child =
	    child_new(KITH__IPC__ROLE__ROLE_AUTH, auth.base, &handler, &auth);
	event_base_dispatch(auth.base);
	channel_free(&auth.hub);
	auth_pool_free(&auth.pool);
	child_free(&auth.child);
	event_base_free(auth.base);
	return 0;
}
