/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the event log to live connections. Holds nothing but the rule in
 * hub_push.h; what a connection has been given stands in the session. Packs an
 * event once for all who see the same of it.
 */
#include "hub_push.h"

#include <utlist.h>

#include "handle_sign.h"
#include "hub_routes.h"
#include "hub_session.h"
#include "hub_view.h"
#include "log.h"
#include "store_conversation.h"
#include "store_event.h"
#include "store_friend_link.h"

/* ---- events --------------------------------------------------------------- */

/* What an event looks like, packed when the first viewer needs it. */
struct packed_event {
	struct hub *hub;
	const struct store_event *event;
	struct frame *shared; /* for everybody but the sender */
};

static enum kith_code
pack_event(struct hub *hub, const struct store_event *event, int64_t viewer_id,
    struct frame **frame_r)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	enum kith_code code;

	view_clear(hub->view);
	code = view_event(hub, event, viewer_id, &message.event);
	if (code != KITH_OK)
		return code;
	message.body_case = KITH__TO_CLIENT__BODY_EVENT;
	*frame_r = frame_new(&message);
	return KITH_OK;
}

/* A reference for the caller. */
static enum kith_code
frame_for(
    struct packed_event *packed, int64_t viewer_id, struct frame **frame_r)
{
	const struct store_event *event = packed->event;
	bool own = event->kind == STORE_EVENT_MESSAGE &&
	    event->message.sender_id == viewer_id;
	enum kith_code code;

	if (own || !view_event_is_shared(event->kind))
		return pack_event(packed->hub, event, viewer_id, frame_r);
	if (packed->shared == NULL) {
		code =
		    pack_event(packed->hub, event, viewer_id, &packed->shared);
		if (code != KITH_OK)
			return code;
	}
	*frame_r = frame_keep(packed->shared);
	return KITH_OK;
}

/* In step and not yet given this event? Then it is put, or falls behind. */
static void
hand(struct session *session, int64_t sequence, struct frame *frame)
{
	if (!session->following || session->behind ||
	    sequence <= session->cursor)
		return;
	if (!session_takes_events(session)) {
		session->behind = true;
		session->cursor = sequence - 1;
		return;
	}
	session_put(session, frame);
	session->cursor = sequence;
}

static enum kith_code
hand_to_person(struct packed_event *packed, int64_t user_id)
{
	struct person *person = routes_person(packed->hub->routes, user_id);
	struct session *session;
	struct frame *frame;
	enum kith_code code;

	if (person == NULL || person->sessions == NULL)
		return KITH_OK;
	code = frame_for(packed, user_id, &frame);
	if (code != KITH_OK)
		return code == KITH_NOT_FOUND ? KITH_OK : code;
	DL_FOREACH2(person->sessions, session, next_of_person)
	hand(session, packed->event->sequence, frame);
	frame_drop(&frame);
	return KITH_OK;
}

static bool
learn_member(void *context, int64_t user_id)
{
	struct route_members *members = context;

	if (members->count < ROUTES_MEMBERS_MAX)
		members->user_id[members->count++] = user_id;
	return true;
}

static enum kith_code
members_of(struct hub *hub, int64_t conversation_id,
    const struct route_members **members_r)
{
	struct route_members learnt = { .count = 0 };
	enum kith_code code;

	*members_r = routes_members(hub->routes, conversation_id);
	if (*members_r != NULL)
		return KITH_OK;
	code = store_member_each(
	    hub->store, conversation_id, learn_member, &learnt);
	if (code == KITH_OK)
		*members_r =
		    routes_learn(hub->routes, conversation_id, &learnt);
	return code;
}

static enum kith_code
hand_out(struct hub *hub, const struct store_event *event)
{
	struct packed_event packed = { .hub = hub, .event = event };
	const struct route_members *members;
	enum kith_code code;

	if (event->audience < 0)
		return hand_to_person(&packed, -event->audience);
	code = members_of(hub, event->audience, &members);
	for (size_t i = 0; code == KITH_OK && i < members->count; i++)
		code = hand_to_person(&packed, members->user_id[i]);
	frame_drop(&packed.shared);
	return code;
}

/* ---- what the log tells the hub --------------------------------------------- */

