/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine against a scripted server: keeping in step. */
#include <sys/resource.h>

#include "client_fixture.h"

/* ---- keeping in step ---- */

static void
test_live(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "one");
	fake_server_write(f->server, FALSE, "two");
	WAIT_FOR(talk_shows(talk, "two", KITH_MESSAGE_RECEIVED));
	g_assert_cmpuint(talk_count(talk), ==, 2);
	WAIT_FOR(kith_conversation_get_unread(talk) == 2);
	WAIT_FOR(fake_server_delivered(f->server) == 2);
	g_assert_cmpuint(fake_server_read(f->server), ==, 0);
	g_assert_cmpuint(f->d->announced->len, ==, 2);
	kith_engine_mark_seen(f->d->engine, talk);
	g_assert_cmpuint(kith_engine_get_unread(f->d->engine), ==, 0);
	WAIT_FOR(fake_server_read(f->server) == 2);
	/* The mark comes back by a thread of its own. */
	WAIT_FOR(kith_conversation_get_read_number(talk) == 2);
}

static void
on_unread(KithConversation *talk, GParamSpec *pspec, gpointer data)
{
	guint *highest = data;

	*highest = MAX(*highest, kith_conversation_get_unread(talk));
}

/* What is on its way from the engine when the person reads does not bring back
 * what was read. */
static void
test_read_meanwhile(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	guint highest = 0;

	for (guint i = 0; i < 5; i++)
		fake_server_write(f->server, FALSE, "read");
	WAIT_FOR(kith_conversation_get_unread(talk) == 5);
	WAIT_FOR(fake_server_delivered(f->server) == 5);
	fake_server_write(f->server, FALSE, "not yet");
	WAIT_ASIDE(fake_server_delivered(f->server) >= 6);
	g_signal_connect(
	    talk, "notify::unread", G_CALLBACK(on_unread), &highest);
	kith_engine_mark_seen(f->d->engine, talk);
	WAIT_FOR(kith_conversation_get_unread(talk) == 1);
	g_assert_cmpuint(highest, ==, 1);
	g_assert_cmpuint(kith_engine_get_unread(f->d->engine), ==, 1);
	g_signal_handlers_disconnect_by_data(talk, &highest);
}

/* A batch of the server's: the answer comes before what came before it. */
static void
test_crossed(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_set_fault(f->server, FAKE_CROSSED);
	device_send(f->d, talk, "mine");
	WAIT_FOR(talk_shows(talk, "crossed", KITH_MESSAGE_RECEIVED));
	WAIT_FOR(talk_shows(talk, "mine", KITH_MESSAGE_SENT));
	g_assert_cmpuint(kith_message_get_number(talk_message(talk, 0)), ==, 1);
	g_assert_cmpstr(
	    kith_message_get_text(talk_message(talk, 0)), ==, "crossed");
	WAIT_FOR(kith_conversation_get_unread(talk) == 1);
	g_assert_cmpuint(f->d->announced->len, ==, 1);
}

/* Small frames that come together are all read, without waiting for more. */
static void
test_burst(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_burst(f->server, 1000, "after the crowd");
	WAIT_FOR(talk_find(talk, "after the crowd") != NULL);
}

/* Which conversation is the latest is for the server's clock to say. */
static void
test_clocks_differ(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	const gint64 before = g_get_real_time();

	fake_server_set_behind(f->server, 3600);
	device_send(f->d, talk, "what time is it?");
	WAIT_FOR(talk_shows(talk, "what time is it?", KITH_MESSAGE_SENT));
	g_assert_cmpint(kith_conversation_get_time(talk), <, before);
	g_assert_cmpint(kith_conversation_get_time(talk), ==,
	    kith_message_get_time(talk_message(talk, 0)));
	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	device_send(f->d, talk, "waiting");
	g_assert_cmpint(kith_conversation_get_time(talk), >=, before);
}

