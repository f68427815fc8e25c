/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine against a server that lies, repeats itself and floods. */
#include <sqlite3.h>
#include <sys/resource.h>

#include "cache.h"
#include "client_fixture.h"

/* ---- a bad server ---- */

static void
test_bad_frames(struct fixture *f, gconstpointer data)
{
	static const struct {
		const char *bytes;
		gsize length;
	} bad[] = {
		{ "\0\0\0\0", 4 },                   /* empty */
		{ "\xff\xff\xff\xff", 4 },           /* 4 GiB */
		{ "\0\0\0\x01\xff", 5 },             /* not protobuf */
		{ "\0\0\0\x04\x12\x02\x0a\x00", 8 }, /* a second greeting */
		{ "\0\0\0\x04\x08\x63\x22\x00", 8 }, /* an answer to nothing */
		/* a message with the number 0 */
		{ "\0\0\0\x09\x62\x07\x08\xff\x7f\x1a\x02\x08\x07", 13 },
	};

	fixture_sign_in(f);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		fake_server_send_raw(f->server, bad[i].bytes, bad[i].length);
		fixture_recovers(f);
	}
}

static void
test_bad_behaviour(struct fixture *f, gconstpointer data)
{
	static const enum fake_fault faults[] = { FAKE_EVERLASTING,
		FAKE_SNAPSHOTS, FAKE_WRONG_ANSWER };

	fixture_sign_in(f);
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		fake_server_set_fault(f->server, faults[i]);
		fake_server_drop(f->server);
		fixture_let_retry(f);
		WAIT_FOR(device_state(f->d) == KITH_ENGINE_CONNECTING ||
		    device_state(f->d) == KITH_ENGINE_SYNCING);
		fixture_recovers(f);
	}
}

static void
test_bad_texts(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_send_message(
	    f->server, FAKE_TALK, 1, 2, G_MAXINT64, "bell \a");
	WAIT_FOR(talk_count(talk) == 1);
	g_assert_cmpstr(kith_message_get_text(talk_message(talk, 0)), ==,
	    "This message cannot be shown.");
	{
		const gint64 us = kith_message_get_time(talk_message(talk, 0));
		g_autoptr(GDateTime) time =
		    g_date_time_new_from_unix_utc(us / G_USEC_PER_SEC);

		g_assert_nonnull(time);
	}
	/* Somebody who is not in the conversation. */
	fake_server_send_message(f->server, FAKE_TALK, 2, 99, 0, "I am bob");
	fixture_recovers(f);
	g_assert_null(talk_find(talk, "I am bob"));
}

static void
test_unknown_conversation(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*not shown*");
	fake_server_send_message(f->server, 4711, 1, 2, 0, "hello?");
	fake_server_send_message(f->server, FAKE_TALK, 1, 2, 0, "here");
	WAIT_FOR(talk_find(talk, "here") != NULL);
	g_test_assert_expected_messages();
	g_assert_cmpuint(talk_count(talk), ==, 1);
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_ONLINE);
}

static void
test_no_history(struct fixture *f, gconstpointer data)
{
	KithConversation *talk;

	for (guint i = 0; i < 10; i++)
		fake_server_write(f->server, FALSE, "hidden");
	fake_server_set_fault(f->server, FAKE_NO_HISTORY);
	fixture_sign_in(f);
	talk = fixture_talk(f);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*cannot give*");
	device_open(f->d, talk);
	/* It asks once, then knows that there is no more. */
	WAIT_FOR(!kith_conversation_get_has_older(talk));
	g_test_assert_expected_messages();
	g_assert_cmpuint(talk_count(talk), ==, 1);
}

static void
on_stranger_gone(gpointer data, GObject *where_it_was)
{
	--*(guint *)data;
}

static void
on_stranger(KithEngine *engine, KithFriendRequest *request, gpointer data)
{
	guint *known = data;

	++*known;
	g_object_weak_ref(G_OBJECT(kith_friend_request_get_user(request)),
	    on_stranger_gone, known);
}

static int
users_on_disk(struct fixture *f)
{
	g_autofree char *path =
	    g_build_filename(f->d->folder, "cache.db", NULL);
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	int count;

	g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_prepare_v2(db, "SELECT count(*) FROM user", -1,
			    &statement, NULL),
	    ==, SQLITE_OK);
	g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
	count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return count;
}

