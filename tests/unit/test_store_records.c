/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What is kept for administrators: the audit, announcements, and the tables
 * that are looked through as a whole.
 */

#include "store_testing.h"

#include <stdio.h>
#include <string.h>

#include "store_private.h"

/* ---- audit ------------------------------------------------------------- */

static enum kith_code
note(struct testing *t, int64_t time_us, const char *actor, const char *command,
    const char *target)
{
	return store_audit_add(t->s,
	    &(struct store_audit){ .time_us = time_us,
		.actor = actor,
		.command = command,
		.target = target,
		.detail = "{}" });
}

static void
shows(struct testing *t, struct store_audit_query query, const char *wanted)
{
	struct testing_list list = { 0 };
	int64_t count;

	query.limit = 99;
	ok(t, store_audit_each(t->s, &query, testing_list_audit, &list));
	assert_string_equal(list.text, wanted);
	if (query.from != 0)
		return;
	ok(t, store_audit_count(t->s, &query, &count));
	assert_int_equal(count, list.count);
}

static void
the_audit_is_kept_and_searched(void **state)
{
	struct testing *t = *state;

	gives(note(t, T0, "root", "user lock", "bob"), KITH_NOT_NOW);
	testing_begin(t);
	ok(t, note(t, T0, "root (uid 0)", "user lock", "bob (id:2)"));
	ok(t, note(t, T0 + 1, "eve (uid 7)", "users", ""));
	ok(t, note(t, T0 + 2, "eve (uid 7)", "user add", "cora (id:3)"));
	testing_commit(t);
	shows(t, (struct store_audit_query){ 0 },
	    "eve (uid 7):user add:cora (id:3) eve (uid 7):users: "
	    "root (uid 0):user lock:bob (id:2)");
	shows(t, (struct store_audit_query){ .oldest_first = true, .from = 2 },
	    "eve (uid 7):user add:cora (id:3)");
	shows(t, (struct store_audit_query){ .from = 2 },
	    "root (uid 0):user lock:bob (id:2)");
	shows(t,
	    (struct store_audit_query){ .actor = "eve", .command = "user" },
	    "eve (uid 7):user add:cora (id:3)");
	shows(t, (struct store_audit_query){ .command = "user lock" },
	    "root (uid 0):user lock:bob (id:2)");
	shows(t, (struct store_audit_query){ .target = "id:2" },
	    "root (uid 0):user lock:bob (id:2)");
	shows(t,
	    (struct store_audit_query){
		.since_us = T0 + 1, .before_us = T0 + 2 },
	    "eve (uid 7):users:");
}

static void
an_audit_row_has_its_limits(void **state)
{
	struct testing *t = *state;
	char long_text[STORE_AUDIT_DETAIL_MAX + 2];
	struct store_audit row = { 0, T0, "a", "b", "", "{}" };

	memset(long_text, 'x', sizeof(long_text));
	/* a JSON string, from the second byte on; the first is too much */
	long_text[0] = long_text[1] = '"';
	long_text[sizeof(long_text) - 2] = '"';
	long_text[sizeof(long_text) - 1] = '\0';
	testing_begin(t);
	gives(note(t, T0, "", "user add", ""), KITH_MALFORMED);
	gives(note(t, T0, "root", "", ""), KITH_MALFORMED);
	row.detail = long_text;
	gives(store_audit_add(t->s, &row), KITH_TOO_LARGE);
	row.detail = long_text + 1;
	ok(t, store_audit_add(t->s, &row));
	row.target = long_text;
	gives(store_audit_add(t->s, &row), KITH_TOO_LARGE);
	testing_commit(t);
}

/* It is there with the change or not at all. */
static void
an_audit_row_goes_with_its_transaction(void **state)
{
	struct testing *t = *state;

	testing_begin(t);
	ok(t, note(t, T0, "root", "user add", ""));
	store_rollback(t->s);
	shows(t, (struct store_audit_query){ 0 }, "");
}

/* ---- announcements ----------------------------------------------------- */

static enum kith_code
announce(struct testing *t, const char *body, const int64_t *ids, size_t count,
    int64_t *missing_r)
{
	struct store_announcement done = { 0 };
	struct store_announcement_new new = { .body = body,
		.actor = "root (uid 0)",
		.server_name = "home",
		.user_ids = ids,
		.user_count = count,
		.now_us = T0 };
	enum kith_code code;

	testing_begin(t);
	code = store_announce(t->s, &new, &done, missing_r);
	if (code != KITH_OK) {
		store_rollback(t->s);
		return code;
	}
	testing_commit(t);
	assert_true(done.id > 0);
	return code;
}

static bool
take_conversation(void *context, const struct store_conversation *conversation)
{
	*(struct store_conversation *)context = *conversation;
	return true;
}

