/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the fake server answers, rightly or wrongly. Called with its lock
 * held. */
#include <string.h>

#include "fake_server_private.h"

#define PAGE 100u

void
fake_put_next_key(struct fake_server *s)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__NextKey next = KITH__NEXT_KEY__INIT;

	if (s->announced_pin == NULL)
		return;
	out.body_case = KITH__TO_CLIENT__BODY_NEXT_KEY;
	out.next_key = &next;
	next.pin = s->announced_pin;
	fake_put(s, &out);
}

void
fake_greet(struct fake_server *s)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Greeting greeting = KITH__GREETING__INIT;
	Kith__Limits limits = KITH__LIMITS__INIT;
	char *features[] = { (char *)"next-key" };

	if (s->fault == FAKE_EARLY_KEY)
		fake_put_next_key(s);
	out.body_case = KITH__TO_CLIENT__BODY_GREETING;
	out.greeting = &greeting;
	greeting.server_name = (char *)"Fake";
	greeting.epoch.data = s->epoch;
	greeting.epoch.len = sizeof(s->epoch);
	greeting.limits = &limits;
	greeting.features = features;
	greeting.n_features = s->announced_pin == NULL ? 0 : 1;
	limits.idle_s = 90;
	fake_put(s, &out);
}

static void
put_goodbye(struct fake_server *s, int code, const char *sentence)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Goodbye goodbye = KITH__GOODBYE__INIT;
	Kith__Refusal reason = KITH__REFUSAL__INIT;

	out.body_case = KITH__TO_CLIENT__BODY_GOODBYE;
	out.goodbye = &goodbye;
	goodbye.reason = &reason;
	reason.code = (Kith__Refusal__Code)code;
	reason.sentence = (char *)sentence;
	fake_put(s, &out);
	s->leaving = TRUE;
}

void
fake_server_goodbye(struct fake_server *s, int code, const char *sentence)
{
	fake_lock(s);
	put_goodbye(s, code, sentence);
	fake_unlock(s);
}

static void
put_refusal(struct fake_server *s, uint64_t request, int code,
    const char *sentence, guint retry_ms)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Refusal refusal = KITH__REFUSAL__INIT;

	out.request = request;
	out.body_case = KITH__TO_CLIENT__BODY_REFUSAL;
	out.refusal = &refusal;
	refusal.code = (Kith__Refusal__Code)code;
	refusal.sentence = (char *)sentence;
	refusal.retry_after_ms = retry_ms;
	fake_put(s, &out);
}

static void
put_done(struct fake_server *s, uint64_t request)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Done done = KITH__DONE__INIT;

	out.request = request;
	out.body_case = KITH__TO_CLIENT__BODY_DONE;
	out.done = &done;
	fake_put(s, &out);
}

static void
put_signed_in(struct fake_server *s, uint64_t request, gboolean with_token)
{
	uint8_t token[32] = { (uint8_t)s->tokens, 2, 3 };
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__SignedIn signed_in = KITH__SIGNED_IN__INIT;
	Kith__User self = KITH__USER__INIT;

	s->signed_in = TRUE;
	out.request = request;
	out.body_case = KITH__TO_CLIENT__BODY_SIGNED_IN;
	out.signed_in = &signed_in;
	signed_in.self = &self;
	self.id = s->alice;
	self.name = (char *)"alice";
	signed_in.epoch.data = s->epoch;
	signed_in.epoch.len = sizeof(s->epoch);
	signed_in.sequence = fake_newest(s);
	if (s->announced_pin != NULL)
		signed_in.next_key = s->announced_pin;
	if (with_token) {
		signed_in.token.data = token;
		signed_in.token.len = sizeof(token);
	}
	fake_put(s, &out);
}