static gdouble
cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (gdouble)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	    (gdouble)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* What so many messages and marks cost, when nothing of them was read. */
static gdouble
cost_of_marks(struct fixture *f, guint count)
{
	KithConversation *talk = fixture_talk(f);
	const guint before = kith_conversation_get_unread(talk);
	const gdouble start = cpu_s();

	fake_server_flood_marked(f->server, count);
	WAIT_FOR(kith_conversation_get_unread(talk) == before + count);
	return cpu_s() - start;
}

/* The other device has each message; this one is not slower for it. */
static void
test_many_marks(struct fixture *f, gconstpointer data)
{
	const guint count = test_under_valgrind() ? 200 : 2000;
	gdouble first, last;

	fixture_sign_in(f);
	first = cost_of_marks(f, count);
	cost_of_marks(f, count * 4);
	last = cost_of_marks(f, count);
	g_test_message("the first %.3f s, the last %.3f s", first, last);
	g_assert_cmpfloat(last, <, first * 4);
}

static void
test_gone_before_live(struct fixture *f, gconstpointer data)
{
	fake_server_set_fault(f->server, FAKE_PRESENT);
	fixture_sign_in(f);
	WAIT_FOR(!kith_conversation_get_online(fixture_talk(f)));
}

static void
test_catch_up(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "first");
	WAIT_FOR(talk_find(talk, "first") != NULL);
	device_stop(f->d);
	for (guint i = 0; i < 250; i++) {
		g_autofree char *text = g_strdup_printf("missed %u", i);

		fake_server_write(f->server, FALSE, text);
	}
	device_start(f->d);
	talk = fixture_talk(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	WAIT_FOR(kith_conversation_get_unread(talk) == 251);
	WAIT_FOR(fake_server_delivered(f->server) == 251);
	g_assert_cmpuint(fake_server_snapshots(f->server), ==, 1);
	/* Too many to be told one by one. */
	g_assert_cmpuint(f->d->announced->len, ==, 1);
	device_open(f->d, talk);
	g_assert_cmpuint(talk_count(talk), ==, KITH_CONVERSATION_PAGE);
	g_assert_nonnull(talk_find(talk, "missed 249"));
}

static void
test_snapshot_again(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "old");
	WAIT_FOR(talk_find(talk, "old") != NULL);
	device_stop(f->d);
	for (guint i = 0; i < 10; i++)
		fake_server_write(f->server, FALSE, "between");
	fake_server_write(f->server, FALSE, "new");
	fake_server_forget_events(f->server);
	device_start(f->d);
	talk = fixture_talk(f);
	device_open(f->d, talk);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpuint(fake_server_snapshots(f->server), ==, 2);
	/* What was missed is fetched, and all is in order. */
	WAIT_FOR(talk_count(talk) == 12);
	for (guint i = 0; i < 12; i++)
		g_assert_cmpuint(
		    kith_message_get_number(talk_message(talk, i)), ==, i + 1);
	g_assert_cmpuint(kith_conversation_get_unread(talk), ==, 12);
}

/* data: is the draft on disk already, or has it just been typed? */
static void
test_restored_server(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "of the old world");
	WAIT_FOR(talk_find(talk, "of the old world") != NULL);
	kith_engine_set_draft(f->d->engine, talk, "half a sen");
	if (data != NULL) {
		device_stop(f->d);
		device_start(f->d);
		WAIT_FOR(fake_server_live(f->server));
	}
	fake_server_restore(f->server);
	fake_server_write_silently(f->server, "of the new world");
	fixture_let_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	talk = fixture_talk(f);
	g_assert_nonnull(talk);
	device_open(f->d, talk);
	g_assert_null(talk_find(talk, "of the old world"));
	g_assert_nonnull(talk_find(talk, "of the new world"));
	g_assert_cmpuint(talk_count(talk), ==, 1);
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "half a sen");
}