static void
an_announcement_is_a_message_nobody_can_answer(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	struct testing_list events = { 0 }, list = { 0 };
	struct store_conversation talk = { 0 };
	struct store_message answer = { .sender_id = a,
		.kind = STORE_MESSAGE_TEXT,
		.body = (const uint8_t *)"?",
		.body_length = 1,
		.time_us = T0 };
	struct store_message_sent sent;

	ok(t, announce(t, "tea at five", NULL, 0, NULL));
	ok(t, announce(t, "no tea", &b, 1, NULL));
	ok(t, store_event_each(t->s, 0, 9, testing_list_event, &events));
	/* who has not been told of a conversation would not show it */
	assert_string_equal(
	    events.text, "added>-1 message>1 added>-2 message>2 message>2");
	ok(t,
	    store_conversation_each(t->s, a, (struct store_page){ 0, 9 },
		take_conversation, &talk));
	assert_string_equal(talk.peer.name, STORE_SYSTEM_NAME);
	assert_string_equal(talk.peer.display_name, "home");
	assert_false(talk.friends);
	assert_int_equal(talk.unread, 1);
	assert_int_equal(talk.last_number, 1);
	answer.conversation_id = talk.id;
	testing_begin(t);
	gives(store_message_add(t->s, &answer, &sent), KITH_NOT_FRIENDS);
	store_rollback(t->s);
	ok(t,
	    store_message_each(t->s, 2, (struct store_page){ 0, 9 },
		testing_list_message, &list));
	ok(t,
	    store_announcement_each(t->s, (struct store_page){ 0, 9 },
		testing_list_announcement, &list));
	assert_string_equal(
	    list.text, "2:no tea 1:tea at five no tea>1 tea at five>2");
}

static void
an_announcement_reaches_whom_it_should(void **state)
{
	struct testing *t = *state;
	struct store_user_new new = { "pat", "", "", STORE_USER_PENDING, NULL,
		T0 };
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob"),
		c = testing_user(t, "carol"), missing = 0, count, pending;
	int64_t some[] = { a, b };

	gives(announce(t, "", NULL, 0, NULL), KITH_BAD_TEXT);
	testing_begin(t);
	ok(t, store_user_add(t->s, &new, &pending));
	ok(t, store_user_lock(t->s, a, "", 0, T0));
	ok(t, store_user_delete(t->s, b, T0 + 1, T0));
	ok(t, store_user_purge(t->s, c, T0));
	testing_commit(t);
	ok(t, store_announcement_audience(t->s, &count));
	assert_int_equal(count, 1);
	gives(announce(t, "tea", some, 2, &missing), KITH_NOT_FOUND);
	assert_true(missing == b);
	gives(announce(t, "tea", &pending, 1, &missing), KITH_NOT_FOUND);
	gives(announce(t, "tea", some, 0, &missing), KITH_NOT_FOUND);
	assert_true(missing == 0);
	ok(t, announce(t, "tea", NULL, 0, &missing));
	assert_int_equal(
	    testing_sql_integer(t, "SELECT count(*) FROM message"), 1);
}

/* As a kith-admin or the hub does it; killed: before its commit. */
static bool
advance(struct testing *t, bool killed)
{
	bool more = false;

	testing_begin(t);
	ok(t, store_announcement_advance(t->s, &more));
	if (killed)
		store_rollback(t->s);
	else
		testing_commit(t);
	return more;
}

static void
an_announcement_to_many_goes_in_parts(void **state)
{
	struct testing *t = *state;
	int64_t people = 2 * (int64_t)STORE_ANNOUNCEMENT_PART + 5, last = 0;
	uint32_t count;
	char name[16];
	bool pending;

	testing_begin(t);
	for (int64_t i = 0; i < people; i++) {
		snprintf(name, sizeof(name), "p%d", (int)i);
		last = testing_user(t, name);
	}
	testing_commit(t);
	ok(t, store_announcement_pending(t->s, &pending));
	assert_false(pending);
	ok(t, announce(t, "tea", NULL, 0, NULL));
	ok(t, store_announcement_recipients(t->s, 1, &count));
	assert_int_equal(count, STORE_ANNOUNCEMENT_PART);
	/* who comes meanwhile is told nothing, nor who has gone */
	testing_user(t, "zoe");
	testing_begin(t);
	ok(t, store_user_purge(t->s, last, T0));
	testing_commit(t);
	assert_true(advance(t, true));
	assert_true(advance(t, false));
	testing_reopen(t, 0);
	ok(t, store_announcement_pending(t->s, &pending));
	assert_true(pending);
	/* the rest comes before the next one */
	ok(t, announce(t, "no tea", &(int64_t){ last - 1 }, 1, NULL));
	assert_false(advance(t, false));
	ok(t, store_announcement_recipients(t->s, 1, &count));
	assert_int_equal(count, people - 1);
	assert_int_equal(testing_sql_integer(t,
			     "SELECT count(DISTINCT conversation_id)"
			     " FROM message WHERE body = CAST('tea' AS BLOB)"
			     " AND number = 1"),
	    people - 1);
	assert_int_equal(
	    testing_sql_integer(t, "SELECT count(*) FROM message"), people);
}

