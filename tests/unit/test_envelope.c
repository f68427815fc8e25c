/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the server takes and refuses, and what the client makes of a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arena.h"
#include "envelope.h"
#include "frame.h"
#include "ipc.pb-c.h"
#include "mem.h"
#include "text.h"

static uint8_t operation[16] = { 1, 2, 3 };

/* Packs a request and unpacks it as the server does; what is said to it. */
static struct envelope_verdict
ask(Kith__ToServer *request)
{
	struct envelope_verdict verdict;
	Kith__ToServer *m = NULL;
	size_t length;
	uint8_t *bytes = envelope_pack(&request->base, &length);

	if (envelope_unpack_to_server(bytes, length, &m, &verdict) == KITH_OK)
		envelope_free_to_server(&m);
	assert_null(m);
	free(bytes);
	return verdict;
}

static struct envelope_verdict
ask_bytes(const uint8_t *bytes, size_t length)
{
	struct envelope_verdict verdict;
	Kith__ToServer *m = NULL;

	if (envelope_unpack_to_server(bytes, length, &m, &verdict) == KITH_OK)
		envelope_free_to_server(&m);
	return verdict;
}

static void
expect_fatal(const void *bytes, size_t length)
{
	struct envelope_verdict v = ask_bytes(bytes, length);

	assert_int_equal(v.fault.code, KITH_MALFORMED);
	assert_true(v.fatal);
}

static struct envelope_verdict
send_text(char *text)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__SendMessage send = KITH__SEND_MESSAGE__INIT;
	Kith__Content content = KITH__CONTENT__INIT;

	m.request = 5;
	m.operation.data = operation;
	m.operation.len = sizeof(operation);
	m.body_case = KITH__TO_SERVER__BODY_SEND_MESSAGE;
	m.send_message = &send;
	send.conversation_id = 1;
	send.content = &content;
	content.kind_case = text != NULL ? KITH__CONTENT__KIND_TEXT
					 : KITH__CONTENT__KIND__NOT_SET;
	content.text = text;
	return ask(&m);
}

static void
a_good_request_passes_whole(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__SignIn in = KITH__SIGN_IN__INIT;
	struct envelope_verdict verdict;
	Kith__ToServer *got = NULL;
	uint8_t *bytes;
	size_t length;

	m.request = UINT64_MAX;
	m.body_case = KITH__TO_SERVER__BODY_SIGN_IN;
	m.sign_in = &in;
	in.name = (char *)"alice";
	in.proof_case = KITH__SIGN_IN__PROOF_PASSWORD;
	in.password = (char *)"correct horse";
	in.device = (char *)"Laptop";
	bytes = envelope_pack(&m.base, &length);
	assert_int_equal(
	    envelope_unpack_to_server(bytes, length, &got, &verdict), KITH_OK);
	assert_true(verdict.request == UINT64_MAX);
	assert_string_equal(got->sign_in->name, "alice");
	assert_string_equal(got->sign_in->password, "correct horse");
	envelope_free_to_server(&got);
	assert_null(got);
	envelope_free_to_server(&got);
	free(bytes);
}

static void
an_operation_stands_where_it_belongs(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__RemoveFriend remove = KITH__REMOVE_FRIEND__INIT;
	Kith__Ping ping = KITH__PING__INIT;
	struct envelope_verdict v;

	m.request = 9;
	m.body_case = KITH__TO_SERVER__BODY_REMOVE_FRIEND;
	m.remove_friend = &remove;
	v = ask(&m);
	assert_int_equal(v.fault.code, KITH_MALFORMED);
	assert_false(v.fatal);
	assert_int_equal(v.request, 9);
	m.operation.data = operation;
	m.operation.len = 15;
	assert_int_equal(ask(&m).fault.code, KITH_MALFORMED);
	m.operation.len = 16;
	assert_int_equal(ask(&m).fault.code, KITH_OK);
	m.body_case = KITH__TO_SERVER__BODY_PING;
	m.ping = &ping;
	assert_int_equal(ask(&m).fault.code, KITH_MALFORMED);
	assert_true(envelope_changes(KITH__TO_SERVER__BODY_SIGN_UP));
	assert_false(envelope_changes(KITH__TO_SERVER__BODY_MARK_READ));
}

/* Every body of the schema has a rule, so that a new one is not forgotten. */
static void
every_body_has_a_rule(void **state)
{
	const ProtobufCMessageDescriptor *d = &kith__to_server__descriptor;

	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];

		if ((f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
			continue;
		assert_string_equal(
		    envelope_request_word((Kith__ToServer__BodyCase)f->id),
		    f->name);
	}
}

