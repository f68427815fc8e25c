/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What administrators do with many accounts: states that end by themselves,
 * lists, import, what belongs to whom.
 */

#include "store_testing.h"

#include <stdio.h>
#include <string.h>

#include "store_private.h"

#define DAY INT64_C(86400000000)

static struct store_user
find(struct testing *t, int64_t id)
{
	struct store_user user;

	ok(t, store_user_find(t->s, id, &user));
	return user;
}

/* What the hub does when it is time. */
static uint32_t
do_due(struct testing *t, int64_t now_us)
{
	uint32_t done = 99;

	testing_begin(t);
	ok(t, store_user_due(t->s, now_us, &done));
	testing_commit(t);
	return done;
}

/* ---- locks that end --------------------------------------------------- */

static void
a_lock_ends_by_itself(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), due;
	struct testing_list audit = { 0 };

	gives(store_user_next_due(t->s, &due), KITH_NOT_FOUND);
	testing_begin(t);
	ok(t, store_user_lock(t->s, a, "spam", T0 + DAY, T0));
	testing_commit(t);
	assert_true(find(t, a).until_us == T0 + DAY);
	ok(t, store_user_next_due(t->s, &due));
	assert_true(due == T0 + DAY);
	assert_int_equal(do_due(t, T0 + DAY - 1), 0);
	assert_int_equal(find(t, a).state, STORE_USER_LOCKED);
	assert_int_equal(do_due(t, T0 + DAY), 1);
	assert_int_equal(find(t, a).state, STORE_USER_ACTIVE);
	assert_string_equal(find(t, a).reason, "");
	gives(store_user_next_due(t->s, &due), KITH_NOT_FOUND);
	ok(t,
	    store_audit_each(t->s, &(struct store_audit_query){ .limit = 9 },
		testing_list_audit, &audit));
	assert_string_equal(audit.text, "kithd:user unlock:alice (id:1)");
}

static void
a_lock_can_be_changed(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");

	testing_begin(t);
	ok(t, store_user_lock(t->s, a, "spam", T0 + DAY, T0));
	gives(store_user_lock(t->s, a, "spam", T0 + DAY, T0), KITH_ALREADY);
	gives(store_user_lock(t->s, a, NULL, STORE_USER_UNTIL_KEEP, T0),
	    KITH_ALREADY);
	ok(t, store_user_lock(t->s, a, NULL, 0, T0 + 1));
	assert_string_equal(find(t, a).reason, "spam");
	assert_true(find(t, a).until_us == 0);
	assert_true(find(t, a).state_us == T0);
	ok(t, store_user_lock(t->s, a, "more", STORE_USER_UNTIL_KEEP, T0 + 1));
	assert_string_equal(find(t, a).reason, "more");
	testing_commit(t);
}

/* A lock that ends must not approve whom nobody has approved. */
static void
unlocking_gives_back_what_was(void **state)
{
	struct testing *t = *state;
	struct store_user_new new = { "pat", "", "", STORE_USER_PENDING, NULL,
		T0 };
	int64_t id;

	testing_begin(t);
	ok(t, store_user_add(t->s, &new, &id));
	ok(t, store_user_lock(t->s, id, "", T0 + 1, T0));
	testing_commit(t);
	assert_int_equal(do_due(t, T0 + 1), 1);
	assert_int_equal(find(t, id).state, STORE_USER_PENDING);
	testing_begin(t);
	ok(t, store_user_unlock(t->s, id, T0));
	testing_commit(t);
	assert_int_equal(find(t, id).state, STORE_USER_ACTIVE);
}

/* ---- deleting --------------------------------------------------------- */

