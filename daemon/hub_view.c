/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The store's rows as protobuf messages. Holds one arena for the answer that is
 * being built. Decides what each viewer may see of a row: the operation of a
 * message is its sender's alone, passwords hashes and reasons are nobody's.
 */
#include "hub_view.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "hub_routes.h"
#include "mem.h"

#define VIEW_CHUNK_BYTES (32u * 1024u)

/* Chunks of memory, the newest first; the oldest is kept by view_clear(). */
struct chunk {
	struct chunk *next;
	size_t size;
	size_t used;
	alignas(max_align_t) uint8_t bytes[];
};

struct view {
	struct chunk *chunks;
};

static struct chunk *
chunk_new(size_t size, struct chunk *next)
{
	struct chunk *c = mem_new(1, sizeof(*c) + size);

	c->size = size;
	c->next = next;
	return c;
}

struct view *
view_new(void)
{
	struct view *view = MEM_NEW(struct view);

	view->chunks = chunk_new(VIEW_CHUNK_BYTES, NULL);
	return view;
}

void
view_clear(struct view *view)
{
	while (view->chunks->next != NULL) {
		struct chunk *c = view->chunks;

		view->chunks = c->next;
		free(c);
	}
	memset(view->chunks->bytes, 0, view->chunks->used);
	view->chunks->used = 0;
}

void
view_free(struct view **view)
{
	if (*view == NULL)
		return;
	view_clear(*view);
	free((*view)->chunks);
	free(*view);
	*view = NULL;
}

