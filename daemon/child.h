/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include <event2/event.h>

#include "fault.h"
#include "ipc.pb-c.h"

/*
 * A child's side of the plumbing (hub and auth; the listener has no event
 * loop and does the same by hand). The order is always:
 *
 *	configure    once, first: open what the role needs, apply the sandbox
 *	introduced   once for each peer of the topology table (proc.c), and
 *	             again whenever that peer was restarted: the old channel
 *	             has closed or is about to
 *	child_ready  called by the role when it serves
 *	reload, stop at any time after configure
 *
 * When the parent's channel closes, the process exits: no child outlives the
 * parent.
 */
struct child;

struct child_handler {
	/*
	 * The settings are freed and wiped after the call. Anything but
	 * KITH_OK: the sentence is told to the parent and the process exits 1.
	 */
	enum kith_code (*configure)(struct child *child,
	    const Kith__Ipc__Settings *settings, void *context,
	    struct fault *fault);

	/*
	 * A socket to a sibling, now the role's own. From ROLE_PARENT the hub
	 * gets the listening control socket (SOCK_SEQPACKET, AF_UNIX).
	 */
	void (*introduced)(struct child *child, Kith__Ipc__Role peer,
	    int socket, void *context);

	/*
	 * New settings; only the keys marked "reload" differ. Anything but
	 * KITH_OK: the old ones stay and the sentence is logged by the parent.
	 */
	enum kith_code (*reload)(struct child *child,
	    const Kith__Ipc__Settings *settings, void *context,
	    struct fault *fault);

	/* What the log of any process has; the hub's only, else NULL. */
	void (*notice)(struct child *child, const Kith__Ipc__Notice *notice,
	    void *context);

	/* A few words for systemd's status line. May be NULL. */
	void (*status)(
	    struct child *child, char *text, size_t size, void *context);

	/*
	 * Finish what is acknowledged, take nothing new, then leave the event
	 * loop (the role returns 0 from its main) or exit(0). Within
	 * CHILD_STOP_MS, else the parent kills.
	 */
	void (*stop)(struct child *child, void *context);
};

#define CHILD_STOP_MS 10000

/*
 * Takes descriptor 3, closes every one above it, sets the title and the log's
 * role, ignores SIGPIPE, SIGHUP and SIGINT. handler and context must outlive
 * it. Callbacks come from the base's loop.
 */
struct child *child_new(Kith__Ipc__Role role, struct event_base *base,
    const struct child_handler *handler, void *context);

void child_free(struct child **child);

/* Tells the parent that this role serves. Once. */
void child_ready(struct child *child);

/* Tells the parent why this role cannot start or go on, logs it, exits 1. */
void child_fail(struct child *child, const struct fault *fault)
    __attribute__((noreturn));
