/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Conversations, messages, marks, operations, and the log of events. */

#include "store_testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

struct pair {
	int64_t a, b, talk;
};

static struct pair
two_friends(struct testing *t)
{
	struct pair p;

	p.a = testing_user(t, "alice");
	p.b = testing_user(t, "bob");
	p.talk = testing_friends(t, p.a, p.b);
	return p;
}

static bool
raise_mark(struct testing *t, int64_t talk, int64_t user, int64_t delivered,
    int64_t read)
{
	struct store_mark mark = { talk, user, delivered, read };
	bool own = !store_in_write(t->s), changed = false;

	if (own)
		testing_begin(t);
	ok(t, store_mark_raise(t->s, &mark, T0, &changed));
	if (own)
		testing_commit(t);
	return changed;
}

/* ---- message --------------------------------------------------------- */

static void
messages_are_numbered_and_paged(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct testing_list list = { 0 };
	struct store_message message;
	int64_t count = 0;

	assert_int_equal(testing_send(t, p.talk, p.a, "one").number, 1);
	assert_int_equal(testing_send(t, p.talk, p.b, "two").number, 2);
	assert_int_equal(testing_send(t, p.talk, p.b, "three").number, 3);
	ok(t,
	    store_message_each(t->s, p.talk, (struct store_page){ 0, 2 },
		testing_list_message, &list));
	assert_string_equal(list.text, "3:three 2:two");
	ok(t,
	    store_message_each(t->s, p.talk, (struct store_page){ 2, 2 },
		testing_list_message, &list));
	assert_string_equal(list.text, "3:three 2:two 1:one");
	ok(t, store_message_find(t->s, p.talk, 2, &message));
	assert_int_equal(message.sender_id, p.b);
	assert_int_equal(message.body_length, 3);
	assert_memory_equal(message.body, "two", 3);
	assert_false(message.has_operation);
	gives(store_message_find(t->s, p.talk, 4, &message), KITH_NOT_FOUND);
	ok(t, store_message_count(t->s, &count));
	assert_int_equal(count, 3);
}

static void
a_page_can_stop_early(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct testing_list list = { .limit = 1 };

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, p.talk, p.a, "two");
	ok(t,
	    store_message_each(t->s, p.talk, (struct store_page){ 0, 9 },
		testing_list_message, &list));
	assert_string_equal(list.text, "2:two");
}

static void
a_message_keeps_its_operation(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct store_message message = {
		.conversation_id = p.talk,
		.sender_id = p.a,
		.time_us = T0,
		.has_operation = true,
		.operation = { 1, 2, 3 },
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)"x",
		.body_length = 1,
	};
	struct store_message found;
	struct store_message_sent sent;

	testing_begin(t);
	ok(t, store_message_add(t->s, &message, &sent));
	testing_commit(t);
	ok(t, store_message_find(t->s, p.talk, sent.number, &found));
	assert_true(found.has_operation);
	assert_memory_equal(
	    found.operation, message.operation, STORE_OPERATION_LENGTH);
}

static void
only_friends_and_members_write(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	int64_t c = testing_user(t, "carol");
	struct store_message message = {
		.conversation_id = p.talk,
		.sender_id = c,
		.time_us = T0,
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)"x",
		.body_length = 1,
	};
	struct store_message_sent sent;
	struct store_membership membership;

	gives(store_message_add(t->s, &message, &sent), KITH_NOT_NOW);
	testing_begin(t);
	gives(store_message_add(t->s, &message, &sent), KITH_NOT_FOUND);
	message.conversation_id = p.talk + 1;
	message.sender_id = p.a;
	gives(store_message_add(t->s, &message, &sent), KITH_NOT_FOUND);
	message.conversation_id = p.talk;
	ok(t, store_membership_find(t->s, p.a, p.talk, &membership));
	assert_true(membership.friends);
	assert_int_equal(membership.peer_id, p.b);
	ok(t, store_friend_link_remove(t->s, p.a, p.b, T0));
	gives(store_message_add(t->s, &message, &sent), KITH_NOT_FRIENDS);
	ok(t, store_membership_find(t->s, p.b, p.talk, &membership));
	assert_false(membership.friends);
	gives(store_membership_find(t->s, c, p.talk, &membership),
	    KITH_NOT_FOUND);
	testing_commit(t);
}

