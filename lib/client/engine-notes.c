/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the engine's thread tells, applied to the models in the main thread. */
#include "engine-private.h"

#include "client-error.h"

/* ---- users ---- */

static guint64
self_id (KithEngine *self)
{
  return self->account == NULL ? 0 : self->account->self.id;
}

/* Borrowed: the one object of this person. */
static KithUser *
user_for (KithEngine *self, const UserRecord *record)
{
  KithUser *user = g_hash_table_lookup (self->users, &record->id);

  if (user != NULL) {
    kith_user_update (user, record);
    return user;
  }
  user = kith_user_new (record);
  g_hash_table_insert (self->users, record_key_new (record->id), user);
  return user;
}

static void
apply_user (KithEngine *self, Note *note)
{
  KithUser *user = g_hash_table_lookup (self->users, &note->user.id);

  if (user != NULL)
    kith_user_update (user, &note->user);
}

/* After a conversation or request with them has gone: what nothing shows is not
 * kept, or a server could fill the memory with people who pass by. */
static void
drop_user (KithEngine *self, guint64 id)
{
  GListModel *requests = G_LIST_MODEL (self->requests);
  const guint length = g_list_model_get_n_items (requests);

  if (id == self_id (self)
      || g_hash_table_contains (self->conversations_by_peer, &id))
    return;
  for (guint i = 0; i < length; i++) {
    g_autoptr (KithFriendRequest) request = g_list_model_get_item (requests, i);

    if (kith_user_get_id (kith_friend_request_get_user (request)) == id)
      return;
  }
  g_hash_table_remove (self->users, &id);
}

/* ---- conversations ---- */

static int
compare_conversations (gconstpointer a, gconstpointer b, gpointer data)
{
  KithConversation *first = (KithConversation *)a;
  KithConversation *second = (KithConversation *)b;
  const gint64 first_time = kith_conversation_get_time (first);
  const gint64 second_time = kith_conversation_get_time (second);
  guint64 first_id, second_id;

  if (first_time != second_time)
    return first_time > second_time ? -1 : 1;
  first_id = kith_conversation_get_id (first);
  second_id = kith_conversation_get_id (second);
  return first_id == second_id ? 0 : first_id > second_id ? -1 : 1;
}

static gboolean
in_order (KithEngine *self, guint position, KithConversation *conversation)
{
  GListModel *model = G_LIST_MODEL (self->conversations);
  g_autoptr (KithConversation) before
      = position == 0 ? NULL : g_list_model_get_item (model, position - 1);
  g_autoptr (KithConversation) after
      = g_list_model_get_item (model, position + 1);

  return (before == NULL
          || compare_conversations (before, conversation, NULL) < 0)
         && (after == NULL
             || compare_conversations (conversation, after, NULL) < 0);
}

/* Its time has changed: to where it belongs. */
static void
resort (KithEngine *self, KithConversation *conversation)
{
  g_autoptr (KithConversation) kept = g_object_ref (conversation);
  guint position;

  if (!g_list_store_find (self->conversations, conversation, &position)
      || in_order (self, position, conversation))
    return;
  g_list_store_remove (self->conversations, position);
  g_list_store_insert_sorted (self->conversations, kept, compare_conversations,
                              NULL);
}

/* Adding up all of them for each change would be quadratic at the start. */
void
engine_unread_changed (KithEngine *self, guint before, guint after)
{
  if (before == after)
    return;
  self->unread = self->unread - before + after;
  engine_notify (self, ENGINE_PROP_UNREAD);
}

static void
apply_conversation (KithEngine *self, Note *note)
{
  const ConversationRecord *record = note->conversation;
  KithUser *peer = user_for (self, &record->peer);
  KithConversation *conversation
      = kith_engine_find_conversation (self, record->id);
  const char *unsaved = g_hash_table_lookup (self->drafts, record->peer.name);
  guint unread = 0;
  gint64 time_us;

  if (conversation != NULL) {
    time_us = kith_conversation_get_time (conversation);
    unread = kith_conversation_get_unread (conversation);
    kith_conversation_update (conversation, record);
    if (time_us != kith_conversation_get_time (conversation))
      resort (self, conversation);
  } else {
    conversation = kith_conversation_new (record->id, peer, self_id (self));
    kith_conversation_update (conversation, record);
    /* What waits to be saved is newer than what was stored. */
    kith_conversation_set_draft (conversation,
                                 unsaved != NULL ? unsaved : record->draft);
    if (unsaved != NULL)
      engine_save_drafts (self);
    g_hash_table_insert (self->conversations_by_id, record_key_new (record->id),
                         conversation);
    g_hash_table_replace (self->conversations_by_peer,
                          record_key_new (record->peer.id),
                          g_object_ref (conversation));
    g_list_store_insert_sorted (self->conversations, conversation,
                                compare_conversations, NULL);
  }
  engine_unread_changed (self, unread,
                         kith_conversation_get_unread (conversation));
}

