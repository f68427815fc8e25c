/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub_session.h"

/*
 * The key that the server will change to, told to the clients that understand
 * it (the feature "next-key"): with SignedIn, and to those who are there when
 * it is announced or withdrawn.
 */

#define NEXT_KEY_FEATURE "next-key"

/* What this client is told with SignedIn: a pin, or "". Borrowed. */
char *next_key_for(const struct session *session);

/* It has changed: tells everybody who is signed in. */
void next_key_push(struct hub *hub);
