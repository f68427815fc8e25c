/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine and a server that announces its next key: who is told beforehand
 * goes on, and nobody but the trusted server can tell.
 */
#include "client_fixture.h"

#define FOREIGN_PIN "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* (transfer full) (nullable): of account.ini, as the next start reads it. */
static char *
kept(struct fixture *f, const char *key)
{
	g_autofree char *path =
	    g_build_filename(f->d->folder, "account.ini", NULL);
	g_autoptr(GKeyFile) file = g_key_file_new();

	g_assert_true(
	    g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL));
	return g_key_file_get_string(file, "account", key, NULL);
}

static gboolean
keeps(struct fixture *f, const char *key, const char *value)
{
	g_autofree char *text = kept(f, key);

	return g_strcmp0(text, value) == 0;
}

static void
change_key(struct fixture *f)
{
	fake_server_change_key(f->server);
	fixture_let_retry(f);
}

static void
expect_change(struct fixture *f, const char *pin)
{
	const guint connections = fake_server_connections(f->server);

	change_key(f);
	WAIT_FOR(fake_server_connections(f->server) > connections);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpstr(fake_server_pin(f->server), ==, pin);
	g_assert_cmpstr(kith_engine_get_pin(f->d->engine), ==, pin);
	g_assert_true(keeps(f, "pin", pin));
}

static void
test_told_live(struct fixture *f, gconstpointer data)
{
	g_autofree char *next = fake_server_prepare_key(f->server);
	g_autofree char *old = g_strdup(fake_server_pin(f->server));

	fixture_sign_in(f);
	fake_server_announce(f->server, next);
	WAIT_FOR(keeps(f, "next-pin", next));
	g_assert_true(keeps(f, "pin", old));
	fake_server_announce(f->server, next);
	expect_change(f, next);
	g_assert_true(keeps(f, "next-pin", NULL));
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 1);

	/* The old key is over: it does not come back. */
	change_key(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
}

static void
test_told_at_sign_in(struct fixture *f, gconstpointer data)
{
	g_autofree char *next = fake_server_prepare_key(f->server);

	fake_server_announce(f->server, next);
	fixture_sign_in(f);
	g_assert_true(keeps(f, "next-pin", next));

	/* It is remembered over a start, and whatever the key does then. */
	device_stop(f->d);
	fake_server_change_key(f->server);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_cmpstr(kith_engine_get_pin(f->d->engine), ==, next);
	g_assert_true(keeps(f, "next-pin", NULL));
}

static void
test_withdrawn(struct fixture *f, gconstpointer data)
{
	g_autofree char *next = fake_server_prepare_key(f->server);

	fixture_sign_in(f);
	fake_server_announce(f->server, next);
	WAIT_FOR(keeps(f, "next-pin", next));
	fake_server_announce(f->server, "");
	WAIT_FOR(keeps(f, "next-pin", NULL));
	change_key(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
}

/* Announced was one key, shown is another. */
static void
test_another_key(struct fixture *f, gconstpointer data)
{
	fixture_sign_in(f);
	fake_server_announce(f->server, FOREIGN_PIN);
	WAIT_FOR(keeps(f, "next-pin", FOREIGN_PIN));
	change_key(f);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
	g_assert_cmpuint(fake_server_password_sign_ins(f->server), ==, 1);
}

/* Somebody in the middle announces a key of his own: nobody listens. */
static void
test_man_in_the_middle(struct fixture *f, gconstpointer data)
{
	g_autofree char *trusted = g_strdup(fake_server_pin(f->server));

	fixture_sign_in(f);
	device_stop(f->d);
	fake_server_set_fault(f->server, FAKE_EARLY_KEY);
	fake_server_announce(f->server, FOREIGN_PIN);
	fake_server_change_key(f->server);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_KEY_CHANGED);
	g_assert_true(keeps(f, "pin", trusted));
	g_assert_true(keeps(f, "next-pin", NULL));
}

/* Before the sign-in even the right server has nothing to announce. */
static void
test_too_early(struct fixture *f, gconstpointer data)
{
	fixture_sign_in(f);
	device_stop(f->d);
	fake_server_announce(f->server, FOREIGN_PIN);
	fake_server_set_fault(f->server, FAKE_EARLY_KEY);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	g_assert_true(keeps(f, "next-pin", NULL));
}

static void
test_nonsense(struct fixture *f, gconstpointer data)
{
	g_autofree char *next = fake_server_prepare_key(f->server);

	fixture_sign_in(f);
	fake_server_announce(f->server, next);
	WAIT_FOR(keeps(f, "next-pin", next));
	fake_server_announce(f->server, "sha512:what is that?");
	WAIT_FOR(keeps(f, "next-pin", NULL));
	g_assert_cmpint(device_state(f->d), ==, KITH_ENGINE_ONLINE);
}

/* A server that knows nothing of it takes nothing back. */
static void
test_older_server(struct fixture *f, gconstpointer data)
{
	g_autofree char *next = fake_server_prepare_key(f->server);

	fake_server_announce(f->server, next);
	fixture_sign_in(f);
	device_stop(f->d);
	fake_server_announce(f->server, NULL);
	device_start(f->d);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_true(keeps(f, "next-pin", next));
	expect_change(f, next);
}

static void
add_tests(void)
{
	FIXTURE_ADD("next-key/told-live", test_told_live);
	FIXTURE_ADD("next-key/told-at-sign-in", test_told_at_sign_in);
	FIXTURE_ADD("next-key/withdrawn", test_withdrawn);
	FIXTURE_ADD("next-key/another-key", test_another_key);
	FIXTURE_ADD("next-key/man-in-the-middle", test_man_in_the_middle);
	FIXTURE_ADD("next-key/too-early", test_too_early);
	FIXTURE_ADD("next-key/nonsense", test_nonsense);
	FIXTURE_ADD("next-key/older-server", test_older_server);
}

int
main(int argc, char **argv)
{
	return fixture_run(&argc, &argv, add_tests);
}
