/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine against a scripted server: the window, and what was before. */
#include "client_fixture.h"

#define WIDE_GAP 1200u /* messages: more than are fetched by themselves */

/* ---- the window ---- */

static void
load_all(struct fixture *f, gboolean older)
{
	KithConversation *talk = fixture_talk(f);
	struct test_result r = { NULL };

	while (older ? kith_conversation_get_has_older(talk)
		     : kith_conversation_get_has_newer(talk)) {
		if (older)
			kith_engine_load_older_async(
			    f->d->engine, talk, NULL, test_on_done, &r);
		else
			kith_engine_load_newer_async(
			    f->d->engine, talk, NULL, test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		test_result_clear(&r);
	}
}

static void
check_no_hole(KithConversation *talk)
{
	const guint64 first = kith_message_get_number(talk_message(talk, 0));

	for (guint i = 0; i < talk_count(talk); i++)
		g_assert_cmpuint(kith_message_get_number(talk_message(talk, i)),
		    ==, first + i);
}

static void
test_window(struct fixture *f, gconstpointer data)
{
	struct test_result r = { NULL };
	KithConversation *talk;
	guint64 last;

	for (guint i = 0; i < 700; i++) {
		g_autofree char *text = g_strdup_printf("m %u", i + 1);

		fake_server_write(f->server, FALSE, text);
	}
	talk = fixture_ready(f);
	/* The cache has but the newest; the rest of a page is fetched. */
	WAIT_FOR(talk_count(talk) >= KITH_CONVERSATION_PAGE);
	while (kith_conversation_get_has_older(talk)) {
		kith_engine_load_older_async(
		    f->d->engine, talk, NULL, test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		g_assert_true(kith_engine_load_older_finish(
		    f->d->engine, r.result, NULL));
		test_result_clear(&r);
		g_assert_cmpuint(
		    talk_count(talk), <=, KITH_CONVERSATION_WINDOW);
	}
	g_assert_cmpstr(
	    kith_message_get_text(talk_message(talk, 0)), ==, "m 1");
	g_assert_true(kith_conversation_get_has_newer(talk));
	for (guint i = 0; i < talk_count(talk); i++)
		g_assert_cmpuint(
		    kith_message_get_number(talk_message(talk, i)), ==, i + 1);
	/* A new one does not show beyond the hole. */
	fake_server_write(f->server, FALSE, "newest");
	WAIT_FOR(kith_conversation_get_unread(talk) == 701);
	g_assert_null(talk_find(talk, "newest"));
	while (kith_conversation_get_has_newer(talk)) {
		kith_engine_load_newer_async(
		    f->d->engine, talk, NULL, test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		g_assert_true(kith_engine_load_newer_finish(
		    f->d->engine, r.result, NULL));
		test_result_clear(&r);
		g_assert_cmpuint(
		    talk_count(talk), <=, KITH_CONVERSATION_WINDOW);
	}
	g_assert_nonnull(talk_find(talk, "newest"));
	last =
	    kith_message_get_number(talk_message(talk, talk_count(talk) - 1));
	g_assert_cmpuint(last, ==, 701);
	g_assert_cmpuint(kith_message_get_number(talk_message(talk, 0)), ==,
	    last + 1 - talk_count(talk));
}

/* Read far back while so much was missed that a snapshot was taken: on the way
 * down to the newest nothing is left out without a sign. */
static void
test_snapshot_below(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	for (guint i = 0; i < 700; i++)
		fake_server_write(f->server, FALSE, "early");
	WAIT_FOR(kith_conversation_get_unread(talk) == 700);
	load_all(f, TRUE);
	g_assert_true(kith_conversation_get_has_newer(talk));
	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	for (guint i = 0; i < 300; i++)
		fake_server_write_silently(f->server, "late");
	fake_server_forget_events(f->server);
	fake_server_set_fault(f->server, FAKE_GOOD);
	fixture_move_until_online(f);
	g_assert_cmpuint(fake_server_snapshots(f->server), ==, 2);
	g_assert_cmpuint(kith_message_get_number(talk_message(talk, 0)), ==, 1);
	load_all(f, FALSE);
	check_no_hole(talk);
	g_assert_cmpuint(
	    kith_message_get_number(talk_message(talk, talk_count(talk) - 1)),
	    ==, 1000);
}

/* ---- holes, and pages that come late ---- */

static void
test_gap(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "1");
	WAIT_FOR(talk_find(talk, "1") != NULL);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*missing*");
	for (guint i = 2; i <= 150; i++) {
		g_autofree char *text = g_strdup_printf("%u", i);

		fake_server_write_silently(f->server, text);
	}
	fake_server_write(f->server, FALSE, "151");
	WAIT_FOR(talk_count(talk) == 151);
	g_test_assert_expected_messages();
	for (guint i = 0; i < 151; i++)
		g_assert_cmpuint(
		    kith_message_get_number(talk_message(talk, i)), ==, i + 1);
	WAIT_FOR(kith_conversation_get_unread(talk) == 151);
}

static void
write_many(struct fixture *f, guint from, guint to)
{
	for (guint i = from; i <= to; i++)
		fake_server_write_silently(f->server, "early");
}

/* All of it can be paged back to. */
static void
check_reaches_first(struct fixture *f)
{
	KithConversation *talk = fixture_talk(f);

	load_all(f, TRUE);
	check_no_hole(talk);
	g_assert_cmpuint(kith_message_get_number(talk_message(talk, 0)), ==, 1);
}

/* Away and back before the past has come: it was asked for twice then, and the
 * second answer finds it there already. */
static void
test_reopened(struct fixture *f, gconstpointer data)
{
	write_many(f, 1, 300);
	fixture_sign_in(f);
	fake_server_set_fault(f->server, FAKE_HOLD_HISTORY);
	device_open(f->d, fixture_talk(f));
	WAIT_FOR(fake_server_held(f->server) == 1);
	kith_engine_close_conversation(f->d->engine, fixture_talk(f));
	device_open(f->d, fixture_talk(f));
	WAIT_FOR(fake_server_held(f->server) == 2);
	fake_server_set_fault(f->server, FAKE_GOOD);
	WAIT_FOR(talk_count(fixture_talk(f)) > KITH_CONVERSATION_PAGE);
	check_reaches_first(f);
}

/* A hole shows above what was asked for. */
static void
test_gap_under_page(struct fixture *f, gconstpointer data)
{
	write_many(f, 1, 300);
	fixture_sign_in(f);
	fake_server_set_fault(f->server, FAKE_HOLD_HISTORY);
	device_open(f->d, fixture_talk(f));
	WAIT_FOR(fake_server_held(f->server) == 1);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*missing*");
	write_many(f, 301, 310);
	fake_server_write(f->server, FALSE, "311");
	WAIT_FOR(fake_server_held(f->server) == 2);
	g_test_assert_expected_messages();
	fake_server_set_fault(f->server, FAKE_GOOD);
	WAIT_FOR(talk_count(fixture_talk(f)) >= 12);
	check_reaches_first(f);
}

/* What was missing was bob's, what showed it is our own: bob has to learn that
 * it has arrived now. */
static void
test_gap_delivered(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "1");
	WAIT_FOR(talk_find(talk, "1") != NULL);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*missing*");
	write_many(f, 2, 5);
	fake_server_write(f->server, TRUE, "6");
	WAIT_FOR(talk_count(talk) == 6);
	g_test_assert_expected_messages();
	WAIT_FOR(kith_conversation_get_unread(talk) == 5);
	WAIT_FOR(fake_server_delivered(f->server) == 5);
}

/* A hole that is too wide to be filled at once: who pages back through it finds
 * what is unread, and it is counted then. */
static void
test_wide_gap(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "1");
	WAIT_FOR(talk_find(talk, "1") != NULL);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*missing*");
	write_many(f, 2, WIDE_GAP);
	fake_server_write(f->server, FALSE, "newest");
	WAIT_FOR(talk_find(talk, "newest") != NULL);
	g_test_assert_expected_messages();
	/* it reached back to the first until it was given up */
	WAIT_FOR(kith_conversation_get_has_older(talk));
	load_all(f, TRUE);
	WAIT_FOR(kith_conversation_get_unread(talk) == WIDE_GAP + 1);
}