static void
time_does_not_go_back_in_a_conversation(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct store_message message = {
		.conversation_id = p.talk,
		.sender_id = p.a,
		.time_us = T0 + 500,
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)"x",
		.body_length = 1,
	};
	struct store_message_sent sent;

	testing_begin(t);
	ok(t, store_message_add(t->s, &message, &sent));
	message.time_us = T0;
	ok(t, store_message_add(t->s, &message, &sent));
	assert_int_equal(sent.time_us, T0 + 500);
	testing_commit(t);
}

static void
a_refused_request_consumes_no_number(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct store_message_sent kept, undone, after;

	testing_begin(t);
	ok(t, store_savepoint(t->s));
	kept = testing_send(t, p.talk, p.a, "kept");
	ok(t, store_savepoint_keep(t->s));
	ok(t, store_savepoint(t->s));
	gives(store_savepoint(t->s), KITH_NOT_NOW);
	undone = testing_send(t, p.talk, p.a, "undone");
	ok(t, store_savepoint_undo(t->s));
	ok(t, store_savepoint(t->s));
	after = testing_send(t, p.talk, p.a, "after");
	ok(t, store_savepoint_keep(t->s));
	testing_commit(t);
	assert_int_equal(kept.number, 1);
	assert_int_equal(undone.number, 2);
	assert_int_equal(after.number, 2);
	assert_int_equal(after.sequence, undone.sequence);
	assert_true(after.sequence > kept.sequence);
}

/* ---- mark ------------------------------------------------------------ */

static void
marks_rise_and_leave_one_event(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct store_mark mark = { p.talk, p.b, 4, 0 };
	struct testing_list list = { 0 };
	int64_t before = 0;
	bool changed;

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, p.talk, p.a, "two");
	ok(t, store_event_newest(t->s, &before));
	assert_true(raise_mark(t, p.talk, p.b, 1, 0));
	assert_false(raise_mark(t, p.talk, p.b, 1, 0));
	assert_true(raise_mark(t, p.talk, p.b, 0, 2));
	assert_false(raise_mark(t, p.talk, p.b, 2, 1));
	testing_begin(t);
	gives(store_mark_raise(t->s, &mark, T0, &changed), KITH_NOT_FOUND);
	mark.user_id = 77;
	gives(store_mark_raise(t->s, &mark, T0, &changed), KITH_NOT_FOUND);
	testing_commit(t);
	ok(t, store_mark_find(t->s, p.talk, p.b, &mark));
	assert_int_equal(mark.delivered, 2);
	assert_int_equal(mark.read, 2);
	ok(t, store_event_each(t->s, before, 9, testing_list_event, &list));
	assert_string_equal(list.text, "mark>1");
}

/* What a member would catch up with after this event. */
static void
told_after(struct testing *t, int64_t user, int64_t after, const char *expected)
{
	struct testing_list list = { 0 };
	struct store_event_page page = { user, after, 9, testing_list_event,
		&list };
	int64_t reached;
	bool more;

	ok(t, store_event_catch_up(t->s, &page, &reached, &more));
	assert_string_equal(list.text, expected);
}