static void
deletion_waits_and_can_be_taken_back(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");
	struct testing_list events = { 0 };
	struct store_user_activity activity;
	struct store_user user;
	int64_t newest;

	testing_friends(t, a, b);
	ok(t, store_event_newest(t->s, &newest));
	testing_begin(t);
	gives(store_user_restore(t->s, a, T0), KITH_ALREADY);
	ok(t, store_user_delete(t->s, a, T0 + DAY, T0));
	gives(store_user_delete(t->s, a, T0 + DAY, T0), KITH_ALREADY);
	gives(store_user_lock(t->s, a, "", 0, T0), KITH_CONFLICT);
	gives(store_user_unlock(t->s, a, T0), KITH_CONFLICT);
	testing_commit(t);
	ok(t, store_event_each(t->s, newest, 9, testing_list_event, &events));
	assert_string_equal(events.text, "locked>-1");
	ok(t, store_user_find_name(t->s, "alice", &user));
	assert_int_equal(user.state, STORE_USER_DELETING);
	ok(t, store_user_activity(t->s, a, &activity));
	assert_int_equal(activity.friends, 1);
	assert_int_equal(do_due(t, T0), 0);
	testing_begin(t);
	ok(t, store_user_restore(t->s, a, T0));
	testing_commit(t);
	assert_int_equal(find(t, a).state, STORE_USER_ACTIVE);
	assert_int_equal(do_due(t, T0 + DAY), 0);
}

static void
a_locked_one_is_locked_again_after_a_restore(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice");

	testing_begin(t);
	ok(t, store_user_lock(t->s, a, "spam", 0, T0));
	ok(t, store_user_delete(t->s, a, T0 + DAY, T0));
	ok(t, store_user_restore(t->s, a, T0));
	testing_commit(t);
	assert_int_equal(find(t, a).state, STORE_USER_LOCKED);
	assert_string_equal(find(t, a).reason, "spam");
}

static void
what_is_due_is_purged_a_few_at_a_time(void **state)
{
	struct testing *t = *state;
	int64_t ids[STORE_DUE_MAX + 3];
	char name[16];
	size_t i;

	testing_begin(t);
	for (i = 0; i < STORE_DUE_MAX + 3; i++) {
		snprintf(name, sizeof(name), "user%zu", i);
		ids[i] = testing_user(t, name);
		ok(t, store_user_delete(t->s, ids[i], T0 + (int64_t)i, T0));
	}
	testing_commit(t);
	assert_int_equal(do_due(t, T0 + DAY), STORE_DUE_MAX);
	assert_int_equal(
	    find(t, ids[STORE_DUE_MAX - 1]).state, STORE_USER_DELETED);
	assert_int_equal(
	    find(t, ids[STORE_DUE_MAX]).state, STORE_USER_DELETING);
	assert_int_equal(do_due(t, T0 + DAY), 3);
	assert_int_equal(do_due(t, T0 + DAY), 0);
	assert_int_equal(testing_sql_integer(t,
			     "SELECT count(*) FROM audit WHERE actor = 'kithd'"
			     " AND command = 'user purge'"),
	    STORE_DUE_MAX + 3);
	/* the name is free again */
	testing_user(t, "user0");
}

/* ---- the system's account --------------------------------------------- */

static void
announce(struct testing *t, const int64_t *ids, size_t count)
{
	struct store_announcement done;

	testing_begin(t);
	ok(t,
	    store_announce(t->s,
		&(struct store_announcement_new){ .body = "tea",
		    .actor = "root",
		    .server_name = "home",
		    .user_ids = ids,
		    .user_count = count,
		    .now_us = T0 },
		&done, NULL));
	testing_commit(t);
}

static void
nobody_is_or_befriends_the_server(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), id, count;
	struct store_user system;
	struct store_friend_request request;
	struct testing_list list = { 0 };

	gives(store_user_find_system(t->s, &system), KITH_NOT_FOUND);
	announce(t, NULL, 0);
	ok(t, store_user_find_system(t->s, &system));
	gives(store_user_find_name(t->s, STORE_SYSTEM_NAME, &system),
	    KITH_NOT_FOUND);
	testing_begin(t);
	gives(
	    store_friend_link_add(t->s, a, system.id, T0, &id), KITH_FORBIDDEN);
	gives(store_friend_request_send(t->s, a, system.id, T0, &request),
	    KITH_NOT_FOUND);
	gives(store_user_lock(t->s, system.id, "", 0, T0), KITH_FORBIDDEN);
	gives(store_user_delete(t->s, system.id, 1, T0), KITH_FORBIDDEN);
	gives(store_user_purge(t->s, system.id, T0), KITH_FORBIDDEN);
	gives(store_user_set_password(t->s, system.id, "$", false, T0),
	    KITH_FORBIDDEN);
	testing_commit(t);
	ok(t, store_user_count(t->s, &count));
	assert_int_equal(count, 1);
	ok(t, store_user_each(t->s, "", 9, testing_list_user, &list));
	assert_string_equal(list.text, "alice");
}

