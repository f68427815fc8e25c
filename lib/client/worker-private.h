/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cache.h"
#include "connection.h"
#include "envelope.h"
#include "worker.h"

/*
 * The inside of the engine's thread, shared by the files that make it up:
 *
 *   worker.c     the thread, commands, transactions and the notes they make
 *   profile.c    what is on this disk, starting and ending
 *   session.c    one connection from greeting to end
 *   sign-in.c    proving who we are
 *   retry.c      waiting to connect again
 *   accounts.c   commands about the account
 *   requests.c   requests that wait for their answers
 *   sync.c       cursor, catching up, snapshots
 *   events.c     what each kind of event does to the cache
 *   outbox.c     sending what was typed
 *   marks.c      delivered and read marks
 *   history.c    paging back
 *   gaps.c       messages found missing
 *   friends.c    friend requests and their answers
 *
 * A function that can fail by the cache or by what the server says returns
 * FALSE with an error; that error ends the connection.
 */

typedef enum {
  SESSION_NONE,       /* no connection */
  SESSION_OPENING,    /* TCP and TLS, then the greeting */
  SESSION_GREETED,    /* Hello was sent */
  SESSION_SIGNING_IN, /* SignIn or SignUp was sent */
  SESSION_SYNCING,    /* signed in, not live */
  SESSION_LIVE,
  SESSION_LEAVING, /* SignOut was sent */
} SessionPhase;

/* A sign-in that the person waits for. */
typedef struct {
  gboolean sign_up;
  gboolean new_account; /* FALSE: the password of the account that is there */
  gboolean probing;     /* only to learn the key that is not trusted */
  Account *account;
  char *password;
  char *display_name;
  char *invite;
  guint8 operation[RECORD_OPERATION_SIZE];
  GTask *task;
} Attempt;

struct _Worker {
  GThread *thread;
  GMainContext *context;
  GMainLoop *loop;
  NoteQueue *notes;
  guint era;      /* counts NOTE_RESET that the main thread was sent */
  guint era_seen; /* those it has applied; the main thread's */
  Clock *clock;
  char *folder;
  int lock_fd;
  gboolean stopped;

  Cache *cache;
  gboolean failing; /* the cache; told, and nothing was written since */
  Account *account; /* NULL: signed out */
  GBytes *token;
  GPtrArray *pending;   /* notes of the open transaction */
  GHashTable *touched;  /* ids of conversations that it changed */
  gboolean wake_outbox; /* after this transaction */
  KithEngineState state;

  SessionPhase phase;
  Connection *connection;
  Attempt *attempt;
  GHashTable *sign_ups; /* name of the account -> operation, as asked for */
  GTask *sign_out_task;
  guint failures; /* in a row */
  guint falls;    /* in a row, of connections that had just become live */
  gint64 live_since_ms;
  gboolean ca_distrusted;
  GSource *retry_timer;
  GSource *sign_in_timer;
  GSource *ping_timer;
  GSource *pong_timer;
  guint32 ping_ms;
  guint8 epoch[RECORD_EPOCH_SIZE]; /* of the greeting */
  gboolean announces_keys;         /* the server knows "next-key" */

  GHashTable *requests; /* number -> Request */
  guint64 last_request;

  CacheCursor cursor;
  struct {
    CacheCursor cursor; /* of the first page */
    guint pages;
    guint taken; /* on this connection */
  } snapshot;
  GPtrArray *news; /* MessageRecord, found while catching up */
  gboolean too_much_news;

  GHashTable *in_flight; /* conversation id: a message is on its way */
  GSource *outbox_timer;
  guint outbox_failures;
  GHashTable *marking;    /* conversation id: a mark is on its way */
  gboolean marks_waiting; /* there were too many at once */
  GQueue gaps;            /* of Gap (gaps.c) */
  gboolean filling;
  GQueue actions; /* of Action (friends.c) */
  GSource *actions_timer;
};

/* ---- worker.c ---- */

/* The note goes out with the transaction, or at once when there is none. */
void worker_note (Worker *self, Note *note);
void worker_notice (Worker *self, const char *sentence);
/* (transfer full) task, error (nullable): through NOTE_DONE. */
void worker_done (Worker *self, GTask *task, GError *error);
/* Ends the command with this: its task, if it has one. */
void worker_refuse (Worker *self, Command *command, enum kith_code code);
void worker_set_state (Worker *self, KithEngineState state, const char *status,
                       gint64 retry_ms);

/* Begins a transaction unless one is open; it ends with worker_commit(), at
 * the latest when the connection is idle. */
gboolean worker_begin (Worker *self, CacheDurability durability,
                       GError **error);
/* Commits, then sends out the notes, and marks and outbox after them. */
gboolean worker_commit (Worker *self, GError **error);
void worker_rollback (Worker *self);
/* This conversation has changed in the open transaction. */
void worker_touch (Worker *self, guint64 conversation_id);
void worker_note_outbox_count (Worker *self);
/* The messages of an open window do not follow on each other any more. */
void worker_note_reopen (Worker *self, guint64 conversation_id);

/* A source of the clock, attached; destroyed with worker_clear_timer(). */
GSource *worker_timer (Worker *self, guint64 ms, GSourceFunc callback);
void worker_clear_timer (GSource **timer);

/* ---- profile.c ---- */

/* An error of the cache outside of a connection: told, and mended if the cache
 * is damaged. (transfer full) error. */
void worker_cache_failed (Worker *self, GError *error);
/* The same for an error that somebody else is told: only damage is mended. */
void worker_mend_cache (Worker *self, const GError *error);
/* There is none where a damaged one could not be replaced: tries again. */
gboolean worker_need_cache (Worker *self, GError **error);
/* Another database is behind the server: its numbers mean other things. In a
 * transaction. */