static void
the_servers_name_follows_its_setting(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), id;
	struct testing_list events = { 0 };
	struct store_user system;

	ok(t, announce(t, "tea", &a, 1, NULL));
	testing_begin(t);
	ok(t, user_make_system(t->s, "castle", T0, &id));
	testing_commit(t);
	ok(t, store_user_find_system(t->s, &system));
	assert_string_equal(system.display_name, "castle");
	ok(t, store_event_each(t->s, 2, 9, testing_list_event, &events));
	assert_string_equal(events.text, "changed>-2 changed>-1");
}

/* ---- whole tables ------------------------------------------------------ */

static bool
list_request(void *context, const struct store_friend_request *request)
{
	struct testing_list *list = context;

	if (list->limit > 0 && list->count >= list->limit)
		return false;
	testing_list_add(list, "%lld:%lld>%lld", (long long)request->id,
	    (long long)request->from_id, (long long)request->to_id);
	return true;
}

static void
requests_of_everybody_are_listed_in_pages(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob"),
		c = testing_user(t, "carol");
	struct store_friend_request request;
	struct testing_list list = { 0 };

	testing_begin(t);
	ok(t, store_friend_request_send(t->s, c, a, T0, &request));
	ok(t, store_friend_request_send(t->s, a, b, T0, &request));
	ok(t, store_friend_request_send(t->s, b, c, T0, &request));
	testing_commit(t);
	ok(t,
	    store_friend_request_all(
		t->s, (struct store_page){ 0, 2 }, list_request, &list));
	assert_string_equal(list.text, "1:3>1 2:1>2");
	ok(t,
	    store_friend_request_all(
		t->s, (struct store_page){ 2, 2 }, list_request, &list));
	assert_string_equal(list.text, "1:3>1 2:1>2 3:2>3");
	ok(t, store_friend_request_find_pair(t->s, a, b, &request));
	assert_int_equal(request.id, 2);
	gives(store_friend_request_find_pair(t->s, b, a, &request),
	    KITH_NOT_FOUND);
}

static bool
list_device(void *context, const struct store_device *device)
{
	testing_list_add(
	    context, "%s:%lld", device->name, (long long)device->user_id);
	return true;
}

static void
devices_are_listed_and_removed(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob"), id;
	struct testing_list list = { 0 }, events = { 0 };
	struct store_device device;
	uint8_t hash[32] = { 0 };
	uint32_t removed = 0;

	testing_begin(t);
	ok(t, store_device_add(t->s, a, hash, "laptop", T0, &id));
	hash[0]++;
	ok(t, store_device_add(t->s, b, hash, "phone", T0, &id));
	hash[0]++;
	ok(t, store_device_add(t->s, a, hash, "tablet", T0, &id));
	testing_commit(t);
	ok(t,
	    store_device_all(
		t->s, (struct store_page){ 0, 2 }, list_device, &list));
	assert_string_equal(list.text, "laptop:1 phone:2");
	ok(t, store_device_find(t->s, 3, &device));
	assert_string_equal(device.name, "tablet");
	testing_begin(t);
	ok(t, store_device_remove_all(t->s, a, T0, &removed));
	gives(store_device_remove_all(t->s, a, T0, &removed), KITH_NOT_FOUND);
	testing_commit(t);
	assert_int_equal(removed, 2);
	ok(t, store_event_each(t->s, 0, 9, testing_list_event, &events));
	assert_string_equal(events.text, "device>-1 device>-1");
	gives(store_device_find(t->s, 3, &device), KITH_NOT_FOUND);
	ok(t, store_device_find(t->s, 2, &device));
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_audit_is_kept_and_searched),
		CASE(an_audit_row_has_its_limits),
		CASE(an_audit_row_goes_with_its_transaction),
		CASE(an_announcement_is_a_message_nobody_can_answer),
		CASE(an_announcement_reaches_whom_it_should),
		CASE(an_announcement_to_many_goes_in_parts),
		CASE(the_servers_name_follows_its_setting),
		CASE(requests_of_everybody_are_listed_in_pages),
		CASE(devices_are_listed_and_removed),
	};

	return cmocka_run_group_tests_name("store: records", tests, NULL, NULL);
}
