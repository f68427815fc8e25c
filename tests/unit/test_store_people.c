/* SPDX-License-Identifier: GPL-3.0-or-later */

/* People, devices, invites, requests and friends. */

#include "store_testing.h"

#include <stdio.h>
#include <string.h>

static void
list_from(struct testing *t, int64_t after, struct testing_list *list)
{
	memset(list, 0, sizeof(*list));
	ok(t, store_event_each(t->s, after, 100, testing_list_event, list));
}

static int64_t
newest(struct testing *t)
{
	int64_t sequence = -1;

	ok(t, store_event_newest(t->s, &sequence));
	return sequence;
}

/* ---- user ------------------------------------------------------------ */

static void
a_user_is_found_as_added(void **state)
{
	struct testing *t = *state;
	struct store_user_new new = { "alice", "Alice Ä.", "$phc",
		STORE_USER_PENDING, "let me in", T0 };
	struct store_user user;
	int64_t id = 0, count = -1;

	testing_begin(t);
	ok(t, store_user_add(t->s, &new, &id));
	testing_commit(t);
	ok(t, store_user_find(t->s, id, &user));
	assert_string_equal(user.name, "alice");
	assert_string_equal(user.display_name, "Alice Ä.");
	assert_string_equal(user.phc, "$phc");
	assert_string_equal(user.reason, "let me in");
	assert_int_equal(user.state, STORE_USER_PENDING);
	assert_int_equal(user.created_us, T0);
	ok(t, store_user_find_name(t->s, "alice", &user));
	assert_int_equal(user.id, id);
	gives(store_user_find_name(t->s, "Alice", &user), KITH_NOT_FOUND);
	gives(store_user_find(t->s, id + 1, &user), KITH_NOT_FOUND);
	ok(t, store_user_count(t->s, &count));
	assert_int_equal(count, 1);
}

static void
a_user_outside_the_rules_is_refused(void **state)
{
	struct testing *t = *state;
	struct store_user_new new = { "al", "", "", STORE_USER_ACTIVE, NULL,
		T0 };
	int64_t id = -7;

	gives(store_user_add(t->s, &new, &id), KITH_NOT_NOW);
	testing_begin(t);
	ok(t, store_user_add(t->s, &new, &id));
	gives(store_user_add(t->s, &new, &id), KITH_NAME_TAKEN);
	new.name = "Al";
	gives(store_user_add(t->s, &new, &id), KITH_BAD_NAME);
	new.name = "deleted:1";
	gives(store_user_add(t->s, &new, &id), KITH_BAD_NAME);
	new.name = "bob";
	new.display_name = "two\nlines";
	gives(store_user_add(t->s, &new, &id), KITH_BAD_TEXT);
	testing_commit(t);
}

static bool
list_user(void *context, const struct store_user *user)
{
	testing_list_add(context, "%s", user->name);
	return true;
}

static void
users_are_listed_by_name_in_pages(void **state)
{
	struct testing *t = *state;
	struct testing_list list = { 0 };

	testing_user(t, "carol");
	testing_user(t, "alice");
	testing_user(t, "bob");
	ok(t, store_user_each(t->s, "", 2, list_user, &list));
	assert_string_equal(list.text, "alice bob");
	ok(t, store_user_each(t->s, "bob", 2, list_user, &list));
	assert_string_equal(list.text, "alice bob carol");
}

static void
a_new_display_name_is_told_to_all_who_talk_with_the_user(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	int64_t c = testing_user(t, "carol"), before;
	struct testing_list list;
	struct store_user user;

	testing_user(t, "nobody");
	testing_friends(t, a, b);
	testing_friends(t, a, c);
	testing_begin(t);
	ok(t, store_friend_link_remove(t->s, a, c, T0));
	before = newest(t);
	ok(t, store_user_set_display_name(t->s, a, "A.", T0));
	ok(t, store_user_set_display_name(t->s, a, "A.", T0));
	testing_commit(t);
	list_from(t, before, &list);
	assert_string_equal(list.text, "changed>-1 changed>-2 changed>-3");
	ok(t, store_user_find(t->s, a, &user));
	assert_string_equal(user.display_name, "A.");
}