static void
marks_are_no_business_of_former_friends(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	int64_t before, between;

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, p.talk, p.a, "two");
	ok(t, store_event_newest(t->s, &before));
	raise_mark(t, p.talk, p.b, 1, 0);
	told_after(t, p.a, before, "mark>1");
	testing_begin(t);
	ok(t, store_friend_link_remove(t->s, p.a, p.b, T0));
	testing_commit(t);
	/* neither this one nor the one in whose place it is */
	raise_mark(t, p.talk, p.b, 2, 0);
	told_after(t, p.a, before, "removed>-1");
	told_after(t, p.b, before, "removed>-2 mark>-2");
	raise_mark(t, p.talk, p.b, 0, 2);
	told_after(t, p.b, before, "removed>-2 mark>-2");
	ok(t, store_verify(t->s, testing_problem, NULL));
	/* as friends again each is told anew */
	ok(t, store_event_newest(t->s, &between));
	p.talk = testing_friends(t, p.a, p.b);
	testing_send(t, p.talk, p.a, "three");
	raise_mark(t, p.talk, p.b, 3, 3);
	told_after(t, p.a, between, "added>-1 message>1 mark>1");
	told_after(t, p.b, between, "added>-2 message>1 mark>1");
	ok(t, store_verify(t->s, testing_problem, NULL));
}

/* ---- conversation ---------------------------------------------------- */

static bool
keep_conversation(void *context, const struct store_conversation *conversation)
{
	testing_list_add(context, "%lld:%s:%s:%u:%.*s",
	    (long long)conversation->id, conversation->peer.name,
	    conversation->friends ? "friends" : "strangers",
	    conversation->unread, (int)conversation->last_message.body_length,
	    conversation->last_message.body_length > 0
		? (const char *)conversation->last_message.body
		: "");
	return true;
}

static void
a_snapshot_shows_each_conversation_as_its_member_sees_it(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	int64_t c = testing_user(t, "carol"),
		other = testing_friends(t, p.a, c);
	struct testing_list list = { 0 };
	struct store_conversation one;

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, p.talk, p.a, "two");
	testing_send(t, p.talk, p.b, "three");
	raise_mark(t, p.talk, p.b, 1, 1);
	testing_begin(t);
	ok(t, store_friend_link_remove(t->s, p.a, c, T0));
	testing_commit(t);
	ok(t,
	    store_conversation_each(t->s, p.a, (struct store_page){ 0, 9 },
		keep_conversation, &list));
	assert_string_equal(
	    list.text, "1:bob:friends:1:three 2:carol:strangers:0:");
	memset(&list, 0, sizeof(list));
	ok(t,
	    store_conversation_each(t->s, p.a, (struct store_page){ p.talk, 9 },
		keep_conversation, &list));
	assert_string_equal(list.text, "2:carol:strangers:0:");
	ok(t, store_conversation_find(t->s, p.b, p.talk, &one));
	assert_int_equal(one.peer_id, p.a);
	assert_int_equal(one.unread, 1);
	assert_int_equal(one.last_number, 3);
	assert_int_equal(one.last_message.number, 3);
	assert_memory_equal(one.last_message.body, "three", 5);
	assert_int_equal(one.mark_count, 2);
	assert_int_equal(one.marks[1].user_id, p.b);
	assert_int_equal(one.marks[1].read, 1);
	gives(store_conversation_find(t->s, p.b, other, &one), KITH_NOT_FOUND);
}

static void
counting_unread_stops_somewhere(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct store_conversation one;
	unsigned int i;

	testing_begin(t);
	for (i = 0; i < STORE_UNREAD_MAX + 10; i++)
		testing_send(t, p.talk, p.a, "x");
	testing_commit(t);
	ok(t, store_conversation_find(t->s, p.b, p.talk, &one));
	assert_int_equal(one.unread, STORE_UNREAD_MAX);
}

static bool
list_member(void *context, int64_t user_id)
{
	testing_list_add(context, "%lld", (long long)user_id);
	return true;
}

static void
members_are_listed(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct testing_list list = { 0 };

	ok(t, store_member_each(t->s, p.talk, list_member, &list));
	assert_string_equal(list.text, "1 2");
}

/* ---- catching up ----------------------------------------------------- */