/* With the same sentence as a sign-in from now on. */
static void
end_locked(struct hub *hub, int64_t user_id)
{
	struct fault fault = { .code = KITH_OK };
	struct store_user user;

	if (routes_person(hub->routes, user_id) == NULL)
		return;
	if (store_user_find(hub->store, user_id, &user) == KITH_OK)
		(void)sign_in_check_state(&user, &fault);
	sessions_end_person(hub, user_id, 0, KITH_LOCKED, fault.sentence);
}

static void
obey(struct hub *hub, const struct store_event *event)
{
	switch (event->kind) {
	case STORE_EVENT_USER_LOCKED:
		end_locked(hub, event->user_id);
		break;
	case STORE_EVENT_PASSWORD_CHANGED:
		sessions_end_person(hub, event->user_id, 0,
		    KITH_BAD_CREDENTIALS,
		    SENTENCE("The password was changed; sign in again."));
		break;
	case STORE_EVENT_DEVICE_REVOKED:
		sessions_end_person(hub, event->user_id, event->number,
		    KITH_BAD_CREDENTIALS,
		    SENTENCE("This device was signed out."));
		break;
	case STORE_EVENT_USER_DELETED:
		sessions_end_person(hub, event->user_id, 0, KITH_NOT_FOUND,
		    SENTENCE("The account was deleted."));
		break;
	default:
		break;
	}
}

struct dispatch {
	struct hub *hub;
	uint32_t count;
	enum kith_code code;
};

static bool
dispatch_one(void *context, const struct store_event *event)
{
	struct dispatch *d = context;

	if (store_event_is_internal(event->kind))
		obey(d->hub, event);
	else
		d->code = hand_out(d->hub, event);
	if (d->code != KITH_OK)
		return false;
	d->hub->dispatched = event->sequence;
	d->count++;
	return true;
}

enum kith_code
push_dispatch(struct hub *hub)
{
	struct dispatch d = { .hub = hub, .code = KITH_OK };
	enum kith_code code;

	do {
		d.count = 0;
		code = store_event_each(hub->store, hub->dispatched,
		    PUSH_EVENTS_MAX, dispatch_one, &d);
		if (code == KITH_OK)
			code = d.code;
	} while (code == KITH_OK && d.count == PUSH_EVENTS_MAX);
	return code;
}

/* ---- one connection ------------------------------------------------------------ */

struct resume {
	struct session *session;
	enum kith_code code;
	bool told; /* something was put: there will be another turn */
};

static bool
resume_one(void *context, const struct store_event *event)
{
	struct resume *r = context;
	struct frame *frame;

	if (!session_takes_events(r->session))
		return false;
	r->code =
	    pack_event(r->session->hub, event, r->session->user_id, &frame);
	if (r->code == KITH_NOT_FOUND) {
		r->code = KITH_OK;
		return true;
	}
	if (r->code != KITH_OK)
		return false;
	session_put(r->session, frame);
	frame_drop(&frame);
	r->told = true;
	return true;
}

static void
read_on(struct session *session)
{
	struct resume r = { .session = session, .code = KITH_OK };
	struct store_event_page page = { .user_id = session->user_id,
		.after = session->cursor,
		.limit = PUSH_RESUME_MAX,
		.each = resume_one,
		.context = &r };
	bool more;
	enum kith_code code;

	/* A page that holds nothing for the client brings nobody back here. */
	do {
		page.after = session->cursor;
		code = store_event_catch_up(
		    session->hub->store, &page, &session->cursor, &more);
		if (code == KITH_OK)
			code = r.code;
	} while (code == KITH_OK && more && !r.told &&
	    session_takes_events(session));
	if (code == KITH_TOO_LARGE)
		session_end(
		    session, KITH_TRY_LATER, SENTENCE("You read too slowly."));
	else if (code != KITH_OK)
		hub_database_failed(session->hub, code);
	else
		session->behind = more;
}

static struct frame *
presence_frame(int64_t user_id, bool online)
{
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Presence presence = KITH__PRESENCE__INIT;

	presence.user_id = (uint64_t)user_id;
	presence.online = online;
	message.body_case = KITH__TO_CLIENT__BODY_PRESENCE;
	message.presence = &presence;
	return frame_new(&message);
}