static void
texts_follow_their_rules(void **state)
{
	char text[TEXT_MESSAGE_MAX + 2];
	struct envelope_verdict v;

	assert_int_equal(send_text((char *)"hello").fault.code, KITH_OK);
	v = send_text((char *)"");
	assert_int_equal(v.fault.code, KITH_BAD_TEXT);
	assert_int_equal(v.request, 5);
	assert_false(v.fatal);
	assert_int_equal(send_text(NULL).fault.code, KITH_BAD_TEXT);
	assert_int_equal(send_text((char *)"\xff").fault.code, KITH_BAD_TEXT);
	memset(text, 'x', sizeof(text));
	text[TEXT_MESSAGE_MAX + 1] = '\0';
	assert_int_equal(send_text(text).fault.code, KITH_TOO_LARGE);
	text[TEXT_MESSAGE_MAX] = '\0';
	assert_int_equal(send_text(text).fault.code, KITH_OK);
}

static void
signing_in_needs_a_possible_proof(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__SignIn in = KITH__SIGN_IN__INIT;
	uint8_t token[32] = { 0 };

	m.body_case = KITH__TO_SERVER__BODY_SIGN_IN;
	m.sign_in = &in;
	in.name = (char *)"alice";
	assert_int_equal(ask(&m).fault.code, KITH_MALFORMED);
	in.proof_case = KITH__SIGN_IN__PROOF_TOKEN;
	in.token.data = token;
	in.token.len = 31;
	assert_int_equal(ask(&m).fault.code, KITH_BAD_CREDENTIALS);
	in.token.len = 32;
	assert_int_equal(ask(&m).fault.code, KITH_OK);
	in.name = (char *)"abcdefghijklmnopqrstuvwxyzabcdefghijklmn";
	assert_int_equal(ask(&m).fault.code, KITH_BAD_CREDENTIALS);
	in.name = (char *)"alice";
	in.device = (char *)"two\nlines";
	assert_int_equal(ask(&m).fault.code, KITH_BAD_TEXT);
}

static void
names_are_judged_before_the_database_is(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__SendFriendRequest send = KITH__SEND_FRIEND_REQUEST__INIT;

	m.operation.data = operation;
	m.operation.len = sizeof(operation);
	m.body_case = KITH__TO_SERVER__BODY_SEND_FRIEND_REQUEST;
	m.send_friend_request = &send;
	send.name = (char *)"Bob";
	assert_int_equal(ask(&m).fault.code, KITH_BAD_NAME);
	send.name = (char *)"bob";
	assert_int_equal(ask(&m).fault.code, KITH_OK);
}

static void
numbers_fit_the_store(void **state)
{
	Kith__ToServer m = KITH__TO_SERVER__INIT;
	Kith__MarkRead mark = KITH__MARK_READ__INIT;

	m.body_case = KITH__TO_SERVER__BODY_MARK_READ;
	m.mark_read = &mark;
	mark.number = (uint64_t)INT64_MAX + 1;
	assert_int_equal(ask(&m).fault.code, KITH_MALFORMED);
	assert_false(ask(&m).fatal);
	mark.number = INT64_MAX;
	assert_int_equal(ask(&m).fault.code, KITH_OK);
}

static void
what_is_not_known_is_refused_or_fatal(void **state)
{
	/* request 7, field 2000 of bytes: a request of a newer client */
	static const uint8_t newer[] = { 8, 7, 0x82, 0x7d, 1, 'x' };
	static const uint8_t twice[] = { 0x82, 0x7d, 0, 0x82, 0x7d, 0 };
	static const uint8_t number[] = { 0x80, 0x7d, 1 };
	/* a ping and an unknown field beside it; a ping with a field in it */
	static const uint8_t beside[] = { 34, 0, 0x82, 0x7d, 1, 'x' };
	static const uint8_t inside[] = { 34, 2, 8, 1 };
	struct envelope_verdict v = ask_bytes(newer, sizeof(newer));

	assert_int_equal(v.fault.code, KITH_UNSUPPORTED);
	assert_false(v.fatal);
	assert_int_equal(v.request, 7);
	v = ask_bytes((const uint8_t *)"\10\7", 2);
	assert_int_equal(v.fault.code, KITH_UNSUPPORTED);
	assert_int_equal(v.request, 7);
	expect_fatal(twice, sizeof(twice));
	expect_fatal(number, sizeof(number));
	expect_fatal(beside, sizeof(beside));
	expect_fatal(inside, sizeof(inside));
}

static void
a_newer_kind_of_content_is_unsupported(void **state)
{
	/* operation; send_message { content { 9: "x" } }, then text beside it */
	uint8_t bytes[64] = { 18, 16 };
	uint8_t *at = bytes + 18;
	struct envelope_verdict v;

	memcpy(at, "\x82\1\5\x12\3\x4a\1x", 8);
	v = ask_bytes(bytes, 18 + 8);
	assert_int_equal(v.fault.code, KITH_UNSUPPORTED);
	assert_false(v.fatal);
	memcpy(at, "\x82\1\10\x12\6\x4a\1x\n\1y", 11);
	expect_fatal(bytes, 18 + 11);
}

