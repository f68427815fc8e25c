/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The hub process: the database, who is online, who gets what. Holds the only
 * open database of the daemon; answers sessions, the control socket and, over
 * auth, passwords. Never opens a network socket and never waits for anybody but
 * the disk. What it does with requests is in hub_*.c and handle_*.c; here are
 * its beginning, its timers and its end.
 */
#include "hub.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hub_control.h"
#include "hub_auth.h"
#include "hub_batch.h"
#include "hub_descriptors.h"
#include "hub_next_key.h"
#include "hub_push.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "hub_status.h"
#include "hub_throttle.h"
#include "hub_view.h"
#include "log.h"
#include "mem.h"
#include "monotonic.h"
#include "proc.h"
#include "sandbox.h"
#include "store_announcement.h"
#include "store_event.h"
#include "store_user.h"

/* While it stops, the last Goodbyes get so long to leave. */
#define HUB_LAST_WORDS_MS 300
/* Questions that may wait for the listener: one of each control client. */
#define LISTENER_QUEUE_BYTES 4096u

int64_t
hub_now_ms(void)
{
	return monotonic_ms();
}

int64_t
hub_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void
hub_database_failed(struct hub *hub, enum kith_code code)
{
	const struct fault *fault = store_fault(hub->store);

	/* exit() would run what may touch the database again: not now. */
	log_error("the database failed (%s): %s", kith_code_word(code),
	    fault->sentence[0] != '\0' ? fault->sentence
				       : kith_code_sentence(code));
	_exit(1);
}

/* ---- settings -------------------------------------------------------------- */

static void
take_string(char **to, const char *from)
{
	free(*to);
	*to = mem_dup_string(from);
}

static void
settings_take(struct hub_settings *to, const Kith__Ipc__Settings *from)
{
	take_string(&to->server_name, from->server_name);
	take_string(&to->database, from->database);
	take_string(&to->public_key_pin, from->public_key_pin);
	take_string(&to->next_public_key_pin, from->next_public_key_pin);
	take_string(&to->configuration, from->configuration);
	to->certificate_until_us = from->certificate_until_us;
	take_string(&to->control_socket, from->control_socket);
	take_string(&to->listen, from->listen);
	to->sign_up = from->sign_up;
	to->max_connections = from->max_connections;
	to->idle_timeout_s = from->idle_timeout_s;
	to->messages_per_minute = from->messages_per_minute;
	to->friend_requests_per_hour = from->friend_requests_per_hour;
}

static void
settings_clear(struct hub_settings *settings)
{
	free(settings->server_name);
	free(settings->database);
	free(settings->public_key_pin);
	free(settings->next_public_key_pin);
	free(settings->configuration);
	free(settings->control_socket);
	free(settings->listen);
}

/* Announcements come from a sender that is called as the server is. */
static enum kith_code
name_sender(struct hub *hub)
{
	enum kith_code code = store_user_name_system(
	    hub->store, hub->settings.server_name, hub_now_us());

	/* else nothing was ever announced */
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
hub_store_meta(struct hub *hub)
{
	const struct {
		enum store_meta key;
		const char *value;
	} values[] = {
		{ STORE_META_SERVER_NAME, hub->settings.server_name },
		{ STORE_META_LISTEN, hub->settings.listen },
		{ STORE_META_PUBLIC_KEY_PIN, hub->settings.public_key_pin },
		{ STORE_META_CONTROL_SOCKET, hub->settings.control_socket },
		{ STORE_META_NEXT_PUBLIC_KEY_PIN,
		    hub->settings.next_public_key_pin },
		{ STORE_META_CONFIGURATION, hub->settings.configuration },
	};
	char old[STORE_META_MAX];
	enum kith_code code = KITH_OK;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		code = store_meta_get(hub->store, values[i].key, old);
		if (code == KITH_OK && strcmp(old, values[i].value) == 0)
			continue;
		if (code == KITH_OK || code == KITH_NOT_FOUND)
			code = store_meta_set(
			    hub->store, values[i].key, values[i].value);
		if (code != KITH_OK)
			return code;
	}
	return name_sender(hub);
}

/* ---- timers ------------------------------------------------------------------ */

static void
went_offline(void *context, int64_t user_id)
{
	push_presence(context, user_id, false);
}

static void
on_tick(evutil_socket_t unused, short events, void *context)
{
	struct hub *hub = context;
	int64_t now_ms = hub_now_ms();

	hub_status_tick(hub, now_ms);
	sessions_tick(hub, now_ms);
	routes_tick(hub->routes, now_ms, went_offline, hub);
	batch_turn(hub);
}

/* Without kith-admin's nudge: has somebody else committed? */
static void
on_look(evutil_socket_t unused, short events, void *context)
{
	struct hub *hub = context;
	int64_t version = store_data_version(hub->store);
	enum kith_code code;

	if (version == hub->data_version)
		return;
	hub->data_version = version;
	code = push_dispatch(hub);
	if (code != KITH_OK)
		hub_database_failed(hub, code);
	batch_turn(hub);
}