static void
apply_conversation_gone (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = kith_engine_find_conversation (self, note->id);
  guint64 peer_id;
  guint position;

  if (conversation == NULL)
    return;
  engine_unread_changed (self, kith_conversation_get_unread (conversation), 0);
  peer_id = kith_user_get_id (kith_conversation_get_peer (conversation));
  if (g_list_store_find (self->conversations, conversation, &position))
    g_list_store_remove (self->conversations, position);
  g_hash_table_remove (self->conversations_by_peer, &peer_id);
  g_hash_table_remove (self->conversations_by_id, &note->id);
  drop_user (self, peer_id);
}

void
engine_clear_models (KithEngine *self)
{
  g_list_store_remove_all (self->conversations);
  g_list_store_remove_all (self->requests);
  g_hash_table_remove_all (self->conversations_by_peer);
  g_hash_table_remove_all (self->conversations_by_id);
  g_hash_table_remove_all (self->users);
  engine_unread_changed (self, self->unread, 0);
}

static void
set_self_user (KithEngine *self)
{
  KithUser *user = NULL;

  if (self->account != NULL && self->account->self.id != 0)
    user = user_for (self, &self->account->self);
  if (g_set_object (&self->self_user, user))
    engine_notify (self, ENGINE_PROP_SELF_USER);
}

static void
apply_reset (KithEngine *self, Note *note)
{
  worker_reset_seen (self->worker);
  engine_clear_models (self);
  set_self_user (self);
}

/* ---- messages ---- */

static void
apply_message (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = kith_engine_find_conversation (self, note->message->conversation_id);
  g_autoptr (KithMessage) message = NULL;
  gint64 time_us;

  if (conversation == NULL)
    return;
  time_us = kith_conversation_get_time (conversation);
  message = kith_conversation_apply_message (conversation, note->message);
  if (time_us != kith_conversation_get_time (conversation))
    resort (self, conversation);
  if (note->flag)
    g_signal_emit (self, engine_signal (ENGINE_MESSAGE_RECEIVED), 0,
                   conversation, message);
}

static void
apply_outbox_removed (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = kith_engine_find_conversation (self, note->id);

  if (conversation == NULL)
    return;
  kith_conversation_remove_outbox (conversation, note->other, note->message);
  resort (self, conversation);
}

static void
apply_outbox_count (KithEngine *self, Note *note)
{
  self->outbox_count = (guint)note->other;
}

static void
apply_page (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = kith_engine_find_conversation (self, note->id);

  if (conversation != NULL
      && kith_conversation_apply_page (conversation, &note->page)
      && note->page.kind == PAGE_NEWEST)
    engine_fill_window (self, conversation);
}

static void
apply_reopen (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = kith_engine_find_conversation (self, note->id);

  if (conversation != NULL && kith_conversation_is_open (conversation)
      && !kith_conversation_get_has_newer (conversation))
    engine_reopen (self, conversation);
}

/* ---- people ---- */

static void
apply_presence (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = g_hash_table_lookup (self->conversations_by_peer, &note->id);

  if (conversation != NULL)
    kith_conversation_set_online (
        conversation,
        note->flag && kith_conversation_get_friends (conversation));
}

static void
apply_presence_reset (KithEngine *self, Note *note)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->conversations_by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    kith_conversation_set_online (value, FALSE);
}

static void
apply_typing (KithEngine *self, Note *note)
{
  KithConversation *conversation
      = kith_engine_find_conversation (self, note->id);

  if (conversation != NULL)
    kith_conversation_set_typing (
        conversation,
        note->flag && kith_conversation_get_friends (conversation));
}

static guint
find_request (KithEngine *self, guint64 id)
{
  GListModel *model = G_LIST_MODEL (self->requests);
  const guint length = g_list_model_get_n_items (model);

  for (guint i = 0; i < length; i++) {
    g_autoptr (KithFriendRequest) request = g_list_model_get_item (model, i);

    if (kith_friend_request_get_id (request) == id)
      return i;
  }
  return G_MAXUINT;
}

static int
compare_requests (gconstpointer a, gconstpointer b, gpointer data)
{
  const gint64 first = kith_friend_request_get_time ((KithFriendRequest *)a);
  const gint64 second = kith_friend_request_get_time ((KithFriendRequest *)b);

  return first == second ? 0 : first > second ? -1 : 1;
}