static void
broken_bytes_are_fatal(void **state)
{
	expect_fatal("\x08", 1); /* no value */
	expect_fatal("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\1", 12);
	expect_fatal("\x22\5", 2); /* length over the end */
	expect_fatal("\x22\xff\xff\xff\xff\x7f", 6);
	expect_fatal("\x0a\1x", 3);       /* request as bytes */
	expect_fatal("\x20\0", 2);        /* ping as a number */
	expect_fatal("\x23\x24", 2);      /* a group */
	expect_fatal("\0\0", 2);          /* field 0 */
	expect_fatal("\x08\1\x08\2", 4);  /* request twice */
	expect_fatal("\x22\0\x22\0", 4);  /* ping twice */
	expect_fatal("\x22\0\x4a\0", 4);  /* ping and get_snapshot */
	expect_fatal("\x1a\4\n\2a\0", 6); /* NUL in hello.client */
}

static void
nothing_multiplies(void **state)
{
	/* hello with 20,000 empty feature names in 40 KiB */
	const size_t count = 20000;
	uint8_t *bytes = mem_new(count * 2 + 4, 1);
	struct envelope_verdict v;
	size_t inner = count * 2;

	bytes[0] = 0x1a;
	bytes[1] = (uint8_t)(inner & 0x7f) | 0x80;
	bytes[2] = (uint8_t)(inner >> 7 & 0x7f) | 0x80;
	bytes[3] = (uint8_t)(inner >> 14);
	for (size_t i = 0; i < count; i++)
		bytes[4 + 2 * i] = 0x12;
	v = ask_bytes(bytes, count * 2 + 4);
	assert_int_equal(v.fault.code, KITH_TOO_LARGE);
	assert_true(v.fatal);
	free(bytes);
}

static void
the_arena_keeps_its_limit(void **state)
{
	struct arena *a = arena_new(10000, 100);
	ProtobufCAllocator *allocator = arena_allocator(a);
	void *first = allocator->alloc(allocator->allocator_data, 10);
	size_t taken = 0;

	assert_ptr_equal(arena_of(first), a);
	while (allocator->alloc(allocator->allocator_data, 100) != NULL)
		taken += 100;
	assert_true(taken > 8000 && taken <= 10000);
	assert_true(arena_size(a) <= 10000);
	assert_null(allocator->alloc(allocator->allocator_data, SIZE_MAX));
	arena_free(&a);
	assert_null(a);
}

/* ---- the client's side ---- */

static void
the_client_strips_what_it_does_not_know(void **state)
{
	/*
	 * request 4, field 2000; event { 1: 9, 50: "later",
	 * message { 2: 3, 99: 1 (64 bit), content { 1: "hi", 7: 5 } } }
	 */
	static const uint8_t bytes[] = { 8, 4, 0x82, 0x7d, 2, 'x', 'y', 98, 32,
		8, 9, 0x92, 3, 5, 'l', 'a', 't', 'e', 'r', 26, 20, 16, 3, 0x99,
		6, 1, 0, 0, 0, 0, 0, 0, 0, 50, 6, 10, 2, 'h', 'i', 56, 5 };
	Kith__ToClient *m = NULL;

	assert_int_equal(
	    envelope_unpack_to_client(bytes, sizeof(bytes), &m, NULL), KITH_OK);
	assert_int_equal(m->request, 4);
	assert_int_equal(m->base.n_unknown_fields, 0);
	assert_int_equal(m->body_case, KITH__TO_CLIENT__BODY_EVENT);
	assert_int_equal(m->event->sequence, 9);
	assert_int_equal(m->event->base.n_unknown_fields, 0);
	assert_int_equal(m->event->message->number, 3);
	assert_int_equal(m->event->message->base.n_unknown_fields, 0);
	assert_string_equal(m->event->message->content->text, "hi");
	envelope_free_to_client(&m);
}

static void
the_client_lives_with_a_newer_server(void **state)
{
	Kith__ToClient *m = NULL;

	assert_int_equal(envelope_unpack_to_client(
			     (const uint8_t *)"\x82\x7d\1x", 4, &m, NULL),
	    KITH_OK);
	assert_int_equal(m->body_case, KITH__TO_CLIENT__BODY__NOT_SET);
	envelope_free_to_client(&m);
}

