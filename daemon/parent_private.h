/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include <event2/event.h>

#include "channel.h"
#include "child.h"
#include "identity.h"
#include "listening.h"
#include "notice.h"
#include "parent.h"
#include "proc.h"

/* Shared by the files parent*.c only. */

#define PARENT_CHILDREN   3u /* hub, auth, listener */
#define PARENT_LINKS_MAX  4u
#define PARENT_SIGNALS    4u
#define PARENT_STATUS_MAX 128u
#define PARENT_PIN_MAX    64u

enum one_state {
	ONE_DOWN,
	ONE_STARTED,    /* runs, knows nothing yet */
	ONE_CONFIGURED, /* has its settings */
	ONE_READY,      /* serves */
};

/* One child, over all its lives. */
struct one {
	struct parent *parent;
	Kith__Ipc__Role role;
	enum one_state state;
	pid_t pid;               /* 0: reaped */
	struct channel *channel; /* NULL: closed */
	int wait_status;         /* as waitpid() told, once reaped */
	int64_t started_ms;
	unsigned delay_ms; /* before the next start */
	struct event *restart;
	bool has_sockets; /* got listening sockets, or the control socket */
	bool stopping;
	bool answered;    /* this round's probe */
	bool handed_over; /* asked for a successor */
	bool told_fault;
	char status[PARENT_STATUS_MAX];
};

enum stage {
	STAGE_STARTING,
	STAGE_SERVING,
	STAGE_STOPPING,
};

struct reaped {
	int pid;
	int status;
};

struct parent {
	const struct parent_options *options;
	struct settings *settings, *next_settings;
	struct identity identity, next_identity;
	struct proc_programs *programs;
	struct listening listening;
	int control;
	char *control_path;
	char pin[PARENT_PIN_MAX];      /* "" until the listener has told it */
	char next_pin[PARENT_PIN_MAX]; /* of the announced key; "": none */
	int64_t certificate_until_us;
	char *config; /* its whole path */
	struct notices notices;

	struct event_base *base;
	struct event *probe, *stop_limit;
	struct event *signals[PARENT_SIGNALS];
	size_t signal_count;

	struct one children[PARENT_CHILDREN];
	bool linked[PARENT_LINKS_MAX]; /* as proc_links */

	enum stage stage;
	bool reload_wanted;
	bool reloading;
	bool waits_for_orphans;
	int exit_status;

	/* between two listeners */
	uint8_t *state;
	size_t state_length;
	struct reaped *reaped;
	size_t reaped_count;
};

/* parent.c */
void parent_advance(struct parent *p);
void parent_alive(struct parent *p, struct one *one);
void parent_stop(struct parent *p, int status);
void parent_stop_next(struct parent *p);
void parent_log_next_key(const struct parent *p);
void parent_default_name(struct settings *settings);

/* parent_reload.c */
void parent_reload(struct parent *p);
void parent_reload_accepted(struct parent *p);
void parent_reload_failed(struct parent *p, const char *sentence);

/* parent_children.c */
struct one *parent_one(struct parent *p, Kith__Ipc__Role role);
void parent_start_children(struct parent *p);
void parent_free_children(struct parent *p);
void parent_stop_one(struct one *one);
/* False: it has ended and was reaped. */
bool parent_kill_one(const struct one *one);
void parent_reaped(struct parent *p, pid_t pid, int status);

/* parent_tell.c: what cannot be told yet is left, and done at the next step */
void parent_configure(struct parent *p, struct one *one);
void parent_introduce(struct parent *p, size_t link);
void parent_hand_sockets(struct parent *p);
void parent_probe(struct one *one);
void parent_send_reload(struct parent *p, struct one *one,
    const struct settings *settings, const struct identity *identity);
void parent_tell_reaped(struct one *listener, int pid, int status);
void parent_tell_stop(struct one *one);

/* Keeps it, and tells the hub that there is. */
void parent_notice(struct parent *p, const Kith__Ipc__Notice *notice);
