/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the hub is made of and can be tried alone: throttle, refusals, routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hub_routes.h"
#include "hub_session.h"
#include "hub_throttle.h"
#include "mem.h"
#include "refusal.h"

/* ---- throttle ----------------------------------------------------------- */

static struct throttle_try
try_of(const char *name, const char *address, uint64_t guess)
{
	struct throttle_try try = { .guess = guess };

	snprintf(try.name, sizeof(try.name), "%s", name);
	snprintf(try.address, sizeof(try.address), "%s", address);
	return try;
}

/* Tries a wrong password; returns what throttle_admit() said. */
static uint32_t
guess_wrong(struct throttle *t, struct throttle_try try, int64_t now_ms)
{
	uint32_t wait_ms = throttle_admit(t, &try, now_ms);

	if (wait_ms == 0)
		throttle_failed(t, &try, now_ms);
	return wait_ms;
}

static void
test_guessing_gets_slower(void **state)
{
	struct throttle *t = throttle_new();
	int64_t now_ms = 1000000;
	uint64_t guess = 1;
	uint32_t wait_ms, longest_ms = 0;

	while (guess <= THROTTLE_ACCOUNT_FREE + 1)
		assert_int_equal(
		    guess_wrong(t, try_of("bob", "192.0.2.1", guess++), now_ms),
		    0);
	wait_ms = guess_wrong(t, try_of("bob", "192.0.2.1", guess), now_ms);
	assert_int_equal(wait_ms, THROTTLE_DELAY_FIRST_MS);
	/* Others are not held up by that. */
	assert_int_equal(
	    guess_wrong(t, try_of("carol", "192.0.2.2", guess), now_ms), 0);
	/* It never becomes a lock-out. */
	for (int i = 0; i < 50; i++) {
		now_ms += wait_ms;
		assert_int_equal(
		    guess_wrong(
			t, try_of("bob", "198.51.100.1", ++guess), now_ms),
		    0);
		wait_ms =
		    guess_wrong(t, try_of("bob", "203.0.113.1", 0), now_ms);
		if (wait_ms > longest_ms)
			longest_ms = wait_ms;
		assert_true(wait_ms > 0);
	}
	assert_int_equal(longest_ms, THROTTLE_DELAY_MAX_MS);
	throttle_free(&t);
	assert_null(t);
}

static void
test_the_same_wrong_password_counts_once(void **state)
{
	struct throttle *t = throttle_new();

	for (int i = 0; i < 100; i++)
		assert_int_equal(guess_wrong(t, try_of("bob", "192.0.2.1", 7),
				     1000 + 1000 * i),
		    0);
	throttle_free(&t);
}

/* It tells nobody anything, but each time auth has the work. */
static void
test_repeating_does_not_keep_auth_busy(void **state)
{
	enum { STEP_MS = 10, STEPS = 3000 };
	struct throttle *t = throttle_new();
	unsigned admitted = 0;

	for (int i = 0; i < STEPS; i++)
		if (guess_wrong(t, try_of("bob", "192.0.2.1", 7),
			1000 + STEP_MS * i) == 0)
			admitted++;
	assert_in_range(admitted, THROTTLE_REPEATS_BURST,
	    THROTTLE_REPEATS_BURST +
		STEP_MS * STEPS / THROTTLE_REPEAT_INTERVAL_MS + 1);
	/* bob himself, elsewhere, does not feel it */
	assert_int_equal(
	    guess_wrong(t, try_of("bob", "198.51.100.1", 8), 1000), 0);
	throttle_free(&t);
}

/* What is refused costs nothing, so it must not displace anything either. */
static void
test_what_is_refused_makes_nobody_forgotten(void **state)
{
	struct throttle *t = throttle_new();
	const int64_t now_ms = 1000;
	char name[16];

	for (uint64_t guess = 1; guess <= THROTTLE_ACCOUNT_FREE + 1; guess++)
		guess_wrong(t, try_of("bob", "192.0.2.1", guess), now_ms);
	for (uint64_t guess = 1; guess <= THROTTLE_NETWORK_FREE + 1; guess++) {
		snprintf(name, sizeof(name), "user%u", (unsigned)guess);
		guess_wrong(t, try_of(name, "203.0.113.1", guess), now_ms);
	}
	for (unsigned i = 0; i < THROTTLE_ENTRIES_MAX; i++) {
		snprintf(name, sizeof(name), "other%u", i);
		assert_true(
		    guess_wrong(t, try_of(name, "203.0.113.1", i), now_ms) > 0);
	}
	assert_true(
	    guess_wrong(t, try_of("bob", "198.51.100.1", 99), now_ms) > 0);
	throttle_free(&t);
}

