/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "account.h"
#include "kith-engine.h"
#include "models.h"

/*
 * What the engine's thread tells the main thread, in order. A note owns all
 * that it carries; nothing in it is shared between the threads but GTasks,
 * which go back to where they came from.
 */
typedef enum {
  NOTE_STATE,             /* state, text, time_us: of the next attempt */
  NOTE_ACCOUNT,           /* account; NULL: there is none any more */
  NOTE_TOKEN,             /* token: to be kept; NULL: to be forgotten */
  NOTE_RESET,             /* all conversations and requests are void */
  NOTE_CONVERSATION,      /* conversation */
  NOTE_CONVERSATION_GONE, /* id */
  NOTE_USER,              /* user */
  NOTE_REQUEST,           /* request; flag: it is news */
  NOTE_REQUEST_ENDED,     /* id */
  NOTE_MESSAGE,           /* message; flag: it is news */
  NOTE_OUTBOX_REMOVED,    /* id: conversation, other: outbox, message: last */
  NOTE_OUTBOX_COUNT,      /* other */
  NOTE_PAGE,              /* id: conversation, page */
  NOTE_REOPEN,            /* id: conversation whose window has a hole */
  NOTE_PRESENCE,          /* id: user, flag: online */
  NOTE_PRESENCE_RESET,    /* nobody is online */
  NOTE_TYPING,            /* id: conversation, flag: typing */
  NOTE_NOTICE,            /* text */
  NOTE_DONE,              /* task, error (nullable) */
  NOTE_STOPPED,           /* the thread ends */
} NoteKind;

typedef struct {
  NoteKind kind;
  KithEngineState state;
  gboolean flag;
  guint64 id;
  guint64 other;
  gint64 time_us;
  char *text;
  Account *account;
  GBytes *token;
  ConversationRecord *conversation;
  UserRecord user;
  RequestRecord *request;
  MessageRecord *message;
  MessagePage page; /* records NULL when it carries none */
  GTask *task;
  GError *error;
} Note;

Note *note_new (NoteKind kind);
void note_free (Note *self);

/*
 * The queue between the two. The engine's thread posts; the main thread's
 * context dispatches to `apply` in batches, so that the window stays alive.
 */
typedef struct _NoteQueue NoteQueue;

/* Above this many waiting notes the connection is not read further. */
#define NOTES_WAITING_MAX 1000
#define NOTES_WAITING_LOW 200
#define NOTES_AT_ONCE 100 /* in one dispatch of the main thread */

typedef struct {
  void (*apply) (Note *note, gpointer data); /* borrowed note */
  void (*drained) (gpointer data);           /* fell to NOTES_WAITING_LOW */
} NoteHandler;

/* Main thread; context: where notes are applied. */
NoteQueue *note_queue_new (GMainContext *context, const NoteHandler *handler,
                           gpointer data);
NoteQueue *note_queue_ref (NoteQueue *self);
void note_queue_unref (NoteQueue *self);
/* Main thread: from now on nothing is applied; tasks still waiting end with
 * an error. */
void note_queue_stop (NoteQueue *self);
/* Main thread: applies at once all that waits. */
void note_queue_flush (NoteQueue *self);

/* Any thread. (transfer full) note. */
void note_queue_post (NoteQueue *self, Note *note);
guint note_queue_length (NoteQueue *self);
