/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "buf.h"
#include "certificate.h"
#include "envelope.h"
#include "fake_server.h"
#include "frame.h"
#include "tls-lock.h"
#include "tls.h"

/* The inside of the fake server: its thread (fake_server.c), what it answers
 * (fake_protocol.c), what it has and tells of (fake_events.c). */

/* One event a message, with room for others between. */
#define FAKE_SEQUENCE(number) ((guint64)(number)*10)

struct fake_message {
	guint64 sender;
	gint64 time_us;
	guint8 operation[16];
	gboolean has_operation;
	char *text;
};

struct fake_ask {
	guint64 request;
	guint64 conversation;
	guint64 before;
};

struct fake_server {
	GMutex lock;
	GThread *thread;
	GSocket *listener;
	guint16 port;
	int pipe[2];
	gboolean stopping;
	struct tls_config *config;
	char *pin;
	char *certificate;
	GSocket *client;
	struct tls_connection *tls;
	struct buf *in;
	struct buf *out;
	gboolean open;
	gboolean signed_in;
	gboolean live;
	gboolean drop;    /* hang up now */
	gboolean leaving; /* hang up when all is written */
	gboolean new_key;
	char *prepared_key;  /* PEM, for the next new key */
	char *announced_pin; /* NULL: without the feature */

	/* One event a message: its sequence is its number times ten. */
	guint8 epoch[16];
	GPtrArray *messages;
	guint first_event;
	gboolean rolled_back;
	guint64 talk;       /* with bob */
	guint64 alice;      /* her id */
	guint8 sign_up[16]; /* the operation that made her */
	gboolean bobless;
	gint64 behind_us;
	guint bob_delivered, bob_read;
	guint alice_delivered, alice_read;
	guint forged; /* messages that it does not have */
	guint tokens; /* those given and valid have this as their first byte */

	enum fake_fault fault;
	GArray *held; /* of fake_ask: GetHistory */
	int refuse_code;
	guint refuse_times;
	guint refuse_retry_ms;

	gsize backlog;
	guint connections;
	guint password_sign_ins;
	guint pings;
	guint snapshots;
	guint refusals;
	guint removals;
};

void fake_lock(struct fake_server *s);
void fake_unlock(struct fake_server *s); /* and wakes its thread */
void fake_message_free(gpointer message);
guint64 fake_newest(struct fake_server *s);
/* Its number. */
guint fake_add_message(struct fake_server *s, guint64 sender, const char *text);
void fake_fill_message(struct fake_server *s, guint number, Kith__Message *to,
    Kith__Content *content);
/* To a live connection. */
void fake_put_message_event(struct fake_server *s, guint number);
void fake_put(struct fake_server *s, Kith__ToClient *message);
void fake_put_next_key(struct fake_server *s);
void fake_greet(struct fake_server *s);
/* Answers what was held. */
void fake_let_go(struct fake_server *s);
/* FALSE: hang up. */
gboolean fake_answer(struct fake_server *s, const Kith__ToServer *message);
