/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client engine against a scripted server: signing in, keeping in step,
 * the outbox, and what a bad server can do to it. No window, no real daemon.
 * Time stands still unless a test moves it.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_testing.h"
#include "fake_server.h"
#include "kith.pb-c.h"

struct fixture {
	struct fake_server *server;
	Clock *clock;
	struct device *d;
};

static KithSignInDetails
details_of(struct fixture *f)
{
	return (KithSignInDetails){
		.host = "127.0.0.1",
		.port = fake_server_port(f->server),
		.name = "alice",
		.password = FAKE_PASSWORD,
		.pin = fake_server_pin(f->server),
	};
}

static void
set_up(struct fixture *f, gconstpointer data)
{
	f->server = fake_server_new();
	f->clock = clock_new_manual();
	f->d = device_new(f->clock);
}

static void
tear_down(struct fixture *f, gconstpointer data)
{
	device_free(f->d);
	fake_server_free(f->server);
	clock_unref(f->clock);
}

static KithConversation *
talk_of(struct fixture *f)
{
	return device_talk(f->d, "bob");
}

static void
sign_in(struct fixture *f)
{
	const KithSignInDetails details = details_of(f);
	g_autoptr(GError) error = NULL;

	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_nonnull(talk_of(f));
}

/* Signs in and opens the conversation. */
static KithConversation *
ready(struct fixture *f)
{
	sign_in(f);
	device_open(f->d, talk_of(f));
	return talk_of(f);
}

/* Lets the wait for the next attempt pass. */
static void
let_it_retry(struct fixture *f)
{
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	clock_advance(f->clock, 200000);
}

/* ---- signing in ---- */

static void
test_sign_in(struct fixture *f, gconstpointer data)
{
	fake_server_write(f->server, FALSE, "before you came");
	sign_in(f);
	g_assert_cmpstr(kith_engine_get_server_name(f->d->engine), ==, "Fake");
	g_assert_cmpstr(
	    kith_user_get_name(kith_engine_get_self_user(f->d->engine)), ==,
	    "alice");
	g_assert_cmpstr(
	    kith_user_get_title(kith_conversation_get_peer(talk_of(f))), ==,
	    "Bob");
	g_assert_cmpuint(kith_engine_get_unread(f->d->engine), ==, 1);
	g_assert_cmpstr(kith_message_get_text(
			    kith_conversation_get_last_message(talk_of(f))),
	    ==, "before you came");
	WAIT_FOR(fake_server_delivered(f->server) == 1);

	/* The next start needs no password. */
	device_stop(f->d);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 1);
	g_assert_cmpuint(fake_server_snapshots(f->server), ==, 1);
}

static void
test_wrong_password(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = details_of(f);
	g_autoptr(GError) error = NULL;

	details.password = "something else";
	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_BAD_CREDENTIALS);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_SIGNED_OUT);
}

/* data: the host to ask for. As an address it cannot be matched by every
 * mbedTLS, and as a name it can. */
static void
test_first_contact(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = details_of(f);
	g_autoptr(GError) error = NULL;
	g_autofree char *pin = NULL;

	details.host = data;
	details.pin = NULL;
	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_UNTRUSTED);
	pin = g_strdup(kith_client_error_get_pin(error));
	g_assert_cmpstr(pin, ==, fake_server_pin(f->server));
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 0);
	g_clear_error(&error);
	details.pin = pin;
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

static char *authorities; /* the file of trusted authorities */

static void
trust_authority(const char *certificate)
{
	g_autoptr(GError) error = NULL;

	g_file_set_contents(authorities, certificate, -1, &error);
	g_assert_no_error(error);
}

