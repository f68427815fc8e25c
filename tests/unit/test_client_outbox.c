/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine against a scripted server: what was typed arrives, once. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_fixture.h"
#include "kith.pb-c.h"

/* ---- the outbox ---- */

static void
test_ticks(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	KithMessage *message;

	fake_server_set_fault(f->server, FAKE_SILENT);
	device_send(f->d, talk, "tick tock  \n");
	message = talk_find(talk, "tick tock");
	g_assert_nonnull(message);
	g_assert_cmpint(
	    kith_message_get_state(message), ==, KITH_MESSAGE_PENDING);
	WAIT_FOR(kith_engine_get_unsent(f->d->engine) == 1);
	fake_server_set_fault(f->server, FAKE_GOOD);
	fake_server_drop(f->server);
	fixture_let_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	WAIT_FOR(fake_server_live(f->server));
	WAIT_FOR(kith_message_get_state(message) == KITH_MESSAGE_SENT);
	g_assert_cmpuint(kith_message_get_number(message), ==, 1);
	fake_server_mark(f->server, 1, 0);
	WAIT_FOR(kith_message_get_state(message) == KITH_MESSAGE_DELIVERED);
	fake_server_mark(f->server, 1, 1);
	WAIT_FOR(kith_message_get_state(message) == KITH_MESSAGE_READ);
	g_assert_cmpuint(talk_count(talk), ==, 1);
	g_assert_cmpuint(fake_server_count(f->server, "tick tock"), ==, 1);
	g_assert_cmpuint(kith_engine_get_unsent(f->d->engine), ==, 0);
}

/* However long a server wants us to wait, an hour is enough. */
static void
test_patience(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_refuse_sends(
	    f->server, KITH__REFUSAL__CODE__TRY_LATER, 1, G_MAXUINT);
	device_send(f->d, talk, "some day");
	WAIT_FOR(fake_server_refusals(f->server) == 1);
	/* Of her own: nothing is to be acknowledged when the hour passes. */
	fake_server_write(f->server, TRUE, "after the refusal");
	WAIT_FOR(talk_find(talk, "after the refusal") != NULL);
	clock_advance(f->clock, 3600000);
	WAIT_FOR(talk_shows(talk, "some day", KITH_MESSAGE_SENT));
}

/* The server has it, the answer is lost: the same operation goes again. */
static void
test_lost_answer(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_set_fault(f->server, FAKE_CUT_ON_SEND);
	device_send(f->d, talk, "only once");
	fixture_let_retry(f);
	WAIT_FOR(talk_shows(talk, "only once", KITH_MESSAGE_SENT));
	g_assert_cmpuint(fake_server_count(f->server, "only once"), ==, 1);
	g_assert_cmpuint(talk_count(talk), ==, 1);
}

static void
test_order(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	for (guint i = 0; i < 30; i++) {
		g_autofree char *text = g_strdup_printf("line %u", i);

		device_send(f->d, talk, text);
	}
	fake_server_refuse_sends(f->server, KITH__REFUSAL__CODE__BUSY, 1, 100);
	clock_advance(f->clock, 200000);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	/* Refused for now: it waits, and nothing overtakes it. */
	WAIT_FOR(clock_next_ms(f->clock) == 1000);
	g_assert_cmpuint(fake_server_messages(f->server), ==, 0);
	clock_advance(f->clock, 1000);
	WAIT_FOR(talk_shows(talk, "line 29", KITH_MESSAGE_SENT));
	g_assert_cmpuint(fake_server_messages(f->server), ==, 30);
	for (guint i = 0; i < 30; i++) {
		g_autofree char *text = g_strdup_printf("line %u", i);
		g_autofree char *there = fake_server_text(f->server, i + 1);

		g_assert_cmpstr(there, ==, text);
		g_assert_cmpstr(
		    kith_message_get_text(talk_message(talk, i)), ==, text);
	}
}

static void
test_refused(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	KithMessage *message;

	fake_server_refuse_sends(
	    f->server, KITH__REFUSAL__CODE__NOT_FRIENDS, 2, 0);
	device_send(f->d, talk, "no way");
	WAIT_FOR(talk_shows(talk, "no way", KITH_MESSAGE_FAILED));
	message = talk_find(talk, "no way");
	g_assert_cmpstr(
	    kith_message_get_reason(message), ==, "Because the test says so.");
	device_send(f->d, talk, "away with it");
	WAIT_FOR(talk_shows(talk, "away with it", KITH_MESSAGE_FAILED));
	kith_engine_delete_message(
	    f->d->engine, talk, talk_find(talk, "away with it"));
	WAIT_FOR(talk_find(talk, "away with it") == NULL);
	kith_engine_retry_message(f->d->engine, talk, message);
	WAIT_FOR(talk_shows(talk, "no way", KITH_MESSAGE_SENT));
	g_assert_cmpuint(talk_count(talk), ==, 1);
	WAIT_FOR(kith_engine_get_unsent(f->d->engine) == 0);
}

