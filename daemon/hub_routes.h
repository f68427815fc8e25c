/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hub_throttle.h"

/*
 * Who is here: people with the connections that are signed in as them, and a
 * cache of who is in which conversation. Members of a direct conversation never
 * change, so the cache needs no invalidation, only a limit.
 *
 * A person whose last connection has gone stays online for a short grace, so
 * that a reconnect does not show, and is remembered until the rates that count
 * against him have run off.
 */

#define ROUTES_GRACE_MS          3000
#define ROUTES_CONVERSATIONS_MAX 65536u
#define ROUTES_MEMBERS_MAX       2u  /* of a direct conversation */
#define ROUTES_SESSIONS_MAX      64u /* connections of one person */

struct routes;
struct session;

/* Fields are read freely; changed only by hub_routes. */
struct person {
	int64_t user_id;
	struct session *sessions; /* a list through session->next_of_person */
	size_t session_count;
	bool online;
	int64_t gone_at_ms; /* of the last connection, while there is none */
	struct throttle_bucket messages;
	struct throttle_bucket friend_requests;
};

struct routes *routes_new(void);
void routes_free(struct routes **routes);

/*
 * Binds a session to a person. came_online_r: this is the first sign of them.
 * KITH_BUSY (as false) over ROUTES_SESSIONS_MAX.
 */
bool routes_add(struct routes *routes, int64_t user_id, struct session *session,
    bool *came_online_r);
void routes_remove(struct routes *routes, int64_t user_id,
    struct session *session, int64_t now_ms);

/* Would routes_add() take another connection of this user? */
bool routes_have_room(struct routes *routes, int64_t user_id);

/* NULL when there is nothing about this user. */
struct person *routes_person(struct routes *routes, int64_t user_id);
bool routes_is_online(struct routes *routes, int64_t user_id);
uint32_t routes_people_online(const struct routes *routes);

/*
 * Looks at those who have left: calls went_offline() for each whose grace is
 * over, and forgets those who owe nothing. Costs what those who left cost.
 */
void routes_tick(struct routes *routes, int64_t now_ms,
    void (*went_offline)(void *context, int64_t user_id), void *context);

struct route_members {
	size_t count;
	int64_t user_id[ROUTES_MEMBERS_MAX];
};

/* NULL when it is not in the cache: routes_learn() it. */
const struct route_members *routes_members(
    struct routes *routes, int64_t conversation_id);
const struct route_members *routes_learn(struct routes *routes,
    int64_t conversation_id, const struct route_members *members);
