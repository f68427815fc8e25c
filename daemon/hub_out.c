/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What leaves the hub for sessions: frames, packed once and shared, and for
 * each session a short queue of them. Everything that one turn of the loop has
 * for a session leaves in as few datagrams as possible at its end. Never
 * blocks: what a channel does not take waits here, within limits, and is given
 * up after a time.
 */
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "hub_batch.h"
#include "hub_push.h"
#include "hub_sessions.h"
#include "ipc.h"
#include "log.h"
#include "mem.h"

/* Frames in one datagram; more than that of tiny ones do not pay. */
#define DATAGRAM_FRAMES_MAX 128u

struct out_item {
	struct out_item *prev, *next;
	struct frame *frame;
	bool signed_in;
};

/* ---- frames ------------------------------------------------------------- */

static struct frame *
frame_take(size_t length)
{
	struct frame *f = mem_resize(NULL, 1, sizeof(*f) + length);

	f->references = 1;
	f->secret = false;
	f->length = (uint32_t)length;
	return f;
}

struct frame *
frame_new(const Kith__ToClient *message)
{
	struct frame *f = frame_take(kith__to_client__get_packed_size(message));

	kith__to_client__pack(message, f->bytes);
	return f;
}

struct frame *
frame_new_answer(uint64_t request, size_t body_length, size_t *body_r)
{
	Kith__ToClient number = KITH__TO_CLIENT__INIT;
	struct frame *f;

	/* Two messages one after the other are read as one: protobuf says so,
	 * and `request` has the lowest field number, so the order is right. */
	number.request = request;
	*body_r = kith__to_client__get_packed_size(&number);
	f = frame_take(*body_r + body_length);
	kith__to_client__pack(&number, f->bytes);
	return f;
}

struct frame *
frame_keep(struct frame *frame)
{
	frame->references++;
	return frame;
}

void
frame_drop(struct frame **frame)
{
	struct frame *f = *frame;

	*frame = NULL;
	if (f == NULL || --f->references > 0)
		return;
	if (f->secret)
		explicit_bzero(f->bytes, f->length);
	free(f);
}

/* ---- the queue ---------------------------------------------------------- */

void
session_is_dirty(struct session *session)
{
	struct sessions *all = session->hub->sessions;

	if (session->dirty)
		return;
	session->dirty = true;
	session->dirty_next = all->dirty;
	all->dirty = session;
}

static void
put(struct session *session, struct frame *frame, bool signed_in)
{
	struct out_item *item;

	if (session->channel == NULL || session->state == SESSION_CLOSING)
		return;
	item = MEM_NEW(struct out_item);
	item->frame = frame_keep(frame);
	item->signed_in = signed_in;
	DL_APPEND(session->out, item);
	session->out_bytes += frame->length;
	session_is_dirty(session);
}

void
session_put(struct session *session, struct frame *frame)
{
	put(session, frame, false);
}

void
session_put_signed_in(struct session *session, struct frame *frame)
{
	put(session, frame, true);
}

bool
session_takes_events(const struct session *session)
{
	return session->out_bytes < SESSION_OUT_EVENT_MAX;
}

bool
session_takes_live(const struct session *session)
{
	return session->out_bytes < SESSION_OUT_LIVE_MAX && !session->blocked;
}

static void
item_free(struct session *session, struct out_item *item)
{
	DL_DELETE(session->out, item);
	session->out_bytes -= item->frame->length;
	frame_drop(&item->frame);
	free(item);
}

void
session_out_clear(struct session *session)
{
	while (session->out != NULL)
		item_free(session, session->out);
}

/* Waits with a limit: for the channel to take more, or for the other end to
 * close. */
void
session_wait(struct session *session, int64_t limit_ms)
{
	struct sessions *all = session->hub->sessions;

	session->deadline_ms = hub_now_ms() + limit_ms;
	if (session->waiting)
		return;
	session->waiting = true;
	DL_APPEND2(all->waiting, session, prev_waiting, next_waiting);
}

void
session_wait_over(struct session *session)
{
	struct sessions *all = session->hub->sessions;

	if (!session->waiting)
		return;
	session->waiting = false;
	DL_DELETE2(all->waiting, session, prev_waiting, next_waiting);
}

/* As much of the queue as goes into one datagram; returns how many frames. */
static size_t
gather(struct session *session, Kith__Ipc__HubToSession *message)
{
	static ProtobufCBinaryData frames[DATAGRAM_FRAMES_MAX];
	size_t count = 0, bytes = 0;
	struct out_item *item;

	DL_FOREACH (session->out, item) {
		if (count == DATAGRAM_FRAMES_MAX ||
		    (count > 0 &&
			bytes + item->frame->length > SESSION_DATAGRAM_MAX))
			break;
		frames[count].data = item->frame->bytes;
		frames[count].len = item->frame->length;
		bytes += item->frame->length;
		count++;
		if (item->signed_in)
			message->signed_in = true;
	}
	message->n_frames = count;
	message->frames = frames;
	message->close = session->close_owed && item == NULL;
	return count;
}

/* Sends until the queue is empty or the channel full. */
static void
flush_one(struct session *session)
{
	enum kith_code code = KITH_OK;

	while ((session->out != NULL || session->close_owed) &&
	    session->channel != NULL) {
		Kith__Ipc__HubToSession message =
		    KITH__IPC__HUB_TO_SESSION__INIT;
		size_t count = gather(session, &message);

		code = channel_send(session->channel, &message.base);
		if (code != KITH_OK)
			break;
		while (count-- > 0)
			item_free(session, session->out);
		if (message.close)
			session->close_owed = false;
		/* It moves: a closing one keeps its own deadline. */
		if (session->blocked && session->state != SESSION_CLOSING)
			session_wait(session, SESSION_STALL_LIMIT_MS);
	}
	if (code == KITH_BUSY && !session->blocked) {
		session->blocked = true;
		if (session->state != SESSION_CLOSING)
			session_wait(session, SESSION_STALL_LIMIT_MS);
	}
	/* KITH_CLOSED and KITH_IO: the channel tells closed() from the loop. */
}

void
session_drained(struct session *session)
{
	session->blocked = false;
	if (session->state != SESSION_CLOSING)
		session_wait_over(session);
	flush_one(session);
	if (session->blocked)
		return;
	push_resume(session);
	session_pump(session);
}

/*
 * Each once: what one may ask for and is sent at once, however much it has asked
 * for, does not put off the others. The rest follows in the next turn.
 */
void
sessions_flush(struct hub *hub)
{
	struct session *dirty = hub->sessions->dirty;

	hub->sessions->dirty = NULL;
	while (dirty != NULL) {
		struct session *session = dirty;

		dirty = session->dirty_next;
		session->dirty = false;
		if (!session->blocked)
			flush_one(session);
		if (!session->blocked && session->channel != NULL) {
			push_resume(session);
			/* What did not fit on top of those answers. */
			if (session->requests != NULL)
				session_pump(session);
		}
		session_free_if_over(session);
	}
	if (hub->sessions->dirty != NULL)
		batch_turn(hub);
}

void
sessions_tick(struct hub *hub, int64_t now_ms)
{
	struct session *session, *next;

	DL_FOREACH_SAFE2(hub->sessions->waiting, session, next, next_waiting)
	{
		if (now_ms < session->deadline_ms)
			continue;
		if (session->state != SESSION_CLOSING) {
			log_debug("session %llu takes nothing: giving it up",
			    (unsigned long long)session->id);
			session_out_clear(session);
			session_end(session, KITH_TRY_LATER,
			    SENTENCE("You read too slowly."));
		}
		session_gone(session);
	}
}
