/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fake server has, and what it tells of by itself. */
#include <string.h>

#include "fake_server_private.h"

void
fake_message_free(gpointer data)
{
	struct fake_message *m = data;

	g_free(m->text);
	g_free(m);
}

guint64
fake_newest(struct fake_server *s)
{
	return FAKE_SEQUENCE(s->messages->len) + 5;
}

/* ---- making messages ---- */

void
fake_fill_message(struct fake_server *s, guint number, Kith__Message *to,
    Kith__Content *content)
{
	struct fake_message *m = g_ptr_array_index(s->messages, number - 1);

	kith__message__init(to);
	kith__content__init(content);
	to->conversation_id = s->talk;
	to->number = number;
	to->sender_id = m->sender;
	to->time_us = m->time_us;
	if (m->has_operation) {
		to->operation.data = m->operation;
		to->operation.len = sizeof(m->operation);
	}
	content->kind_case = KITH__CONTENT__KIND_TEXT;
	content->text = m->text;
	to->content = content;
}

static void
put_event(struct fake_server *s, Kith__Event *event)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;

	out.body_case = KITH__TO_CLIENT__BODY_EVENT;
	out.event = event;
	fake_put(s, &out);
}

void
fake_put_message_event(struct fake_server *s, guint number)
{
	Kith__Event event = KITH__EVENT__INIT;
	Kith__Message message;
	Kith__Content content;

	if (!s->live)
		return;
	fake_fill_message(s, number, &message, &content);
	event.sequence = FAKE_SEQUENCE(number);
	event.body_case = KITH__EVENT__BODY_MESSAGE;
	event.message = &message;
	put_event(s, &event);
}

guint
fake_add_message(struct fake_server *s, guint64 sender, const char *text)
{
	struct fake_message *m = g_new0(struct fake_message, 1);

	m->sender = sender;
	m->time_us = g_get_real_time() - s->behind_us;
	m->text = g_strdup(text);
	g_ptr_array_add(s->messages, m);
	return s->messages->len;
}

void
fake_server_write(struct fake_server *s, gboolean own, const char *text)
{
	fake_lock(s);
	fake_put_message_event(
	    s, fake_add_message(s, own ? s->alice : 2, text));
	fake_unlock(s);
}

void
fake_server_write_silently(struct fake_server *s, const char *text)
{
	fake_lock(s);
	fake_add_message(s, 2, text);
	fake_unlock(s);
}

char *
fake_server_text(struct fake_server *s, guint number)
{
	struct fake_message *m;
	char *text;

	fake_lock(s);
	m = g_ptr_array_index(s->messages, number - 1);
	text = g_strdup(m->text);
	fake_unlock(s);
	return text;
}

guint
fake_server_count(struct fake_server *s, const char *text)
{
	guint count = 0;

	fake_lock(s);
	for (guint i = 0; i < s->messages->len; i++) {
		struct fake_message *m = g_ptr_array_index(s->messages, i);

		count += strcmp(m->text, text) == 0;
	}
	fake_unlock(s);
	return count;
}

void
fake_server_mark(struct fake_server *s, guint delivered, guint read)
{
	Kith__Event event = KITH__EVENT__INIT;
	Kith__Mark mark = KITH__MARK__INIT;

	fake_lock(s);
	s->bob_delivered = delivered;
	s->bob_read = read;
	event.sequence = fake_newest(s) - 4 + (read > 0);
	event.body_case = KITH__EVENT__BODY_MARK;
	event.mark = &mark;
	mark.conversation_id = s->talk;
	mark.user_id = 2;
	mark.delivered = delivered;
	mark.read = read;
	if (s->live)
		put_event(s, &event);
	fake_unlock(s);
}

void
fake_server_set_behind(struct fake_server *s, gint64 seconds)
{
	fake_lock(s);
	s->behind_us = seconds * G_USEC_PER_SEC;
	fake_unlock(s);
}

void
fake_server_restore(struct fake_server *s)
{
	fake_lock(s);
	g_ptr_array_set_size(s->messages, 0);
	s->epoch[0]++;
	s->alice_delivered = s->alice_read = 0;
	s->bob_delivered = s->bob_read = 0;
	s->drop = TRUE;
	fake_unlock(s);
}

void
fake_server_restore_others(struct fake_server *s, gboolean with_bob)
{
	fake_server_restore(s);
	fake_lock(s);
	s->talk = FAKE_NEW_TALK;
	s->alice = FAKE_NEW_ALICE;
	s->bobless = !with_bob;
	fake_unlock(s);
}

void
fake_server_roll_back(struct fake_server *s)
{
	fake_lock(s);
	g_ptr_array_set_size(s->messages, 0);
	s->alice_delivered = s->alice_read = 0;
	s->rolled_back = TRUE;
	s->drop = TRUE;
	fake_unlock(s);
}

void
fake_server_forget_events(struct fake_server *s)
{
	fake_lock(s);
	s->first_event = s->messages->len + 1;
	s->drop = TRUE;
	fake_unlock(s);
}

void
fake_server_refuse_sends(
    struct fake_server *s, int code, guint times, guint retry_after_ms)
{
	fake_lock(s);
	s->refuse_code = code;
	s->refuse_times = times;
	s->refuse_retry_ms = retry_after_ms;
	fake_unlock(s);
}