static gboolean
is_whole(KithConversation *talk)
{
	const guint length = talk_count(talk);

	return length > 0 &&
	    kith_message_get_number(talk_message(talk, length - 1)) -
		kith_message_get_number(talk_message(talk, 0)) ==
	    length - 1;
}

/* The connection ends before the hole is filled: the window does not keep it. */
static void
test_gap_cut(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "1");
	WAIT_FOR(talk_find(talk, "1") != NULL);
	fake_server_set_fault(f->server, FAKE_HOLD_HISTORY);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*missing*");
	write_many(f, 2, 150);
	fake_server_write(f->server, FALSE, "151");
	WAIT_FOR(fake_server_held(f->server) == 1);
	g_test_assert_expected_messages();
	WAIT_FOR(talk_find(talk, "151") != NULL);
	fake_server_drop(f->server);
	fixture_let_retry(f);
	fake_server_set_fault(f->server, FAKE_GOOD);
	fixture_move_until_online(f);
	WAIT_FOR(is_whole(talk));
	WAIT_FOR(talk_count(talk) >= KITH_CONVERSATION_PAGE);
	check_reaches_first(f);
}

static void
add_tests(void)
{
	FIXTURE_ADD("window", test_window);
	FIXTURE_ADD("snapshot-below", test_snapshot_below);
	FIXTURE_ADD("gap", test_gap);
	FIXTURE_ADD("reopened", test_reopened);
	FIXTURE_ADD("gap-under-page", test_gap_under_page);
	FIXTURE_ADD("gap-delivered", test_gap_delivered);
	FIXTURE_ADD("gap-cut", test_gap_cut);
	FIXTURE_ADD("wide-gap", test_wide_gap);
}

int
main(int argc, char **argv)
{
	return fixture_run(&argc, &argv, add_tests);
}
