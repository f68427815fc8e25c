/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is on this disk: damaged, not to be written, left over, given up. */
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "client_fixture.h"
#include "kith.pb-c.h"

static char *
path_of(struct fixture *f, const char *name)
{
	return g_build_filename(f->d->folder, name, NULL);
}

/* ---- damage ---- */

static void
change_cache(struct fixture *f, const char *sql)
{
	g_autofree char *path = path_of(f, "cache.db");
	sqlite3 *db = NULL;

	g_assert_cmpint(sqlite3_open(path, &db), ==, SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	g_assert_cmpint(sqlite3_exec(db, sql, NULL, NULL, NULL), ==, SQLITE_OK);
	sqlite3_close(db);
}

/* From now on a statement fails as it would on a page that is not sound. */
static void
damage(struct fixture *f, const char *table)
{
	g_autofree char *sql =
	    g_strdup_printf("CREATE TRIGGER broken BEFORE INSERT ON %s "
			    "BEGIN SELECT RAISE(ABORT, 'broken'); END",
		table);

	change_cache(f, sql);
}

static gboolean
shows_last(struct fixture *f, const char *text)
{
	KithConversation *talk = fixture_talk(f);
	KithMessage *last =
	    talk == NULL ? NULL : kith_conversation_get_last_message(talk);

	return last != NULL && g_str_equal(kith_message_get_text(last), text);
}

/* It shows while the connection lives: all is fetched again, at once. */
static void
test_damaged_live(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_write(f->server, FALSE, "before");
	WAIT_FOR(talk_find(talk, "before") != NULL);
	damage(f, "draft");
	kith_engine_set_draft(f->d->engine, talk, "I was just go");
	WAIT_FOR(f->d->notices->len == 1);
	fake_server_write(f->server, FALSE, "after");
	fixture_move_until_online(f);
	WAIT_FOR(shows_last(f, "after"));
	device_stop(f->d);
	device_start(f->d);
	g_assert_true(shows_last(f, "after"));
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 1);
}

/* Sending finds it: the text comes back, and the next time it goes. */
static void
test_damaged_outbox(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	damage(f, "outbox");
	kith_engine_send_message_async(
	    f->d->engine, talk, "not now", test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_false(
	    kith_engine_send_message_finish(f->d->engine, r.result, &error));
	test_result_clear(&r);
	WAIT_FOR(f->d->notices->len == 1);
	fixture_move_until_online(f);
	WAIT_FOR(fixture_talk(f) != NULL);
	talk = fixture_talk(f);
	device_open(f->d, talk);
	device_send(f->d, talk, "but now");
	WAIT_FOR(talk_shows(talk, "but now", KITH_MESSAGE_SENT));
}

/* What was refused is not sent again because of it. */
static void
test_damaged_refused(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_refuse_sends(
	    f->server, KITH__REFUSAL__CODE__NOT_FRIENDS, 1, 0);
	device_send(f->d, talk, "no way");
	WAIT_FOR(talk_shows(talk, "no way", KITH_MESSAGE_FAILED));
	damage(f, "draft");
	kith_engine_set_draft(f->d->engine, talk, "I was just go");
	WAIT_FOR(f->d->notices->len == 1);
	fixture_move_until_online(f);
	WAIT_FOR(fixture_talk(f) != NULL);
	device_open(f->d, fixture_talk(f));
	device_send(f->d, fixture_talk(f), "the next");
	WAIT_FOR(talk_shows(fixture_talk(f), "the next", KITH_MESSAGE_SENT));
	g_assert_true(
	    talk_shows(fixture_talk(f), "no way", KITH_MESSAGE_FAILED));
	g_assert_cmpuint(fake_server_count(f->server, "no way"), ==, 0);
}

/* Damaged while the server was restored, and once more while it waits: it goes
 * to the person that it is for, whatever number that conversation has. */
static void
test_damaged_other_numbers(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	device_send(f->d, talk, "for bob alone");
	kith_engine_set_draft(f->d->engine, talk, "and this t");
	fake_server_restore_others(f->server, FALSE);
	for (guint round = 0; round < 2; round++) {
		device_stop(f->d);
		change_cache(f, "PRAGMA user_version = 9");
		fake_server_set_fault(f->server, FAKE_GOOD);
		device_start(f->d);
		fixture_move_until_online(f);
		WAIT_FOR((talk = device_talk(f->d, "carol")) != NULL);
		g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "");
		g_assert_cmpuint(kith_engine_get_unsent(f->d->engine), ==, 1);
	}
	WAIT_FOR(fake_server_live(f->server));
	fake_server_add_conversation(f->server, FAKE_NEW_TALK, 2, "bob", TRUE);
	WAIT_FOR(fixture_is_sent(f, "for bob alone"));
	g_assert_cmpstr(
	    kith_conversation_get_draft(fixture_talk(f)), ==, "and this t");
}

