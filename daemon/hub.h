/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <event2/event.h>

#include "channel.h"
#include "child.h"
#include "fault.h"
#include "hub_throttle.h"
#include "ipc.pb-c.h"
#include "store.h"

/*
 * What the files of the hub share: one struct hub, the hub itself, for the
 * life of the process. One thread, one event loop. Each member belongs to the
 * file named beside it; the others only read it or call that file.
 */

struct auth_desk;
struct batch;
struct control;
struct hub_status;
struct routes;
struct session;
struct sessions;
struct view;

/* How often the hub looks whether somebody else has committed. */
#define HUB_LOOK_INTERVAL_MS 250
/* Everything that waits in lists (slow or closing sessions, people who have
 * left) is looked at this often. */
#define HUB_TICK_MS 500
/* Old operations are forgotten, and who is still here is noted. */
#define HUB_CHORES_INTERVAL_S 600
/* Does a lock end, is an account to be purged, was an announcement left half
 * told? A look at an index and one at a row. */
#define HUB_DUE_INTERVAL_MS 1000
#define HUB_TIMERS_MAX      4u
/* A want that lasts is logged this often: one out of a bucket. */
#define HUB_TELL_AGAIN_MS 60000u

/* The loop's priorities: everything is in between that does not ask. */
enum hub_priority {
	HUB_PRIORITY_FIRST,
	HUB_PRIORITY_USUAL,
	HUB_PRIORITY_LAST,
	HUB_PRIORITY_COUNT,
};
/* Sessions that the hub will ever know at once, whatever is configured. */
#define HUB_SESSIONS_MAX 65536u

/* The settings that the hub goes by; strings are its own. */
struct hub_settings {
	char *server_name;
	char *database;
	char *public_key_pin;
	char *next_public_key_pin; /* announced; "": none */
	int64_t certificate_until_us;
	char *configuration; /* the path of kithd.conf */
	char *control_socket;
	char *listen;
	Kith__SignUpMode sign_up;
	uint32_t max_connections;
	uint32_t idle_timeout_s;
	uint32_t messages_per_minute;      /* per user, 0: no limit */
	uint32_t friend_requests_per_hour; /* per user, 0: no limit */
};

struct hub_counters {
	int64_t started_us;
	uint64_t messages; /* stored since the start */
	uint64_t batches;  /* transactions since the start */
	uint64_t in_batch; /* messages of the batch that is being run */
};

struct hub {
	struct event_base *base;
	struct child *child;
	struct channel *listener;
	struct store *store;
	struct hub_settings settings;
	struct hub_counters counters;
	uint8_t epoch[STORE_EPOCH_LENGTH];

	struct throttle *throttle; /* hub_throttle */
	struct auth_desk *auth;    /* hub_auth: what was asked of auth */
	struct control *control;   /* control */
	struct batch *batch;       /* hub_batch */
	struct routes *routes;     /* hub_routes */
	struct sessions *sessions; /* hub_session */
	struct hub_status *status; /* hub_status */
	struct view *view;         /* hub_view: for one answer at a time */

	/*
	 * hub_push. Every event up to this sequence has been handed to each
	 * connection that follows; the next one handed out is above it.
	 */
	int64_t dispatched;

	int64_t data_version; /* when the hub last looked */
	struct event *timers[HUB_TIMERS_MAX];
	size_t timer_count;
	bool stopping;

	/* hub_descriptors */
	int descriptors; /* that this process may have open; 0: any number */
	struct throttle_bucket short_told;
};

/* Monotonic, for everything that waits; and the server's clock. */
int64_t hub_now_ms(void);
int64_t hub_now_us(void);

/*
 * The database has failed in a way that must not be tried again: logs why and
 * ends the process without a word to anybody. What was not acknowledged will be
 * sent again; what was is on disk. The parent starts a new hub, which makes the
 * log durable before it serves.
 */
void hub_database_failed(struct hub *hub, enum kith_code code)
    __attribute__((noreturn));

/* Writes what kith-admin wants to know of the server into the database. Inside
 * the write transaction. */
enum kith_code hub_store_meta(struct hub *hub);