static void
test_bad_text(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	g_autofree char *too_long = g_strnfill(4097, 'x');
	const char *const bad[] = { "", "  \n ", too_long };

	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct test_result r = { NULL };
		g_autoptr(GError) error = NULL;

		kith_engine_send_message_async(
		    f->d->engine, talk, bad[i], test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		g_assert_false(kith_engine_send_message_finish(
		    f->d->engine, r.result, &error));
		g_assert_nonnull(error);
		test_result_clear(&r);
	}
	g_assert_cmpuint(talk_count(talk), ==, 0);
}

#define WRITER_OPTION "--write-and-wait"

static const char *program; /* this one */

/* A program of its own that writes, says so, and waits to be killed. */
static _Noreturn void
write_and_wait(const char *folder)
{
	struct device *d = device_new(NULL);
	KithConversation *talk;

	alarm(TEST_WAIT_S);
	test_folder_remove(d->folder);
	d->folder = g_strdup(folder);
	device_start(d);
	talk = device_talk(d, "bob");
	for (guint i = 0; i < 5; i++) {
		g_autofree char *text = g_strdup_printf("survivor %u", i);

		device_send(d, talk, text);
	}
	g_assert_cmpint(write(STDOUT_FILENO, "x", 1), ==, 1);
	for (;;)
		pause();
}

static void
kill_a_writer(struct fixture *f)
{
	char *words[] = { (char *)program, (char *)WRITER_OPTION, f->d->folder,
		NULL };
	g_autoptr(GError) error = NULL;
	char byte;
	int out, status;
	GPid child;

	g_spawn_async_with_pipes(NULL, words, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
	    NULL, NULL, &child, NULL, &out, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpint(read(out, &byte, 1), ==, 1);
	close(out);
	kill(child, SIGKILL);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status));
}

static void
test_killed(struct fixture *f, gconstpointer data)
{
	KithConversation *talk;

	fixture_sign_in(f);
	device_stop(f->d);
	kill_a_writer(f);

	fake_server_set_fault(f->server, FAKE_CUT_ON_SEND);
	device_start(f->d);
	talk = fixture_talk(f);
	device_open(f->d, talk);
	g_assert_cmpuint(talk_count(talk), ==, 5);
	fake_server_set_fault(f->server, FAKE_GOOD);
	fixture_move_until_online(f);
	WAIT_FOR(talk_shows(talk, "survivor 4", KITH_MESSAGE_SENT));
	g_assert_cmpuint(fake_server_messages(f->server), ==, 5);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *text = g_strdup_printf("survivor %u", i);

		g_assert_cmpuint(fake_server_count(f->server, text), ==, 1);
	}
}

/*
 * The server was restored, and numbers are another's now: what waits goes to
 * the person that it is for, or waits for that person. data: is bob there?
 */
static void
test_other_numbers(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	device_send(f->d, talk, "for bob alone");
	kith_engine_set_draft(f->d->engine, talk, "and this t");
	device_stop(f->d);
	fake_server_restore_others(f->server, data != NULL);
	fake_server_set_fault(f->server, FAKE_GOOD);
	device_start(f->d);
	fixture_move_until_online(f);
	WAIT_FOR((talk = device_talk(f->d, "carol")) != NULL);
	device_open(f->d, talk);
	g_assert_cmpuint(talk_count(talk), ==, 0);
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "");
	if (data == NULL) {
		g_assert_cmpuint(kith_engine_get_unsent(f->d->engine), ==, 1);
		fake_server_add_conversation(
		    f->server, FAKE_NEW_TALK, 2, "bob", TRUE);
	}
	WAIT_FOR(fixture_is_sent(f, "for bob alone"));
	talk = fixture_talk(f);
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "and this t");
	device_open(f->d, talk);
	WAIT_FOR(talk_shows(talk, "for bob alone", KITH_MESSAGE_SENT));
}

/* The last thing that is done in a conversation that the server does not know
 * by this number any more. */
