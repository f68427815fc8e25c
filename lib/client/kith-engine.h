/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "kith-address.h"
#include "kith-client-error.h"
#include "kith-conversation.h"
#include "kith-friend-request.h"
#include "kith-message.h"
#include "kith-secrets.h"
#include "kith-user.h"

G_BEGIN_DECLS

typedef enum {
  KITH_ENGINE_CLOSED,         /* not started, or shut down */
  KITH_ENGINE_STARTING,       /* reading the profile: some milliseconds */
  KITH_ENGINE_SIGNED_OUT,     /* no account: show the first run */
  KITH_ENGINE_NEEDS_PASSWORD, /* an account, but no token that works:
                                 everything stored is there to read; ask, then
                                 kith_engine_enter_password_async() */
  KITH_ENGINE_CONNECTING,     /* connecting or signing in */
  KITH_ENGINE_SYNCING,        /* signed in, catching up */
  KITH_ENGINE_ONLINE,         /* live */
  KITH_ENGINE_OFFLINE,        /* waiting until retry-time */
  KITH_ENGINE_KEY_CHANGED,    /* the pinned server shows another key (or no CA
                                 vouches any more): stopped until
                                 kith_engine_change_pin_async() */
} KithEngineState;

#define KITH_TYPE_ENGINE_STATE (kith_engine_state_get_type ())
GType kith_engine_state_get_type (void);

/*
 * KithEngine: one account: its connection, its local store, its models.
 *
 * All functions are for the main thread and return at once; disk and network
 * are in a thread of the engine's own. Results arrive in the main thread's
 * default main context, as notify signals and GAsyncResults.
 *
 * Properties (read-only, with notify):
 *   state            KithEngineState
 *   status           string      a sentence for the calm bar, such as why we
 *                                are offline; "" when there is nothing to say
 *   retry-time       gint64      g_get_monotonic_time() of the next attempt;
 *                                0: none is planned
 *   self-user        KithUser    (nullable) the person of this account
 *   server-name      string      (nullable) what the server calls itself
 *   server-address   string      (nullable) as kith_address_format() writes it
 *   pin              string      (nullable) the pinned key; NULL: by CA
 *   remembered       boolean     FALSE: no keyring took the device token, the
 *                                password will be asked for at the next start
 *   unread           guint       sum over all conversations
 *   conversations    GListModel  of KithConversation, latest activity first; a
 *                                conversation that moves up is removed and
 *                                inserted again, the same object: keep a
 *                                selection by object
 *   friend-requests  GListModel  of KithFriendRequest, newest first
 *
 * The two list models are the same objects for the engine's whole life.
 *
 * Signals:
 *   message-received (KithConversation *, KithMessage *)
 *       a message of another person arrived live, or while catching up with at
 *       most KITH_ENGINE_ANNOUNCED of them: for notifications
 *   friend-request-received (KithFriendRequest *)
 *       somebody asks, live or while catching up
 *   notice (const char *sentence)
 *       something that the person should know and that no call asked for
 */
#define KITH_ENGINE_ANNOUNCED 20

#define KITH_TYPE_ENGINE (kith_engine_get_type ())
G_DECLARE_FINAL_TYPE (KithEngine, kith_engine, KITH, ENGINE, GObject)

/*
 * folder: the profile, made (mode 0700) when it is not there; one engine a
 * profile, which a lock enforces. (transfer none) for both. Does nothing yet.
 */
KithEngine *kith_engine_new (const char *folder, KithSecrets *secrets);

/*
 * Reads the profile, fills the models from the local store and begins to
 * connect. Finishes when the models are filled; ends in SIGNED_OUT when there
 * is no account. KITH_REFUSED: another process has this profile open; KITH_IO:
 * it cannot be read or written. A damaged store is moved aside and fetched
 * again from the server (with a notice), not an error.
 */
