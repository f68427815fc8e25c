/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session does with each request in each state, and its penalties. */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "envelope.h"
#include "frame.h"
#include "penalties.h"
#include "session_dispatch.h"

/* ---- dispatch --------------------------------------------------------- */

static void
judge(enum session_state state, const Kith__ToServer *m,
    struct session_step *step_r)
{
	size_t length = 0;
	uint8_t *bytes = envelope_pack(&m->base, &length);

	session_dispatch(state, bytes, length, step_r);
	free(bytes);
}

static void
assert_passed(struct session_step *step, enum session_state next)
{
	assert_int_equal(step->action, SESSION_PASS);
	assert_non_null(step->message);
	assert_int_equal(step->next, next);
	envelope_free_to_server(&step->message);
}

static void
assert_refused(
    const struct session_step *step, uint64_t request, Kith__Refusal__Code code)
{
	assert_int_equal(step->action, SESSION_ANSWER);
	assert_int_equal(step->answer.body_case, KITH__TO_CLIENT__BODY_REFUSAL);
	assert_int_equal(step->answer.request, request);
	assert_int_equal(step->answer.refusal->code, code);
	assert_true(strlen(step->answer.refusal->sentence) > 0);
}

static void
test_hello_opens_the_door(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__Hello hello = KITH__HELLO__INIT;
	struct session_step step;

	hello.client = (char *)"a test";
	m.request = 5;
	m.body_case = KITH__TO_SERVER__BODY_HELLO;
	m.hello = &hello;
	judge(SESSION_GREETED, &m, &step);
	assert_passed(&step, SESSION_GUEST);
	judge(SESSION_GUEST, &m, &step);
	assert_refused(&step, 5, KITH__REFUSAL__CODE__NOT_NOW);
	judge(SESSION_SIGNED_IN, &m, &step);
	assert_refused(&step, 5, KITH__REFUSAL__CODE__NOT_NOW);
}

static void
test_ping_never_reaches_the_hub(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__Ping ping = KITH__PING__INIT;
	struct session_step step;

	m.request = 9;
	m.body_case = KITH__TO_SERVER__BODY_PING;
	m.ping = &ping;
	judge(SESSION_GREETED, &m, &step);
	assert_refused(&step, 9, KITH__REFUSAL__CODE__NOT_NOW);
	judge(SESSION_SIGNED_IN, &m, &step);
	assert_int_equal(step.action, SESSION_ANSWER);
	assert_int_equal(step.answer.body_case, KITH__TO_CLIENT__BODY_PONG);
	assert_int_equal(step.answer.request, 9);
	/* 0 asks for no answer */
	m.request = 0;
	judge(SESSION_GUEST, &m, &step);
	assert_int_equal(step.action, SESSION_SKIP);
}

static void
test_guests_do_nothing_but_sign_in(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__SignIn sign_in = KITH__SIGN_IN__INIT;
	Kith__CatchUp catch_up = KITH__CATCH_UP__INIT;
	struct session_step step;

	m.request = 1;
	m.body_case = KITH__TO_SERVER__BODY_SIGN_IN;
	m.sign_in = &sign_in;
	sign_in.name = (char *)"alice";
	sign_in.proof_case = KITH__SIGN_IN__PROOF_PASSWORD;
	sign_in.password = (char *)"correct horse";
	judge(SESSION_GREETED, &m, &step);
	assert_refused(&step, 1, KITH__REFUSAL__CODE__NOT_NOW);
	judge(SESSION_GUEST, &m, &step);
	assert_passed(&step, SESSION_GUEST); /* the hub says when it worked */
	judge(SESSION_SIGNED_IN, &m, &step);
	assert_refused(&step, 1, KITH__REFUSAL__CODE__NOT_NOW);

	m.body_case = KITH__TO_SERVER__BODY_CATCH_UP;
	m.catch_up = &catch_up;
	judge(SESSION_GUEST, &m, &step);
	assert_refused(&step, 1, KITH__REFUSAL__CODE__NOT_NOW);
	judge(SESSION_SIGNED_IN, &m, &step);
	assert_passed(&step, SESSION_SIGNED_IN);
}

static void
test_rubbish_is_the_end(void **state)
{
	static const uint8_t rubbish[] = "\xff\xff hello";
	struct session_step step;

	session_dispatch(SESSION_SIGNED_IN, rubbish, sizeof(rubbish), &step);
	assert_int_equal(step.action, SESSION_END);
	assert_int_equal(step.answer.body_case, KITH__TO_CLIENT__BODY_GOODBYE);
	assert_int_equal(
	    step.answer.goodbye->reason->code, KITH__REFUSAL__CODE__MALFORMED);
	assert_int_equal(step.answer.request, 0);
}

