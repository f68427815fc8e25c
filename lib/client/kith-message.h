/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef enum {
  KITH_MESSAGE_PENDING,   /* clock: in the outbox on this disk */
  KITH_MESSAGE_SENT,      /* one tick: on the server's disk */
  KITH_MESSAGE_DELIVERED, /* two ticks: on a device of the other person */
  KITH_MESSAGE_READ,      /* two ticks in colour: seen by the other person */
  KITH_MESSAGE_FAILED,    /* refused; "reason" says why; retry or delete */
  KITH_MESSAGE_RECEIVED,  /* from the other person */
} KithMessageState;

#define KITH_TYPE_MESSAGE_STATE (kith_message_state_get_type ())
GType kith_message_state_get_type (void);

/*
 * KithMessage: one message of one conversation. Lives in the main thread. One
 * object goes the whole way from clock to coloured ticks and changes in place.
 *
 * Properties (read-only; number, time, state and reason with notify):
 *   number     guint64  1, 2, 3 … in its conversation; 0 while it is pending
 *                       or failed
 *   sender-id  guint64  user id
 *   outgoing   boolean  written by the person of this account
 *   time       gint64   microseconds since 1970: the server's time once there
 *                       is a number, until then this machine's when it was
 *                       written. Never so far off that GDateTime refuses it.
 *   text       string   UTF-8 within the rules of text_check_message(); it is
 *                       plain text: never parse it as markup
 *   state      KithMessageState
 *   reason     string   (nullable) of a failed one: a sentence
 */
#define KITH_TYPE_MESSAGE (kith_message_get_type ())
G_DECLARE_FINAL_TYPE (KithMessage, kith_message, KITH, MESSAGE, GObject)

guint64 kith_message_get_number (KithMessage *self);
guint64 kith_message_get_sender_id (KithMessage *self);
gboolean kith_message_get_outgoing (KithMessage *self);
gint64 kith_message_get_time (KithMessage *self);
const char *kith_message_get_text (KithMessage *self);
KithMessageState kith_message_get_state (KithMessage *self);
const char *kith_message_get_reason (KithMessage *self);

G_END_DECLS