static void
test_by_authority(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = details_of(f);
	g_autofree char *before = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(authorities, &before, NULL, NULL);
	trust_authority(fake_server_certificate(f->server));
	details.host = "localhost";
	details.pin = NULL;
	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_null(kith_engine_get_pin(f->d->engine));

	/* Nobody vouches any more: it does not go on, but looks again. */
	trust_authority(before);
	fake_server_drop(f->server);
	let_it_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
	g_assert_cmpint(kith_engine_get_retry_time(f->d->engine), >, 0);
	g_assert_false(fake_server_live(f->server));
	trust_authority(fake_server_certificate(f->server));
	kith_engine_reconnect(f->d->engine);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	trust_authority(before);
}

/* There is no secret service here: the session works, the next start asks. */
static void
test_no_keyring(struct fixture *f, gconstpointer data)
{
	g_object_unref(f->d->secrets);
	f->d->secrets = kith_secrets_new_libsecret();
	sign_in(f);
	WAIT_FOR(!kith_engine_get_remembered(f->d->engine));
	device_stop(f->d);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_NEEDS_PASSWORD);
	g_assert_nonnull(talk_of(f));
}

static void
test_wrong_pin(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = details_of(f);
	g_autoptr(GError) error = NULL;

	details.pin = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_KEY_CHANGED);
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 0);
}