static void
test_the_right_password_forgives(void **state)
{
	struct throttle *t = throttle_new();
	struct throttle_try right = try_of("bob", "192.0.2.1", 99);

	for (uint64_t guess = 1; guess <= THROTTLE_ACCOUNT_FREE; guess++)
		guess_wrong(t, try_of("bob", "192.0.2.1", guess), 1000);
	assert_int_equal(throttle_admit(t, &right, 1000), 0);
	throttle_passed(t, &right, 1000);
	for (uint64_t guess = 1; guess <= THROTTLE_ACCOUNT_FREE; guess++)
		assert_int_equal(
		    guess_wrong(t, try_of("bob", "192.0.2.1", guess), 1000), 0);
	throttle_free(&t);
}

static void
test_time_forgives(void **state)
{
	struct throttle *t = throttle_new();
	int64_t later_ms = 1000 + 100 * THROTTLE_FORGIVE_MS;

	for (uint64_t guess = 1; guess <= THROTTLE_ACCOUNT_FREE + 1; guess++)
		guess_wrong(t, try_of("bob", "192.0.2.1", guess), 1000);
	for (uint64_t guess = 11; guess <= 10 + THROTTLE_ACCOUNT_FREE; guess++)
		assert_int_equal(
		    guess_wrong(t, try_of("bob", "192.0.2.1", guess), later_ms),
		    0);
	throttle_free(&t);
}

/* A hundred connections at once do not get a hundred guesses. */
static void
test_many_at_once_are_counted(void **state)
{
	struct throttle *t = throttle_new();
	uint32_t admitted = 0;

	for (uint64_t guess = 1; guess <= 100; guess++) {
		struct throttle_try try = try_of("bob", "192.0.2.1", guess);

		if (throttle_admit(t, &try, 1000) == 0)
			admitted++;
	}
	assert_int_equal(admitted, THROTTLE_ACCOUNT_FREE);
	throttle_free(&t);
}

/* Spraying many names from one network, IPv6: the /64 is one network. */
static void
test_spraying_is_slowed_by_network(void **state)
{
	struct throttle *t = throttle_new();
	char name[16], address[46];
	uint32_t wait_ms = 0;

	for (unsigned i = 0; i < 30 && wait_ms == 0; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		snprintf(address, sizeof(address), "2001:db8::%x", i + 1);
		wait_ms = guess_wrong(t, try_of(name, address, i + 1), 1000);
		if (wait_ms == 0)
			assert_true(i <= THROTTLE_NETWORK_FREE);
	}
	assert_true(wait_ms > 0);
	assert_int_equal(
	    guess_wrong(t, try_of("user0", "2001:db8:0:1::1", 500), 1000), 0);
	throttle_free(&t);
}

/* One network cannot keep auth from everybody else. */
static void
test_one_network_does_not_fill_the_queue(void **state)
{
	struct throttle *t = throttle_new();
	struct throttle_try other = try_of("zoe", "198.51.100.7", 1);
	struct throttle_try try;
	char name[16];
	uint32_t admitted = 0;

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "user%u", i);
		try = try_of(name, "192.0.2.1", i + 1);
		if (throttle_admit(t, &try, 1000) == 0)
			admitted++;
	}
	assert_int_equal(admitted, THROTTLE_NETWORK_PENDING_MAX);
	assert_int_equal(throttle_admit(t, &other, 1000), 0);
	try = try_of("user0", "192.0.2.1", 1);
	throttle_abandoned(t, &try, 1000);
	assert_int_equal(throttle_admit(t, &try, 1000), 0);
	throttle_free(&t);
}

static void
test_bucket_gives_a_burst_and_then_a_rate(void **state)
{
	struct throttle_bucket bucket = { 0 };
	int64_t now_ms = 5000;

	for (int i = 0; i < 10; i++)
		assert_int_equal(throttle_take(&bucket, 10, 100, now_ms), 0);
	assert_int_equal(throttle_take(&bucket, 10, 100, now_ms), 100);
	assert_int_equal(throttle_take(&bucket, 10, 100, now_ms + 100), 0);
	assert_int_equal(throttle_take(&bucket, 10, 100, now_ms + 100), 100);
	throttle_give_back(&bucket, 100);
	assert_int_equal(throttle_take(&bucket, 10, 100, now_ms + 100), 0);
}

/* ---- refusals ------------------------------------------------------------ */

