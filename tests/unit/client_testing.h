/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "clock.h"
#include "kith-engine.h"

/*
 * What the tests of the client engine share. Everything runs in the default
 * main context; nothing sleeps, everything waits for an event with a limit.
 */

#define TEST_WAIT_S      20
#define TEST_WAIT_SLOW_S 120 /* under valgrind */

gboolean test_under_valgrind(void);

/* Runs the main context until the condition holds. */
#define WAIT_FOR(condition)                                          \
	do {                                                         \
		struct test_deadline wait_ = test_deadline_begin();  \
		while (!(condition))                                 \
			test_deadline_step(                          \
			    &wait_, __FILE__, __LINE__, #condition); \
		test_deadline_end(&wait_);                           \
	} while (0)

/* The same for the engine's thread and the server: the main context does not
 * run, so that the window hears of nothing meanwhile. */
#define WAIT_ASIDE(condition)                                                 \
	do {                                                                  \
		for (guint tries_ = 0; !(condition); tries_++) {              \
			g_assert_cmpuint(tries_, <, TEST_WAIT_SLOW_S * 1000); \
			g_usleep(1000); /* looks again, a limited time */     \
		}                                                             \
	} while (0)

struct test_deadline {
	GSource *tick;
	gint64 until_us;
};

struct test_deadline test_deadline_begin(void);
void test_deadline_step(
    struct test_deadline *wait, const char *file, int line, const char *what);
void test_deadline_end(struct test_deadline *wait);

/* An asynchronous call's end. Use as callback with a struct test_result. */
struct test_result {
	GAsyncResult *result;
};

void test_on_done(GObject *source, GAsyncResult *result, gpointer data);
void test_result_clear(struct test_result *r);

/* A folder of its own, and its end with all that is in it. */
char *test_folder_new(void);
void test_folder_remove(char *folder);

/* ---- one device of a person ---- */

struct device {
	char *folder;
	KithSecrets *secrets;
	Clock *clock; /* NULL: the machine's */
	KithEngine *engine;
	GPtrArray *announced; /* texts of message-received */
	GPtrArray *notices;
};

struct device *device_new(Clock *clock);
/* Starts an engine on what the folder has. Waits for it. */
void device_start(struct device *d);
/* Shuts the engine down, or kills it as far as that can be done. */
void device_stop(struct device *d);
void device_free(struct device *d);

/* NULL when it worked. */
GError *device_sign_in(struct device *d, const KithSignInDetails *details);
GError *device_sign_up(struct device *d, const KithSignInDetails *details);

KithEngineState device_state(struct device *d);
KithConversation *device_talk(struct device *d, const char *peer);
KithFriendRequest *device_request(struct device *d, const char *from);
void device_open(struct device *d, KithConversation *talk);
void device_send(struct device *d, KithConversation *talk, const char *text);
guint talk_count(KithConversation *talk);
/* Borrowed from the window. */
KithMessage *talk_message(KithConversation *talk, guint position);
/* NULL when it is not in the window. */
KithMessage *talk_find(KithConversation *talk, const char *text);
gboolean talk_shows(
    KithConversation *talk, const char *text, KithMessageState state);