static void
test_key_change(struct fixture *f, gconstpointer data)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;
	guint connections;

	sign_in(f);
	fake_server_change_key(f->server);
	let_it_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
	g_assert_cmpint(kith_engine_get_retry_time(f->d->engine), ==, 0);
	g_assert_cmpstr(kith_engine_get_status(f->d->engine), !=, "");

	/* It does not go on by itself, whatever time passes. */
	connections = fake_server_connections(f->server);
	g_assert_cmpint(clock_next_ms(f->clock), ==, -1);
	g_assert_cmpuint(fake_server_connections(f->server), ==, connections);

	kith_engine_change_pin_async(
	    f->d->engine, "not a pin", NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_change_pin_finish(f->d->engine, r.result, &error);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_MALFORMED);
	g_clear_error(&error);
	test_result_clear(&r);
	kith_engine_change_pin_async(
	    f->d->engine, fake_server_pin(f->server), NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_change_pin_finish(f->d->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

static void
test_revoked(struct fixture *f, gconstpointer data)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	sign_in(f);
	fake_server_revoke(f->server);
	fake_server_goodbye(f->server, KITH__REFUSAL__CODE__BAD_CREDENTIALS,
	    "The password was changed.");
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_NEEDS_PASSWORD);
	g_assert_cmpstr(kith_engine_get_status(f->d->engine), !=, "");
	g_assert_nonnull(talk_of(f));

	/* The old token is gone from the keyring too. */
	device_stop(f->d);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_NEEDS_PASSWORD);
	kith_engine_enter_password_async(
	    f->d->engine, FAKE_PASSWORD, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_enter_password_finish(f->d->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

static void
test_locked(struct fixture *f, gconstpointer data)
{
	sign_in(f);
	fake_server_goodbye(f->server, KITH__REFUSAL__CODE__LOCKED,
	    "The administrator has locked the account.");
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	g_assert_cmpint(kith_engine_get_retry_time(f->d->engine), ==, 0);
	g_assert_cmpstr(kith_engine_get_status(f->d->engine), ==,
	    "The administrator has locked the account.");
	{
		struct test_result r = { NULL };
		g_autoptr(GError) error = NULL;

		kith_engine_send_friend_request_async(
		    f->d->engine, "carol", NULL, test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		g_assert_false(kith_engine_send_friend_request_finish(
		    f->d->engine, r.result, &error));
		g_assert_error(error, KITH_CLIENT_ERROR, KITH_OFFLINE);
		test_result_clear(&r);
	}
	kith_engine_reconnect(f->d->engine);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

static void
test_cancel(struct fixture *f, gconstpointer data)
{
	const KithSignInDetails details = details_of(f);
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	device_start(f->d);
	kith_engine_sign_in_async(
	    f->d->engine, &details, cancellable, test_on_done, &r);
	g_cancellable_cancel(cancellable);
	WAIT_FOR(r.result != NULL);
	kith_engine_sign_in_finish(f->d->engine, r.result, &error);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	test_result_clear(&r);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_SIGNED_OUT);
}

/* ---- the connection ---- */

static void
test_back_off(struct fixture *f, gconstpointer data)
{
	gint64 before = 0, wait;

	sign_in(f);
	fake_server_set_fault(f->server, FAKE_CLOSED);
	fake_server_drop(f->server);
	for (guint i = 0; i < 10; i++) {
		const guint connections = fake_server_connections(f->server);

		WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
		wait = clock_next_ms(f->clock);
		g_assert_cmpint(wait, >=, 500);
		g_assert_cmpint(wait, <=, 180000);
		if (i == 0)
			g_assert_cmpint(wait, <=, 1000);
		if (i == 9)
			g_assert_cmpint(wait, >=, 90000);
		before = MAX(before, wait);
		clock_advance(f->clock, (guint64)wait - 1);
		g_assert_cmpuint(
		    fake_server_connections(f->server), ==, connections);
		clock_advance(f->clock, 1);
		WAIT_FOR(fake_server_connections(f->server) == connections + 1);
		WAIT_FOR(device_state(f->d) == KITH_ENGINE_CONNECTING ||
		    kith_engine_get_retry_time(f->d->engine) != 0);
		WAIT_FOR(clock_next_ms(f->clock) != wait);
	}
	fake_server_set_fault(f->server, FAKE_GOOD);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	kith_engine_reconnect(f->d->engine);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

static void
test_silent_server(struct fixture *f, gconstpointer data)
{
	sign_in(f);
	clock_advance(f->clock, 30000);
	WAIT_FOR(fake_server_pings(f->server) == 1);
	fake_server_set_fault(f->server, FAKE_SILENT);
	clock_advance(f->clock, 30000);
	/* The ping's own limit is set once it was sent. */
	for (guint i = 0; i < 100 && device_state(f->d) != KITH_ENGINE_OFFLINE;
	     i++) {
		g_main_context_iteration(NULL, FALSE);
		clock_advance(f->clock, 1000);
		g_usleep(2000);
	}
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE ||
	    device_state(f->d) == KITH_ENGINE_CONNECTING);
}

static void
test_offline_start(struct fixture *f, gconstpointer data)
{
	KithConversation *talk;

	fake_server_write(f->server, FALSE, "kept at home");
	sign_in(f);
	device_stop(f->d);
	fake_server_set_fault(f->server, FAKE_CLOSED);
	device_start(f->d);
	talk = talk_of(f); /* at once, before any connection */
	g_assert_nonnull(talk);
	device_open(f->d, talk);
	g_assert_nonnull(talk_find(talk, "kept at home"));
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	g_assert_cmpint(kith_engine_get_retry_time(f->d->engine), >, 0);
}

static void
test_one_profile(struct fixture *f, gconstpointer data)
{
	KithEngine *second;
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	device_start(f->d);
	second = kith_engine_new(f->d->folder, f->d->secrets);
	kith_engine_start_async(second, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_false(kith_engine_start_finish(second, r.result, &error));
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_REFUSED);
	test_result_clear(&r);
	g_object_unref(second);
}

/* ---- keeping in step ---- */

static void
test_live(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

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
	g_assert_cmpuint(kith_conversation_get_read_number(talk), ==, 2);
}

static void
test_catch_up(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

	fake_server_write(f->server, FALSE, "first");
	WAIT_FOR(talk_find(talk, "first") != NULL);
	device_stop(f->d);
	for (guint i = 0; i < 250; i++) {
		g_autofree char *text = g_strdup_printf("missed %u", i);

		fake_server_write(f->server, FALSE, text);
	}
	device_start(f->d);
	talk = talk_of(f);
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
test_window(struct fixture *f, gconstpointer data)
{
	struct test_result r = { NULL };
	KithConversation *talk;
	guint64 last;

	for (guint i = 0; i < 700; i++) {
		g_autofree char *text = g_strdup_printf("m %u", i + 1);

		fake_server_write(f->server, FALSE, text);
	}
	talk = ready(f);
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

static void
test_snapshot_again(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

	fake_server_write(f->server, FALSE, "old");
	WAIT_FOR(talk_find(talk, "old") != NULL);
	device_stop(f->d);
	for (guint i = 0; i < 10; i++)
		fake_server_write(f->server, FALSE, "between");
	fake_server_write(f->server, FALSE, "new");
	fake_server_forget_events(f->server);
	device_start(f->d);
	talk = talk_of(f);
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

static void
test_restored_server(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

	fake_server_write(f->server, FALSE, "of the old world");
	WAIT_FOR(talk_find(talk, "of the old world") != NULL);
	kith_engine_set_draft(f->d->engine, talk, "half a sen");
	fake_server_restore(f->server);
	fake_server_write_silently(f->server, "of the new world");
	let_it_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	talk = talk_of(f);
	g_assert_nonnull(talk);
	device_open(f->d, talk);
	g_assert_null(talk_find(talk, "of the old world"));
	g_assert_nonnull(talk_find(talk, "of the new world"));
	g_assert_cmpuint(talk_count(talk), ==, 1);
}

static void
test_gap(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

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

/* ---- the outbox ---- */

static void
test_ticks(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);
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
	let_it_retry(f);
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

/* The server has it, the answer is lost: the same operation goes again. */
static void
test_lost_answer(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

	fake_server_set_fault(f->server, FAKE_CUT_ON_SEND);
	device_send(f->d, talk, "only once");
	let_it_retry(f);
	WAIT_FOR(talk_shows(talk, "only once", KITH_MESSAGE_SENT));
	g_assert_cmpuint(fake_server_count(f->server, "only once"), ==, 1);
	g_assert_cmpuint(talk_count(talk), ==, 1);
}

static void
test_order(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	for (guint i = 0; i < 30; i++) {
		g_autofree char *text = g_strdup_printf("line %u", i);

		device_send(f->d, talk, text);
	}
	fake_server_refuse_sends(f->server, KITH__REFUSAL__CODE__BUSY, 1, 100);
	clock_advance(f->clock, 200000);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	for (guint i = 0; i < 1000 && fake_server_messages(f->server) < 30;
	     i++) {
		g_main_context_iteration(NULL, FALSE);
		clock_advance(f->clock, 100);
		g_usleep(2000);
	}
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
	KithConversation *talk = ready(f);
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
	KithConversation *talk = ready(f);
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
	char *words[] = { (char *)"/proc/self/exe", (char *)WRITER_OPTION,
		f->d->folder, NULL };
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

	sign_in(f);
	device_stop(f->d);
	kill_a_writer(f);

	fake_server_set_fault(f->server, FAKE_CUT_ON_SEND);
	device_start(f->d);
	talk = talk_of(f);
	device_open(f->d, talk);
	g_assert_cmpuint(talk_count(talk), ==, 5);
	fake_server_set_fault(f->server, FAKE_GOOD);
	for (guint i = 0; i < 1000 && fake_server_messages(f->server) < 5;
	     i++) {
		g_main_context_iteration(NULL, FALSE);
		clock_advance(f->clock, 1000);
		g_usleep(2000);
	}
	WAIT_FOR(talk_shows(talk, "survivor 4", KITH_MESSAGE_SENT));
	g_assert_cmpuint(fake_server_messages(f->server), ==, 5);
	for (guint i = 0; i < 5; i++) {
		g_autofree char *text = g_strdup_printf("survivor %u", i);

		g_assert_cmpuint(fake_server_count(f->server, text), ==, 1);
	}
}

static void
test_drafts(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

	kith_engine_set_draft(f->d->engine, talk, "I was just go");
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "I was just go");
	device_stop(f->d);
	device_start(f->d);
	talk = talk_of(f);
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "I was just go");
	device_send(f->d, talk, "I was just going");
	g_assert_cmpstr(kith_conversation_get_draft(talk), ==, "");
	device_stop(f->d);
	device_start(f->d);
	g_assert_cmpstr(kith_conversation_get_draft(talk_of(f)), ==, "");
}

/* ---- the store on this disk ---- */

static void
test_damaged(struct fixture *f, gconstpointer data)
{
	g_autofree char *path =
	    g_build_filename(f->d->folder, "cache.db", NULL);
	g_autofree char *garbage = g_strnfill(20000, 'g');
	KithConversation *talk = ready(f);

	fake_server_write(f->server, FALSE, "from the server");
	WAIT_FOR(talk_find(talk, "from the server") != NULL);
	device_stop(f->d);
	g_assert_true(g_file_set_contents(path, garbage, 20000, NULL));
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpuint(f->d->notices->len, ==, 1);
	talk = talk_of(f);
	g_assert_nonnull(talk);
	device_open(f->d, talk);
	g_assert_nonnull(talk_find(talk, "from the server"));
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 1);
}

/* ---- a bad server ---- */

/* It must come back from it, with nothing lost. */
static void
recovers(struct fixture *f)
{
	let_it_retry(f);
	g_assert_cmpstr(kith_engine_get_status(f->d->engine), !=, "");
	fake_server_set_fault(f->server, FAKE_GOOD);
	for (guint i = 0; i < 1000 && device_state(f->d) != KITH_ENGINE_ONLINE;
	     i++) {
		g_main_context_iteration(NULL, FALSE);
		clock_advance(f->clock, 1000);
		g_usleep(2000);
	}
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_ONLINE);
	g_assert_nonnull(talk_of(f));
}

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

	sign_in(f);
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		fake_server_send_raw(f->server, bad[i].bytes, bad[i].length);
		recovers(f);
	}
}

static void
test_bad_behaviour(struct fixture *f, gconstpointer data)
{
	static const enum fake_fault faults[] = { FAKE_EVERLASTING,
		FAKE_SNAPSHOTS, FAKE_WRONG_ANSWER };

	sign_in(f);
	for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
		fake_server_set_fault(f->server, faults[i]);
		fake_server_drop(f->server);
		let_it_retry(f);
		WAIT_FOR(device_state(f->d) == KITH_ENGINE_CONNECTING ||
		    device_state(f->d) == KITH_ENGINE_SYNCING);
		recovers(f);
	}
}