static bool
catch_up(struct testing *t, int64_t user, int64_t *cursor, uint32_t limit,
    struct testing_list *list)
{
	struct store_event_page page = { user, *cursor, limit,
		testing_list_event, list };
	bool more = false;

	ok(t, store_event_catch_up(t->s, &page, cursor, &more));
	return more;
}

static void
one_who_was_away_gets_what_is_for_them_in_order(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	int64_t c = testing_user(t, "carol"), cursor = 0, newest = 0;
	int64_t other = testing_friends(t, p.b, c);
	int64_t apart = testing_friends(t, p.a, c);
	struct testing_list list = { 0 };

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, other, c, "two");
	testing_send(t, apart, c, "not for bob");
	testing_send(t, p.talk, p.b, "three");
	raise_mark(t, p.talk, p.a, 2, 0);
	testing_begin(t);
	ok(t, store_user_lock(t->s, p.b, "", 0, T0));
	testing_commit(t);
	testing_send(t, apart, c, "the newest is not for bob either");
	assert_false(catch_up(t, p.b, &cursor, 100, &list));
	assert_string_equal(list.text,
	    "added>-2 added>-2 message>1 message>2 message>1 mark>1");
	ok(t, store_event_newest(t->s, &newest));
	assert_int_equal(cursor, newest);
	assert_false(catch_up(t, p.b, &cursor, 100, &list));
	assert_int_equal(list.count, 6);
}

static void
pages_of_any_size_hand_out_the_same(void **state)
{
	struct testing *t = *state;
	int64_t users[8], talks[8], me = testing_user(t, "alice");
	struct testing_list whole = { 0 }, paged;
	int64_t cursor = 0;
	uint32_t size;
	unsigned int i;
	char name[16];
	bool more;

	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		users[i] = testing_user(t, name);
		talks[i] = testing_friends(t, me, users[i]);
	}
	for (i = 0; i < 200; i++)
		testing_send(t, talks[i * 7 % 8 * (i % 3) % 8],
		    i % 2 ? me : users[i * 7 % 8 * (i % 3) % 8], "x");
	assert_false(catch_up(t, me, &cursor, 1000, &whole));
	assert_int_equal(whole.count, 208);
	for (size = 1; size < 64; size = size * 2 + 1) {
		memset(&paged, 0, sizeof(paged));
		cursor = 0;
		do {
			more = catch_up(t, me, &cursor, size, &paged);
		} while (more);
		assert_string_equal(paged.text, whole.text);
	}
}

static void
what_did_not_fit_comes_with_the_next_page(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct testing_list list = { .limit = 2 };
	int64_t cursor = 0;

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, p.talk, p.a, "two");
	assert_true(catch_up(t, p.b, &cursor, 100, &list));
	assert_string_equal(list.text, "added>-2 message>1");
	list.limit = 0;
	assert_false(catch_up(t, p.b, &cursor, 100, &list));
	assert_string_equal(list.text, "added>-2 message>1 message>1");
}

static void
too_far_behind_needs_a_snapshot(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	int64_t c = testing_user(t, "carol"), reached = -5;
	struct testing_list list = { 0 };
	struct store_event_page page = { p.b, 0, 100, testing_list_event,
		&list };
	bool more = false;
	int i;

	testing_begin(t);
	for (i = 0; i <= STORE_EVENTS_BEHIND_MAX; i++)
		testing_send(t, p.talk, p.a, "x");
	testing_commit(t);
	gives(
	    store_event_catch_up(t->s, &page, &reached, &more), KITH_TOO_LARGE);
	assert_int_equal(reached, -5);
	assert_int_equal(list.count, 0);
	page.user_id = c; /* for whom none of it is */
	ok(t, store_event_catch_up(t->s, &page, &reached, &more));
	assert_false(more);
}

