/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "hub.h"
#include "hub_request.h"

/*
 * What the hub has asked the auth process, and who waits for the answer. Each
 * parked request gets exactly one sign_in_answered(), also when auth dies.
 */

#define AUTH_PARKED_MAX \
	80u /* a little more than auth's own queue and threads */

struct auth_desk;

struct auth_desk *auth_desk_new(struct hub *hub);
/* Parked requests are forgotten: their sessions have ended before. */
void auth_desk_free(struct auth_desk **desk);

/* Takes the socket to a (new) auth process. */
void auth_desk_connect(struct auth_desk *desk, int socket);
bool auth_desk_connected(const struct auth_desk *desk);

/*
 * phc NULL: make a hash; "": verify for nobody; else verify. KITH_AGAIN: the
 * request is parked until sign_in_answered(). KITH_BUSY: auth is not there, or
 * has enough to do.
 */
enum kith_code auth_desk_ask(struct auth_desk *desk, struct request *request,
    const char *phc, const char *password);

/* Requests that wait for auth. */
uint32_t auth_desk_count(const struct auth_desk *desk);