static void
test_goodbye_says_when_to_come_back(void **state)
{
	struct session_step step;

	session_goodbye(KITH_TRY_LATER, "Too slow.", &step);
	assert_string_equal(step.answer.goodbye->reason->sentence, "Too slow.");
	assert_true(step.answer.goodbye->reason->retry_after_ms > 0);
	session_goodbye(KITH_MALFORMED, NULL, &step);
	assert_int_equal(step.answer.goodbye->reason->retry_after_ms, 0);
}

/* A later client's request: refused, and the connection goes on. */
static void
test_unknown_request(void **state)
{
	static const uint8_t unknown[] = { 0x08, 3, 0xfa, 0x06, 0 };
	struct session_step step;

	session_dispatch(SESSION_SIGNED_IN, unknown, sizeof(unknown), &step);
	assert_refused(&step, 3, KITH__REFUSAL__CODE__UNSUPPORTED);
}

static void
test_frame_limits(void **state)
{
	assert_int_equal(
	    session_frame_max(SESSION_GREETED), FRAME_MAX_BEFORE_SIGN_IN);
	assert_int_equal(
	    session_frame_max(SESSION_GUEST), FRAME_MAX_BEFORE_SIGN_IN);
	assert_int_equal(session_frame_max(SESSION_SIGNED_IN), FRAME_MAX);
}

/* ---- penalties -------------------------------------------------------- */