static void
locking_is_told_to_the_hub_and_undone_by_unlocking(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");
	struct testing_list list;
	struct store_user user;

	testing_begin(t);
	gives(store_user_unlock(t->s, a, T0), KITH_ALREADY);
	ok(t, store_user_lock(t->s, a, "spam", 0, T0 + 5));
	gives(store_user_lock(t->s, a, "spam", 0, T0), KITH_ALREADY);
	gives(store_user_lock(t->s, a + 1, "", 0, T0), KITH_NOT_FOUND);
	testing_commit(t);
	ok(t, store_user_find(t->s, a, &user));
	assert_int_equal(user.state, STORE_USER_LOCKED);
	assert_int_equal(user.state_us, T0 + 5);
	assert_string_equal(user.reason, "spam");
	list_from(t, 0, &list);
	assert_string_equal(list.text, "locked>-1");
	assert_true(store_event_is_internal(STORE_EVENT_USER_LOCKED));
	testing_begin(t);
	ok(t, store_user_unlock(t->s, a, T0));
	testing_commit(t);
	ok(t, store_user_find(t->s, a, &user));
	assert_int_equal(user.state, STORE_USER_ACTIVE);
	assert_string_equal(user.reason, "");
}

static int64_t
add_device(struct testing *t, int64_t user, uint8_t token, const char *name)
{
	uint8_t hash[STORE_TOKEN_HASH_LENGTH] = { token };
	int64_t id = 0;

	ok(t, store_device_add(t->s, user, hash, name, T0 + token, &id));
	return id;
}

static bool
list_device(void *context, const struct store_device *device)
{
	testing_list_add(context, "%s", device->name);
	return true;
}

static void
a_new_password_ends_sessions_only_where_wanted(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");
	struct testing_list list, devices = { 0 };
	struct store_user user;

	testing_begin(t);
	add_device(t, a, 1, "phone");
	ok(t, store_user_set_password(t->s, a, "$rehashed", false, T0));
	testing_commit(t);
	list_from(t, 0, &list);
	assert_string_equal(list.text, "");
	testing_begin(t);
	ok(t, store_user_set_password(t->s, a, "$new", true, T0));
	testing_commit(t);
	list_from(t, 0, &list);
	assert_string_equal(list.text, "password>-1");
	ok(t, store_device_each(t->s, a, list_device, &devices));
	assert_int_equal(devices.count, 0);
	ok(t, store_user_find(t->s, a, &user));
	assert_string_equal(user.phc, "$new");
}

static void
a_deleted_user_leaves_messages_and_nothing_else(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	int64_t c = testing_user(t, "carol"), d = testing_user(t, "dave");
	int64_t talk = testing_friends(t, a, b), before;
	struct store_friend_request request;
	struct testing_list list, messages = { 0 };
	const uint8_t hash[STORE_CODE_HASH_LENGTH] = { 9 };
	struct store_invite invite = {
		.uses_left = 1, .created_us = T0, .befriend_id = a
	};
	int64_t invite_id = 0;
	struct store_user user;

	testing_send(t, talk, a, "hello");
	testing_begin(t);
	ok(t, store_invite_add(t->s, hash, &invite, &invite_id));
	add_device(t, a, 1, "phone");
	ok(t, store_friend_request_send(t->s, a, c, T0, &request));
	ok(t, store_friend_request_send(t->s, d, a, T0, &request));
	testing_commit(t);
	before = newest(t);
	testing_begin(t);
	ok(t, store_user_purge(t->s, a, T0));
	gives(store_user_purge(t->s, a, T0), KITH_NOT_FOUND);
	testing_commit(t);
	list_from(t, before, &list);
	assert_string_equal(list.text,
	    "ended>-1 ended>-3 ended>-4 ended>-1 removed>-1 removed>-2 "
	    "changed>-1 changed>-2 deleted>-1");
	gives(store_user_find_name(t->s, "alice", &user), KITH_NOT_FOUND);
	ok(t, store_user_find(t->s, a, &user));
	assert_int_equal(user.state, STORE_USER_DELETED);
	assert_string_equal(user.name, "deleted:1");
	assert_string_equal(user.phc, "");
	ok(t,
	    store_message_each(t->s, talk, (struct store_page){ 0, 9 },
		testing_list_message, &messages));
	assert_string_equal(messages.text, "1:hello");
	ok(t, store_invite_find(t->s, hash, T0, &invite));
	assert_int_equal(invite.befriend_id, 0);
	assert_int_not_equal(testing_user(t, "alice"), a);
}

/* ---- device ---------------------------------------------------------- */