static void
test_every_code_has_its_refusal(void **state)
{
	const ProtobufCEnumDescriptor *codes = &kith__refusal__code__descriptor;

	for (int code = KITH_MALFORMED; code <= KITH_PENDING; code++) {
		Kith__Refusal refusal;
		char word[64];
		const char *name;

		refusal_init(&refusal, (enum kith_code)code, NULL, 0);
		name = protobuf_c_enum_descriptor_get_value(
		    codes, (int)refusal.code)
			   ->name;
		/* the same names on both sides */
		for (size_t i = 0; i <= strlen(name); i++)
			word[i] = (char)(name[i] >= 'A' && name[i] <= 'Z'
				? name[i] - 'A' + 'a'
				: name[i]);
		assert_string_equal(word, kith_code_word((enum kith_code)code));
		assert_true(strlen(refusal.sentence) > 0);
	}
}

static void
test_what_is_not_for_clients_is_internal(void **state)
{
	Kith__Refusal refusal;

	for (int code = KITH_AGAIN; code < KITH_CODE_COUNT; code++)
		assert_int_equal(refusal_code((enum kith_code)code),
		    KITH__REFUSAL__CODE__INTERNAL);
	refusal_init(&refusal, KITH_IO, "disk sda1 is on fire", 0);
	assert_null(strstr(refusal.sentence, "sda1"));
}

static void
test_refusal_says_when_to_try_again(void **state)
{
	Kith__Refusal refusal;

	refusal_init(&refusal, KITH_BUSY, NULL, 0);
	assert_int_equal(refusal.retry_after_ms, REFUSAL_BUSY_RETRY_MS);
	refusal_init(&refusal, KITH_TRY_LATER, NULL, 1234);
	assert_int_equal(refusal.retry_after_ms, 1234);
	/* "You read too slowly" knows no better, and must not say 0 */
	refusal_init(&refusal, KITH_TRY_LATER, NULL, 0);
	assert_int_equal(refusal.retry_after_ms, REFUSAL_LATER_RETRY_MS);
	refusal_init(&refusal, KITH_NOT_FRIENDS, NULL, 0);
	assert_int_equal(refusal.retry_after_ms, 0);
}

/* ---- routes --------------------------------------------------------------- */

static void
count_offline(void *context, int64_t user_id)
{
	int64_t *last = context;

	*last = user_id;
}

static void
test_person_is_online_until_the_grace_is_over(void **state)
{
	struct routes *routes = routes_new();
	struct session one = { 0 }, two = { 0 };
	bool came;
	int64_t left = 0;

	assert_true(routes_add(routes, 5, &one, &came));
	assert_true(came);
	assert_true(routes_add(routes, 5, &two, &came));
	assert_false(came);
	assert_int_equal(routes_people_online(routes), 1);
	routes_remove(routes, 5, &one, 1000);
	routes_remove(routes, 5, &two, 1000);
	routes_tick(routes, 1000 + ROUTES_GRACE_MS - 1, count_offline, &left);
	assert_true(routes_is_online(routes, 5));
	/* A reconnect in time does not show. */
	assert_true(routes_add(routes, 5, &one, &came));
	assert_false(came);
	routes_remove(routes, 5, &one, 2000);
	routes_tick(routes, 2000 + ROUTES_GRACE_MS, count_offline, &left);
	assert_int_equal(left, 5);
	assert_false(routes_is_online(routes, 5));
	assert_null(routes_person(routes, 5));
	routes_free(&routes);
}

/* Leaving and coming again does not wash off what a rate counts. */
static void
test_debts_outlive_the_connection(void **state)
{
	struct routes *routes = routes_new();
	struct session one = { 0 };
	bool came;
	int64_t left = 0;

	assert_true(routes_add(routes, 5, &one, &came));
	throttle_take(&routes_person(routes, 5)->messages, 1, 60000, 1000);
	routes_remove(routes, 5, &one, 1000);
	routes_tick(routes, 10000, count_offline, &left);
	assert_int_equal(left, 5);
	assert_non_null(routes_person(routes, 5));
	assert_false(routes_is_online(routes, 5));
	routes_tick(routes, 70000, count_offline, &left);
	assert_null(routes_person(routes, 5));
	routes_free(&routes);
}

