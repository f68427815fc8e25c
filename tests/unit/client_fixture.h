/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "client_testing.h"
#include "fake_server.h"

/* One device and a scripted server; time stands still unless it is moved. */
struct fixture {
	struct fake_server *server;
	Clock *clock;
	struct device *d;
};

/* "127.0.0.1", the right password, the right pin. */
KithSignInDetails fixture_details(struct fixture *f);
void fixture_set_up(struct fixture *f, gconstpointer data);
void fixture_tear_down(struct fixture *f, gconstpointer data);

/* The conversation with bob, NULL before there is one. */
KithConversation *fixture_talk(struct fixture *f);
/* Has the server this text once, and is nothing waiting to be sent? */
gboolean fixture_is_sent(struct fixture *f, const char *text);
/* Starts the device and brings it online. */
void fixture_sign_in(struct fixture *f);
/* Signs in and opens the conversation. */
KithConversation *fixture_ready(struct fixture *f);
/* Lets the wait for the next attempt pass. */
void fixture_let_retry(struct fixture *f);
/* Lets as many of them pass as are needed. */
void fixture_move_until_online(struct fixture *f);
/* After a bad server: it must come back from it, with nothing lost. */
void fixture_recovers(struct fixture *f);

/* The file of trusted authorities, and what is in it from now on (PEM). */
extern char *fixture_authorities;
void fixture_trust(const char *certificate);

/* Nothing of the machine's may reach into the tests. */
int fixture_run(int *argc, char ***argv, void (*add_tests)(void));

#define FIXTURE_ADD(name, func)                                           \
	g_test_add("/client/" name, struct fixture, NULL, fixture_set_up, \
	    func, fixture_tear_down)
