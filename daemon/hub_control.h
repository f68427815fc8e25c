/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub.h"

/*
 * The control socket: kith-admin says that it has committed something (nudge),
 * asks how the daemon does (status), and lists and forgives penalties. Nobody
 * but root and the daemon's own user is heard; nothing depends on it.
 */

#define CONTROL_CLIENTS_MAX   16u   /* at once; more are turned away */
#define CONTROL_TIME_LIMIT_MS 10000 /* from accept to the end */

struct control;

/* Takes the listening socket (SOCK_SEQPACKET, AF_UNIX). */
struct control *control_new(struct hub *hub, int socket);
void control_free(struct control **control);

/* What the listener answered; nobody may wait for it any more. */
void control_listener_said(
    struct control *control, const Kith__Ipc__ListenerToHub *answer);

/* The listener's channel is gone, and with it the answers. */
void control_listener_lost(struct control *control);
