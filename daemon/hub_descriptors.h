/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "hub.h"
#include "ipc.h"

/*
 * The hub has one descriptor for each session: who may have few of them open
 * (an administrator who started kithd from a shell) runs out of them before
 * max-connections is reached. Then newcomers are sent away, and nobody else
 * feels it.
 */

/* As many as kith-admin may have connections; no session takes one of them. */
#define HUB_DESCRIPTORS_KEPT 16

/* Asks how many there may be; while the sandbox still allows it. */
void hub_descriptors_init(struct hub *hub);

/* Has a session's come, and is it none of the kept? Else tells the log. */
bool hub_descriptors_suffice(
    struct hub *hub, const struct ipc_descriptors *received);