/* No new epoch, but numbers that are given anew. */
static void
test_rolled_back_server(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "never was");
	fake_server_write(f->server, FALSE, "nor this");
	WAIT_FOR(talk_find(talk, "nor this") != NULL);
	fake_server_roll_back(f->server);
	fixture_let_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	fake_server_write(f->server, FALSE, "this is");
	WAIT_FOR(kith_conversation_get_last_message(fixture_talk(f)) != NULL &&
	    kith_message_get_number(
		kith_conversation_get_last_message(fixture_talk(f))) == 1);
	device_open(f->d, fixture_talk(f));
	WAIT_FOR(talk_find(fixture_talk(f), "this is") != NULL);
	g_assert_cmpuint(talk_count(fixture_talk(f)), ==, 1);
	device_send(f->d, fixture_talk(f), "and an answer");
	WAIT_FOR(
	    talk_shows(fixture_talk(f), "and an answer", KITH_MESSAGE_SENT));

	device_stop(f->d);
	device_start(f->d);
	device_open(f->d, fixture_talk(f));
	g_assert_cmpuint(talk_count(fixture_talk(f)), ==, 2);
	g_assert_nonnull(talk_find(fixture_talk(f), "and an answer"));
}

/* ---- the store on this disk ---- */

static void
test_damaged(struct fixture *f, gconstpointer data)
{
	g_autofree char *path =
	    g_build_filename(f->d->folder, "cache.db", NULL);
	g_autofree char *garbage = g_strnfill(20000, 'g');
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "from the server");
	WAIT_FOR(talk_find(talk, "from the server") != NULL);
	device_stop(f->d);
	g_assert_true(g_file_set_contents(path, garbage, 20000, NULL));
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpuint(f->d->notices->len, ==, 1);
	talk = fixture_talk(f);
	g_assert_nonnull(talk);
	device_open(f->d, talk);
	g_assert_nonnull(talk_find(talk, "from the server"));
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 1);
}

/* What the server itself says is kept as what it is, also on disk. */
static void
test_announcement(struct fixture *f, gconstpointer data)
{
	struct test_result sent = { NULL };
	g_autoptr(GError) error = NULL;
	KithConversation *talk;

	g_assert_false(kith_user_get_is_server(
	    kith_conversation_get_peer(fixture_ready(f))));
	fake_server_add_conversation(f->server, 77, 5, ":server", FALSE);
	fake_server_send_message(f->server, 77, 1, 5, 1000000, "We move.");
	WAIT_FOR(f->d->announced->len == 1);
	for (guint round = 0; round < 2; round++) {
		WAIT_FOR((talk = device_talk(f->d, ":server")) != NULL);
		g_assert_true(
		    kith_user_get_is_server(kith_conversation_get_peer(talk)));
		g_assert_cmpstr(
		    kith_user_get_title(kith_conversation_get_peer(talk)), ==,
		    "The village");
		g_assert_false(kith_conversation_get_friends(talk));
		WAIT_FOR(kith_conversation_get_unread(talk) == 1);
		if (round == 0) {
			device_stop(f->d);
			device_start(f->d);
		}
	}
	kith_engine_send_message_async(
	    f->d->engine, talk, "Who?", test_on_done, &sent);
	WAIT_FOR(sent.result != NULL);
	g_assert_false(
	    kith_engine_send_message_finish(f->d->engine, sent.result, &error));
	test_result_clear(&sent);
}

static void
add_tests(void)
{
	FIXTURE_ADD("live", test_live);
	FIXTURE_ADD("read-meanwhile", test_read_meanwhile);
	FIXTURE_ADD("crossed", test_crossed);
	FIXTURE_ADD("burst", test_burst);
	FIXTURE_ADD("clocks-differ", test_clocks_differ);
	FIXTURE_ADD("many-marks", test_many_marks);
	FIXTURE_ADD("gone-before-live", test_gone_before_live);
	FIXTURE_ADD("catch-up", test_catch_up);
	FIXTURE_ADD("snapshot-again", test_snapshot_again);
	FIXTURE_ADD("restored-server/typing", test_restored_server);
	g_test_add("/client/restored-server/saved", struct fixture, "saved",
	    fixture_set_up, test_restored_server, fixture_tear_down);
	FIXTURE_ADD("rolled-back-server", test_rolled_back_server);
	FIXTURE_ADD("damaged", test_damaged);
	FIXTURE_ADD("announcement", test_announcement);
}

int
main(int argc, char **argv)
{
	return fixture_run(&argc, &argv, add_tests);
}