static void
test_bad_texts(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

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
	recovers(f);
	g_assert_null(talk_find(talk, "I am bob"));
}

static void
test_unknown_conversation(struct fixture *f, gconstpointer data)
{
	KithConversation *talk = ready(f);

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
	sign_in(f);
	talk = talk_of(f);
	g_test_expect_message("kith", G_LOG_LEVEL_WARNING, "*cannot give*");
	device_open(f->d, talk);
	/* It asks once, then knows that there is no more. */
	WAIT_FOR(!kith_conversation_get_has_older(talk));
	g_test_assert_expected_messages();
	g_assert_cmpuint(talk_count(talk), ==, 1);
}

static glong
peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* The window's thread takes nothing for a while: memory must not grow. */
static void
test_flood(struct fixture *f, gconstpointer data)
{
	const guint count = 60000;
	KithConversation *talk = ready(f);
	glong before;

	fake_server_flood(f->server, count);
	before = peak_kib();
	g_usleep(500 * 1000); /* the main context is not run meanwhile */
	WAIT_FOR(kith_conversation_get_unread(talk) > count / 50);
	g_assert_cmpuint(talk_count(talk), <=, KITH_CONVERSATION_WINDOW);
	g_assert_cmpint(peak_kib() - before, <, 60 * 1024);
}