/* ---- import ------------------------------------------------------------ */

static void
an_import_brings_everything(void **state)
{
	struct testing *t = *state;
	struct store_user_import row = { .name = "alice",
		.display_name = "Alice",
		.phc = "$phc",
		.state = STORE_USER_LOCKED,
		.reason = "spam",
		.until_us = T0 + DAY,
		.created_us = T0 - DAY,
		.last_seen_us = T0 - 1 };
	struct store_user user;
	int64_t id, newest;

	testing_begin(t);
	ok(t, store_user_import(t->s, &row, T0, &id));
	gives(store_user_import(t->s, &row, T0, &id), KITH_NAME_TAKEN);
	row.name = "Alice B";
	gives(store_user_import(t->s, &row, T0, &id), KITH_BAD_NAME);
	row.name = "bob";
	row.state = STORE_USER_ACTIVE;
	gives(store_user_import(t->s, &row, T0, &id), KITH_MALFORMED);
	row.until_us = 0;
	row.state = STORE_USER_DELETED;
	gives(store_user_import(t->s, &row, T0, &id), KITH_MALFORMED);
	row = (struct store_user_import){ .name = "bob",
		.display_name = "",
		.phc = "",
		.state = STORE_USER_ACTIVE };
	ok(t, store_user_import(t->s, &row, T0, &id));
	testing_commit(t);
	ok(t, store_user_find_name(t->s, "alice", &user));
	assert_string_equal(user.display_name, "Alice");
	assert_string_equal(user.phc, "$phc");
	assert_string_equal(user.reason, "spam");
	assert_int_equal(user.state, STORE_USER_LOCKED);
	assert_true(user.until_us == T0 + DAY);
	assert_true(user.created_us == T0 - DAY);
	assert_true(user.last_seen_us == T0 - 1);
	assert_true(find(t, id).created_us == T0);
	ok(t, store_event_newest(t->s, &newest));
	assert_int_equal(newest, 0);
}

static void
somebody_is_found(void **state)
{
	struct testing *t = *state;
	struct store_user user, again;

	gives(store_user_find_some(t->s, 7, &user), KITH_NOT_FOUND);
	testing_user(t, "alice");
	testing_user(t, "bob");
	ok(t, store_user_find_some(t->s, INT64_MAX, &user));
	ok(t, store_user_find_some(t->s, INT64_MAX, &again));
	assert_int_equal(user.id, again.id);
	ok(t, store_user_find_some(t->s, 0, &user));
	ok(t, store_user_find_some(t->s, 1, &again));
	assert_int_not_equal(user.id, again.id);
}

/* ---- lists ------------------------------------------------------------- */

/*
 * name: state, created, seen (days after T0). Names and times in different
 * orders, and two pairs of the same time.
 */
static const struct {
	const char *name, *display_name;
	enum store_user_state state;
	int created, seen;
} people[] = {
	{ "frank", "", STORE_USER_ACTIVE, 5, 9 },
	{ "alice", "Alice Ärmel", STORE_USER_ACTIVE, 5, 0 },
	{ "dora", "", STORE_USER_LOCKED, 1, 7 },
	{ "carol", "", STORE_USER_PENDING, 2, 0 },
	{ "emil", "Frankie", STORE_USER_ACTIVE, 3, 3 },
	{ "bob", "", STORE_USER_LOCKED, 4, 3 },
};

static void
make_people(struct testing *t)
{
	size_t i;
	int64_t id;

	testing_begin(t);
	for (i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
		struct store_user_import row = { .name = people[i].name,
			.display_name = people[i].display_name,
			.phc = "",
			.state = people[i].state,
			.created_us = T0 + people[i].created * DAY,
			.last_seen_us = people[i].seen == 0
			    ? 0
			    : T0 + people[i].seen * DAY };

		ok(t, store_user_import(t->s, &row, T0, &id));
	}
	testing_commit(t);
}