static void
a_device_is_found_by_its_token_until_it_is_revoked(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob"), id;
	uint8_t hash[STORE_TOKEN_HASH_LENGTH] = { 1 };
	struct store_device device;
	struct testing_list list;

	testing_begin(t);
	id = add_device(t, a, 1, "phone");
	ok(t, store_device_touch(t->s, id, T0 + 100));
	gives(store_device_touch(t->s, id + 1, T0), KITH_NOT_FOUND);
	testing_commit(t);
	ok(t, store_device_find_token(t->s, hash, &device));
	assert_int_equal(device.id, id);
	assert_int_equal(device.user_id, a);
	assert_int_equal(device.created_us, T0 + 1);
	assert_int_equal(device.last_seen_us, T0 + 100);
	assert_string_equal(device.name, "phone");
	testing_begin(t);
	gives(store_device_remove(t->s, b, id, T0), KITH_NOT_FOUND);
	ok(t, store_device_remove(t->s, a, id, T0));
	testing_commit(t);
	gives(store_device_find_token(t->s, hash, &device), KITH_NOT_FOUND);
	list_from(t, 0, &list);
	assert_string_equal(list.text, "device>-1");
}

static void
the_stalest_device_makes_room(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");
	struct testing_list list = { 0 };
	char name[16];
	unsigned int i;

	testing_begin(t);
	for (i = 0; i < STORE_DEVICES_MAX + 2; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		add_device(t, a, (uint8_t)(i + 1), name);
	}
	testing_commit(t);
	ok(t, store_device_each(t->s, a, list_device, &list));
	assert_int_equal(list.count, STORE_DEVICES_MAX);
	assert_memory_equal(list.text, "d2 d3", 5);
}

static void
a_long_device_name_is_cut_at_a_character(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");
	uint8_t hash[STORE_TOKEN_HASH_LENGTH] = { 1 };
	struct store_device device;
	char name[TEXT_DEVICE_MAX + 8];

	memset(name, 'x', sizeof(name));
	memcpy(name + TEXT_DEVICE_MAX - 1, "ä", 2);
	name[sizeof(name) - 1] = '\0';
	testing_begin(t);
	add_device(t, a, 1, name);
	testing_commit(t);
	ok(t, store_device_find_token(t->s, hash, &device));
	assert_int_equal(strlen(device.name), TEXT_DEVICE_MAX - 1);
}

/* ---- invite ---------------------------------------------------------- */

static bool
list_invite(void *context, const struct store_invite *invite)
{
	testing_list_add(
	    context, "%s:%u/%u", invite->hint, invite->uses_left, invite->uses);
	return true;
}

static void
an_invite_is_used_up(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), id = 0;
	uint8_t hash[STORE_CODE_HASH_LENGTH] = { 9 };
	struct store_invite invite = { .hint = "abcd",
		.note = "for bob",
		.uses_left = 2,
		.created_us = T0,
		.befriend_id = a };
	struct store_invite found;
	struct testing_list list = { 0 };

	testing_begin(t);
	ok(t, store_invite_add(t->s, hash, &invite, &id));
	gives(store_invite_add(t->s, hash, &invite, &id), KITH_CONFLICT);
	ok(t, store_invite_use(t->s, hash, T0, &found));
	assert_int_equal(found.befriend_id, a);
	assert_string_equal(found.note, "for bob");
	ok(t, store_invite_find(t->s, hash, T0, &found));
	ok(t, store_invite_use(t->s, hash, T0, &found));
	gives(store_invite_use(t->s, hash, T0, &found), KITH_BAD_INVITE);
	testing_commit(t);
	ok(t, store_invite_each(t->s, 0, 10, list_invite, &list));
	assert_string_equal(list.text, "abcd:0/2");
	ok(t, store_invite_find_code(t->s, hash, &found));
	testing_begin(t);
	ok(t, store_invite_remove(t->s, found.id));
	gives(store_invite_remove(t->s, found.id), KITH_NOT_FOUND);
	testing_commit(t);
	gives(store_invite_find(t->s, hash, T0, &found), KITH_BAD_INVITE);
}

static void
an_invite_expires(void **state)
{
	struct testing *t = *state;
	uint8_t hash[STORE_CODE_HASH_LENGTH] = { 9 };
	struct store_invite invite = {
		.uses_left = 1, .created_us = T0, .expires_us = T0 + 10
	};
	struct store_invite found;
	int64_t id = 0;

	testing_begin(t);
	ok(t, store_invite_add(t->s, hash, &invite, &id));
	testing_commit(t);
	ok(t, store_invite_find(t->s, hash, T0 + 9, &found));
	gives(store_invite_find(t->s, hash, T0 + 10, &found), KITH_BAD_INVITE);
}

/* ---- friends --------------------------------------------------------- */