static void
test_address(void)
{
	static const struct {
		const char *text, *host, *invite;
		guint16 port;
		const char *shown;
	} good[] = {
		{ " chat.example.org ", "chat.example.org", NULL, 5484,
		    "chat.example.org" },
		{ "192.0.2.1:99", "192.0.2.1", NULL, 99, "192.0.2.1:99" },
		{ "[2001:db8::1]:99", "2001:db8::1", NULL, 99,
		    "[2001:db8::1]:99" },
		{ "kith://chat.example.org/?invite=abc", "chat.example.org",
		    "abc", 5484, "chat.example.org" },
	};
	static const char *const bad[] = { "", "a b", "host:0", "host:70000",
		"http://host", "kith://" };
	g_autofree char *pin = kith_pin_for_reading("sha256:abcdefghij");

	for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(KithAddress) a =
		    kith_address_parse(good[i].text, NULL);
		g_autofree char *shown = NULL;

		g_assert_nonnull(a);
		g_assert_cmpstr(a->host, ==, good[i].host);
		g_assert_cmpuint(a->port, ==, good[i].port);
		g_assert_cmpstr(a->invite, ==, good[i].invite);
		shown = kith_address_format(a->host, a->port);
		g_assert_cmpstr(shown, ==, good[i].shown);
	}
	for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(kith_address_parse(bad[i], &error));
		g_assert_error(error, KITH_CLIENT_ERROR, KITH_MALFORMED);
	}
	g_assert_cmpstr(pin, ==, "sha256: abcd efgh ij");
}

