/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The routing table: people by id, members by conversation. Holds nothing that
 * is not in the database or in a live connection; never asks either.
 */
#include "hub_routes.h"

#include <stdlib.h>

#include <uthash.h>
#include <utlist.h>

#include "hub_session.h"
#include "mem.h"

struct person_entry {
	struct person person; /* first: a person is cast to its entry */
	UT_hash_handle hh;
	/* Those without a connection, the one who left first in front. */
	struct person_entry *prev, *next;
};

struct conversation_entry {
	int64_t id;
	struct route_members members;
	UT_hash_handle hh;
};

struct routes {
	struct person_entry *people;
	struct person_entry *left;
	struct conversation_entry *conversations;
	uint32_t online;
};

struct routes *
routes_new(void)
{
	return MEM_NEW(struct routes);
}

void
routes_free(struct routes **routes)
{
	struct person_entry *p, *next_p;
	struct conversation_entry *c, *next_c;

	if (*routes == NULL)
		return;
	HASH_ITER (hh, (*routes)->people, p, next_p) {
		HASH_DEL((*routes)->people, p);
		free(p);
	}
	HASH_ITER (hh, (*routes)->conversations, c, next_c) {
		HASH_DEL((*routes)->conversations, c);
		free(c);
	}
	free(*routes);
	*routes = NULL;
}

static struct person_entry *
find(struct routes *routes, int64_t user_id)
{
	struct person_entry *p;

	HASH_FIND(hh, routes->people, &user_id, sizeof(user_id), p);
	return p;
}

static struct person_entry *
find_or_make(struct routes *routes, int64_t user_id)
{
	struct person_entry *p = find(routes, user_id);

	if (p != NULL)
		return p;
	p = MEM_NEW(struct person_entry);
	p->person.user_id = user_id;
	HASH_ADD(hh, routes->people, person.user_id, sizeof(user_id), p);
	DL_APPEND(routes->left, p);
	return p;
}

bool
routes_add(struct routes *routes, int64_t user_id, struct session *session,
    bool *came_online_r)
{
	struct person_entry *p = find_or_make(routes, user_id);

	if (p->person.session_count >= ROUTES_SESSIONS_MAX)
		return false;
	if (p->person.session_count == 0)
		DL_DELETE(routes->left, p);
	DL_APPEND2(p->person.sessions, session, prev_of_person, next_of_person);
	p->person.session_count++;
	*came_online_r = !p->person.online;
	if (!p->person.online)
		routes->online++;
	p->person.online = true;
	return true;
}

void
routes_remove(struct routes *routes, int64_t user_id, struct session *session,
    int64_t now_ms)
{
	struct person_entry *p = find(routes, user_id);

	DL_DELETE2(p->person.sessions, session, prev_of_person, next_of_person);
	if (--p->person.session_count > 0)
		return;
	p->person.gone_at_ms = now_ms;
	DL_APPEND(routes->left, p);
}

bool
routes_have_room(struct routes *routes, int64_t user_id)
{
	const struct person_entry *p = find(routes, user_id);

	return p == NULL || p->person.session_count < ROUTES_SESSIONS_MAX;
}

struct person *
routes_person(struct routes *routes, int64_t user_id)
{
	struct person_entry *p = find(routes, user_id);

	return p != NULL ? &p->person : NULL;
}

bool
routes_is_online(struct routes *routes, int64_t user_id)
{
	const struct person_entry *p = find(routes, user_id);

	return p != NULL && p->person.online;
}

uint32_t
routes_people_online(const struct routes *routes)
{
	return routes->online;
}

static bool
owes(const struct person *p, int64_t now_ms)
{
	return p->messages.empty_at_ms > now_ms ||
	    p->friend_requests.empty_at_ms > now_ms;
}

void
routes_tick(struct routes *routes, int64_t now_ms,
    void (*went_offline)(void *context, int64_t user_id), void *context)
{
	struct person_entry *p, *next;

	DL_FOREACH_SAFE (routes->left, p, next) {
		if (now_ms - p->person.gone_at_ms < ROUTES_GRACE_MS)
			continue;
		if (p->person.online) {
			p->person.online = false;
			routes->online--;
			went_offline(context, p->person.user_id);
		}
		if (owes(&p->person, now_ms))
			continue;
		DL_DELETE(routes->left, p);
		HASH_DEL(routes->people, p);
		free(p);
	}
}

const struct route_members *
routes_members(struct routes *routes, int64_t conversation_id)
{
	struct conversation_entry *c;

	HASH_FIND(hh, routes->conversations, &conversation_id,
	    sizeof(conversation_id), c);
	return c != NULL ? &c->members : NULL;
}

const struct route_members *
routes_learn(struct routes *routes, int64_t conversation_id,
    const struct route_members *members)
{
	struct conversation_entry *c;

	/* The first of the table is the one that was learnt first. */
	if (HASH_COUNT(routes->conversations) >= ROUTES_CONVERSATIONS_MAX) {
		c = routes->conversations;
		HASH_DEL(routes->conversations, c);
		free(c);
	}
	c = MEM_NEW(struct conversation_entry);
	c->id = conversation_id;
	c->members = *members;
	HASH_ADD(hh, routes->conversations, id, sizeof(c->id), c);
	return &c->members;
}