/* Who has nothing to do with us any more is kept nowhere. */
static void
test_passers_by(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	const int users = users_on_disk(f);
	guint known = 0;

	g_signal_connect(f->d->engine, "friend-request-received",
	    G_CALLBACK(on_stranger), &known);
	fake_server_crowd(f->server, 500, FALSE, "all gone");
	WAIT_FOR(talk_find(talk, "all gone") != NULL);
	g_assert_cmpuint(known, ==, 0);
	g_assert_cmpint(users_on_disk(f), ==, users);
	g_assert_null(device_request(f->d, "stranger"));
	g_signal_handlers_disconnect_by_data(f->d->engine, &known);
}

/* More ask than fit: they do not keep anybody's message from arriving. */
static void
test_crowd(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	GListModel *requests = kith_engine_get_friend_requests(f->d->engine);

	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*more friend*");
	fake_server_crowd(
	    f->server, CACHE_REQUESTS_MAX + 1, TRUE, "can you hear me?");
	WAIT_FOR(talk_find(talk, "can you hear me?") != NULL);
	g_test_assert_expected_messages();
	g_assert_cmpuint(
	    g_list_model_get_n_items(requests), ==, CACHE_REQUESTS_MAX);
	g_assert_cmpuint(fake_server_connections(f->server), ==, 1);
}

/* Who asked, and is not there any more when the server is an older one, is
 * forgotten on disk as well. */
static void
test_crowd_gone(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	GListModel *requests = kith_engine_get_friend_requests(f->d->engine);
	const int users = users_on_disk(f);

	fake_server_crowd(f->server, 50, TRUE, "so many");
	WAIT_FOR(talk_find(talk, "so many") != NULL);
	g_assert_cmpuint(g_list_model_get_n_items(requests), ==, 50);
	fake_server_roll_back(f->server);
	fixture_let_retry(f);
	WAIT_FOR(fake_server_snapshots(f->server) == 2);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	WAIT_FOR(g_list_model_get_n_items(requests) == 0);
	g_assert_cmpint(users_on_disk(f), ==, users);
}

static glong
peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

#define STILL 6 /* looks without a change, 50 ms apart */

/* Without running the main context: until the server cannot send any more. */
static void
wait_until_stuck(struct fixture *f)
{
	gsize before, left = fake_server_backlog(f->server);

	for (guint tries = 0, still = 0; tries < 400; tries++) {
		before = left;
		g_usleep(50 * 1000);
		left = fake_server_backlog(f->server);
		still = left == before ? still + 1 : 0;
		if (still == STILL)
			return;
	}
	g_error("The engine reads on and on.");
}

/* ASan keeps what was freed for a while, and valgrind is too slow to flood. */
static gboolean
memory_can_be_judged(void)
{
#ifdef KITH_SANITIZERS
	return FALSE;
#else
	return !test_under_valgrind();
#endif
}

/* The window's thread takes nothing for a while: memory must not grow, and
 * afterwards all of it arrives. */
static void
test_flood(struct fixture *f, gconstpointer data)
{
	const guint count = test_under_valgrind() ? 2000 : 30000;
	KithConversation *talk = fixture_ready(f);
	glong before;

	fake_server_flood(f->server, count);
	before = peak_kib();
	wait_until_stuck(f);
	if (memory_can_be_judged())
		g_assert_cmpuint(
		    fake_server_backlog(f->server), >, 1024 * 1024);
	WAIT_FOR(kith_conversation_get_unread(talk) == count);
	g_assert_cmpuint(talk_count(talk), <=, KITH_CONVERSATION_WINDOW);
	if (memory_can_be_judged())
		g_assert_cmpint(peak_kib() - before, <, 60 * 1024);
}

static void
add_tests(void)
{
	FIXTURE_ADD("bad-frames", test_bad_frames);
	FIXTURE_ADD("bad-behaviour", test_bad_behaviour);
	FIXTURE_ADD("bad-texts", test_bad_texts);
	FIXTURE_ADD("unknown-conversation", test_unknown_conversation);
	FIXTURE_ADD("no-history", test_no_history);
	FIXTURE_ADD("passers-by", test_passers_by);
	FIXTURE_ADD("crowd", test_crowd);
	FIXTURE_ADD("crowd-gone", test_crowd_gone);
	FIXTURE_ADD("flood", test_flood);
}

int
main(int argc, char **argv)
{
	return fixture_run(&argc, &argv, add_tests);
}