/* Nothing of the machine's may reach into the tests. */
static char *
set_up_world(void)
{
	char *folder = test_folder_new();
	struct fake_server *stranger = fake_server_new();

	authorities = g_build_filename(folder, "authorities.pem", NULL);
	trust_authority(fake_server_certificate(stranger));
	fake_server_free(stranger);
	g_setenv("KITH_CA_FILE", authorities, TRUE);
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	return folder;
}

#define ADD(name, func) \
	g_test_add(     \
	    "/client/" name, struct fixture, NULL, set_up, func, tear_down)

int
main(int argc, char **argv)
{
	char *folder;
	int status;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && strcmp(argv[1], WRITER_OPTION) == 0)
		write_and_wait(argv[2]);
	g_test_init(&argc, &argv, NULL);
	folder = set_up_world();
	g_test_add_func("/client/address", test_address);
	ADD("killed", test_killed);
	ADD("sign-in", test_sign_in);
	ADD("wrong-password", test_wrong_password);
	g_test_add("/client/first-contact/address", struct fixture, "127.0.0.1",
	    set_up, test_first_contact, tear_down);
	g_test_add("/client/first-contact/name", struct fixture, "localhost",
	    set_up, test_first_contact, tear_down);
	ADD("by-authority", test_by_authority);
	ADD("no-keyring", test_no_keyring);
	ADD("wrong-pin", test_wrong_pin);
	ADD("key-change", test_key_change);
	ADD("revoked", test_revoked);
	ADD("locked", test_locked);
	ADD("cancel", test_cancel);
	ADD("back-off", test_back_off);
	ADD("silent-server", test_silent_server);
	ADD("offline-start", test_offline_start);
	ADD("one-profile", test_one_profile);
	ADD("live", test_live);
	ADD("catch-up", test_catch_up);
	ADD("window", test_window);
	ADD("snapshot-again", test_snapshot_again);
	ADD("restored-server", test_restored_server);
	ADD("gap", test_gap);
	ADD("ticks", test_ticks);
	ADD("lost-answer", test_lost_answer);
	ADD("order", test_order);
	ADD("refused", test_refused);
	ADD("bad-text", test_bad_text);
	ADD("drafts", test_drafts);
	ADD("damaged", test_damaged);
	ADD("bad-frames", test_bad_frames);
	ADD("bad-behaviour", test_bad_behaviour);
	ADD("bad-texts", test_bad_texts);
	ADD("unknown-conversation", test_unknown_conversation);
	ADD("no-history", test_no_history);
	ADD("flood", test_flood);
	status = g_test_run();
	test_folder_remove(folder);
	g_free(authorities);
	return status;
}