static void
on_chores(evutil_socket_t unused, short events, void *context)
{
	sessions_touch(context, hub_now_us());
	batch_add_chore(context, BATCH_PURGE_OPERATIONS);
}

static void
on_due(evutil_socket_t unused, short events, void *context)
{
	struct hub *hub = context;
	int64_t due_us;
	bool pending;
	enum kith_code code = store_user_next_due(hub->store, &due_us);

	if (code == KITH_OK && due_us <= hub_now_us())
		batch_add_chore(hub, BATCH_USERS_DUE);
	if (code == KITH_OK || code == KITH_NOT_FOUND)
		code = store_announcement_pending(hub->store, &pending);
	if (code == KITH_OK && pending)
		batch_add_chore(hub, BATCH_ANNOUNCE);
	if (code != KITH_OK && code != KITH_BUSY)
		hub_database_failed(hub, code);
}

static void
every(struct hub *hub, uint32_t interval_ms, event_callback_fn callback)
{
	struct timeval interval = { .tv_sec = interval_ms / 1000,
		.tv_usec = (interval_ms % 1000) * 1000 };
	struct event *timer =
	    event_new(hub->base, -1, EV_PERSIST, callback, hub);

	if (timer == NULL || evtimer_add(timer, &interval) != 0)
		abort();
	hub->timers[hub->timer_count++] = timer;
}

/* ---- the listener -------------------------------------------------------------- */

static void
on_listener_said(struct channel *channel, ProtobufCMessage *message,
    struct ipc_descriptors *descriptors, void *context)
{
	const Kith__Ipc__ListenerToHub *from =
	    (const Kith__Ipc__ListenerToHub *)message;
	struct hub *hub = context;
	bool session =
	    from->body_case == KITH__IPC__LISTENER_TO_HUB__BODY_NEW_SESSION;

	if (from->body_case == KITH__IPC__LISTENER_TO_HUB__BODY__NOT_SET ||
	    descriptors->count + descriptors->lost != (session ? 1 : 0))
		log_fatal("the listener broke the protocol between processes");
	if (session && !hub_descriptors_suffice(hub, descriptors))
		return; /* its process finds the other end closed, and ends */
	if (session)
		session_start(
		    hub, descriptors->fd[0], from->new_session->address);
	else if (hub->control != NULL)
		control_listener_said(hub->control, from);
	descriptors->count = 0;
}

static void
on_listener_closed(struct channel *channel, enum kith_code why, void *context)
{
	struct hub *hub = context;

	if (why == KITH_MALFORMED)
		log_fatal("the listener broke the protocol between processes");
	/* Sessions have channels of their own and live on. */
	channel_free(&hub->listener);
	if (hub->control != NULL)
		control_listener_lost(hub->control);
}

static const struct channel_handler listener_channel = {
	.type = &kith__ipc__listener_to_hub__descriptor,
	.takes_descriptors = true,
	.queue_maximum = LISTENER_QUEUE_BYTES,
	.received = on_listener_said,
	.closed = on_listener_closed,
};

/* ---- what the parent says -------------------------------------------------------- */

static enum kith_code
write_meta(struct hub *hub, struct fault *fault)
{
	enum kith_code code = store_begin_write(hub->store, STORE_WAIT, fault);

	if (code == KITH_OK)
		code = hub_store_meta(hub);
	if (code == KITH_OK)
		code = store_commit(hub->store, fault);
	else if (store_in_write(hub->store))
		store_rollback(hub->store);
	/* A full disk is no reason to leave people without their history. */
	if (code == KITH_STORAGE_FULL) {
		log_error("the disk is full: nothing new is stored");
		return KITH_OK;
	}
	if (code != KITH_OK && fault->sentence[0] == '\0')
		fault_set(fault, code, "%s", store_fault(hub->store)->sentence);
	return code;
}

static enum kith_code
open_database(struct hub *hub, struct fault *fault)
{
	enum kith_code code = store_open(hub->settings.database,
	    STORE_CREATE | STORE_MIGRATE | STORE_HUB, &hub->store, fault);

	if (code == KITH_OK)
		code = write_meta(hub, fault);
	if (code == KITH_OK)
		code = store_epoch(hub->store, hub->epoch);
	if (code == KITH_OK)
		code = store_event_newest(hub->store, &hub->dispatched);
	if (code != KITH_OK && fault->sentence[0] == '\0')
		fault_set(fault, code, "%s", kith_code_sentence(code));
	if (hub->store != NULL)
		hub->data_version = store_data_version(hub->store);
	return code;
}

static enum kith_code
confine(
    struct hub *hub, const Kith__Ipc__Settings *settings, struct fault *fault)
{
	char *path = mem_dup_string(settings->database);
	const char *folders[] = { dirname(path), NULL };
	enum kith_code code = sandbox_apply(KITH__IPC__ROLE__ROLE_HUB,
	    (enum sandbox_mode)settings->sandbox, folders, fault);