/* Goes over the friends of one person, all pages. */
struct friends {
	int64_t user_id;
	int64_t last_id;
	uint32_t count;
	void (*friend)(void *context, int64_t friend_id);
	void *context;
};

static bool
friend_one(void *context, const struct store_friend_link *link)
{
	struct friends *f = context;

	f->last_id = link->low_id == f->user_id ? link->high_id : link->low_id;
	f->count++;
	f->friend(f->context, f->last_id);
	return true;
}

static void
each_friend(struct hub *hub, struct friends *f)
{
	enum kith_code code;

	do {
		struct store_page page = { .from = f->last_id,
			.limit = STORE_PAGE_MAX };

		f->count = 0;
		code = store_friend_link_each(
		    hub->store, f->user_id, page, friend_one, f);
		if (code != KITH_OK)
			hub_database_failed(hub, code);
	} while (f->count == STORE_PAGE_MAX);
}

/* To a connection: this friend is here. */
static void
tell_if_online(void *context, int64_t friend_id)
{
	struct session *session = context;
	struct frame *frame;

	if (!routes_is_online(session->hub->routes, friend_id))
		return;
	if (!session_takes_events(session)) {
		session->presence_stale = true;
		return;
	}
	frame = presence_frame(friend_id, true);
	session_put(session, frame);
	frame_drop(&frame);
}

/* What was dropped is made good: everybody, here or not. */
static void
tell_presence_anew(void *context, int64_t friend_id)
{
	struct session *session = context;
	struct frame *frame;

	if (!session_takes_events(session)) {
		session->presence_stale = true;
		return;
	}
	frame = presence_frame(
	    friend_id, routes_is_online(session->hub->routes, friend_id));
	session_put(session, frame);
	frame_drop(&frame);
}

void
push_follow(struct session *session, int64_t cursor)
{
	struct friends friends = { .user_id = session->user_id,
		.friend = tell_if_online,
		.context = session };

	session->following = true;
	session->behind = false;
	session->presence_stale = false;
	session->cursor = cursor;
	each_friend(session->hub, &friends);
}

void
push_resume(struct session *session)
{
	struct friends friends = { .user_id = session->user_id,
		.friend = tell_presence_anew,
		.context = session };

	if (!session->following)
		return;
	if (session->behind)
		read_on(session);
	if (session->behind || !session->presence_stale ||
	    !session_takes_live(session))
		return;
	session->presence_stale = false;
	each_friend(session->hub, &friends);
}

/* ---- live ----------------------------------------------------------------------- */

struct presence {
	struct hub *hub;
	struct frame *frame;
};

static void
tell_presence(void *context, int64_t friend_id)
{
	struct presence *p = context;
	struct person *person = routes_person(p->hub->routes, friend_id);
	struct session *session;

	if (person == NULL)
		return;
	DL_FOREACH2(person->sessions, session, next_of_person)
	{
		if (!session->following)
			continue;
		if (session_takes_live(session))
			session_put(session, p->frame);
		else
			session->presence_stale = true;
	}
}

void
push_presence(struct hub *hub, int64_t user_id, bool online)
{
	struct presence p = { .hub = hub,
		.frame = presence_frame(user_id, online) };
	struct friends friends = {
		.user_id = user_id, .friend = tell_presence, .context = &p
	};

	each_friend(hub, &friends);
	frame_drop(&p.frame);
}

void
push_typing(struct hub *hub, const struct push_typing *typing)
{
	struct person *person = routes_person(hub->routes, typing->to_id);
	Kith__ToClient message = KITH__TO_CLIENT__INIT;
	Kith__Typing told = KITH__TYPING__INIT;
	struct session *session;
	struct frame *frame;

	if (person == NULL || person->sessions == NULL)
		return;
	told.conversation_id = (uint64_t)typing->conversation_id;
	told.user_id = (uint64_t)typing->from_id;
	told.typing = typing->typing;
	message.body_case = KITH__TO_CLIENT__BODY_TYPING;
	message.typing = &told;
	frame = frame_new(&message);
	DL_FOREACH2(person->sessions, session, next_of_person)
	if (session->following && !session->behind &&
	    session_takes_live(session))
		session_put(session, frame);
	frame_drop(&frame);
}