static void
apply_request (KithEngine *self, Note *note)
{
  g_autoptr (KithFriendRequest) request = NULL;
  KithUser *user = user_for (self, &note->request->user);

  if (find_request (self, note->request->id) != G_MAXUINT)
    return;
  request = kith_friend_request_new (note->request, user);
  g_list_store_insert_sorted (self->requests, request, compare_requests, NULL);
  if (note->flag)
    g_signal_emit (self, engine_signal (ENGINE_FRIEND_REQUEST_RECEIVED), 0,
                   request);
}

static void
apply_request_ended (KithEngine *self, Note *note)
{
  const guint position = find_request (self, note->id);
  g_autoptr (KithFriendRequest) request = NULL;
  guint64 user_id;

  if (position == G_MAXUINT)
    return;
  request = g_list_model_get_item (G_LIST_MODEL (self->requests), position);
  user_id = kith_user_get_id (kith_friend_request_get_user (request));
  g_list_store_remove (self->requests, position);
  drop_user (self, user_id);
}

/* ---- the engine itself ---- */

static void
fill_open_windows (KithEngine *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->conversations_by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    engine_fill_window (self, value);
}

static void
apply_state (KithEngine *self, Note *note)
{
  GObject *object = G_OBJECT (self);
  const gboolean changed = self->state != note->state;

  g_object_freeze_notify (object);
  if (record_set_string (&self->status, note->text))
    engine_notify (self, ENGINE_PROP_STATUS);
  if (self->retry_time != note->time_us) {
    self->retry_time = note->time_us;
    engine_notify (self, ENGINE_PROP_RETRY_TIME);
  }
  self->state = note->state;
  if (changed)
    engine_notify (self, ENGINE_PROP_STATE);
  g_object_thaw_notify (object);
  if (changed && self->state == KITH_ENGINE_ONLINE)
    fill_open_windows (self);
}

static void
apply_account (KithEngine *self, Note *note)
{
  const Account *account = note->account;
  g_autofree char *address
      = account == NULL ? NULL
                        : kith_address_format (account->host, account->port);
  const gboolean first = self->state == KITH_ENGINE_STARTING;

  g_object_freeze_notify (G_OBJECT (self));
  account_free (self->account);
  self->account = g_steal_pointer (&note->account);
  if (self->account == NULL)
    g_hash_table_remove_all (self->drafts); /* typed while it was signed out */
  record_set_string (&self->server_address, address);
  engine_notify (self, ENGINE_PROP_SERVER_ADDRESS);
  engine_notify (self, ENGINE_PROP_SERVER_NAME);
  engine_notify (self, ENGINE_PROP_PIN);
  set_self_user (self);
  g_object_thaw_notify (G_OBJECT (self));
  if (first && self->account != NULL)
    engine_look_up_token (self);
}

static void
apply_token (KithEngine *self, Note *note)
{
  engine_keep_token (self, note->token);
}

static void
apply_notice (KithEngine *self, Note *note)
{
  g_signal_emit (self, engine_signal (ENGINE_NOTICE), 0, note->text);
}

static void
apply_done (KithEngine *self, Note *note)
{
  if (note->error != NULL)
    g_task_return_error (note->task, g_steal_pointer (&note->error));
  else
    g_task_return_boolean (note->task, TRUE);
}

/* The thread has done all it had to; only its end is waited for. */
static void
apply_stopped (KithEngine *self, Note *note)
{
  worker_stop (&self->worker);
}

void
engine_apply (Note *note, gpointer data)
{
  static void (*const appliers[]) (KithEngine * self, Note * note) = {
    [NOTE_STATE] = apply_state,
    [NOTE_ACCOUNT] = apply_account,
    [NOTE_TOKEN] = apply_token,
    [NOTE_RESET] = apply_reset,
    [NOTE_CONVERSATION] = apply_conversation,
    [NOTE_CONVERSATION_GONE] = apply_conversation_gone,
    [NOTE_USER] = apply_user,
    [NOTE_REQUEST] = apply_request,
    [NOTE_REQUEST_ENDED] = apply_request_ended,
    [NOTE_MESSAGE] = apply_message,
    [NOTE_OUTBOX_REMOVED] = apply_outbox_removed,
    [NOTE_OUTBOX_COUNT] = apply_outbox_count,
    [NOTE_PAGE] = apply_page,
    [NOTE_REOPEN] = apply_reopen,
    [NOTE_PRESENCE] = apply_presence,
    [NOTE_PRESENCE_RESET] = apply_presence_reset,
    [NOTE_TYPING] = apply_typing,
    [NOTE_NOTICE] = apply_notice,
    [NOTE_DONE] = apply_done,
    [NOTE_STOPPED] = apply_stopped,
  };
  g_autoptr (KithEngine) self = g_object_ref (data);

  appliers[note->kind](self, note);
}