static void
answer_sign_in(struct fake_server *s, const Kith__ToServer *message)
{
	const Kith__SignIn *in = message->sign_in;
	const gboolean by_password =
	    in->proof_case == KITH__SIGN_IN__PROOF_PASSWORD;
	const gboolean good = strcmp(in->name, "alice") == 0 &&
	    (by_password ? strcmp(in->password, FAKE_PASSWORD) == 0
			 : in->token.data[0] == s->tokens);

	s->password_sign_ins += by_password;
	if (good)
		put_signed_in(s, message->request, by_password);
	else
		put_refusal(s, message->request,
		    KITH__REFUSAL__CODE__BAD_CREDENTIALS,
		    "The name or the password is wrong.", 0);
}

/* alice is there: only who made her signs in by it. FALSE: hang up. */
static gboolean
answer_sign_up(struct fake_server *s, const Kith__ToServer *message)
{
	const uint8_t *operation = message->operation.data;

	if (s->fault == FAKE_CUT_SIGN_UP) {
		memcpy(s->sign_up, operation, sizeof(s->sign_up));
		return FALSE;
	}
	if (memcmp(s->sign_up, operation, sizeof(s->sign_up)) == 0)
		put_signed_in(s, message->request, TRUE);
	else
		put_refusal(s, message->request,
		    KITH__REFUSAL__CODE__NAME_TAKEN, "It is taken.", 0);
	return TRUE;
}

/* Who has the conversation's number after fake_server_restore_others(). */
static void
fill_stranger(Kith__Conversation *talk, Kith__User *carol)
{
	kith__conversation__init(talk);
	kith__user__init(carol);
	talk->id = FAKE_TALK;
	talk->peer = carol;
	talk->friends = TRUE;
	talk->first_kept = 1;
	carol->id = 3;
	carol->name = (char *)"carol";
}

struct fake_talk {
	Kith__Conversation talk;
	Kith__User bob;
	Kith__Mark mark;
	Kith__Mark *marks[1];
	Kith__Message last;
	Kith__Content content;
};

static void
fill_talk(struct fake_server *s, struct fake_talk *t)
{
	kith__conversation__init(&t->talk);
	kith__user__init(&t->bob);
	kith__mark__init(&t->mark);
	t->talk.id = s->talk;
	t->talk.peer = &t->bob;
	t->talk.friends = TRUE;
	t->talk.online = s->fault == FAKE_PRESENT;
	t->talk.first_kept = 1;
	t->talk.last_number = s->messages->len;
	t->talk.unread = s->messages->len - s->alice_read;
	t->marks[0] = &t->mark;
	t->talk.marks = t->marks;
	t->talk.n_marks = 1;
	t->mark.conversation_id = s->talk;
	t->mark.user_id = 2;
	t->mark.delivered = s->bob_delivered;
	t->mark.read = s->bob_read;
	t->bob.id = 2;
	t->bob.name = (char *)"bob";
	t->bob.display_name = (char *)"Bob";
	if (s->messages->len > 0) {
		fake_fill_message(s, s->messages->len, &t->last, &t->content);
		t->talk.last_message = &t->last;
	}
}

static void
answer_snapshot(struct fake_server *s, const Kith__ToServer *message)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Snapshot snapshot = KITH__SNAPSHOT__INIT;
	Kith__Conversation *talks[2], stranger;
	Kith__User carol;
	struct fake_talk bob;

	s->snapshots++;
	out.request = message->request;
	out.body_case = KITH__TO_CLIENT__BODY_SNAPSHOT;
	out.snapshot = &snapshot;
	snapshot.epoch.data = s->epoch;
	snapshot.epoch.len = sizeof(s->epoch);
	snapshot.sequence = fake_newest(s) - 5;
	snapshot.conversations = talks;
	if (s->talk != FAKE_TALK) {
		fill_stranger(&stranger, &carol);
		talks[snapshot.n_conversations++] = &stranger;
	}
	if (!s->bobless) {
		fill_talk(s, &bob);
		talks[snapshot.n_conversations++] = &bob.talk;
	}
	fake_put(s, &out);
}

