/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What one person missed, a page at a time.
 *
 * The person's audiences are merged as sorted streams: each conversation with
 * anything newer than the cursor, and the person, is a source that knows its
 * next sequence; a binary heap has the source with the lowest one on top. So a
 * page costs one look for each such source and one for each event of the page,
 * however much more is waiting.
 */

#include <stdlib.h>

#include "mem.h"
#include "store_event.h"
#include "store_private.h"

struct catch_up_source {
	int64_t audience;
	int64_t next; /* the sequence of its first event not handed out */
};

struct catch_up {
	struct store *s;
	const struct store_event_page *page;
	struct catch_up_source *heap;
	size_t count;
	int64_t reached;
	bool stopped; /* each() wants no more */
};

/* ---- the heap -------------------------------------------------------- */

static void
heap_swap(struct catch_up_source *a, struct catch_up_source *b)
{
	struct catch_up_source saved = *a;

	*a = *b;
	*b = saved;
}

static void
heap_sink(struct catch_up *c, size_t at)
{
	size_t child;

	while ((child = 2 * at + 1) < c->count) {
		if (child + 1 < c->count &&
		    c->heap[child + 1].next < c->heap[child].next)
			child++;
		if (c->heap[at].next <= c->heap[child].next)
			return;
		heap_swap(&c->heap[at], &c->heap[child]);
		at = child;
	}
}

static void
heap_make(struct catch_up *c)
{
	size_t i;

	for (i = c->count / 2; i > 0; i--)
		heap_sink(c, i - 1);
}

/* ---- the sources ----------------------------------------------------- */

/* Moves it on to its first event above `after`; NOT_FOUND: no more. */
static enum kith_code
source_advance(struct store *s, struct catch_up_source *source, int64_t after)
{
	return statement_integer(s, STATEMENT_EVENT_NEXT,
	    VALUES(INTEGER(source->audience), INTEGER(after)), &source->next);
}

static enum kith_code
source_add(struct catch_up *c, int64_t audience)
{
	struct catch_up_source source = { audience, 0 };
	enum kith_code code = source_advance(c->s, &source, c->page->after);
	struct store *s = c->s;

	if (code != KITH_OK)
		return code == KITH_NOT_FOUND ? KITH_OK : code;
	if (c->count == s->source_room) {
		s->source_room = s->source_room * 2 + 16;
		s->sources = mem_resize(
		    s->sources, s->source_room, sizeof(s->sources[0]));
		c->heap = s->sources;
	}
	c->heap[c->count++] = source;
	return KITH_OK;
}

static enum kith_code
find_sources(struct catch_up *c)
{
	sqlite3_stmt *st =
	    statement_start(c->s, STATEMENT_CONVERSATION_NEW_EACH,
		VALUES(INTEGER(c->page->user_id), INTEGER(c->page->after)));
	enum kith_code code;

	while ((code = statement_next(c->s, st)) == KITH_OK) {
		code = source_add(c, sqlite3_column_int64(st, 0));
		if (code != KITH_OK) {
			statement_end(st);
			return code;
		}
	}
	if (code != KITH_NOT_FOUND)
		return code;
	code = source_add(c, -c->page->user_id);
	heap_make(c);
	return code;
}

/* TOO_LARGE when a snapshot is the better answer. */
static enum kith_code
check_distance(struct catch_up *c, int64_t newest)
{
	int64_t behind = 0, count;
	enum kith_code code;
	size_t i;

	if (newest - c->page->after <= STORE_EVENTS_BEHIND_MAX)
		return KITH_OK;
	for (i = 0; i < c->count; i++) {
		code = statement_integer(c->s, STATEMENT_EVENT_BEHIND,
		    VALUES(INTEGER(c->heap[i].audience),
			INTEGER(c->page->after),
			INTEGER(STORE_EVENTS_BEHIND_MAX + 1 - behind)),
		    &count);
		if (code != KITH_OK)
			return code;
		behind += count;
		if (behind > STORE_EVENTS_BEHIND_MAX)
			return KITH_TOO_LARGE;
	}
	return KITH_OK;
}

/* ---- the page -------------------------------------------------------- */

/* The event on top of the heap; stopped when each() does not take it. */
static enum kith_code
hand_out_top(struct catch_up *c)
{
	sqlite3_stmt *st = statement_start(
	    c->s, STATEMENT_EVENT_FIND, VALUES(INTEGER(c->heap[0].next)));
	struct store_event event;
	enum kith_code code = statement_next(c->s, st);

	if (code != KITH_OK)
		return code == KITH_NOT_FOUND
		    ? store_contradiction(c->s, "an index names no event")
		    : code;
	event_from_row(st, &event);
	if (!store_event_is_internal(event.kind) &&
	    !c->page->each(c->page->context, &event))
		c->stopped = true;
	statement_end(st);
	return KITH_OK;
}

static enum kith_code
hand_out(struct catch_up *c)
{
	int64_t left = store_page_limit(c->page->limit);
	enum kith_code code;

	while (c->count > 0 && left-- > 0) {
		code = hand_out_top(c);
		if (code != KITH_OK || c->stopped)
			return code;
		c->reached = c->heap[0].next;
		code = source_advance(c->s, &c->heap[0], c->reached);
		if (code == KITH_NOT_FOUND)
			c->heap[0] = c->heap[--c->count];
		else if (code != KITH_OK)
			return code;
		heap_sink(c, 0);
	}
	return KITH_OK;
}

static enum kith_code
catch_up(struct catch_up *c, int64_t *reached_r, bool *more_r)
{
	int64_t newest;
	enum kith_code code = store_event_newest(c->s, &newest);

	if (code == KITH_OK)
		code = find_sources(c);
	if (code == KITH_OK)
		code = check_distance(c, newest);
	if (code == KITH_OK)
		code = hand_out(c);
	if (code != KITH_OK)
		return code;
	*more_r = c->count > 0;
	*reached_r = *more_r ? c->reached : newest;
	return KITH_OK;
}

enum kith_code
store_event_catch_up(struct store *s, const struct store_event_page *page,
    int64_t *reached_r, bool *more_r)
{
	struct catch_up c = {
		.s = s,
		.page = page,
		.heap = s->sources,
		.reached = page->after,
	};
	bool own;
	enum kith_code code = store_read_scope(s, &own);

	/* One state for all of it: the newest must not run ahead of the rows. */
	if (code == KITH_OK)
		code = catch_up(&c, reached_r, more_r);
	if (own)
		store_end_read(s);
	return code;
}
