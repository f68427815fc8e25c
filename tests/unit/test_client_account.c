/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine against a scripted server: signing in, whom it trusts, and the
 * connection that comes and goes.
 */
#include "client_fixture.h"
#include "kith.pb-c.h"

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

/* ---- signing in ---- */

static void
test_sign_in(struct fixture *f, gconstpointer data)
{
	fake_server_write(f->server, FALSE, "before you came");
	fixture_sign_in(f);
	g_assert_cmpstr(kith_engine_get_server_name(f->d->engine), ==, "Fake");
	g_assert_cmpstr(
	    kith_user_get_name(kith_engine_get_self_user(f->d->engine)), ==,
	    "alice");
	g_assert_cmpstr(
	    kith_user_get_title(kith_conversation_get_peer(fixture_talk(f))),
	    ==, "Bob");
	g_assert_cmpuint(kith_engine_get_unread(f->d->engine), ==, 1);
	g_assert_cmpstr(
	    kith_message_get_text(
		kith_conversation_get_last_message(fixture_talk(f))),
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
	KithSignInDetails details = fixture_details(f);
	g_autoptr(GError) error = NULL;

	details.password = "something else";
	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_BAD_CREDENTIALS);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_SIGNED_OUT);
}

/* The account was made, and the answer was lost: who asks again gets it. */
static void
test_sign_up_again(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = fixture_details(f);
	g_autoptr(GError) error = NULL;

	device_start(f->d);
	fake_server_set_fault(f->server, FAKE_CUT_SIGN_UP);
	error = device_sign_up(f->d, &details);
	g_assert_nonnull(error);
	g_clear_error(&error);
	fake_server_set_fault(f->server, FAKE_GOOD);
	details.name = "alicia"; /* another wish */
	error = device_sign_up(f->d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_NAME_TAKEN);
	g_clear_error(&error);
	details.name = "alice";
	error = device_sign_up(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
}

/* data: the host to ask for. As an address it cannot be matched by every
 * mbedTLS, and as a name it can. */
static void
test_first_contact(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = fixture_details(f);
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

static void
test_by_authority(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = fixture_details(f);
	g_autofree char *before = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(fixture_authorities, &before, NULL, NULL);
	fixture_trust(fake_server_certificate(f->server));
	details.host = "localhost";
	details.pin = NULL;
	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_null(kith_engine_get_pin(f->d->engine));

	/* Nobody vouches any more: it does not go on, but looks again. */
	fixture_trust(before);
	fake_server_drop(f->server);
	fixture_let_retry(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
	g_assert_cmpint(kith_engine_get_retry_time(f->d->engine), >, 0);
	g_assert_false(fake_server_live(f->server));
	fixture_trust(fake_server_certificate(f->server));
	kith_engine_reconnect(f->d->engine);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	fixture_trust(before);
}

/* There is no secret service here: the session works, the next start asks. */
static void
test_no_keyring(struct fixture *f, gconstpointer data)
{
	g_object_unref(f->d->secrets);
	f->d->secrets = kith_secrets_new_libsecret();
	fixture_sign_in(f);
	WAIT_FOR(!kith_engine_get_remembered(f->d->engine));
	device_stop(f->d);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_NEEDS_PASSWORD);
	g_assert_nonnull(fixture_talk(f));
}

static void
test_wrong_pin(struct fixture *f, gconstpointer data)
{
	KithSignInDetails details = fixture_details(f);
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

	fixture_sign_in(f);
	fake_server_change_key(f->server);
	fixture_let_retry(f);
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

	fixture_sign_in(f);
	fake_server_revoke(f->server);
	fake_server_goodbye(f->server, KITH__REFUSAL__CODE__BAD_CREDENTIALS,
	    "The password was changed.");
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_NEEDS_PASSWORD);
	g_assert_cmpstr(kith_engine_get_status(f->d->engine), !=, "");
	g_assert_nonnull(fixture_talk(f));

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
	fixture_sign_in(f);
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
	const KithSignInDetails details = fixture_details(f);
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

	fixture_sign_in(f);
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

/* It goes live and falls at once: that is no success. */
static void
test_falls_again(struct fixture *f, gconstpointer data)
{
	gint64 wait = 0;

	fixture_sign_in(f);
	for (guint i = 0; i < 6; i++) {
		fake_server_drop(f->server);
		WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
		wait = clock_next_ms(f->clock);
		clock_advance(f->clock, (guint64)wait);
		WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
		WAIT_FOR(fake_server_live(f->server));
	}
	g_assert_cmpint(wait, >=, 16000);

	/* One that holds is. */
	clock_advance(f->clock, 30000);
	WAIT_FOR(fake_server_pings(f->server) == 1);
	WAIT_FOR(clock_next_ms(f->clock) > 15000);
	clock_advance(f->clock, 30000);
	WAIT_FOR(fake_server_pings(f->server) == 2);
	fake_server_drop(f->server);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	g_assert_cmpint(clock_next_ms(f->clock), <=, 1000);
}

static void
test_silent_server(struct fixture *f, gconstpointer data)
{
	fixture_sign_in(f);
	clock_advance(f->clock, 30000);
	WAIT_FOR(fake_server_pings(f->server) == 1);
	fake_server_set_fault(f->server, FAKE_SILENT);
	clock_advance(f->clock, 30000);
	WAIT_FOR(clock_next_ms(f->clock) == 15000); /* the pong's limit */
	clock_advance(f->clock, 15000);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
}

static void
test_offline_start(struct fixture *f, gconstpointer data)
{
	KithConversation *talk;

	fake_server_write(f->server, FALSE, "kept at home");
	fixture_sign_in(f);
	device_stop(f->d);
	fake_server_set_fault(f->server, FAKE_CLOSED);
	device_start(f->d);
	talk = fixture_talk(f); /* at once, before any connection */
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

static void
add_tests(void)
{
	g_test_add_func("/client/address", test_address);
	g_test_add("/client/first-contact/address", struct fixture, "127.0.0.1",
	    fixture_set_up, test_first_contact, fixture_tear_down);
	g_test_add("/client/first-contact/name", struct fixture, "localhost",
	    fixture_set_up, test_first_contact, fixture_tear_down);
	FIXTURE_ADD("sign-in", test_sign_in);
	FIXTURE_ADD("wrong-password", test_wrong_password);
	FIXTURE_ADD("sign-up-again", test_sign_up_again);
	FIXTURE_ADD("by-authority", test_by_authority);
	FIXTURE_ADD("no-keyring", test_no_keyring);
	FIXTURE_ADD("wrong-pin", test_wrong_pin);
	FIXTURE_ADD("key-change", test_key_change);
	FIXTURE_ADD("revoked", test_revoked);
	FIXTURE_ADD("locked", test_locked);
	FIXTURE_ADD("cancel", test_cancel);
	FIXTURE_ADD("back-off", test_back_off);
	FIXTURE_ADD("falls-again", test_falls_again);
	FIXTURE_ADD("silent-server", test_silent_server);
	FIXTURE_ADD("offline-start", test_offline_start);
	FIXTURE_ADD("one-profile", test_one_profile);
}

int
main(int argc, char **argv)
{
	return fixture_run(&argc, &argv, add_tests);
}