static void
test_one_person_has_a_limit_of_connections(void **state)
{
	struct routes *routes = routes_new();
	struct session *many = mem_new(ROUTES_SESSIONS_MAX + 1, sizeof(*many));
	bool came;

	for (size_t i = 0; i < ROUTES_SESSIONS_MAX; i++)
		assert_true(routes_add(routes, 5, &many[i], &came));
	assert_false(routes_add(routes, 5, &many[ROUTES_SESSIONS_MAX], &came));
	for (size_t i = 0; i < ROUTES_SESSIONS_MAX; i++)
		routes_remove(routes, 5, &many[i], 1000);
	routes_free(&routes);
	free(many);
}

static void
test_member_cache_is_bounded(void **state)
{
	struct routes *routes = routes_new();
	struct route_members members = { .count = 2, .user_id = { 1, 2 } };

	assert_null(routes_members(routes, 1));
	for (int64_t id = 1; id <= ROUTES_CONVERSATIONS_MAX + 1; id++)
		routes_learn(routes, id, &members);
	assert_null(routes_members(routes, 1));
	assert_int_equal(routes_members(routes, 2)->user_id[1], 2);
	routes_free(&routes);
}

/* ---- what is held against whom ------------------------------------------- */

static size_t
page_of(struct throttle *t, enum throttle_table table, const char *after,
    int64_t now_ms, struct throttle_row *rows, size_t most)
{
	memset(rows, 0xa5, most * sizeof(*rows));
	return throttle_page(t, table, after, now_ms, rows, most);
}

static void
test_penalties_are_listed_until_time_forgives(void **state)
{
	struct throttle *t = throttle_new();
	struct throttle_row rows[4];
	const int64_t now_ms = 1000;

	for (uint64_t guess = 1; guess <= THROTTLE_ACCOUNT_FREE + 1; guess++)
		guess_wrong(t, try_of("bob", "2001:db8::7", guess), now_ms);
	assert_int_equal(
	    page_of(t, THROTTLE_ACCOUNTS, NULL, now_ms + 400, rows, 4), 1);
	assert_string_equal(rows[0].whom, "bob");
	assert_int_equal(rows[0].failures, THROTTLE_ACCOUNT_FREE + 1);
	assert_int_equal(rows[0].wait_ms, THROTTLE_DELAY_FIRST_MS - 400);
	assert_int_equal(
	    page_of(t, THROTTLE_NETWORKS, NULL, now_ms, rows, 4), 1);
	assert_string_equal(rows[0].whom, "2001:db8::/64");
	assert_int_equal(rows[0].wait_ms, 0);
	assert_int_equal(page_of(t, THROTTLE_ACCOUNTS, NULL,
			     now_ms + THROTTLE_FORGIVE_MS, rows, 4),
	    1);
	assert_int_equal(rows[0].failures, THROTTLE_ACCOUNT_FREE);
	assert_int_equal(page_of(t, THROTTLE_ACCOUNTS, NULL,
			     now_ms + 100 * THROTTLE_FORGIVE_MS, rows, 4),
	    0);
	throttle_free(&t);
}

static void
test_penalties_come_in_pages(void **state)
{
	struct throttle *t = throttle_new();
	struct throttle_row rows[3];
	char name[16], address[46], after[THROTTLE_NAME_SIZE];
	bool seen[100] = { false };
	size_t count, total = 0;

	for (int i = 99; i >= 0; i--) {
		snprintf(name, sizeof(name), "user%d", i);
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		guess_wrong(t, try_of(name, address, 1), 1000);
	}
	count = page_of(t, THROTTLE_ACCOUNTS, NULL, 1000, rows, 3);
	assert_string_equal(rows[0].whom, "user0");
	while (count > 0) {
		for (size_t i = 0; i < count; i++) {
			int n = atoi(rows[i].whom + strlen("user"));

			assert_false(seen[n]);
			seen[n] = true;
			total++;
		}
		memcpy(after, rows[count - 1].key, sizeof(after));
		count = page_of(t, THROTTLE_ACCOUNTS, after, 1000, rows, 3);
	}
	assert_int_equal(total, 100);
	throttle_free(&t);
}

/* Somebody may have typed the password where the name belongs. */
static void
test_what_is_no_name_is_not_shown(void **state)
{
	struct throttle *t = throttle_new();
	struct throttle_row rows[4];

	guess_wrong(t, try_of("Correct horse 7", "192.0.2.1", 1), 1000);
	assert_int_equal(page_of(t, THROTTLE_ACCOUNTS, NULL, 1000, rows, 4), 1);
	assert_string_equal(rows[0].whom, "");
	throttle_free(&t);
}

