/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Coalesces marks. Holds, for one batch, who wants to raise which mark how far.
 * Must give each request the same answer that it would have got alone.
 */
#include "hub_marks.h"

#include <stdlib.h>

#include <uthash.h>

#include "hub_session.h"
#include "mem.h"
#include "store_mark.h"

struct mark_key {
	int64_t user_id;
	int64_t conversation_id;
};

/* All requests for the marks of one member, in their order. */
struct mark_group {
	struct mark_key key;
	struct request **requests;
	size_t count;
	UT_hash_handle hh;
};

struct marks {
	struct mark_group *groups;
};

struct marks *
marks_new(void)
{
	return MEM_NEW(struct marks);
}

void
marks_free(struct marks **marks)
{
	struct mark_group *g, *next;

	if (*marks == NULL)
		return;
	HASH_ITER (hh, (*marks)->groups, g, next) {
		HASH_DEL((*marks)->groups, g);
		free(g->requests);
		free(g);
	}
	free(*marks);
	*marks = NULL;
}

/* What this request asks, on top of what others ask. */
static void
raise_to(struct store_mark *mark, const struct request *r)
{
	const Kith__ToServer *m = r->message;
	int64_t number;

	if (m->body_case == KITH__TO_SERVER__BODY_MARK_READ) {
		number = (int64_t)m->mark_read->number;
		mark->read = number > mark->read ? number : mark->read;
	} else {
		number = (int64_t)m->mark_delivered->number;
		mark->delivered =
		    number > mark->delivered ? number : mark->delivered;
	}
}

static int64_t
conversation_of(const struct request *r)
{
	const Kith__ToServer *m = r->message;

	return m->body_case == KITH__TO_SERVER__BODY_MARK_READ
	    ? (int64_t)m->mark_read->conversation_id
	    : (int64_t)m->mark_delivered->conversation_id;
}

void
marks_add(struct marks *marks, struct request *request)
{
	/* Zeroed whole: its padding, if there is any, is hashed too. */
	struct mark_key key = { 0 };
	struct mark_group *g;
	struct fault unused;

	if (request->session->state != SESSION_SIGNED_IN) {
		request->code = KITH_NOT_NOW;
		return;
	}
	request->code = request->row->handle(request, &unused);
	if (request->code != KITH_OK)
		return;
	key.user_id = request->session->user_id;
	key.conversation_id = conversation_of(request);
	HASH_FIND(hh, marks->groups, &key, sizeof(key), g);
	if (g == NULL) {
		g = MEM_NEW(struct mark_group);
		g->key = key;
		HASH_ADD(hh, marks->groups, key, sizeof(key), g);
	}
	g->requests =
	    mem_resize(g->requests, g->count + 1, sizeof(struct request *));
	g->requests[g->count++] = request;
}

static enum kith_code
raise(struct hub *hub, const struct store_mark *mark)
{
	bool changed;
	enum kith_code code = store_savepoint(hub->store);
	enum kith_code kept;

	if (code != KITH_OK)
		return code;
	code = store_mark_raise(hub->store, mark, hub_now_us(), &changed);
	if (store_is_broken(code))
		return code;
	kept = code == KITH_OK ? store_savepoint_keep(hub->store)
			       : store_savepoint_undo(hub->store);
	return kept != KITH_OK ? kept : code;
}

/* When the highest of them does not exist, each is judged alone. */
static enum kith_code
raise_each(struct mark_group *g, struct hub *hub)
{
	for (size_t i = 0; i < g->count; i++) {
		struct store_mark mark = {
			.conversation_id = g->key.conversation_id,
			.user_id = g->key.user_id,
		};

		raise_to(&mark, g->requests[i]);
		g->requests[i]->code = raise(hub, &mark);
		if (store_is_broken(g->requests[i]->code))
			return g->requests[i]->code;
	}
	return KITH_OK;
}

enum kith_code
marks_run(struct marks *marks, struct hub *hub)
{
	struct mark_group *g, *next;

	HASH_ITER (hh, marks->groups, g, next) {
		struct store_mark mark = {
			.conversation_id = g->key.conversation_id,
			.user_id = g->key.user_id,
		};
		enum kith_code code;

		for (size_t i = 0; i < g->count; i++)
			raise_to(&mark, g->requests[i]);
		code = raise(hub, &mark);
		if (!store_is_broken(code) && code != KITH_OK)
			code = raise_each(g, hub);
		if (code != KITH_OK)
			return code;
	}
	return KITH_OK;
}
