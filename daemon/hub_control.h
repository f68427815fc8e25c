/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub.h"

/*
 * The control socket: kith-admin says that it has committed something (nudge),
 * and asks how the daemon does (status). Nobody but root and the daemon's own
 * user is heard; nothing depends on it.
 */

#define CONTROL_CLIENTS_MAX   16u   /* at once; more are turned away */
#define CONTROL_TIME_LIMIT_MS 10000 /* from accept to the end */

struct control;

/* Takes the listening socket (SOCK_SEQPACKET, AF_UNIX). */
struct control *control_new(struct hub *hub, int socket);
void control_free(struct control **control);