void kith_engine_start_async (KithEngine *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
gboolean kith_engine_start_finish (KithEngine *self, GAsyncResult *result,
                                   GError **error);

/*
 * Ends the connection and the thread, after everything typed is on disk; state
 * CLOSED. For the program's end. Dropping the last reference does the same,
 * but waits.
 */
void kith_engine_shutdown_async (KithEngine *self, GAsyncReadyCallback callback,
                                 gpointer user_data);
void kith_engine_shutdown_finish (KithEngine *self, GAsyncResult *result);

/* ---- accounts: in state SIGNED_OUT ---------------------------------- */

/* What signing in or up needs; read during the call only, then forgotten. */
typedef struct {
  const char *host;
  guint16 port;
  const char *name;
  const char *password;
  const char *display_name; /* (nullable), sign-up only */
  const char *invite;       /* (nullable), sign-up only */
  const char *pin;          /* (nullable): the key to trust, from a link or
                               confirmed by the person; NULL: by CA */
} KithSignInDetails;

/*
 * Connects, signs in, stores the account; on success the engine goes on to
 * SYNCING and ONLINE by itself. After a failure the state is SIGNED_OUT again.
 * Errors: KITH_UNTRUSTED with the server's pin (see kith-client-error.h),
 * KITH_KEY_CHANGED when the given pin is not the server's, KITH_BAD_CREDENTIALS,
 * KITH_LOCKED, KITH_PENDING, KITH_TRY_LATER, KITH_IO (no such host, refused),
 * KITH_TIMEOUT … Cancelling closes the connection.
 */
void kith_engine_sign_in_async (KithEngine *self,
                                const KithSignInDetails *details,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean kith_engine_sign_in_finish (KithEngine *self, GAsyncResult *result,
                                     GError **error);

/* The same for a new account. Besides: KITH_SIGN_UP_CLOSED, KITH_BAD_INVITE,
 * KITH_NAME_TAKEN, KITH_BAD_NAME, KITH_BAD_PASSWORD. */
void kith_engine_sign_up_async (KithEngine *self,
                                const KithSignInDetails *details,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean kith_engine_sign_up_finish (KithEngine *self, GAsyncResult *result,
                                     GError **error);

/* In state NEEDS_PASSWORD: signs in to the account that is there. */
void kith_engine_enter_password_async (KithEngine *self, const char *password,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean kith_engine_enter_password_finish (KithEngine *self,
                                            GAsyncResult *result,
                                            GError **error);

/*
 * In state KEY_CHANGED: trust this key from now on. pin is what the person got
 * from the server's administrator (a "sha256:…" text or a whole kith: link
 * with a key); never fill in by yourself what the server showed.
 */
void kith_engine_change_pin_async (KithEngine *self, const char *pin,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kith_engine_change_pin_finish (KithEngine *self, GAsyncResult *result,
                                        GError **error);

/*
 * Forgets the account: revokes the device's token at the server when there is
 * a connection, clears the keyring and the local store, ends in SIGNED_OUT.
 * What is still in the outbox is lost: ask first when
 * kith_engine_get_unsent() is not 0.
 */
void kith_engine_sign_out_async (KithEngine *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean kith_engine_sign_out_finish (KithEngine *self, GAsyncResult *result,
                                      GError **error);

/* Messages in the outbox, failed ones included. */
guint kith_engine_get_unsent (KithEngine *self);

/* In state OFFLINE: try now. Otherwise nothing. */
void kith_engine_reconnect (KithEngine *self);

/* ---- friends -------------------------------------------------------- */

/*
 * Asks the user with this name. Needs a connection: else KITH_OFFLINE.
 * KITH_NOT_FOUND, KITH_ALREADY, KITH_BAD_NAME, KITH_FORBIDDEN (oneself) … When
 * the other has already asked, both are friends at once. The lists change by
 * themselves.
 */
void kith_engine_send_friend_request_async (KithEngine *self, const char *name,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
gboolean kith_engine_send_friend_request_finish (KithEngine *self,
                                                 GAsyncResult *result,
                                                 GError **error);

typedef enum {
  KITH_ANSWER_ACCEPT, /* an incoming one */
  KITH_ANSWER_REJECT, /* an incoming one */
  KITH_ANSWER_CANCEL, /* one of our own */
} KithAnswer;

/* Needs a connection: else KITH_OFFLINE. The request is "busy" meanwhile. */
void kith_engine_answer_friend_request_async (KithEngine *self,
                                              KithFriendRequest *request,
                                              KithAnswer answer,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
gboolean kith_engine_answer_friend_request_finish (KithEngine *self,
                                                   GAsyncResult *result,
                                                   GError **error);

/* Ends the friendship; the conversation stays, readable. Needs a
 * connection. */
void kith_engine_remove_friend_async (KithEngine *self,
                                      KithConversation *conversation,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean kith_engine_remove_friend_finish (KithEngine *self,
                                           GAsyncResult *result,
                                           GError **error);

/* (transfer none) (nullable) */
KithConversation *kith_engine_find_conversation (KithEngine *self, guint64 id);

/* (transfer none) (nullable): the conversation itself, or after a restore of the
 * server the one that is now with the same person. The number of one that has
 * left the list may be another's: what is done in it is refused. */
KithConversation *kith_engine_find_present (KithEngine *self,
                                            KithConversation *conversation);

/* ---- a conversation ------------------------------------------------- */

/* Fills the window with the newest messages; also the way back to the newest
 * after paging up. From the local store, so it works offline. */
void kith_engine_open_conversation_async (KithEngine *self,
                                          KithConversation *conversation,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
gboolean kith_engine_open_conversation_finish (KithEngine *self,
                                               GAsyncResult *result,
                                               GError **error);

/* Empties the window. */
void kith_engine_close_conversation (KithEngine *self,
                                     KithConversation *conversation);

/*
 * One more page at the old end, from the local store, else from the server
 * (KITH_OFFLINE when it is not there and there is no connection). One call at
 * a time: KITH_BUSY while another runs in this conversation. TRUE with nothing
 * new when has-older was FALSE.
 */
void kith_engine_load_older_async (KithEngine *self,
                                   KithConversation *conversation,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kith_engine_load_older_finish (KithEngine *self, GAsyncResult *result,
                                        GError **error);

/* One more page at the new end, while has-newer. */
void kith_engine_load_newer_async (KithEngine *self,
                                   KithConversation *conversation,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
gboolean kith_engine_load_newer_finish (KithEngine *self, GAsyncResult *result,
                                        GError **error);

/*
 * Sends a text. Finishes when it is in the outbox on disk, which is also when
 * the message appears (PENDING); it is then sent once, whatever happens to the
 * program, at once or at the next connection. White space at its end is
 * dropped. Errors: KITH_BAD_TEXT, KITH_TOO_LARGE (over 4,096 bytes),
 * KITH_NOT_FRIENDS, KITH_BUSY (the outbox is full), KITH_IO (the disk). Clear
 * the composer when calling, put the text back on an error. A success also
 * clears the draft.
 */
void kith_engine_send_message_async (KithEngine *self,
                                     KithConversation *conversation,
                                     const char *text,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean kith_engine_send_message_finish (KithEngine *self,
                                          GAsyncResult *result, GError **error);

/* A FAILED message: once more (PENDING again, at the end), or away with it.
 * Anything else: nothing happens. */
void kith_engine_retry_message (KithEngine *self,
                                KithConversation *conversation,
                                KithMessage *message);
void kith_engine_delete_message (KithEngine *self,
                                 KithConversation *conversation,
                                 KithMessage *message);

/* The person has seen the conversation up to its newest message: call it
 * whenever it is shown to its end in an active window. Cheap; tells the server
 * only what is new, now or at the next connection. */
void kith_engine_mark_seen (KithEngine *self, KithConversation *conversation);

/* The person is typing (call it at each key, it is limited here) or stopped. */
void kith_engine_set_typing (KithEngine *self, KithConversation *conversation,
                             gboolean typing);

/* Saves what is in the composer, shortly after the last call. */
void kith_engine_set_draft (KithEngine *self, KithConversation *conversation,
                            const char *text);

/* ---- properties ----------------------------------------------------- */

KithEngineState kith_engine_get_state (KithEngine *self);
const char *kith_engine_get_status (KithEngine *self);
gint64 kith_engine_get_retry_time (KithEngine *self);
KithUser *kith_engine_get_self_user (KithEngine *self);
const char *kith_engine_get_server_name (KithEngine *self);
const char *kith_engine_get_server_address (KithEngine *self);
const char *kith_engine_get_pin (KithEngine *self);
gboolean kith_engine_get_remembered (KithEngine *self);
guint kith_engine_get_unread (KithEngine *self);
GListModel *kith_engine_get_conversations (KithEngine *self);
GListModel *kith_engine_get_friend_requests (KithEngine *self);

G_END_DECLS