gboolean worker_forget_all (Worker *self, GError **error);
/* Notes for all that is in the cache. */
gboolean worker_tell_all (Worker *self, GError **error);

/* ---- session.c ---- */

void session_connect (Worker *self);
/* Connects, or says why not: no account, no token, no cache for now. */
void session_begin (Worker *self);
/* Closes without a word; what waits is cut. */
void session_close (Worker *self);
/* It is over because of this. */
void session_fail (Worker *self, const GError *error);
gboolean session_is_live (Worker *self);
void session_live (Worker *self); /* sync.c: we have caught up */
void session_stop (Worker *self, KithEngineState state, const char *sentence);
/* Does this refusal or Goodbye end the trying? Then it has been ended. */
gboolean session_stops (Worker *self, const GError *error);
/* Closes, and connects again after a while: at least so many ms. */
void session_retry_later (Worker *self, KithEngineState state,
                          const char *sentence, guint at_least_ms);
void session_keep_alive (Worker *self); /* from now on */
void session_probe (Worker *self);      /* is the server still there? */
/* The account to sign in to: the attempt's, or the profile's. */
const Account *session_account (Worker *self);
/* An unwanted answer: FALSE with KITH_MALFORMED. */
gboolean session_protocol_error (GError **error, const char *sentence);

/* ---- sign-in.c ---- */

gboolean sign_in_after_hello (Worker *self, const Kith__ToClient *answer,
                              gpointer data, GError **error);
/* Ends the attempt that the person waits for. (transfer full) error. */
void session_end_attempt (Worker *self, GError *error);

/* ---- accounts.c ---- */

/* The account is forgotten, whatever the server says. */
void sign_out_finish (Worker *self);

/* ---- requests.c ---- */

/*
 * The answer to a request: its body is one of the two that were expected, or a
 * refusal; NULL: the connection is gone (then error is NULL too). FALSE ends
 * the connection.
 */
typedef gboolean (*AnswerFunc) (Worker *self, const Kith__ToClient *answer,
                                gpointer data, GError **error);

typedef struct {
  Kith__ToClient__BodyCase expected;
  Kith__ToClient__BodyCase or_else; /* 0: nothing else */
  AnswerFunc func;                  /* NULL: whatever it is */
  gpointer data;
  GDestroyNotify destroy; /* (nullable), always called in the end */
} RequestKind;

#define REQUESTS_MAX 128 /* without an answer at a time */
#define REQUEST_MS 60000

/* Numbers and sends it. FALSE: not now (and then func is not called, but
 * destroy is). */
gboolean requests_send (Worker *self, Kith__ToServer *message,
                        const RequestKind *kind);
gboolean requests_answer (Worker *self, const Kith__ToClient *answer,
                          GError **error);
void requests_cut (Worker *self);
/* Has one waited for longer than REQUEST_MS? */
gboolean requests_overdue (Worker *self);
/* (transfer full): what a refusal says. */
GError *requests_error_from (const Kith__Refusal *refusal);

/* ---- sync.c ---- */

gboolean sync_begin (Worker *self, GError **error);
gboolean sync_event (Worker *self, const Kith__Event *event, GError **error);
void sync_reset (Worker *self); /* the connection is gone */

/* ---- events.c ---- */

gboolean events_apply (Worker *self, const Kith__Event *event, GError **error);
/* Puts what the server says about a conversation into the cache and tells
 * it. */
gboolean events_merge_conversation (Worker *self,
                                    const Kith__Conversation *wire,
                                    GError **error);
gboolean events_put_request (Worker *self, const Kith__FriendRequest *wire,
                             gboolean news, GError **error);
/* Counts again what is unread, where a mark or a hole has changed it. */
gboolean events_recount (Worker *self, ConversationRecord *record,
                         GError **error);

/* ---- outbox.c ---- */

void outbox_pump (Worker *self);
void outbox_reset (Worker *self);

/* ---- marks.c ---- */

/* Sends what the server lacks for this conversation. */
void marks_send (Worker *self, guint64 conversation_id);
void marks_send_all (Worker *self);
void marks_reset (Worker *self);

/* ---- history.c ---- */

/* In a transaction from now on. record_r: NULL when it is not known. */
gboolean history_find (Worker *self, guint64 id, ConversationRecord **record_r,
                       GError **error);
/* FALSE: not now. */
gboolean history_ask (Worker *self, guint64 conversation_id, guint64 before,
                      const RequestKind *kind);
/*
 * Stores what a page has directly below have_from, down to its first hole, and
 * moves have_from. before: what the page was asked to be below. have_from was
 * there then; it may have moved since, by another page or by a hole that was
 * found, and only where it has not does the page say what the server lacks.
 */
gboolean history_store_page (Worker *self, ConversationRecord *record,
                             guint64 before, const Kith__HistoryPage *page,
                             GError **error);

/* ---- gaps.c ---- */

/* Messages old_to + 1 … have_from - 1 are missing. */
void gaps_found (Worker *self, const ConversationRecord *record,
                 guint64 old_from, guint64 old_to);
void gaps_fill (Worker *self);
void gaps_reset (Worker *self);

/* ---- friends.c ---- */

void friends_resend (Worker *self);
/* The connection is gone; what waits may still be sent by the next. */
void friends_cut (Worker *self);
/* Ids may be others' from now on: what goes by one is not sent again. */
void friends_renumber (Worker *self);
/* Nothing can come of them any more. */
void friends_end (Worker *self);