static void
the_client_refuses_nonsense(void **state)
{
	Kith__ToClient *m = NULL;

	assert_int_equal(
	    envelope_unpack_to_client((const uint8_t *)"\x1a", 1, &m, NULL),
	    KITH_MALFORMED);
	/* refusal { sentence: not UTF-8 } */
	assert_int_equal(envelope_unpack_to_client(
			     (const uint8_t *)"\x1a\3\x12\1\xff", 5, &m, NULL),
	    KITH_BAD_TEXT);
	assert_null(m);
}

/* The largest page that a server may send fits the client's arena. */
static void
a_full_page_fits(void **state)
{
	Kith__ToClient m = KITH__TO_CLIENT__INIT, *got = NULL;
	Kith__EventPage page = KITH__EVENT_PAGE__INIT;
	Kith__Event events[100], *list[100];
	Kith__Message messages[100];
	Kith__Content contents[100];
	uint8_t *bytes;
	size_t length;

	for (size_t i = 0; i < 100; i++) {
		list[i] = &events[i];
		kith__event__init(&events[i]);
		kith__message__init(&messages[i]);
		kith__content__init(&contents[i]);
		events[i].sequence = i + 1;
		events[i].body_case = KITH__EVENT__BODY_MESSAGE;
		events[i].message = &messages[i];
		messages[i].content = &contents[i];
		contents[i].kind_case = KITH__CONTENT__KIND_TEXT;
		contents[i].text = (char *)"x";
	}
	page.n_events = 100;
	page.events = list;
	m.body_case = KITH__TO_CLIENT__BODY_EVENT_PAGE;
	m.event_page = &page;
	bytes = envelope_pack(&m.base, &length);
	assert_int_equal(
	    envelope_unpack_to_client(bytes, length, &got, NULL), KITH_OK);
	assert_int_equal(got->event_page->n_events, 100);
	assert_true(arena_size(arena_of(got)) <= ENVELOPE_ARENA_LIMIT(length));
	envelope_free_to_client(&got);
	free(bytes);
}

static void
an_envelope_is_put_as_a_frame(void **state)
{
	Kith__ToClient m = KITH__TO_CLIENT__INIT, *got = NULL;
	Kith__Pong pong = KITH__PONG__INIT;
	struct buf *b = buf_new(12);
	const uint8_t *body;
	size_t length;

	m.request = 1;
	m.body_case = KITH__TO_CLIENT__BODY_PONG;
	m.pong = &pong;
	assert_int_equal(envelope_put(b, 3, &m.base), KITH_TOO_LARGE);
	assert_int_equal(envelope_put(b, 4096, &m.base), KITH_OK);
	assert_int_equal(envelope_put(b, 4096, &m.base), KITH_BUSY);
	assert_int_equal(frame_peek(b, 4096, &body, &length), KITH_OK);
	assert_int_equal(
	    envelope_unpack_to_client(body, length, &got, NULL), KITH_OK);
	assert_int_equal(got->body_case, KITH__TO_CLIENT__BODY_PONG);
	envelope_free_to_client(&got);
	buf_free(&b);
}

static void
processes_talk_through_the_same_scan(void **state)
{
	const ProtobufCMessageDescriptor *type =
	    &kith__ipc__session_to_hub__descriptor;

	/* request { ping {} }; with a field unknown; pinged twice */
	assert_int_equal(
	    envelope_scan(type, (const uint8_t *)"\n\2\x22\0", 4), KITH_OK);
	assert_int_equal(
	    envelope_scan(type, (const uint8_t *)"\n\5\x22\0\x82\x7d\0", 7),
	    KITH_MALFORMED);
	assert_int_equal(
	    envelope_scan(type, (const uint8_t *)"\n\4\x22\0\x22\0", 6),
	    KITH_MALFORMED);
	assert_int_equal(envelope_scan(type, NULL, 0), KITH_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_request_passes_whole),
		cmocka_unit_test(an_operation_stands_where_it_belongs),
		cmocka_unit_test(every_body_has_a_rule),
		cmocka_unit_test(texts_follow_their_rules),
		cmocka_unit_test(signing_in_needs_a_possible_proof),
		cmocka_unit_test(names_are_judged_before_the_database_is),
		cmocka_unit_test(numbers_fit_the_store),
		cmocka_unit_test(what_is_not_known_is_refused_or_fatal),
		cmocka_unit_test(a_newer_kind_of_content_is_unsupported),
		cmocka_unit_test(broken_bytes_are_fatal),
		cmocka_unit_test(nothing_multiplies),
		cmocka_unit_test(the_arena_keeps_its_limit),
		cmocka_unit_test(the_client_strips_what_it_does_not_know),
		cmocka_unit_test(the_client_lives_with_a_newer_server),
		cmocka_unit_test(the_client_refuses_nonsense),
		cmocka_unit_test(a_full_page_fits),
		cmocka_unit_test(an_envelope_is_put_as_a_frame),
		cmocka_unit_test(processes_talk_through_the_same_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
