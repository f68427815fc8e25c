/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the tests of the client engine share: waiting, folders, devices. */
#include "client_testing.h"

#include <glib/gstdio.h>
#include <string.h>

#include "under_valgrind.h"

static gboolean
on_tick(gpointer data)
{
	return G_SOURCE_CONTINUE;
}

gboolean
test_under_valgrind(void)
{
	return under_valgrind();
}

struct test_deadline
test_deadline_begin(void)
{
	const gint64 limit_s =
	    test_under_valgrind() ? TEST_WAIT_SLOW_S : TEST_WAIT_S;
	struct test_deadline wait;

	/* Conditions about other threads are looked at now and then. */
	wait.tick = g_timeout_source_new(10);
	g_source_set_callback(wait.tick, on_tick, NULL, NULL);
	g_source_attach(wait.tick, NULL);
	wait.until_us = g_get_monotonic_time() + limit_s * G_TIME_SPAN_SECOND;
	return wait;
}

void
test_deadline_step(
    struct test_deadline *wait, const char *file, int line, const char *what)
{
	if (g_get_monotonic_time() > wait->until_us)
		g_error("%s:%d: waited in vain for: %s", file, line, what);
	g_main_context_iteration(NULL, TRUE);
}

void
test_deadline_end(struct test_deadline *wait)
{
	g_source_destroy(wait->tick);
	g_source_unref(wait->tick);
}

void
test_on_done(GObject *source, GAsyncResult *result, gpointer data)
{
	struct test_result *r = data;

	r->result = g_object_ref(result);
}

void
test_result_clear(struct test_result *r)
{
	g_clear_object(&r->result);
}

char *
test_folder_new(void)
{
	g_autoptr(GError) error = NULL;
	char *folder = g_dir_make_tmp("kith-client-XXXXXX", &error);

	g_assert_no_error(error);
	return folder;
}

void
test_folder_remove(char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		char *path = g_build_filename(folder, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
			test_folder_remove(path); /* frees it */
			continue;
		}
		g_unlink(path);
		g_free(path);
	}
	g_rmdir(folder);
	g_free(folder);
}

/* ---- devices ---- */

struct device *
device_new(Clock *clock)
{
	struct device *d = g_new0(struct device, 1);

	d->folder = test_folder_new();
	d->secrets = kith_secrets_new_memory();
	d->clock = clock == NULL ? clock_new() : clock_ref(clock);
	d->announced = g_ptr_array_new_with_free_func(g_free);
	d->notices = g_ptr_array_new_with_free_func(g_free);
	return d;
}

static void
on_message(KithEngine *engine, KithConversation *talk, KithMessage *message,
    gpointer data)
{
	struct device *d = data;

	g_ptr_array_add(d->announced, g_strdup(kith_message_get_text(message)));
}

static void
on_notice(KithEngine *engine, const char *sentence, gpointer data)
{
	struct device *d = data;

	g_ptr_array_add(d->notices, g_strdup(sentence));
}

/* From engine-private.h, which no test needs otherwise. */
KithEngine *kith_engine_new_with_clock(
    const char *folder, KithSecrets *secrets, Clock *clock);

void
device_start(struct device *d)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	g_assert_null(d->engine);
	d->engine = kith_engine_new_with_clock(d->folder, d->secrets, d->clock);
	g_signal_connect(
	    d->engine, "message-received", G_CALLBACK(on_message), d);
	g_signal_connect(d->engine, "notice", G_CALLBACK(on_notice), d);
	kith_engine_start_async(d->engine, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_start_finish(d->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
}

void
device_stop(struct device *d)
{
	struct test_result r = { NULL };

	if (d->engine == NULL)
		return;
	kith_engine_shutdown_async(d->engine, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_shutdown_finish(d->engine, r.result);
	test_result_clear(&r);
	g_assert_cmpint(device_state(d), ==, KITH_ENGINE_CLOSED);
	g_signal_handlers_disconnect_by_data(d->engine, d);
	g_assert_finalize_object(g_steal_pointer(&d->engine));
}

void
device_free(struct device *d)
{
	device_stop(d);
	test_folder_remove(d->folder);
	g_object_unref(d->secrets);
	clock_unref(d->clock);
	g_ptr_array_unref(d->announced);
	g_ptr_array_unref(d->notices);
	g_free(d);
}

GError *
device_sign_in(struct device *d, const KithSignInDetails *details)
{
	struct test_result r = { NULL };
	GError *error = NULL;

	kith_engine_sign_in_async(d->engine, details, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_sign_in_finish(d->engine, r.result, &error);
	test_result_clear(&r);
	return error;
}

GError *
device_sign_up(struct device *d, const KithSignInDetails *details)
{
	struct test_result r = { NULL };
	GError *error = NULL;

	kith_engine_sign_up_async(d->engine, details, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_sign_up_finish(d->engine, r.result, &error);
	test_result_clear(&r);
	return error;
}

KithEngineState
device_state(struct device *d)
{
	return kith_engine_get_state(d->engine);
}

KithConversation *
device_talk(struct device *d, const char *peer)
{
	GListModel *model = kith_engine_get_conversations(d->engine);

	for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
		g_autoptr(KithConversation) talk =
		    g_list_model_get_item(model, i);
		KithUser *user = kith_conversation_get_peer(talk);

		if (g_str_equal(kith_user_get_name(user), peer))
			return talk; /* the list holds it */
	}
	return NULL;
}

KithFriendRequest *
device_request(struct device *d, const char *from)
{
	GListModel *model = kith_engine_get_friend_requests(d->engine);

	for (guint i = 0; i < g_list_model_get_n_items(model); i++) {
		g_autoptr(KithFriendRequest) request =
		    g_list_model_get_item(model, i);
		KithUser *user = kith_friend_request_get_user(request);

		if (g_str_equal(kith_user_get_name(user), from))
			return request;
	}
	return NULL;
}

void
device_open(struct device *d, KithConversation *talk)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	kith_engine_open_conversation_async(
	    d->engine, talk, NULL, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_open_conversation_finish(d->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
}

void
device_send(struct device *d, KithConversation *talk, const char *text)
{
	struct test_result r = { NULL };
	g_autoptr(GError) error = NULL;

	kith_engine_send_message_async(d->engine, talk, text, test_on_done, &r);
	WAIT_FOR(r.result != NULL);
	kith_engine_send_message_finish(d->engine, r.result, &error);
	g_assert_no_error(error);
	test_result_clear(&r);
}

guint
talk_count(KithConversation *talk)
{
	return g_list_model_get_n_items(kith_conversation_get_messages(talk));
}

KithMessage *
talk_message(KithConversation *talk, guint position)
{
	g_autoptr(KithMessage) message = g_list_model_get_item(
	    kith_conversation_get_messages(talk), position);

	return message;
}

KithMessage *
talk_find(KithConversation *talk, const char *text)
{
	for (guint i = 0; i < talk_count(talk); i++) {
		KithMessage *message = talk_message(talk, i);

		if (g_str_equal(kith_message_get_text(message), text))
			return message;
	}
	return NULL;
}

gboolean
talk_shows(KithConversation *talk, const char *text, KithMessageState state)
{
	KithMessage *message = talk_find(talk, text);

	return message != NULL && kith_message_get_state(message) == state;
}