static void
test_forgiving_lets_in_at_once(void **state)
{
	static const uint8_t network[] = { 192, 0, 2, 1 };
	struct throttle *t = throttle_new();
	struct throttle_row rows[4];
	struct throttle_try bob = try_of("bob", "192.0.2.1", 999);

	for (uint64_t guess = 1; guess <= THROTTLE_ACCOUNT_FREE + 1; guess++)
		guess_wrong(t, try_of("bob", "192.0.2.1", guess), 1000);
	assert_true(throttle_admit(t, &bob, 1000) > 0);
	assert_int_equal(throttle_forgive_account(t, "carol", 1000), 0);
	assert_int_equal(throttle_forgive_account(t, "bob", 1000), 1);
	assert_int_equal(throttle_forgive_account(t, "bob", 1000), 0);
	assert_int_equal(throttle_admit(t, &bob, 1000), 0);
	throttle_passed(t, &bob, 1000);
	assert_int_equal(page_of(t, THROTTLE_ACCOUNTS, NULL, 1000, rows, 4), 0);

	assert_int_equal(page_of(t, THROTTLE_NETWORKS, NULL, 1000, rows, 4), 1);
	assert_int_equal(throttle_forgive_network(t, network, 3, 1000), 0);
	assert_int_equal(throttle_forgive_network(t, network, 4, 1000), 1);
	assert_int_equal(page_of(t, THROTTLE_NETWORKS, NULL, 1000, rows, 4), 0);

	for (int i = 0; i < 5; i++)
		guess_wrong(
		    t, try_of("dave", "198.51.100.1", (uint64_t)i), 1000);
	assert_int_equal(throttle_forgive_all(t, THROTTLE_ACCOUNTS, 1000), 1);
	assert_int_equal(throttle_forgive_all(t, THROTTLE_NETWORKS, 1000), 1);
	assert_int_equal(throttle_forgive_all(t, THROTTLE_NETWORKS, 1000), 0);
	throttle_free(&t);
}

/* A school that has made all the accounts it may for now. */
static void
test_forgiving_ends_the_wait_for_accounts(void **state)
{
	static const uint8_t network[] = { 192, 0, 2, 1 };
	struct throttle *t = throttle_new();
	struct throttle_row rows[1];
	int taken = 0;

	while (throttle_take(throttle_network_bucket(t, "192.0.2.1", 1000),
		   THROTTLE_SIGN_UP_BURST, THROTTLE_SIGN_UP_INTERVAL_MS,
		   1000) == 0)
		taken++;
	assert_int_equal(taken, THROTTLE_SIGN_UP_BURST);
	assert_int_equal(page_of(t, THROTTLE_NETWORKS, NULL, 1000, rows, 1), 1);
	assert_int_equal(rows[0].sign_up_wait_ms, THROTTLE_SIGN_UP_INTERVAL_MS);
	assert_int_equal(throttle_forgive_network(t, network, 4, 1000), 1);
	assert_int_equal(
	    throttle_take(throttle_network_bucket(t, "192.0.2.1", 1000),
		THROTTLE_SIGN_UP_BURST, THROTTLE_SIGN_UP_INTERVAL_MS, 1000),
	    0);
	throttle_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guessing_gets_slower),
		cmocka_unit_test(test_the_same_wrong_password_counts_once),
		cmocka_unit_test(test_repeating_does_not_keep_auth_busy),
		cmocka_unit_test(test_what_is_refused_makes_nobody_forgotten),
		cmocka_unit_test(test_the_right_password_forgives),
		cmocka_unit_test(test_time_forgives),
		cmocka_unit_test(test_many_at_once_are_counted),
		cmocka_unit_test(test_spraying_is_slowed_by_network),
		cmocka_unit_test(test_one_network_does_not_fill_the_queue),
		cmocka_unit_test(test_bucket_gives_a_burst_and_then_a_rate),
		cmocka_unit_test(test_every_code_has_its_refusal),
		cmocka_unit_test(test_what_is_not_for_clients_is_internal),
		cmocka_unit_test(test_refusal_says_when_to_try_again),
		cmocka_unit_test(test_person_is_online_until_the_grace_is_over),
		cmocka_unit_test(test_debts_outlive_the_connection),
		cmocka_unit_test(test_one_person_has_a_limit_of_connections),
		cmocka_unit_test(test_member_cache_is_bounded),
		cmocka_unit_test(test_penalties_are_listed_until_time_forgives),
		cmocka_unit_test(test_penalties_come_in_pages),
		cmocka_unit_test(test_what_is_no_name_is_not_shown),
		cmocka_unit_test(test_forgiving_lets_in_at_once),
		cmocka_unit_test(test_forgiving_ends_the_wait_for_accounts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