/* It cannot be given up for now: nothing goes on without it, and nothing of it
 * is lost. */
static void
test_not_replaced(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	g_autofree char *aside = path_of(f, "cache.db.damaged");
	g_autofree char *in_it = g_build_filename(aside, "something", NULL);

	kith_engine_set_draft(f->d->engine, talk, "I was");
	device_stop(f->d);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpint(g_mkdir(aside, 0700), ==, 0);
	g_assert_true(g_file_set_contents(in_it, "", 0, NULL));
	damage(f, "draft");
	kith_engine_set_draft(f->d->engine, fixture_talk(f), "I was just go");
	WAIT_FOR(f->d->notices->len == 1);
	fixture_let_retry(f);
	WAIT_FOR(strstr(kith_engine_get_status(f->d->engine), "moved") != NULL);
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_OFFLINE);
	g_assert_cmpint(g_unlink(in_it), ==, 0);
	g_assert_cmpint(g_rmdir(aside), ==, 0);
	fixture_move_until_online(f);
	WAIT_FOR(fixture_talk(f) != NULL);
	talk = fixture_talk(f);
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "I was");
	device_open(f->d, talk);
	device_send(f->d, talk, "and here I am");
	WAIT_FOR(talk_shows(talk, "and here I am", KITH_MESSAGE_SENT));
}

/* A disk that takes nothing is told of once, not with every word typed. */
static void
test_not_written(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	change_cache(f, "ALTER TABLE draft RENAME TO draft_kept");
	kith_engine_set_draft(f->d->engine, talk, "I was");
	WAIT_FOR(f->d->notices->len == 1);
	kith_engine_set_draft(f->d->engine, talk, "I was just go");
	device_stop(f->d);
	g_assert_cmpuint(f->d->notices->len, ==, 1);

	change_cache(f, "ALTER TABLE draft_kept RENAME TO draft");
	device_start(f->d);
	talk = fixture_talk(f);
	kith_engine_set_draft(f->d->engine, talk, "I was just going");
	device_stop(f->d);
	device_start(f->d);
	g_assert_cmpstr(kith_conversation_get_draft(fixture_talk(f)), ==,
	    "I was just going");
	g_assert_cmpuint(f->d->notices->len, ==, 1);
}