static void
sequences_are_never_used_again(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	int64_t before = 0, after = 0;

	testing_send(t, p.talk, p.a, "one");
	raise_mark(t, p.talk, p.b, 1, 0);
	ok(t, store_event_newest(t->s, &before));
	testing_reopen(t, STORE_HUB);
	ok(t, store_event_newest(t->s, &after));
	assert_int_equal(after, before);
	/* Takes the place of the newest of all, and yet has a new number. */
	raise_mark(t, p.talk, p.b, 1, 1);
	ok(t, store_event_newest(t->s, &after));
	assert_int_equal(after, before + 1);
}

static bool
check_joined(void *context, const struct store_event *event)
{
	struct testing_list *list = context;

	if (event->kind == STORE_EVENT_MESSAGE)
		testing_list_add(list, "%.*s", (int)event->message.body_length,
		    (const char *)event->message.body);
	if (event->kind == STORE_EVENT_MARK)
		testing_list_add(list, "%lld/%lld",
		    (long long)event->mark.delivered,
		    (long long)event->mark.read);
	return true;
}

static void
events_bring_what_they_tell_of(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct testing_list list = { 0 };

	testing_send(t, p.talk, p.a, "hello");
	raise_mark(t, p.talk, p.b, 1, 0);
	ok(t, store_event_each(t->s, 0, 100, check_joined, &list));
	assert_string_equal(list.text, "hello 1/0");
}

/* ---- operation ------------------------------------------------------- */

static void
a_repeated_operation_gets_its_first_answer(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	uint8_t id[STORE_OPERATION_LENGTH] = { 1 };
	uint8_t digest[STORE_DIGEST_LENGTH] = { 2 };
	uint8_t other_digest[STORE_DIGEST_LENGTH] = { 3 };
	struct store_operation operation = { p.a, id, digest,
		(const uint8_t *)"answer", 6 };
	struct store_operation again = {
		.user_id = p.a, .id = id, .digest = digest
	};
	struct store_operation conflict = {
		.user_id = p.a, .id = id, .digest = other_digest
	};
	struct store_operation stranger = {
		.user_id = p.b, .id = id, .digest = digest
	};

	gives(store_operation_find(t->s, &again), KITH_NOT_FOUND);
	testing_begin(t);
	ok(t, store_operation_add(t->s, &operation, T0));
	testing_commit(t);
	ok(t, store_operation_find(t->s, &again));
	assert_int_equal(again.result_length, 6);
	assert_memory_equal(again.result, "answer", 6);
	gives(store_operation_find(t->s, &conflict), KITH_CONFLICT);
	gives(store_operation_find(t->s, &stranger), KITH_NOT_FOUND);
}

static void
old_operations_are_forgotten_bit_by_bit(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");
	uint8_t id[STORE_OPERATION_LENGTH] = { 0 };
	uint8_t digest[STORE_DIGEST_LENGTH] = { 0 };
	struct store_operation operation = { a, id, digest, NULL, 0 };
	const int64_t kept_us = STORE_OPERATION_KEPT_DAYS * 86400LL * 1000000;
	uint32_t forgotten = 0;
	int i;

	testing_begin(t);
	for (i = 0; i < STORE_OPERATION_PURGE_MAX + 100; i++) {
		id[0] = (uint8_t)i;
		id[1] = (uint8_t)(i >> 8);
		ok(t, store_operation_add(t->s, &operation, T0 + i));
	}
	ok(t, store_operation_purge(t->s, T0 + kept_us, &forgotten));
	assert_int_equal(forgotten, 0);
	ok(t, store_operation_purge(t->s, T0 + kept_us + 3, &forgotten));
	assert_int_equal(forgotten, 3);
	ok(t, store_operation_purge(t->s, T0 + 2 * kept_us, &forgotten));
	assert_int_equal(forgotten, STORE_OPERATION_PURGE_MAX);
	ok(t, store_operation_purge(t->s, T0 + 2 * kept_us, &forgotten));
	assert_int_equal(forgotten, 97);
	testing_commit(t);
}