void
fake_server_send_message(struct fake_server *s, guint64 conversation,
    guint64 number, guint64 sender, gint64 time_us, const char *text)
{
	Kith__Event event = KITH__EVENT__INIT;
	Kith__Message message = KITH__MESSAGE__INIT;
	Kith__Content content = KITH__CONTENT__INIT;

	fake_lock(s);
	event.sequence = fake_newest(s) + 1000 + s->forged++;
	event.body_case = KITH__EVENT__BODY_MESSAGE;
	event.message = &message;
	message.conversation_id = conversation;
	message.number = number;
	message.sender_id = sender;
	message.time_us = time_us;
	message.content = &content;
	content.kind_case = KITH__CONTENT__KIND_TEXT;
	content.text = (char *)text;
	put_event(s, &event);
	fake_unlock(s);
}

void
fake_server_add_conversation(struct fake_server *s, guint64 conversation,
    guint64 peer, const char *name, gboolean friends)
{
	Kith__Event event = KITH__EVENT__INIT;
	Kith__FriendAdded added = KITH__FRIEND_ADDED__INIT;
	Kith__Conversation talk = KITH__CONVERSATION__INIT;
	Kith__User user = KITH__USER__INIT;

	fake_lock(s);
	event.sequence = fake_newest(s) + 1000 + s->forged++;
	event.body_case = KITH__EVENT__BODY_FRIEND_ADDED;
	event.friend_added = &added;
	added.conversation = &talk;
	talk.id = conversation;
	talk.peer = &user;
	talk.friends = friends;
	talk.first_kept = 1;
	user.id = peer;
	user.name = (char *)name;
	user.display_name = (char *)"The village";
	put_event(s, &event);
	fake_unlock(s);
}

void
fake_server_flood(struct fake_server *s, guint count)
{
	g_autofree char *padding = g_strnfill(1000, '.');

	fake_lock(s);
	for (guint i = 0; i < count; i++) {
		g_autofree char *text =
		    g_strdup_printf("flood %u%s", i, padding);

		fake_put_message_event(s, fake_add_message(s, 2, text));
	}
	fake_unlock(s);
}

void
fake_server_flood_marked(struct fake_server *s, guint count)
{
	Kith__Event event = KITH__EVENT__INIT;
	Kith__Mark mark = KITH__MARK__INIT;

	event.body_case = KITH__EVENT__BODY_MARK;
	event.mark = &mark;
	mark.conversation_id = s->talk;
	fake_lock(s);
	mark.user_id = s->alice;
	for (guint i = 0; i < count; i++) {
		const guint number = fake_add_message(s, 2, "flood");

		fake_put_message_event(s, number);
		event.sequence = FAKE_SEQUENCE(number) + 1;
		mark.delivered = number;
		put_event(s, &event);
	}
	fake_unlock(s);
}

static void
put_forged(struct fake_server *s, Kith__Event *event)
{
	event->sequence = fake_newest(s) + 1000 + s->forged++;
	put_event(s, event);
}

/* A stranger asks, and stays or has second thoughts. */
static void
put_stranger(struct fake_server *s, guint i, gboolean stays)
{
	Kith__User alice = KITH__USER__INIT, stranger = KITH__USER__INIT;
	Kith__FriendRequest request = KITH__FRIEND_REQUEST__INIT;
	Kith__FriendRequestEnded ended = KITH__FRIEND_REQUEST_ENDED__INIT;
	Kith__Event event = KITH__EVENT__INIT;

	alice.id = s->alice;
	stranger.id = 1000 + i;
	stranger.name = (char *)"stranger";
	event.body_case = KITH__EVENT__BODY_FRIEND_REQUEST;
	event.friend_request = &request;
	request.id = 100 + i;
	request.from = &stranger;
	request.to = &alice;
	put_forged(s, &event);
	if (stays)
		return;
	event.body_case = KITH__EVENT__BODY_FRIEND_REQUEST_ENDED;
	event.friend_request_ended = &ended;
	ended.id = request.id;
	put_forged(s, &event);
	event.body_case = KITH__EVENT__BODY_USER_CHANGED;
	event.user_changed = &stranger;
	stranger.id += 1000000;
	put_forged(s, &event);
}

void
fake_server_crowd(
    struct fake_server *s, guint count, gboolean stays, const char *text)
{
	for (guint i = 0; i < count; i++) {
		fake_lock(s);
		put_stranger(s, i, stays);
		fake_unlock(s);
	}
	fake_server_send_message(s, s->talk, 1, 2, 0, text);
}

void
fake_server_burst(struct fake_server *s, guint count, const char *text)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Presence presence = KITH__PRESENCE__INIT;

	out.body_case = KITH__TO_CLIENT__BODY_PRESENCE;
	out.presence = &presence;
	presence.online = TRUE;
	fake_lock(s);
	for (guint i = 0; i < count; i++) {
		presence.user_id = 1000 + i;
		fake_put(s, &out);
	}
	fake_put_message_event(s, fake_add_message(s, 2, text));
	fake_unlock(s);
}

void
fake_server_revoke(struct fake_server *s)
{
	fake_lock(s);
	s->tokens++;
	fake_unlock(s);
}