static void
a_request_is_accepted_by_the_one_who_was_asked(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	struct store_friend_request request, found;
	struct store_friend_link link;
	struct testing_list list;

	testing_begin(t);
	ok(t, store_friend_request_send(t->s, a, b, T0, &request));
	gives(store_friend_request_send(t->s, a, b, T0, &found), KITH_ALREADY);
	gives(store_friend_request_accept(t->s, request.id, a, T0),
	    KITH_NOT_FOUND);
	gives(store_friend_request_reject(t->s, request.id, a, T0),
	    KITH_NOT_FOUND);
	gives(store_friend_request_cancel(t->s, request.id, b, T0),
	    KITH_NOT_FOUND);
	ok(t, store_friend_request_find(t->s, request.id, &found));
	assert_int_equal(found.from_id, a);
	assert_int_equal(found.to_id, b);
	ok(t, store_friend_request_accept(t->s, request.id, b, T0 + 1));
	gives(store_friend_request_accept(t->s, request.id, b, T0),
	    KITH_NOT_FOUND);
	gives(store_friend_request_send(t->s, a, b, T0, &found), KITH_ALREADY);
	testing_commit(t);
	ok(t, store_friend_link_find(t->s, b, a, &link));
	assert_int_equal(link.low_id, a);
	assert_int_equal(link.since_us, T0 + 1);
	list_from(t, 0, &list);
	assert_string_equal(list.text,
	    "request>-1 request>-2 ended>-1 ended>-2 added>-1 added>-2");
}

static bool
keep_event(void *context, const struct store_event *event)
{
	*(struct store_event *)context = *event;
	return true;
}

static void
an_ended_request_says_how(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	struct store_friend_request request, again;
	struct store_event event;

	testing_begin(t);
	ok(t, store_friend_request_send(t->s, a, b, T0, &request));
	ok(t, store_friend_request_reject(t->s, request.id, b, T0));
	ok(t, store_event_each(t->s, newest(t) - 1, 9, keep_event, &event));
	assert_int_equal(event.outcome, STORE_OUTCOME_REJECTED);
	assert_int_equal(event.request.id, request.id);
	ok(t, store_friend_request_send(t->s, a, b, T0, &again));
	assert_int_not_equal(again.id, request.id);
	ok(t, store_friend_request_cancel(t->s, again.id, a, T0));
	ok(t, store_event_each(t->s, newest(t) - 1, 9, keep_event, &event));
	assert_int_equal(event.outcome, STORE_OUTCOME_CANCELLED);
	assert_int_equal(event.request.from_id, a);
	assert_int_equal(event.request.to_id, b);
	testing_commit(t);
}

static void
asking_each_other_makes_friends(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	struct store_friend_request request;
	struct store_friend_link link;

	testing_begin(t);
	ok(t, store_friend_request_send(t->s, a, b, T0, &request));
	assert_int_not_equal(request.id, 0);
	ok(t, store_friend_request_send(t->s, b, a, T0, &request));
	assert_int_equal(request.id, 0);
	testing_commit(t);
	ok(t, store_friend_link_find(t->s, a, b, &link));
}

static void
requests_that_make_no_sense_are_refused(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	struct store_user_new new = { "pat", "", "", STORE_USER_PENDING, NULL,
		T0 };
	struct store_friend_request request;
	struct store_announcement told;
	struct store_user system;
	int64_t pending = 0;

	testing_begin(t);
	ok(t, store_user_add(t->s, &new, &pending));
	gives(store_friend_request_send(t->s, a, a, T0, &request),
	    KITH_FORBIDDEN);
	gives(store_friend_request_send(t->s, a, 99, T0, &request),
	    KITH_NOT_FOUND);
	gives(store_friend_request_send(t->s, a, pending, T0, &request),
	    KITH_NOT_FOUND);
	ok(t, store_user_purge(t->s, b, T0));
	gives(store_friend_request_send(t->s, a, b, T0, &request),
	    KITH_NOT_FOUND);
	/* who asked may be gone by the time that the request's turn comes */
	gives(store_friend_request_send(t->s, b, a, T0, &request),
	    KITH_NOT_FOUND);
	gives(store_friend_request_send(t->s, 99, a, T0, &request),
	    KITH_NOT_FOUND);
	ok(t,
	    store_announce(t->s,
		&(struct store_announcement_new){ .body = "tea",
		    .actor = "root",
		    .server_name = "home",
		    .now_us = T0 },
		&told, NULL));
	ok(t, store_user_find_system(t->s, &system));
	gives(store_friend_request_send(t->s, system.id, a, T0, &request),
	    KITH_FORBIDDEN);
	gives(store_friend_link_add(t->s, a, b, T0, &pending), KITH_NOT_FOUND);
	gives(store_friend_link_add(t->s, a, a, T0, &pending), KITH_FORBIDDEN);
	testing_commit(t);
}