	free(path);
	return code;
}

static enum kith_code
on_configure(struct child *child, const Kith__Ipc__Settings *settings,
    void *context, struct fault *fault)
{
	struct hub *hub = context;
	enum kith_code code;

	settings_take(&hub->settings, settings);
	/* Before the database: its bytes are the first that are not ours. */
	code = confine(hub, settings, fault);
	if (code != KITH_OK)
		return code;
	code = open_database(hub, fault);
	if (code != KITH_OK)
		return code;
	hub->counters.started_us = hub_now_us();
	every(hub, HUB_LOOK_INTERVAL_MS, on_look);
	every(hub, HUB_TICK_MS, on_tick);
	every(hub, HUB_CHORES_INTERVAL_S * 1000, on_chores);
	every(hub, HUB_DUE_INTERVAL_MS, on_due);
	return KITH_OK;
}

static void
on_introduced(
    struct child *child, Kith__Ipc__Role peer, int socket, void *context)
{
	struct hub *hub = context;

	switch (peer) {
	case KITH__IPC__ROLE__ROLE_LISTENER:
		channel_free(&hub->listener);
		if (hub->control != NULL)
			control_listener_lost(hub->control);
		hub->listener =
		    channel_new(hub->base, socket, &listener_channel, hub);
		break;
	case KITH__IPC__ROLE__ROLE_AUTH:
		auth_desk_connect(hub->auth, socket);
		break;
	case KITH__IPC__ROLE__ROLE_PARENT:
		control_free(&hub->control);
		hub->control = control_new(hub, socket);
		break;
	default:
		log_fatal("the hub was introduced to a stranger");
	}
	if (hub->listener != NULL && hub->control != NULL &&
	    auth_desk_connected(hub->auth))
		child_ready(child);
}

static enum kith_code
on_reload(struct child *child, const Kith__Ipc__Settings *settings,
    void *context, struct fault *fault)
{
	struct hub *hub = context;
	bool announced = strcmp(hub->settings.next_public_key_pin,
			     settings->next_public_key_pin) != 0;

	settings_take(&hub->settings, settings);
	batch_add_chore(hub, BATCH_STORE_META);
	if (announced)
		next_key_push(hub);
	return KITH_OK;
}

static void
on_notice(struct child *child, const Kith__Ipc__Notice *notice, void *context)
{
	hub_status_notice(context, notice);
}

static void
on_status(struct child *child, char *text, size_t size, void *context)
{
	const struct hub *hub = context;

	snprintf(text, size, "%u people online, %u connections",
	    routes_people_online(hub->routes), sessions_count(hub->sessions));
}

/* ---- the end ------------------------------------------------------------------------ */

static void
stopped(struct hub *hub)
{
	struct timeval limit = { .tv_usec = HUB_LAST_WORDS_MS * 1000 };

	sessions_end_all(hub, KITH_STOPPING);
	/* What did not leave at once gets a moment more. */
	event_base_loopexit(
	    hub->base, sessions_all_told(hub->sessions) ? NULL : &limit);
}

static void
on_stop(struct child *child, void *context)
{
	struct hub *hub = context;

	if (hub->stopping)
		return;
	hub->stopping = true;
	batch_stop(hub, stopped);
}

static const struct child_handler handler = {
	.configure = on_configure,
	.introduced = on_introduced,
	.reload = on_reload,
	.notice = on_notice,
	.status = on_status,
	.stop = on_stop,
};

static void
hub_init(struct hub *hub)
{
	hub->base = event_base_new();
	if (hub->base == NULL ||
	    event_base_priority_init(hub->base, HUB_PRIORITY_COUNT) != 0)
		log_fatal("no event loop");
	hub_descriptors_init(hub);
	hub->throttle = throttle_new();
	hub->routes = routes_new();
	hub->sessions = sessions_new();
	hub->status = hub_status_new();
	hub->view = view_new();
	hub->batch = batch_new(hub);
	hub->auth = auth_desk_new(hub);
	hub->child =
	    child_new(KITH__IPC__ROLE__ROLE_HUB, hub->base, &handler, hub);
}

static void
hub_deinit(struct hub *hub)
{
	for (size_t i = 0; i < hub->timer_count; i++)
		event_free(hub->timers[i]);
	control_free(&hub->control);
	channel_free(&hub->listener);
	auth_desk_free(&hub->auth);
	sessions_free(&hub->sessions);
	batch_free(&hub->batch);
	view_free(&hub->view);
	hub_status_free(&hub->status);
	routes_free(&hub->routes);
	throttle_free(&hub->throttle);
	store_close(&hub->store); /* checkpoints */
	settings_clear(&hub->settings);
	child_free(&hub->child);
	event_base_free(hub->base);
}

int
hub_main(void)
{
	struct hub hub = { .dispatched = 0 };

	hub_init(&hub);
	event_base_dispatch(hub.base);
	hub_deinit(&hub);
	return 0;
}