void *
view_take(struct view *view, size_t size)
{
	size_t taken =
	    (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *memory;

	if (taken > view->chunks->size - view->chunks->used)
		view->chunks = chunk_new(
		    taken > VIEW_CHUNK_BYTES ? taken : VIEW_CHUNK_BYTES,
		    view->chunks);
	memory = view->chunks->bytes + view->chunks->used;
	view->chunks->used += taken;
	return memory;
}

static char *
view_bytes(struct view *view, const void *bytes, size_t length)
{
	char *copy = view_take(view, length + 1);

	if (length > 0)
		memcpy(copy, bytes, length);
	return copy;
}

static char *
view_string(struct view *view, const char *text)
{
	return view_bytes(view, text, strlen(text));
}

/* A message of the protocol, made and initialised in the view. */
#define VIEW_NEW(view, Type, init)                             \
	({                                                     \
		Type *made_ = view_take((view), sizeof(Type)); \
		init(made_);                                   \
		made_;                                         \
	})

Kith__User *
view_user(struct view *view, const struct store_user *user)
{
	Kith__User *u = VIEW_NEW(view, Kith__User, kith__user__init);

	u->id = (uint64_t)user->id;
	u->name = view_string(view, user->name);
	u->display_name = view_string(view, user->display_name);
	return u;
}

Kith__Message *
view_message(
    struct view *view, const struct store_message *message, int64_t viewer_id)
{
	Kith__Message *m = VIEW_NEW(view, Kith__Message, kith__message__init);

	m->conversation_id = (uint64_t)message->conversation_id;
	m->number = (uint64_t)message->number;
	m->sender_id = (uint64_t)message->sender_id;
	m->time_us = message->time_us;
	if (message->has_operation && message->sender_id == viewer_id) {
		m->operation.len = STORE_OPERATION_LENGTH;
		m->operation.data = (uint8_t *)view_bytes(
		    view, message->operation, STORE_OPERATION_LENGTH);
	}
	m->content = VIEW_NEW(view, Kith__Content, kith__content__init);
	if (message->kind == STORE_MESSAGE_TEXT) {
		m->content->kind_case = KITH__CONTENT__KIND_TEXT;
		m->content->text =
		    view_bytes(view, message->body, message->body_length);
	}
	return m;
}

Kith__Mark *
view_mark(struct view *view, const struct store_mark *mark)
{
	Kith__Mark *m = VIEW_NEW(view, Kith__Mark, kith__mark__init);

	m->conversation_id = (uint64_t)mark->conversation_id;
	m->user_id = (uint64_t)mark->user_id;
	m->delivered = (uint64_t)mark->delivered;
	m->read = (uint64_t)mark->read;
	return m;
}

enum kith_code
view_friend_request(struct hub *hub, const struct store_friend_request *request,
    Kith__FriendRequest **request_r)
{
	struct store_user from, to;
	enum kith_code code =
	    store_user_find(hub->store, request->from_id, &from);
	Kith__FriendRequest *r;

	if (code == KITH_OK)
		code = store_user_find(hub->store, request->to_id, &to);
	if (code != KITH_OK)
		return code;
	r = VIEW_NEW(
	    hub->view, Kith__FriendRequest, kith__friend_request__init);
	r->id = (uint64_t)request->id;
	r->from = view_user(hub->view, &from);
	r->to = view_user(hub->view, &to);
	r->time_us = request->time_us;
	*request_r = r;
	return KITH_OK;
}

/* Who is no friend is not told how far the other is. */
static void
fill_marks(struct view *view, const struct store_conversation *conversation,
    int64_t viewer_id, Kith__Conversation *c)
{
	const struct store_mark *mark = conversation->marks;

	c->marks =
	    view_take(view, conversation->mark_count * sizeof(*c->marks));
	for (size_t i = 0; i < conversation->mark_count; i++)
		if (conversation->friends || mark[i].user_id == viewer_id)
			c->marks[c->n_marks++] = view_mark(view, &mark[i]);
}

Kith__Conversation *
view_conversation(struct hub *hub,
    const struct store_conversation *conversation, int64_t viewer_id)
{
	struct view *view = hub->view;
	Kith__Conversation *c =
	    VIEW_NEW(view, Kith__Conversation, kith__conversation__init);

	c->id = (uint64_t)conversation->id;
	c->kind = KITH__CONVERSATION__KIND__DIRECT;
	c->peer = view_user(view, &conversation->peer);
	c->friends = conversation->friends;
	c->first_kept = (uint64_t)conversation->first_kept;
	c->last_number = (uint64_t)conversation->last_number;
	c->unread = conversation->unread;
	fill_marks(view, conversation, viewer_id, c);
	if (conversation->last_message.number != 0)
		c->last_message =
		    view_message(view, &conversation->last_message, viewer_id);
	/* Who is no friend is not told who is here. */
	c->online = conversation->friends &&
	    routes_is_online(hub->routes, conversation->peer_id);
	return c;
}

/* ---- events ----------------------------------------------------------- */

static enum kith_code
fill_friend_request(
    struct hub *hub, const struct store_event *event, Kith__Event *e)
{
	e->body_case = KITH__EVENT__BODY_FRIEND_REQUEST;
	return view_friend_request(hub, &event->request, &e->friend_request);
}

static enum kith_code
fill_request_ended(
    struct hub *hub, const struct store_event *event, Kith__Event *e)
{
	Kith__FriendRequestEnded *ended = VIEW_NEW(hub->view,
	    Kith__FriendRequestEnded, kith__friend_request_ended__init);

	ended->id = (uint64_t)event->request.id;
	ended->outcome =
	    (Kith__FriendRequestEnded__Outcome)(event->outcome - 1);
	e->body_case = KITH__EVENT__BODY_FRIEND_REQUEST_ENDED;
	e->friend_request_ended = ended;
	return KITH_OK;
}

static enum kith_code
fill_friend_added(struct hub *hub, const struct store_event *event,
    int64_t viewer_id, Kith__Event *e)
{
	struct store_conversation conversation;
	enum kith_code code = store_conversation_find(
	    hub->store, viewer_id, event->conversation_id, &conversation);

	if (code != KITH_OK)
		return code;
	e->body_case = KITH__EVENT__BODY_FRIEND_ADDED;
	e->friend_added =
	    VIEW_NEW(hub->view, Kith__FriendAdded, kith__friend_added__init);
	e->friend_added->conversation =
	    view_conversation(hub, &conversation, viewer_id);
	return KITH_OK;
}

static enum kith_code
fill_friend_removed(
    struct hub *hub, const struct store_event *event, Kith__Event *e)
{
	Kith__FriendRemoved *removed = VIEW_NEW(
	    hub->view, Kith__FriendRemoved, kith__friend_removed__init);

	removed->user_id = (uint64_t)event->user_id;
	removed->conversation_id = (uint64_t)event->conversation_id;
	e->body_case = KITH__EVENT__BODY_FRIEND_REMOVED;
	e->friend_removed = removed;
	return KITH_OK;
}

static enum kith_code
fill_user_changed(
    struct hub *hub, const struct store_event *event, Kith__Event *e)
{
	struct store_user user;
	enum kith_code code =
	    store_user_find(hub->store, event->user_id, &user);

	if (code != KITH_OK)
		return code;
	e->body_case = KITH__EVENT__BODY_USER_CHANGED;
	e->user_changed = view_user(hub->view, &user);
	return KITH_OK;
}

static enum kith_code
fill_unsupported(
    struct hub *hub, const struct store_event *event, Kith__Event *e)
{
	Kith__Unsupported *u =
	    VIEW_NEW(hub->view, Kith__Unsupported, kith__unsupported__init);

	u->conversation_id = (uint64_t)event->conversation_id;
	u->number = (uint64_t)event->number;
	e->body_case = KITH__EVENT__BODY_UNSUPPORTED;
	e->unsupported = u;
	return KITH_OK;
}

static enum kith_code
fill_body(struct hub *hub, const struct store_event *event, int64_t viewer_id,
    Kith__Event *e)
{
	switch (event->kind) {
	case STORE_EVENT_MESSAGE:
		e->body_case = KITH__EVENT__BODY_MESSAGE;
		e->message =
		    view_message(hub->view, &event->message, viewer_id);
		return KITH_OK;
	case STORE_EVENT_MARK:
		e->body_case = KITH__EVENT__BODY_MARK;
		e->mark = view_mark(hub->view, &event->mark);
		return KITH_OK;
	case STORE_EVENT_FRIEND_REQUEST:
		return fill_friend_request(hub, event, e);
	case STORE_EVENT_FRIEND_REQUEST_ENDED:
		return fill_request_ended(hub, event, e);
	case STORE_EVENT_FRIEND_ADDED:
		return fill_friend_added(hub, event, viewer_id, e);
	case STORE_EVENT_FRIEND_REMOVED:
		return fill_friend_removed(hub, event, e);
	case STORE_EVENT_USER_CHANGED:
		return fill_user_changed(hub, event, e);
	default:
		return fill_unsupported(hub, event, e);
	}
}

enum kith_code
view_event(struct hub *hub, const struct store_event *event, int64_t viewer_id,
    Kith__Event **event_r)
{
	Kith__Event *e;
	enum kith_code code;

	if (store_event_is_internal(event->kind))
		return KITH_NOT_FOUND;
	e = VIEW_NEW(hub->view, Kith__Event, kith__event__init);
	e->sequence = (uint64_t)event->sequence;
	e->time_us = event->time_us;
	code = fill_body(hub, event, viewer_id, e);
	if (code == KITH_OK)
		*event_r = e;
	return code;
}

bool
view_event_is_shared(enum store_event_kind kind)
{
	return kind == STORE_EVENT_MESSAGE || kind == STORE_EVENT_MARK;
}
