/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "clock.h"
#include "kith-engine.h"
#include "models.h"
#include "notes.h"
#include "worker.h"

/*
 * The main thread's half of the engine, shared by its files:
 *
 *   kith-engine.c         the object, its properties, starting and ending
 *   engine-notes.c        what the thread tells, applied to the models
 *   engine-account.c      signing in and out, the keyring
 *   engine-conversation.c what is done in and with a conversation
 */

struct _KithEngine {
  GObject parent_instance;

  char *folder;
  KithSecrets *secrets;
  Clock *clock;
  NoteQueue *notes;
  Worker *worker;

  KithEngineState state;
  char *status;
  gint64 retry_time;
  Account *account; /* NULL: signed out */
  char *server_address;
  KithUser *self_user;
  gboolean remembered;
  guint unread;
  guint outbox_count;

  GListStore *conversations;
  GListStore *requests;
  GHashTable *conversations_by_id;   /* guint64 -> KithConversation */
  GHashTable *conversations_by_peer; /* user id -> KithConversation */
  GHashTable *users;                 /* guint64 -> KithUser */

  GCancellable *keyring; /* a lookup under way */
  guint keyring_timeout;
  GHashTable *drafts; /* name of the peer -> text not yet saved */
  guint drafts_timeout;
  guint64 typing_in;     /* conversation that was told of typing; 0 */
  gint64 typing_told;    /* monotonic time */
  GCancellable *sign_in; /* of the sign-in under way */
  gulong sign_in_handler;
  gulong network_handler;
};

/* For tests: a clock that they move. (transfer none) for all. */
KithEngine *kith_engine_new_with_clock (const char *folder,
                                        KithSecrets *secrets, Clock *clock);

/* ---- kith-engine.c ---- */

typedef enum {
  ENGINE_PROP_0,
  ENGINE_PROP_STATE,
  ENGINE_PROP_STATUS,
  ENGINE_PROP_RETRY_TIME,
  ENGINE_PROP_SELF_USER,
  ENGINE_PROP_SERVER_NAME,
  ENGINE_PROP_SERVER_ADDRESS,
  ENGINE_PROP_PIN,
  ENGINE_PROP_REMEMBERED,
  ENGINE_PROP_UNREAD,
  ENGINE_PROP_CONVERSATIONS,
  ENGINE_PROP_FRIEND_REQUESTS,
  ENGINE_N_PROPS,
} EngineProperty;

typedef enum {
  ENGINE_MESSAGE_RECEIVED,
  ENGINE_FRIEND_REQUEST_RECEIVED,
  ENGINE_NOTICE,
  ENGINE_N_SIGNALS,
} EngineSignal;

void engine_notify (KithEngine *self, EngineProperty property);
guint engine_signal (EngineSignal signal);
/* A task of the engine's own; its result is a boolean. */
GTask *engine_task (KithEngine *self, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data,
                    gpointer tag);
/* Ends the task with KITH_NOT_NOW when the engine is not running. */
gboolean engine_running (KithEngine *self, GTask *task);
/* FALSE: it has left the list, and its number may be another's. */
gboolean engine_has (KithEngine *self, KithConversation *conversation);

/* ---- engine-notes.c ---- */

void engine_apply (Note *note, gpointer data);
void engine_clear_models (KithEngine *self);
/* One conversation had so many, and has so many now. */
void engine_unread_changed (KithEngine *self, guint before, guint after);

/* ---- engine-account.c ---- */

/* Asks the keyring, then lets the thread connect. */
void engine_look_up_token (KithEngine *self);
void engine_stop_keyring (KithEngine *self);
/* token NULL: forget it. */
void engine_keep_token (KithEngine *self, GBytes *token);
void engine_sign_in_over (KithEngine *self);

/* ---- engine-conversation.c ---- */

void engine_flush_drafts (KithEngine *self);
void engine_save_drafts (KithEngine *self); /* soon */
/* One more page into a window that is not full, where there is more. */
void engine_fill_window (KithEngine *self, KithConversation *conversation);
void engine_reopen (KithEngine *self, KithConversation *conversation);
