/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two engines and a real kithd: two people meet, talk, part. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client_testing.h"
#include "real_kithd.h"

#define PASSWORD "a fairly long password"

#define WRITER_OPTION "--write"
#define KILLS         8

static struct real_kithd *server;
static const char *program; /* this one */

static KithSignInDetails
details_of(const char *name)
{
	return (KithSignInDetails){
		.host = "127.0.0.1",
		.port = server->port,
		.name = name,
		.password = PASSWORD,
		.pin = server->pin,
	};
}

static struct device *
newcomer(const char *name)
{
	const KithSignInDetails details = details_of(name);
	struct device *d = device_new(NULL);
	g_autoptr(GError) error = NULL;

	device_start(d);
	g_assert_cmpint(device_state(d), ==, KITH_ENGINE_SIGNED_OUT);
	error = device_sign_up(d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(d) == KITH_ENGINE_ONLINE);
	g_assert_cmpstr(kith_engine_get_server_name(d->engine), ==, "A test");
	return d;
}

static void
befriend(
    struct device *a, const char *a_name, struct device *b, const char *b_name)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	kith_engine_send_friend_request_async(
	    a->engine, b_name, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_send_friend_request_finish(a->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
	WAIT_FOR(device_request(a, b_name) != NULL);
	WAIT_FOR(device_request(b, a_name) != NULL);
	g_assert_true(
	    kith_friend_request_get_incoming(device_request(b, a_name)));
	kith_engine_answer_friend_request_async(b->engine,
	    device_request(b, a_name), KITH_ANSWER_ACCEPT, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_answer_friend_request_finish(b->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
	WAIT_FOR(device_talk(a, b_name) != NULL);
	WAIT_FOR(device_talk(b, a_name) != NULL);
	WAIT_FOR(device_request(a, b_name) == NULL);
	WAIT_FOR(device_request(b, a_name) == NULL);
}

static void
test_two_people_talk(void)
{
	struct device *alice = newcomer("alice");
	struct device *bob = newcomer("bob");
	KithConversation *to_bob, *to_alice;

	befriend(alice, "alice", bob, "bob");
	to_bob = device_talk(alice, "bob");
	to_alice = device_talk(bob, "alice");
	WAIT_FOR(kith_conversation_get_online(to_bob));
	WAIT_FOR(kith_conversation_get_online(to_alice));
	device_open(alice, to_bob);
	device_open(bob, to_alice);

	kith_engine_set_typing(alice->engine, to_bob, TRUE);
	WAIT_FOR(kith_conversation_get_typing(to_alice));
	device_send(alice, to_bob, "hello bob");
	WAIT_FOR(talk_shows(to_alice, "hello bob", KITH_MESSAGE_RECEIVED));
	g_assert_false(kith_conversation_get_typing(to_alice));
	WAIT_FOR(talk_shows(to_bob, "hello bob", KITH_MESSAGE_DELIVERED));
	g_assert_cmpuint(kith_conversation_get_unread(to_alice), ==, 1);
	g_assert_cmpuint(kith_engine_get_unread(bob->engine), ==, 1);
	g_assert_cmpuint(bob->announced->len, ==, 1);

	kith_engine_mark_seen(bob->engine, to_alice);
	WAIT_FOR(talk_shows(to_bob, "hello bob", KITH_MESSAGE_READ));
	g_assert_cmpuint(kith_engine_get_unread(bob->engine), ==, 0);
	device_send(bob, to_alice, "hello alice");
	WAIT_FOR(talk_shows(to_bob, "hello alice", KITH_MESSAGE_RECEIVED));

	device_free(alice);
	WAIT_FOR(!kith_conversation_get_online(to_alice));
	device_free(bob);
}

/* What one does while the other, or the server, is away. */
static void
test_away(void)
{
	struct device *carol = newcomer("carol");
	struct device *dave = newcomer("dave");
	KithConversation *to_dave, *to_carol;
	struct test_result r = { NULL };

	befriend(carol, "carol", dave, "dave");
	to_dave = device_talk(carol, "dave");
	device_stop(dave);
	device_open(carol, to_dave);
	for (guint i = 0; i < 130; i++) {
		g_autofree char *text = g_strdup_printf("line %u", i);

		device_send(carol, to_dave, text);
	}
	WAIT_FOR(talk_shows(to_dave, "line 129", KITH_MESSAGE_SENT));
	WAIT_FOR(kith_engine_get_unsent(carol->engine) == 0);

	real_kithd_stop(server);
	WAIT_FOR(device_state(carol) == KITH_ENGINE_OFFLINE);
	device_send(carol, to_dave, "written offline");
	g_assert_true(
	    talk_shows(to_dave, "written offline", KITH_MESSAGE_PENDING));
	device_stop(carol);
	device_start(carol); /* from the cache, without a server */
	to_dave = device_talk(carol, "dave");
	g_assert_nonnull(to_dave);
	device_open(carol, to_dave);
	g_assert_true(
	    talk_shows(to_dave, "written offline", KITH_MESSAGE_PENDING));
	real_kithd_start(server);
	kith_engine_reconnect(carol->engine);
	WAIT_FOR(talk_shows(to_dave, "written offline", KITH_MESSAGE_SENT));

	device_start(dave);
	to_carol = device_talk(dave, "carol");
	g_assert_nonnull(to_carol);
	WAIT_FOR(kith_conversation_get_unread(to_carol) == 131);
	WAIT_FOR(
	    talk_shows(to_dave, "written offline", KITH_MESSAGE_DELIVERED));
	device_open(dave, to_carol);
	WAIT_FOR(talk_count(to_carol) >= KITH_CONVERSATION_PAGE);
	while (kith_conversation_get_has_older(to_carol)) {
		kith_engine_load_older_async(
		    dave->engine, to_carol, NULL, test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		g_assert_true(kith_engine_load_older_finish(
		    dave->engine, r.result, NULL));
		test_result_clear(&r);
	}
	g_assert_cmpuint(talk_count(to_carol), ==, 131);
	for (guint i = 0; i < 131; i++)
		g_assert_cmpuint(
		    kith_message_get_number(talk_message(to_carol, i)), ==,
		    i + 1);
	device_free(carol);
	device_free(dave);
}

static void
test_refused(void)
{
	struct device *d = device_new(NULL);
	KithSignInDetails details = details_of("erin");
	g_autoptr(GError) error = NULL;
	g_autofree char *pin = NULL;

	device_start(d);
	error = device_sign_in(d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_BAD_CREDENTIALS);
	g_clear_error(&error);
	WAIT_FOR(device_state(d) == KITH_ENGINE_SIGNED_OUT);

	details.pin = NULL;
	error = device_sign_up(d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_UNTRUSTED);
	pin = g_strdup(kith_client_error_get_pin(error));
	g_assert_cmpstr(pin, ==, server->pin);
	g_clear_error(&error);

	details.pin = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	error = device_sign_up(d, &details);
	g_assert_error(error, KITH_CLIENT_ERROR, KITH_KEY_CHANGED);
	g_assert_cmpstr(kith_client_error_get_pin(error), ==, server->pin);
	g_clear_error(&error);

	details.pin = pin;
	error = device_sign_up(d, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_state(d) == KITH_ENGINE_ONLINE);
	device_free(d);
}

/* A second device of the same person sees the same things. */
static void
test_second_device(void)
{
	struct device *frank = newcomer("frank");
	struct device *grace = newcomer("grace");
	struct device *phone = device_new(NULL);
	const KithSignInDetails details = details_of("frank");
	KithConversation *here, *there;
	g_autoptr(GError) error = NULL;

	befriend(frank, "frank", grace, "grace");
	here = device_talk(frank, "grace");
	device_open(frank, here);
	device_send(frank, here, "from the desk");
	device_start(phone);
	error = device_sign_in(phone, &details);
	g_assert_no_error(error);
	WAIT_FOR(device_talk(phone, "grace") != NULL);
	there = device_talk(phone, "grace");
	device_open(phone, there);
	WAIT_FOR(talk_find(there, "from the desk") != NULL);
	g_assert_true(
	    kith_message_get_outgoing(talk_find(there, "from the desk")));
	device_send(phone, there, "from the phone");
	WAIT_FOR(talk_shows(here, "from the phone", KITH_MESSAGE_DELIVERED));
	g_assert_cmpuint(frank->announced->len, ==, 0);
	device_free(phone);
	device_free(frank);
	device_free(grace);
}

static void
test_sign_out(void)
{
	struct device *d = newcomer("heidi");
	struct test_result r = { NULL };

	kith_engine_sign_out_async(d->engine, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	g_assert_true(kith_engine_sign_out_finish(d->engine, r.result, NULL));
	test_result_clear(&r);
	g_assert_cmpint(device_state(d), ==, KITH_ENGINE_SIGNED_OUT);
	device_stop(d);
	device_start(d);
	g_assert_cmpint(device_state(d), ==, KITH_ENGINE_SIGNED_OUT);
	device_free(d);
}

static void
enter_password(struct device *d)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	WAIT_FOR(device_state(d) == KITH_ENGINE_NEEDS_PASSWORD);
	kith_engine_enter_password_async(
	    d->engine, PASSWORD, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_enter_password_finish(d->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
	WAIT_FOR(device_state(d) == KITH_ENGINE_ONLINE);
}

/* A program of its own: writes "round number" without an end, and says which
 * are in its outbox. */
static _Noreturn void
write_on(const char *folder, const char *round)
{
	struct device *d = device_new(NULL);
	KithConversation *talk;

	alarm(TEST_WAIT_SLOW_S);
	test_folder_remove(d->folder);
	d->folder = g_strdup(folder);
	device_start(d);
	enter_password(d);
	talk = device_talk(d, "judy");
	for (guint i = 1;; i++) {
		g_autofree char *text = g_strdup_printf("%s %u", round, i);

		device_send(d, talk, text);
		printf("%u\n", i);
		fflush(stdout);
	}
}

/* How many it had said to be in its outbox when it was killed. */
static guint
kill_a_writer(const char *folder, guint round)
{
	g_autofree char *name = g_strdup_printf("%u", round);
	char *words[] = { (char *)program, (char *)WRITER_OPTION,
		(char *)folder, name, NULL };
	const guint enough = (guint)g_random_int_range(1, 40);
	g_autoptr(GError) error = NULL;
	char line[32];
	guint said = 0;
	GPid child;
	FILE *out;
	int fd, status;

	g_spawn_async_with_pipes(NULL, words, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
	    NULL, NULL, &child, NULL, &fd, NULL, &error);
	g_assert_no_error(error);
	out = fdopen(fd, "r");
	while (fgets(line, sizeof(line), out) != NULL) {
		said = (guint)g_ascii_strtoull(line, NULL, 10);
		if (said == enough)
			kill(child, SIGKILL); /* and read what it said since */
	}
	fclose(out);
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFSIGNALED(status));
	return said;
}

/* The next of this round; what was said must be there, one more may be. */
static void
check_round(KithConversation *talk, guint *position, guint round, guint said)
{
	guint number = 0;

	for (; *position < talk_count(talk); ++*position) {
		KithMessage *message = talk_message(talk, *position);
		g_autofree char *text =
		    g_strdup_printf("%u %u", round, number + 1);

		if (!g_str_equal(kith_message_get_text(message), text))
			break;
		number++;
	}
	g_assert_cmpuint(number, >=, said);
	g_assert_cmpuint(number, <=, said + 1);
}

static void
test_killed_writer(void)
{
	struct device *ivan = newcomer("ivan");
	struct device *judy = newcomer("judy");
	KithConversation *talk;
	struct test_result r = { NULL };
	guint said[KILLS], position = 0;

	befriend(ivan, "ivan", judy, "judy");
	device_stop(ivan);
	for (guint i = 0; i < KILLS; i++)
		said[i] = kill_a_writer(ivan->folder, i);
	g_object_unref(ivan->secrets);
	ivan->secrets = kith_secrets_new_memory();
	device_start(ivan);
	enter_password(ivan);
	WAIT_FOR(kith_engine_get_unsent(ivan->engine) == 0);

	/* What judy has is what the server has. */
	talk = device_talk(judy, "ivan");
	WAIT_FOR(kith_conversation_get_last_message(talk) != NULL &&
	    g_str_equal(
		kith_message_get_text(kith_conversation_get_last_message(talk)),
		kith_message_get_text(kith_conversation_get_last_message(
		    device_talk(ivan, "judy")))));
	device_open(judy, talk);
	while (kith_conversation_get_has_older(talk)) {
		kith_engine_load_older_async(
		    judy->engine, talk, NULL, test_on_done, &r);
		WAIT_FOR(r.result != NULL);
		test_result_clear(&r);
	}
	for (guint i = 0; i < KILLS; i++)
		check_round(talk, &position, i, said[i]);
	g_assert_cmpuint(position, ==, talk_count(talk));
	device_free(ivan);
	device_free(judy);
}

int
main(int argc, char **argv)
{
	int status;

	program = argv[0];
	if (argc == 4 && strcmp(argv[1], WRITER_OPTION) == 0)
		write_on(argv[2], argv[3]);
	g_test_init(&argc, &argv, NULL);
	server = real_kithd_new();
	if (server == NULL) {
		g_print("1..0 # SKIP this build has no kithd\n");
		return 0;
	}
	real_kithd_start(server);
	g_test_add_func("/client/e2e/talk", test_two_people_talk);
	g_test_add_func("/client/e2e/away", test_away);
	g_test_add_func("/client/e2e/refused", test_refused);
	g_test_add_func("/client/e2e/second-device", test_second_device);
	g_test_add_func("/client/e2e/killed-writer", test_killed_writer);
	g_test_add_func("/client/e2e/sign-out", test_sign_out);
	status = g_test_run();
	real_kithd_free(server);
	return status;
}