static void
put_event_page(
    struct fake_server *s, const Kith__ToServer *message, Kith__EventPage *page)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;

	out.request = message->request;
	out.body_case = KITH__TO_CLIENT__BODY_EVENT_PAGE;
	out.event_page = page;
	page->epoch.data = s->epoch;
	page->epoch.len = sizeof(s->epoch);
	fake_put(s, &out);
}

static void
answer_catch_up(struct fake_server *s, const Kith__ToServer *message)
{
	const Kith__CatchUp *ask = message->catch_up;
	Kith__EventPage page = KITH__EVENT_PAGE__INIT;
	Kith__Event events[PAGE], *pointers[PAGE];
	Kith__Message messages[PAGE];
	Kith__Content contents[PAGE];
	guint number = (guint)(ask->sequence / 10) + 1;

	if (s->fault == FAKE_SNAPSHOTS || number < s->first_event ||
	    (s->rolled_back && ask->sequence > fake_newest(s)) ||
	    memcmp(ask->epoch.data, s->epoch, sizeof(s->epoch)) != 0) {
		page.snapshot_needed = TRUE;
		put_event_page(s, message, &page);
		return;
	}
	for (; number <= s->messages->len && page.n_events < PAGE; number++) {
		const size_t i = page.n_events++;

		kith__event__init(&events[i]);
		pointers[i] = &events[i];
		fake_fill_message(s, number, &messages[i], &contents[i]);
		events[i].sequence = FAKE_SEQUENCE(number);
		events[i].body_case = KITH__EVENT__BODY_MESSAGE;
		events[i].message = &messages[i];
	}
	page.events = pointers;
	page.more = number <= s->messages->len || s->fault == FAKE_EVERLASTING;
	page.sequence =
	    page.n_events > 0 ? FAKE_SEQUENCE(number - 1) : ask->sequence;
	s->live = !page.more;
	put_event_page(s, message, &page);
}

static void
put_history(struct fake_server *s, const struct fake_ask *ask)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__HistoryPage page = KITH__HISTORY_PAGE__INIT;
	Kith__Message messages[PAGE], *pointers[PAGE];
	Kith__Content contents[PAGE];
	const guint before =
	    ask->before == 0 || ask->before > s->messages->len + 1
	    ? s->messages->len + 1
	    : (guint)ask->before;
	guint number = before > PAGE ? before - PAGE : 1;

	for (; number < before && s->fault != FAKE_NO_HISTORY; number++) {
		const size_t i = page.n_messages++;

		pointers[i] = &messages[i];
		fake_fill_message(s, number, &messages[i], &contents[i]);
	}
	out.request = ask->request;
	out.body_case = KITH__TO_CLIENT__BODY_HISTORY_PAGE;
	out.history_page = &page;
	page.conversation_id = ask->conversation;
	page.messages = pointers;
	page.first_kept = 1;
	fake_put(s, &out);
}

static void
answer_history(struct fake_server *s, const Kith__ToServer *message)
{
	const struct fake_ask ask = {
		.request = message->request,
		.conversation = message->get_history->conversation_id,
		.before = message->get_history->before,
	};

	if (s->fault == FAKE_HOLD_HISTORY)
		g_array_append_val(s->held, ask);
	else
		put_history(s, &ask);
}

void
fake_let_go(struct fake_server *s)
{
	for (guint i = 0; i < s->held->len; i++)
		put_history(s, &g_array_index(s->held, struct fake_ask, i));
	g_array_set_size(s->held, 0);
}

/* The number of the message that this operation made; 0: none. */
static guint
find_operation(struct fake_server *s, const uint8_t *operation)
{
	for (guint i = 0; i < s->messages->len; i++) {
		struct fake_message *m = g_ptr_array_index(s->messages, i);

		if (m->has_operation &&
		    memcmp(m->operation, operation, 16) == 0)
			return i + 1;
	}
	return 0;
}