/* All pages of `limit`, and that the count agrees. */
static void
lists(struct testing *t, struct store_user_query query, const char *wanted)
{
	struct testing_list list;
	struct store_user_query q;
	int64_t count;
	int pages;

	ok(t, store_user_list_count(t->s, &query.filter, &count));
	for (query.limit = 1; query.limit <= 7; query.limit++) {
		list = (struct testing_list){ 0 };
		q = query;
		for (pages = 0; !q.done && pages < 9; pages++)
			ok(t,
			    store_user_list(
				t->s, &q, testing_list_user, &list));
		assert_true(q.done);
		assert_string_equal(list.text, wanted);
		assert_int_equal(list.count, count);
	}
}

static void
lists_are_sorted_by_each_key_in_each_direction(void **state)
{
	struct testing *t = *state;

	make_people(t);
	lists(t, (struct store_user_query){ 0 },
	    "alice bob carol dora emil frank");
	lists(t, (struct store_user_query){ .descending = true },
	    "frank emil dora carol bob alice");
	lists(t, (struct store_user_query){ .sort = STORE_USER_BY_ID },
	    "frank alice dora carol emil bob");
	lists(t,
	    (struct store_user_query){
		.sort = STORE_USER_BY_ID, .descending = true },
	    "bob emil carol dora alice frank");
	lists(t, (struct store_user_query){ .sort = STORE_USER_BY_CREATED },
	    "dora carol emil bob frank alice");
	lists(t,
	    (struct store_user_query){
		.sort = STORE_USER_BY_CREATED, .descending = true },
	    "alice frank bob emil carol dora");
	lists(t, (struct store_user_query){ .sort = STORE_USER_BY_LAST_SEEN },
	    "alice carol emil bob dora frank");
	lists(t,
	    (struct store_user_query){
		.sort = STORE_USER_BY_LAST_SEEN, .descending = true },
	    "frank dora bob emil carol alice");
}

#define FILTER(...)                       \
	(struct store_user_query)         \
	{                                 \
		.filter = { __VA_ARGS__ } \
	}

static void
lists_are_filtered(void **state)
{
	struct testing *t = *state;

	make_people(t);
	lists(
	    t, FILTER(.states = STORE_USER_IN(STORE_USER_LOCKED)), "bob dora");
	lists(t,
	    (struct store_user_query){
		.filter = { .states = STORE_USER_IN(STORE_USER_LOCKED) },
		.descending = true },
	    "dora bob");
	lists(t,
	    (struct store_user_query){
		.filter = { .states = STORE_USER_IN(STORE_USER_LOCKED) },
		.sort = STORE_USER_BY_LAST_SEEN },
	    "bob dora");
	lists(t,
	    FILTER(.states = STORE_USER_IN(STORE_USER_LOCKED) |
		    STORE_USER_IN(STORE_USER_PENDING)),
	    "bob carol dora");
	/* alice has never been seen, but is not so old */
	lists(t, FILTER(.inactive_since_us = T0 + 5 * DAY), "bob carol emil");
	lists(t, FILTER(.contains = "FRANK"), "emil frank");
	lists(t, FILTER(.contains = "ärm"), "");
	lists(t, FILTER(.contains = "Ärm"), "alice");
	lists(t, FILTER(.contains = "%"), "");
	lists(t,
	    FILTER(.created_from_us = T0 + 2 * DAY,
		.created_before_us = T0 + 4 * DAY),
	    "carol emil");
	lists(t,
	    FILTER(.states = STORE_USER_IN(STORE_USER_LOCKED),
		.inactive_since_us = T0 + 5 * DAY),
	    "bob");
}

static void
lists_leave_out_who_is_no_user(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob");

	testing_user(t, "carol");
	announce(t, NULL, 0);
	testing_begin(t);
	ok(t, store_user_purge(t->s, a, T0));
	ok(t, store_user_delete(t->s, b, T0 + DAY, T0));
	testing_commit(t);
	lists(t, (struct store_user_query){ 0 }, "bob carol");
	lists(t, FILTER(.states = STORE_USER_IN(STORE_USER_DELETED)),
	    "deleted:1");
	lists(t, FILTER(.states = STORE_USER_IN(STORE_USER_DELETING)), "bob");
}