static void
waiting_requests_have_a_limit(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), other;
	struct store_friend_request request;
	unsigned int i;
	char name[16];

	testing_begin(t);
	for (i = 0; i <= STORE_FRIEND_REQUESTS_MAX; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		other = testing_user(t, name);
		gives(store_friend_request_send(t->s, a, other, T0, &request),
		    i < STORE_FRIEND_REQUESTS_MAX ? KITH_OK : KITH_TOO_LARGE);
	}
	testing_commit(t);
}

static bool
list_request(void *context, const struct store_friend_request *request)
{
	testing_list_add(context, "%lld>%lld", (long long)request->from_id,
	    (long long)request->to_id);
	return true;
}

static bool
list_link(void *context, const struct store_friend_link *link)
{
	testing_list_add(context, "%lld-%lld", (long long)link->low_id,
	    (long long)link->high_id);
	return true;
}

static void
requests_and_links_are_listed_in_pages(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	int64_t c = testing_user(t, "carol"), d = testing_user(t, "dave");
	struct store_friend_request request;
	struct store_friend_link after = { a, d, 0, 0 };
	struct testing_list list = { 0 };

	testing_begin(t);
	ok(t, store_friend_request_send(t->s, b, a, T0, &request));
	ok(t, store_friend_request_send(t->s, b, c, T0, &request));
	ok(t, store_friend_request_send(t->s, d, b, T0, &request));
	testing_friends(t, c, a);
	testing_friends(t, c, d);
	testing_friends(t, a, d);
	testing_commit(t);
	ok(t,
	    store_friend_request_each(
		t->s, b, (struct store_page){ 0, 2 }, list_request, &list));
	assert_string_equal(list.text, "2>1 2>3");
	ok(t,
	    store_friend_request_each(
		t->s, b, (struct store_page){ 2, 2 }, list_request, &list));
	assert_string_equal(list.text, "2>1 2>3 4>2");
	memset(&list, 0, sizeof(list));
	ok(t,
	    store_friend_link_each(
		t->s, c, (struct store_page){ 0, 9 }, list_link, &list));
	assert_string_equal(list.text, "1-3 3-4");
	ok(t,
	    store_friend_link_each(
		t->s, c, (struct store_page){ 1, 9 }, list_link, &list));
	assert_string_equal(list.text, "1-3 3-4 3-4");
	memset(&list, 0, sizeof(list));
	ok(t, store_friend_link_all(t->s, NULL, 2, list_link, &list));
	assert_string_equal(list.text, "1-3 1-4");
	ok(t, store_friend_link_all(t->s, &after, 2, list_link, &list));
	assert_string_equal(list.text, "1-3 1-4 3-4");
}

static void
friends_again_talk_where_they_did(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	int64_t talk = testing_friends(t, a, b), again = 0;

	testing_send(t, talk, b, "one");
	testing_begin(t);
	gives(store_friend_link_add(t->s, b, a, T0, &again), KITH_ALREADY);
	ok(t, store_friend_link_remove(t->s, b, a, T0));
	gives(store_friend_link_remove(t->s, a, b, T0), KITH_NOT_FOUND);
	ok(t, store_friend_link_add(t->s, b, a, T0, &again));
	testing_commit(t);
	assert_int_equal(again, talk);
	assert_int_equal(testing_send(t, talk, a, "two").number, 2);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_user_is_found_as_added),
		CASE(a_user_outside_the_rules_is_refused),
		CASE(users_are_listed_by_name_in_pages),
		CASE(a_new_display_name_is_told_to_all_who_talk_with_the_user),
		CASE(locking_is_told_to_the_hub_and_undone_by_unlocking),
		CASE(a_new_password_ends_sessions_only_where_wanted),
		CASE(a_deleted_user_leaves_messages_and_nothing_else),
		CASE(a_device_is_found_by_its_token_until_it_is_revoked),
		CASE(the_stalest_device_makes_room),
		CASE(a_long_device_name_is_cut_at_a_character),
		CASE(an_invite_is_used_up),
		CASE(an_invite_expires),
		CASE(a_request_is_accepted_by_the_one_who_was_asked),
		CASE(an_ended_request_says_how),
		CASE(asking_each_other_makes_friends),
		CASE(requests_that_make_no_sense_are_refused),
		CASE(waiting_requests_have_a_limit),
		CASE(requests_and_links_are_listed_in_pages),
		CASE(friends_again_talk_where_they_did),
	};

	return cmocka_run_group_tests_name("store: people", tests, NULL, NULL);
}