/* ---- verify ---------------------------------------------------------- */

static void
note_problem(void *context, const char *sentence)
{
	testing_list_add(context, "%s.", sentence);
}

static const char *const wrecks[] = {
	"DELETE FROM message WHERE number = 2",
	"DELETE FROM message WHERE number = 3",
	"UPDATE conversation SET last_number = 4",
	"UPDATE message SET time_us = 5 WHERE number = 2",
	"UPDATE message SET operation = zeroblob(16), sender_id = 1",
	"DELETE FROM event WHERE kind = 1 AND number = 2",
	"UPDATE event SET number = 3 WHERE kind = 1 AND number = 2",
	"UPDATE event SET number = 4 - number WHERE kind = 1",
	"DELETE FROM event WHERE kind = 2",
	"UPDATE meta SET value = 2 WHERE key = 'last_sequence'",
	"UPDATE conversation SET last_sequence = 1",
	"PRAGMA foreign_keys=OFF; DELETE FROM member WHERE user_id = 2",
	"DELETE FROM mark WHERE user_id = 1",
	"UPDATE mark SET delivered = 9 WHERE user_id = 2",
	"INSERT INTO friend_request VALUES (9, 2, 1, 5)",
	"PRAGMA foreign_keys=OFF; UPDATE friend_link SET conversation_id = 9",
	"UPDATE user SET state = 4 WHERE id = 1",
	"PRAGMA foreign_keys=OFF; DELETE FROM user WHERE id = 1",
};

static void
every_contradiction_is_found(void **state)
{
	struct testing *t = *state;
	struct pair p = two_friends(t);
	struct testing_list list;
	char *good = mem_format("%s/good", t->folder);
	char *keep = mem_format("VACUUM INTO '%s'", good);
	size_t i;

	testing_send(t, p.talk, p.a, "one");
	testing_send(t, p.talk, p.b, "two");
	testing_send(t, p.talk, p.a, "three");
	raise_mark(t, p.talk, p.b, 3, 2);
	ok(t, store_verify(t->s, testing_problem, NULL));
	store_close(&t->s);
	testing_sql(t, keep);
	for (i = 0; i < sizeof(wrecks) / sizeof(wrecks[0]); i++) {
		memset(&list, 0, sizeof(list));
		testing_sql(t, wrecks[i]);
		testing_reopen(t, 0);
		if (store_verify(t->s, note_problem, &list) != KITH_INTEGRITY)
			fail_msg("not found: %s", wrecks[i]);
		assert_true(list.count > 0);
		store_close(&t->s);
		testing_replace(t, good);
	}
	free(keep);
	free(good);
	testing_reopen(t, STORE_HUB);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(messages_are_numbered_and_paged),
		CASE(a_page_can_stop_early),
		CASE(a_message_keeps_its_operation),
		CASE(only_friends_and_members_write),
		CASE(time_does_not_go_back_in_a_conversation),
		CASE(a_refused_request_consumes_no_number),
		CASE(marks_rise_and_leave_one_event),
		CASE(marks_are_no_business_of_former_friends),
		CASE(a_snapshot_shows_each_conversation_as_its_member_sees_it),
		CASE(counting_unread_stops_somewhere),
		CASE(members_are_listed),
		CASE(one_who_was_away_gets_what_is_for_them_in_order),
		CASE(pages_of_any_size_hand_out_the_same),
		CASE(what_did_not_fit_comes_with_the_next_page),
		CASE(too_far_behind_needs_a_snapshot),
		CASE(sequences_are_never_used_again),
		CASE(events_bring_what_they_tell_of),
		CASE(a_repeated_operation_gets_its_first_answer),
		CASE(old_operations_are_forgotten_bit_by_bit),
		CASE(every_contradiction_is_found),
	};

	return cmocka_run_group_tests_name(
	    "store: messages", tests, NULL, NULL);
}