static struct network
network(const char *text)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return network_of((struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return network_of((struct sockaddr *)&v6);
}

static void
test_networks(void **state)
{
	struct penalties *p = penalties_new();
	struct network a = network("2001:db8:1:2::5");
	struct network same = network("2001:db8:1:2:ffff::9");
	struct network other = network("2001:db8:1:3::5");
	struct network v4 = network("192.0.2.1");
	struct network mapped = network("::ffff:192.0.2.1");

	penalties_connected(p, &a);
	penalties_connected(p, &same);
	assert_int_equal(penalties_connections(p, &a), 2);
	assert_int_equal(penalties_connections(p, &other), 0);
	penalties_disconnected(p, &same);
	assert_int_equal(penalties_connections(p, &a), 1);
	penalties_connected(p, &mapped);
	assert_int_equal(penalties_connections(p, &v4), 1);
	penalties_free(&p);
	assert_null(p);
}

static void
test_penalties_add_up_and_pass(void **state)
{
	struct penalties *p = penalties_new();
	struct network a = network("192.0.2.1"), b = network("192.0.2.2");

	assert_int_equal(penalties_add(p, &a, false, SESSION_CLOSED, 1000), 0);
	assert_int_equal(penalties_add(p, &a, false, SESSION_SILENT, 1000), 0);
	penalties_add(p, &a, false, SESSION_MALFORMED, 1000);
	assert_int_equal(penalties_left_ms(p, &a, 1000), 0);
	penalties_add(p, &a, false, SESSION_MALFORMED, 1000);
	assert_int_equal(penalties_left_ms(p, &a, 1000), 20000);
	assert_int_equal(penalties_left_ms(p, &b, 1000), 0);
	assert_int_equal(penalties_left_ms(p, &a, 3000), 18000);
	assert_int_equal(penalties_left_ms(p, &a, 30000), 0);
	/* a crash alone is enough, and there is a most */
	penalties_add(p, &b, true, SESSION_BROKEN, 0);
	assert_int_equal(penalties_left_ms(p, &b, 0), 90000);
	for (int i = 0; i < 20; i++)
		penalties_add(p, &b, true, SESSION_BROKEN, 0);
	assert_int_equal(penalties_left_ms(p, &b, 0), PENALTIES_MOST_MS);
	penalties_free(&p);
}

/* What is no TLS costs what going away costs, which a scanner could do too. */
static void
test_no_tls_costs_as_leaving_does(void **state)
{
	struct penalties *p = penalties_new();
	struct network a = network("192.0.2.1");
	int64_t left = penalties_add(p, &a, false, SESSION_LEFT, 0);

	assert_true(left > 0);
	assert_int_equal(penalties_add(p, &a, false, SESSION_NO_TLS, 0), left);
	for (int64_t ms = 2 * left; ms < PENALTIES_ENFORCE_MS; ms += left) {
		assert_int_equal(penalties_left_ms(p, &a, 0), 0);
		penalties_add(p, &a, false, SESSION_NO_TLS, 0);
	}
	assert_int_equal(penalties_left_ms(p, &a, 0), PENALTIES_ENFORCE_MS);
	penalties_free(&p);
}

static void
test_loopback_is_never_penalised(void **state)
{
	struct penalties *p = penalties_new();
	struct network v4 = network("127.0.0.1"), v6 = network("::1");

	penalties_add(p, &v4, true, SESSION_BROKEN, 0);
	penalties_add(p, &v6, true, SESSION_BROKEN, 0);
	assert_int_equal(penalties_left_ms(p, &v4, 0), 0);
	assert_int_equal(penalties_left_ms(p, &v6, 0), 0);
	penalties_connected(p, &v4);
	assert_int_equal(penalties_connections(p, &v4), 1);
	penalties_free(&p);
}

static void
test_penalties_survive_a_handover(void **state)
{
	struct penalties *p = penalties_new(), *next = penalties_new();
	struct network a = network("2001:db8::1");
	struct network again;
	Kith__Ipc__ListenerState__Penalty rows[4];

	penalties_add(p, &a, true, SESSION_BROKEN, 1000);
	assert_int_equal(penalties_save(p, rows, 4, 2000), 1);
	again = network_from(rows[0].prefix.data, rows[0].prefix.len);
	penalties_restore(next, &again, rows[0].left_ms, 50000);
	assert_int_equal(penalties_left_ms(next, &a, 50000), 89000);
	penalties_free(&p);
	penalties_free(&next);
}

/* Whoever owns a large network cannot make the table grow without end. */
static void
test_table_is_bounded(void **state)
{
	struct penalties *p = penalties_new();
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct network kept = network("192.0.2.1");
	uint32_t i;

	penalties_connected(p, &kept);
	v6.sin6_addr.s6_addr[0] = 0x20;
	for (i = 0; i < PENALTIES_NETWORKS_MAX + 1000; i++) {
		struct network n;

		memcpy(&v6.sin6_addr.s6_addr[4], &i, sizeof(i));
		n = network_of((struct sockaddr *)&v6);
		penalties_add(p, &n, false, SESSION_LEFT, 0);
	}
	assert_int_equal(penalties_connections(p, &kept), 1);
	penalties_free(&p);
}

static void
test_penalties_are_listed_in_pages(void **state)
{
	struct penalties *p = penalties_new();
	struct penalties_row rows[2];
	struct network v4 = network("192.0.2.1"), v6 = network("2001:db8::1"),
		       other = network("198.51.100.1");

	penalties_add(p, &v6, true, SESSION_BROKEN, 1000);
	penalties_add(p, &other, false, SESSION_LEFT, 1000);
	penalties_add(p, &v4, true, SESSION_BROKEN, 1000);
	penalties_connected(p, &v4);
	assert_int_equal(penalties_page(p, NULL, 2000, rows, 2), 1 + 1);
	assert_string_equal(rows[0].network, "192.0.2.1");
	assert_int_equal(rows[0].connections, 1);
	assert_int_equal(rows[0].penalty_ms, 89000);
	/* as long as connections are refused, and not a moment longer */
	assert_true(penalties_left_ms(p, &v4, 2000 + rows[0].left_ms - 1) > 0);
	assert_int_equal(penalties_left_ms(p, &v4, 2000 + rows[0].left_ms), 0);
	assert_string_equal(rows[1].network, "2001:db8::/64");
	assert_int_equal(penalties_page(p, rows[1].key, 2000, rows, 2), 0);
	/* what is no longer held against anybody is not shown */
	assert_int_equal(penalties_page(p, NULL, 1500, rows, 2), 2);
	assert_string_equal(rows[1].network, "198.51.100.1");
	penalties_free(&p);
}

static void
test_penalties_are_forgiven(void **state)
{
	struct penalties *p = penalties_new();
	struct penalties_row rows[2];
	struct network a = network("192.0.2.1"), b = network("2001:db8::1");

	penalties_add(p, &a, true, SESSION_BROKEN, 1000);
	penalties_add(p, &b, true, SESSION_BROKEN, 1000);
	penalties_connected(p, &a);
	assert_int_equal(penalties_forgive(p, &a, 1000), 1);
	assert_int_equal(penalties_forgive(p, &a, 1000), 0);
	assert_int_equal(penalties_left_ms(p, &a, 1000), 0);
	assert_int_equal(penalties_connections(p, &a), 1);
	assert_int_equal(penalties_page(p, NULL, 1000, rows, 2), 1);
	assert_int_equal(penalties_forgive(p, NULL, 1000), 1);
	assert_int_equal(penalties_page(p, NULL, 1000, rows, 2), 0);
	penalties_disconnected(p, &a);
	penalties_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hello_opens_the_door),
		cmocka_unit_test(test_ping_never_reaches_the_hub),
		cmocka_unit_test(test_guests_do_nothing_but_sign_in),
		cmocka_unit_test(test_rubbish_is_the_end),
		cmocka_unit_test(test_goodbye_says_when_to_come_back),
		cmocka_unit_test(test_unknown_request),
		cmocka_unit_test(test_frame_limits),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_penalties_add_up_and_pass),
		cmocka_unit_test(test_no_tls_costs_as_leaving_does),
		cmocka_unit_test(test_loopback_is_never_penalised),
		cmocka_unit_test(test_penalties_survive_a_handover),
		cmocka_unit_test(test_penalties_are_listed_in_pages),
		cmocka_unit_test(test_penalties_are_forgiven),
		cmocka_unit_test(test_table_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