/* Between two pages somebody comes and somebody goes. */
static void
pages_go_on_whatever_happens_between(void **state)
{
	struct testing *t = *state;
	struct testing_list list = { 0 };
	struct store_user_query q = { .limit = 2 };
	struct store_user user;

	make_people(t);
	ok(t, store_user_list(t->s, &q, testing_list_user, &list));
	ok(t, store_user_find_name(t->s, "bob", &user));
	testing_begin(t);
	ok(t, store_user_purge(t->s, user.id, T0));
	testing_user(t, "aaron");
	testing_user(t, "bruno");
	testing_commit(t);
	ok(t, store_user_list(t->s, &q, testing_list_user, &list));
	ok(t, store_user_list(t->s, &q, testing_list_user, &list));
	assert_string_equal(list.text, "alice bob bruno carol dora emil");
}

/* Each order of the lists has an index that it goes along. */
static void
lists_need_no_sorting(void **state)
{
	struct testing *t = *state;
	char sql[2048];
	int id;

	for (id = STATEMENT_USER_LIST_NAME;
	     id <= STATEMENT_USER_LIST_STATE_DOWN; id++) {
		snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s",
		    statement_sql[id]);
		testing_no_sorting(t, sql);
	}
}

/* ---- what belongs to one ----------------------------------------------- */

static void
activity_tells_what_there_is(void **state)
{
	struct testing *t = *state;
	int64_t a = testing_user(t, "alice"), b = testing_user(t, "bob"),
		c = testing_user(t, "carol"), d = testing_user(t, "dora"), id;
	int64_t talk = testing_friends(t, b, a);
	struct store_invite invite = { .uses_left = 1, .befriend_id = a };
	struct store_friend_request request;
	uint8_t hash[32] = { 1 };
	struct store_user_activity v;

	testing_send(t, talk, b, "one");
	testing_send(t, talk, a, "two");
	testing_send(t, talk, b, "three");
	testing_send(t, testing_friends(t, b, c), b, "four");
	testing_begin(t);
	ok(t, store_device_add(t->s, a, hash, "laptop", T0 + 5, &id));
	ok(t, store_invite_add(t->s, hash, &invite, &id));
	ok(t, store_friend_request_send(t->s, a, c, T0, &request));
	ok(t, store_friend_request_send(t->s, d, a, T0, &request));
	testing_commit(t);
	announce(t, NULL, 0);
	ok(t, store_user_activity(t->s, a, &v));
	assert_int_equal(v.devices, 1);
	assert_int_equal(v.friends, 1);
	assert_int_equal(v.requests_sent, 1);
	assert_int_equal(v.requests_received, 1);
	assert_int_equal(v.invites, 1);
	assert_int_equal(v.conversations, 2);
	assert_int_equal(v.messages_sent, 1);
	assert_true(v.first_message_us == T0);
	assert_true(v.last_message_us == T0);
	ok(t, store_user_activity(t->s, b, &v));
	assert_int_equal(v.messages_sent, 3);
	assert_int_equal(v.friends, 2);
	ok(t, store_user_activity(t->s, d, &v));
	assert_int_equal(v.messages_sent, 0);
	assert_true(v.first_message_us == 0);
	assert_true(find(t, a).last_seen_us == T0 + 5);
	assert_true(find(t, b).last_seen_us == 0);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, testing_setup, testing_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_lock_ends_by_itself),
		CASE(a_lock_can_be_changed),
		CASE(unlocking_gives_back_what_was),
		CASE(somebody_is_found),
		CASE(deletion_waits_and_can_be_taken_back),
		CASE(a_locked_one_is_locked_again_after_a_restore),
		CASE(what_is_due_is_purged_a_few_at_a_time),
		CASE(nobody_is_or_befriends_the_server),
		CASE(an_import_brings_everything),
		CASE(lists_are_sorted_by_each_key_in_each_direction),
		CASE(lists_are_filtered),
		CASE(lists_leave_out_who_is_no_user),
		CASE(pages_go_on_whatever_happens_between),
		CASE(lists_need_no_sorting),
		CASE(activity_tells_what_there_is),
	};

	return cmocka_run_group_tests_name("store: users", tests, NULL, NULL);
}
