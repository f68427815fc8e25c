/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One device and a scripted server, brought to where a test begins. */
#include "client_fixture.h"

#include <signal.h>

KithSignInDetails
fixture_details(struct fixture *f)
{
	return (KithSignInDetails){
		.host = "127.0.0.1",
		.port = fake_server_port(f->server),
		.name = "alice",
		.password = FAKE_PASSWORD,
		.pin = fake_server_pin(f->server),
	};
}

void
fixture_set_up(struct fixture *f, gconstpointer data)
{
	f->server = fake_server_new();
	f->clock = clock_new_manual();
	f->d = device_new(f->clock);
}

void
fixture_tear_down(struct fixture *f, gconstpointer data)
{
	device_free(f->d);
	fake_server_free(f->server);
	clock_unref(f->clock);
}

KithConversation *
fixture_talk(struct fixture *f)
{
	return device_talk(f->d, "bob");
}

gboolean
fixture_is_sent(struct fixture *f, const char *text)
{
	return fake_server_count(f->server, text) == 1 &&
	    kith_engine_get_unsent(f->d->engine) == 0;
}

void
fixture_sign_in(struct fixture *f)
{
	const KithSignInDetails details = fixture_details(f);
	g_autoptr(GError) error = NULL;

	device_start(f->d);
	error = device_sign_in(f->d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_ONLINE);
	g_assert_nonnull(fixture_talk(f));
}

KithConversation *
fixture_ready(struct fixture *f)
{
	fixture_sign_in(f);
	device_open(f->d, fixture_talk(f));
	return fixture_talk(f);
}

void
fixture_let_retry(struct fixture *f)
{
	WAIT_FOR(device_state(f->d) == KITH_ENGINE_OFFLINE);
	clock_advance(f->clock, 200000);
}

/* Time moves only while the engine waits for it, never under a handshake. */
static gboolean
online_or_move(struct fixture *f)
{
	if (device_state(f->d) == KITH_ENGINE_OFFLINE)
		clock_advance(f->clock, 200000);
	return device_state(f->d) == KITH_ENGINE_ONLINE;
}

void
fixture_move_until_online(struct fixture *f)
{
	WAIT_FOR(online_or_move(f));
}

char *fixture_authorities;

void
fixture_trust(const char *certificate)
{
	g_autoptr(GError) error = NULL;

	g_file_set_contents(fixture_authorities, certificate, -1, &error);
	g_assert_no_error(error);
}

void
fixture_recovers(struct fixture *f)
{
	fixture_let_retry(f);
	g_assert_cmpstr(kith_engine_get_status(f->d->engine), !=, "");
	fake_server_set_fault(f->server, FAKE_GOOD);
	fixture_move_until_online(f);
	g_assert_nonnull(fixture_talk(f));
}

static char *
set_up_world(void)
{
	char *folder = test_folder_new();
	struct fake_server *stranger = fake_server_new();

	fixture_authorities = g_build_filename(folder, "authorities.pem", NULL);
	fixture_trust(fake_server_certificate(stranger));
	fake_server_free(stranger);
	g_setenv("KITH_CA_FILE", fixture_authorities, TRUE);
	g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", TRUE);
	return folder;
}

int
fixture_run(int *argc, char ***argv, void (*add_tests)(void))
{
	char *folder;
	int status;

	signal(SIGPIPE, SIG_IGN);
	g_test_init(argc, argv, NULL);
	folder = set_up_world();
	add_tests();
	status = g_test_run();
	test_folder_remove(folder);
	g_free(fixture_authorities);
	return status;
}