static void
test_stale_number(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	fake_server_restore_others(f->server, TRUE);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	clock_advance(f->clock, 200000);
	WAIT_ASIDE(fake_server_snapshots(f->server) >= 2 &&
	    fake_server_live(f->server));
	kith_engine_set_draft(f->d->engine, talk, "and this t");
	kith_engine_send_message_async(
	    f->d->engine, talk, "for bob alone", test_on_done, &r);
	kith_engine_set_draft(f->d->engine, talk, "for him t");
	WAIT_FOR(r.result != NULL);
	g_assert_false(
	    kith_engine_send_message_finish(f->d->engine, r.result, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_NOT_NOW);
	test_result_clear(&r);
	WAIT_FOR(device_talk(f->d, "carol") != NULL && fixture_talk(f) != NULL);
	for (guint round = 0; round < 2; round++) {
		g_assert_cmpstr(kith_conversation_get_draft(fixture_talk(f)),
		    ==, "for him t");
		g_assert_cmpstr(
		    kith_conversation_get_draft(device_talk(f->d, "carol")), ==,
		    "");
		device_stop(f->d);
		device_start(f->d);
	}
	g_assert_cmpuint(fake_server_messages(f->server), ==, 0);
}

/* What the window still shows is of before, and its number is carol's now. */
static void
test_stale_object(struct fixture *f, gconstpointer data)
{
	g_autoptr(KithConversation) old = g_object_ref(fixture_ready(f));
	KithEngine *engine = f->d->engine;
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	fake_server_restore_others(f->server, TRUE);
	fixture_let_retry(f);
	WAIT_FOR(device_talk(f->d, "carol") != NULL && fixture_talk(f) != NULL);
	kith_engine_send_message_async(
	    engine, old, "for bob alone", test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_false(
	    kith_engine_send_message_finish(engine, r.result, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_NOT_NOW);
	test_result_clear(&r);
	g_clear_error(&error);
	kith_engine_remove_friend_async(engine, old, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_false(
	    kith_engine_remove_friend_finish(engine, r.result, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_NOT_NOW);
	test_result_clear(&r);
	g_assert_cmpuint(fake_server_removals(f->server), ==, 0);
	/* What it says is kept for bob, where he shows now. */
	kith_engine_set_draft(engine, old, "for bob alone");
	g_assert_cmpstr(
	    kith_conversation_get_draft(fixture_talk(f)), ==, "for bob alone");
	g_assert_cmpstr(
	    kith_conversation_get_draft(device_talk(f->d, "carol")), ==, "");
}

/* What was asked of the server that was, and never answered, is not asked of
 * the one that came: the person's number may be another's there. */
static void
test_stale_action(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	fake_server_set_fault(f->server, FAKE_SILENT);
	kith_engine_remove_friend_async(f->d->engine, talk, test_on_done, &r);
	WAIT_FOR(fake_server_removals(f->server) == 1);
	fake_server_restore_others(f->server, TRUE);
	fake_server_set_fault(f->server, FAKE_GOOD);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	clock_advance(f->clock, 2000); /* it would be sent again for 30 s */
	WAIT_FOR(r.result != NULL);
	g_assert_false(
	    kith_engine_remove_friend_finish(f->d->engine, r.result, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_NOT_NOW);
	test_result_clear(&r);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpuint(fake_server_removals(f->server), ==, 1);
}

static void
test_drafts(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = fixture_ready(f);

	kith_engine_set_draft(f->d->engine, talk, "I was just go");
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "I was just go");
	device_stop(f->d);
	device_start(f->d);
	talk = fixture_talk(f);
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "I was just go");
	device_send(f->d, talk, "I was just going");
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "");
	device_stop(f->d);
	device_start(f->d);
	g_assert_cmpstr(kith_conversation_get_draft(fixture_talk(f)), ==, "");
}

/* What is typed while one signs out is for nobody who signs in after that. */
static void
test_drafts_signed_out(struct fixture *f, gconstpointer data)
{
	const KithSignInDetails details = fixture_details(f);
	KithConversation *talk = fixture_ready(f);
	struct test_result r = { NULL };

	kith_engine_sign_out_async(f->d->engine, NULL, test_on_done, &r);
	kith_engine_set_draft(f->d->engine, talk, "not for oth");
	WAIT_FOR(r.result != NULL);
	test_result_clear(&r);
	g_assert_no_error(device_sign_in(f->d, &details));
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpstr(kith_conversation_get_draft(fixture_talk(f)), ==, "");
}

static void
add_tests(void)
{
	FIXTURE_ADD("killed", test_killed);
	FIXTURE_ADD("ticks", test_ticks);
	FIXTURE_ADD("lost-answer", test_lost_answer);
	FIXTURE_ADD("order", test_order);
	FIXTURE_ADD("refused", test_refused);
	FIXTURE_ADD("patience", test_patience);
	FIXTURE_ADD("bad-text", test_bad_text);
	FIXTURE_ADD("drafts", test_drafts);
	FIXTURE_ADD("drafts-signed-out", test_drafts_signed_out);
	FIXTURE_ADD("stale-number", test_stale_number);
	FIXTURE_ADD("stale-object", test_stale_object);
	FIXTURE_ADD("stale-action", test_stale_action);
	FIXTURE_ADD("other-numbers/gone", test_other_numbers);
	g_test_add("/client/other-numbers/moved", struct fixture, "moved",
	    fixture_set_up, test_other_numbers, fixture_tear_down);
}

int
main(int argc, char **argv)
{
	program = argv[0];
	if (argc == 3 && strcmp(argv[1], WRITER_OPTION) == 0)
		write_and_wait(argv[2]);
	return fixture_run(&argc, &argv, add_tests);
}