/* A disk that gives nothing is not taken for a conversation that is gone. */
static void
test_not_read(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	change_cache(f, "ALTER TABLE conversation RENAME TO kept");
	kith_engine_send_message_async(
	    f->d->engine, talk, "not now", test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_false(
	    kith_engine_send_message_finish(f->d->engine, r.result, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_IO);
	test_result_clear(&r);
	change_cache(f, "ALTER TABLE kept RENAME TO conversation");
	device_send(f->d, talk, "but now");
	WAIT_FOR(talk_shows(talk, "but now", KITH_MESSAGE_SENT));
}

/* Killed when account.ini knew our new number on a restored server, and the
 * outbox did not yet: what waits in it is still our own. */
static void
test_new_number(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = path_of(f, "account.ini");
	g_autoptr(GKeyFile) account = g_key_file_new();
	KithConversation *talk = fixture_ready(f);

	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	device_send(f->d, talk, "by me");
	device_stop(f->d);
	g_key_file_load_from_file(account, path, G_KEY_FILE_NONE, NULL);
	g_key_file_set_uint64(account, "account", "id", FAKE_NEW_ALICE);
	g_assert_true(g_key_file_save_to_file(account, path, NULL));
	fake_server_restore_others(f->server, TRUE);
	fake_server_set_fault(f->server, FAKE_GOOD);
	device_start(f->d);
	fixture_move_until_online(f);
	WAIT_FOR(fixture_is_sent(f, "by me"));
	device_open(f->d, fixture_talk(f));
	g_assert_true(talk_shows(fixture_talk(f), "by me", KITH_MESSAGE_SENT));
}

/* ---- signing in and out ---- */

/* The account cannot be stored: then there is none, and one can try again. */
static void
test_account_not_written(struct fixture *f, gconstpointer data)
{
	const KithSignInDetails details = fixture_details(f);
	g_autofree char *path = path_of(f, "account.ini");
	g_autoptr(GError) error = NULL;

	device_start(f->d);
	g_assert_cmpint(g_mkdir(path, 0700), ==, 0);
	error = device_sign_in(f->d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_IO);
	g_clear_error(&error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_SIGNED_OUT);
	g_assert_null(kith_engine_get_self_user(f->d->engine));
	g_assert_cmpint(g_rmdir(path), ==, 0);
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

static ino_t
inode_of(const char *path)
{
	struct stat st;

	g_assert_cmpint(stat(path, &st), ==, 0);
	return st.st_ino;
}

/* A disk without room is no reason not to connect. */
static void
test_account_unchanged(struct fixture *f, gconstpointer data)
{
	g_autofree char *path = path_of(f, "account.ini");
	ino_t before;

	fixture_sign_in(f);
	before = inode_of(path);
	fake_server_drop(f->server);
	fixture_let_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpuint(inode_of(path), ==, before);
}

/* Killed while it signed out: nothing of it reaches who signs in next. */
static void
test_left_over(struct fixture *f, gconstpointer data)
{
	const KithSignInDetails details = fixture_details(f);
	g_autofree char *path = path_of(f, "account.ini");
	g_autoptr(GError) error = NULL;

	fixture_ready(f);
	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	device_send(f->d, fixture_talk(f), "of who was here");
	kith_engine_set_draft(f->d->engine, fixture_talk(f), "and he wanted");
	device_stop(f->d);
	g_assert_cmpint(g_unlink(path), ==, 0);

	fake_server_set_fault(f->server, FAKE_GOOD);
	device_start(f->d);
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_SIGNED_OUT);
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_nonnull(fixture_talk(f));
	g_assert_cmpuint(kith_engine_get_unsent(f->d->engine), ==, 0);
	device_open(f->d, fixture_talk(f));
	g_assert_cmpuint(talk_count(fixture_talk(f)), ==, 0);
	g_assert_cmpstr(kith_conversation_get_draft(fixture_talk(f)), ==, "");
	g_assert_cmpuint(fake_server_messages(f->server), ==, 0);
}

static void
test_locked_leaver(struct fixture *f, gconstpointer data)
{
	struct test_result r = { NULL };

	fixture_sign_in(f);
	fake_server_set_fault(f->server, FAKE_LOCKS_LEAVER);
	kith_engine_sign_out_async(f->d->engine, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_true(
	    kith_engine_sign_out_finish(f->d->engine, r.result, NULL));
	test_result_clear(&r);
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_SIGNED_OUT);
	g_assert_null(fixture_talk(f));
}

/* The window is closed before the server has answered. */
static void
test_closed_leaver(struct fixture *f, gconstpointer data)
{
	g_autofree char *account = path_of(f, "account.ini");
	struct test_result r = { NULL }, end = { NULL };

	fixture_sign_in(f);
	fake_server_set_fault(f->server, FAKE_SILENT);
	kith_engine_sign_out_async(f->d->engine, NULL, test_on_done, &r);
	kith_engine_shutdown_async(f->d->engine, test_on_done, &end);
	WAIT_FOR(end.result != NULL);
	test_result_clear(&end);
	WAIT_FOR(r.result != NULL);
	test_result_clear(&r);
	device_stop(f->d);
	g_assert_false(g_file_test(account, G_FILE_TEST_EXISTS));
	device_start(f->d);
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_SIGNED_OUT);
}

static void
add_tests(void)
{
	FIXTURE_ADD("damaged-live", test_damaged_live);
	FIXTURE_ADD("damaged-outbox", test_damaged_outbox);
	FIXTURE_ADD("damaged-refused", test_damaged_refused);
	FIXTURE_ADD("damaged-other-numbers", test_damaged_other_numbers);
	FIXTURE_ADD("not-replaced", test_not_replaced);
	FIXTURE_ADD("not-written", test_not_written);
	FIXTURE_ADD("not-read", test_not_read);
	FIXTURE_ADD("new-number", test_new_number);
	FIXTURE_ADD("account-not-written", test_account_not_written);
	FIXTURE_ADD("account-unchanged", test_account_unchanged);
	FIXTURE_ADD("left-over", test_left_over);
	FIXTURE_ADD("locked-leaver", test_locked_leaver);
	FIXTURE_ADD("closed-leaver", test_closed_leaver);
}

int
main(int argc, char **argv)
{
	return fixture_run(&argc, &argv, add_tests);
}