static gboolean
answer_send(struct fake_server *s, const Kith__ToServer *message)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__MessageSent sent = KITH__MESSAGE_SENT__INIT;
	guint number = find_operation(s, message->operation.data);
	guint crossed = 0;
	struct fake_message *m;

	/* What is meant for bob must reach nobody else. */
	g_assert_cmpuint(message->send_message->conversation_id, ==, s->talk);
	if (s->refuse_times > 0) {
		s->refuse_times--;
		s->refusals++;
		put_refusal(s, message->request, s->refuse_code,
		    "Because the test says so.", s->refuse_retry_ms);
		return TRUE;
	}
	if (number == 0) {
		if (s->fault == FAKE_CROSSED)
			crossed = fake_add_message(s, 2, "crossed");
		number = fake_add_message(
		    s, s->alice, message->send_message->content->text);
		m = g_ptr_array_index(s->messages, number - 1);
		memcpy(m->operation, message->operation.data, 16);
		m->has_operation = TRUE;
		if (s->fault == FAKE_CUT_ON_SEND)
			return FALSE;
	}
	m = g_ptr_array_index(s->messages, number - 1);
	out.request = message->request;
	out.body_case = KITH__TO_CLIENT__BODY_MESSAGE_SENT;
	out.message_sent = &sent;
	sent.conversation_id = s->talk;
	sent.number = number;
	sent.time_us = m->time_us;
	fake_put(s, &out);
	if (crossed != 0)
		fake_put_message_event(s, crossed);
	fake_put_message_event(s, number);
	return TRUE;
}

static void
answer_ping(struct fake_server *s, const Kith__ToServer *message)
{
	Kith__ToClient out = KITH__TO_CLIENT__INIT;
	Kith__Pong pong = KITH__PONG__INIT;

	s->pings++;
	out.request = message->request;
	out.body_case = KITH__TO_CLIENT__BODY_PONG;
	out.pong = &pong;
	fake_put(s, &out);
}

static void
answer_mark(struct fake_server *s, const Kith__ToServer *message)
{
	if (message->body_case == KITH__TO_SERVER__BODY_MARK_READ) {
		s->alice_read =
		    MAX(s->alice_read, (guint)message->mark_read->number);
		s->alice_delivered = MAX(s->alice_delivered, s->alice_read);
	} else {
		s->alice_delivered = MAX(
		    s->alice_delivered, (guint)message->mark_delivered->number);
	}
	put_done(s, message->request);
}

gboolean
fake_answer(struct fake_server *s, const Kith__ToServer *message)
{
	s->removals +=
	    message->body_case == KITH__TO_SERVER__BODY_REMOVE_FRIEND;
	if (s->fault == FAKE_SILENT && s->signed_in)
		return TRUE;
	switch (message->body_case) {
	case KITH__TO_SERVER__BODY_SIGN_UP:
		return answer_sign_up(s, message);
	case KITH__TO_SERVER__BODY_SIGN_IN:
		answer_sign_in(s, message);
		return TRUE;
	case KITH__TO_SERVER__BODY_CATCH_UP:
		if (s->fault == FAKE_WRONG_ANSWER)
			put_done(s, message->request);
		else
			answer_catch_up(s, message);
		return TRUE;
	case KITH__TO_SERVER__BODY_GET_SNAPSHOT:
		answer_snapshot(s, message);
		return TRUE;
	case KITH__TO_SERVER__BODY_GET_HISTORY:
		answer_history(s, message);
		return TRUE;
	case KITH__TO_SERVER__BODY_SEND_MESSAGE:
		return answer_send(s, message);
	case KITH__TO_SERVER__BODY_SIGN_OUT:
		if (s->fault == FAKE_LOCKS_LEAVER)
			put_goodbye(s, KITH__REFUSAL__CODE__LOCKED, "Locked.");
		else
			put_done(s, message->request);
		return TRUE;
	case KITH__TO_SERVER__BODY_PING:
		answer_ping(s, message);
		return TRUE;
	case KITH__TO_SERVER__BODY_MARK_READ:
	case KITH__TO_SERVER__BODY_MARK_DELIVERED:
		answer_mark(s, message);
		return TRUE;
	default:
		put_done(s, message->request);
		return TRUE;
	}
}
