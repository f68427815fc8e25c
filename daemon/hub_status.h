/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub.h"
#include "ipc.pb-c.h"

/*
 * What kith-admin is told of how the hub does: counters, what waits, how much
 * went through lately, and the last warnings and errors.
 */
struct hub_status;

struct hub_status *hub_status_new(void);
void hub_status_free(struct hub_status **status);

/* Now and then: how far the counters are. */
void hub_status_tick(struct hub *hub, int64_t now_ms);

/* Something was logged, here or in another process. */
void hub_status_notice(struct hub *hub, const Kith__Ipc__Notice *notice);

/* Everything in it is borrowed until the next call on any of these. */
void hub_status_fill(struct hub *hub, Kith__Ipc__ControlReply__Status *reply_r);
