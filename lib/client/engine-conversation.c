/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the window does in conversations and with friends: checked here, done
 * in the engine's thread. */
#include "engine-private.h"

#include <string.h>

#include "client-error.h"
#include "text.h"

#define DRAFT_MS 500
#define TYPING_EVERY_US (5 * G_USEC_PER_SEC) /* PROTOCOL.md section 8 */
#define DRAFT_MAX (4 * TEXT_MESSAGE_MAX)     /* bytes; the rest is cut */

static Command *
command_for (KithConversation *conversation, GTask *task)
{
  Command *command = command_new (task);

  command->id = kith_conversation_get_id (conversation);
  return command;
}

/* Ends the task with KITH_NOT_NOW where nothing can be done in this one. */
static gboolean
can_do (KithEngine *self, KithConversation *conversation, GTask *task)
{
  if (self->worker != NULL && engine_has (self, conversation))
    return TRUE;
  g_task_return_error (task, client_error_new (KITH_NOT_NOW, NULL));
  g_object_unref (task);
  return FALSE;
}

static gboolean
boolean_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- friends ---- */

void
kith_engine_send_friend_request_async (KithEngine *self, const char *name,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  GTask *task = engine_task (self, cancellable, callback, user_data,
                             kith_engine_send_friend_request_async);
  g_autofree char *lower = g_strstrip (g_ascii_strdown (name, -1));
  Command *command;

  if (!engine_running (self, task))
    return;
  command = command_new (task);
  command->text = g_steal_pointer (&lower);
  worker_call (self->worker, command_friend_request, command);
}

gboolean
kith_engine_send_friend_request_finish (KithEngine *self, GAsyncResult *result,
                                        GError **error)
{
  return boolean_finish (result, error);
}

static void
on_answered (GTask *task, GParamSpec *pspec, gpointer data)
{
  kith_friend_request_set_busy (data, FALSE);
}

void
kith_engine_answer_friend_request_async (KithEngine *self,
                                         KithFriendRequest *request,
                                         KithAnswer answer,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  GTask *task = engine_task (self, NULL, callback, user_data,
                             kith_engine_answer_friend_request_async);
  Command *command;

  if (!engine_running (self, task))
    return;
  if (kith_friend_request_get_incoming (request)
      == (answer == KITH_ANSWER_CANCEL)) {
    g_task_return_error (task, client_error_new (KITH_FORBIDDEN, NULL));
    g_object_unref (task);
    return;
  }
  g_signal_connect_object (task, "notify::completed", G_CALLBACK (on_answered),
                           request, 0);
  kith_friend_request_set_busy (request, TRUE);
  command = command_new (task);
  command->id = kith_friend_request_get_id (request);
  command->answer = answer;
  worker_call (self->worker, command_answer_request, command);
}

gboolean
kith_engine_answer_friend_request_finish (KithEngine *self,
                                          GAsyncResult *result, GError **error)
{
  return boolean_finish (result, error);
}

void
kith_engine_remove_friend_async (KithEngine *self,
                                 KithConversation *conversation,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GTask *task = engine_task (self, NULL, callback, user_data,
                             kith_engine_remove_friend_async);
  Command *command;

  if (!can_do (self, conversation, task))
    return;
  command = command_new (task);
  command->id = kith_user_get_id (kith_conversation_get_peer (conversation));
  worker_call (self->worker, command_remove_friend, command);
}

gboolean
kith_engine_remove_friend_finish (KithEngine *self, GAsyncResult *result,
                                  GError **error)
{
  return boolean_finish (result, error);
}

/* ---- the window of messages ---- */

static void
load (KithEngine *self, KithConversation *conversation, PageKind kind,
      GTask *task)
{
  Command *command = command_for (conversation, task);

  command->page_kind = kind;
  command->generation = kith_conversation_get_generation (conversation);
  if (kind == PAGE_OLDER)
    command->number = kith_conversation_get_window_first (conversation);
  else if (kind == PAGE_NEWER)
    command->number = kith_conversation_get_window_last (conversation);
  worker_call (self->worker, command_load, command);
}

void
kith_engine_open_conversation_async (KithEngine *self,
                                     KithConversation *conversation,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GTask *task = engine_task (self, cancellable, callback, user_data,
                             kith_engine_open_conversation_async);

  if (!can_do (self, conversation, task))
    return;
  kith_conversation_open (conversation);
  load (self, conversation, PAGE_NEWEST, task);
}

gboolean
kith_engine_open_conversation_finish (KithEngine *self, GAsyncResult *result,
                                      GError **error)
{
  return boolean_finish (result, error);
}

void
engine_reopen (KithEngine *self, KithConversation *conversation)
{
  kith_engine_open_conversation_async (self, conversation, NULL, NULL, NULL);
}

void
kith_engine_close_conversation (KithEngine *self,
                                KithConversation *conversation)
{
  kith_conversation_close (conversation);
}

/* A load under way; its inner task frees the way before the caller hears. */
typedef struct {
  KithConversation *conversation;
  PageKind kind;
  GTask *task; /* NULL: the engine's own wish */
} Load;

static void
end_load (GTask *task, GError *error)
{
  if (task == NULL) {
    g_clear_error (&error);
    return;
  }
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static void
on_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  Load *under_way = data;
  GError *error = NULL;

  /* A window opened since then has its own loads. */
  if (kith_conversation_get_load (under_way->conversation) == under_way)
    kith_conversation_end_load (under_way->conversation);
  boolean_finish (result, &error);
  end_load (under_way->task, error);
  g_object_unref (under_way->conversation);
  g_free (under_way);
}

/* FALSE: another one is under way, which this one cannot join. */
static gboolean
begin_load (KithEngine *self, KithConversation *conversation, PageKind kind,
            GTask *task)
{
  Load *under_way = kith_conversation_get_load (conversation);

  if (!kith_conversation_is_open (conversation))
    return FALSE;
  if (under_way != NULL) {
    if (under_way->kind != kind || under_way->task != NULL)
      return FALSE;
    under_way->task = task;
    return TRUE;
  }
  under_way = g_new (Load, 1);
  under_way->conversation = g_object_ref (conversation);
  under_way->kind = kind;
  under_way->task = task;
  kith_conversation_begin_load (conversation, under_way);
  load (self, conversation, kind,
        engine_task (self, NULL, on_loaded, under_way, begin_load));
  return TRUE;
}

static void
load_more (KithEngine *self, KithConversation *conversation, PageKind kind,
           GTask *task)
{
  if (!can_do (self, conversation, task))
    return;
  if (!begin_load (self, conversation, kind, task))
    end_load (task, client_error_new (KITH_BUSY, NULL));
}

void
kith_engine_load_older_async (KithEngine *self, KithConversation *conversation,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  load_more (self, conversation, PAGE_OLDER,
             engine_task (self, cancellable, callback, user_data,
                          kith_engine_load_older_async));
}

gboolean
kith_engine_load_older_finish (KithEngine *self, GAsyncResult *result,
                               GError **error)
{
  return boolean_finish (result, error);
}

void
kith_engine_load_newer_async (KithEngine *self, KithConversation *conversation,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  load_more (self, conversation, PAGE_NEWER,
             engine_task (self, cancellable, callback, user_data,
                          kith_engine_load_newer_async));
}

gboolean
kith_engine_load_newer_finish (KithEngine *self, GAsyncResult *result,
                               GError **error)
{
  return boolean_finish (result, error);
}

void
engine_fill_window (KithEngine *self, KithConversation *conversation)
{
  GListModel *messages = kith_conversation_get_messages (conversation);

  if (kith_conversation_is_open (conversation)
      && self->state == KITH_ENGINE_ONLINE
      && kith_conversation_get_has_older (conversation)
      && g_list_model_get_n_items (messages) < KITH_CONVERSATION_PAGE)
    begin_load (self, conversation, PAGE_OLDER, NULL);
}

/* ---- messages ---- */

static const char *
peer_name (KithConversation *conversation)
{
  return kith_user_get_name (kith_conversation_get_peer (conversation));
}

static void
forget_draft (KithEngine *self, KithConversation *conversation)
{
  g_hash_table_remove (self->drafts, peer_name (conversation));
  kith_conversation_set_draft (conversation, NULL);
}

void
kith_engine_send_message_async (KithEngine *self,
                                KithConversation *conversation,
                                const char *text, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = engine_task (self, NULL, callback, user_data,
                             kith_engine_send_message_async);
  g_autofree char *chomped = g_strchomp (g_strdup (text));
  enum kith_code code = text_check_message (chomped, strlen (chomped));
  Command *command;

  if (!can_do (self, conversation, task))
    return;
  if (code == KITH_OK && !kith_conversation_get_friends (conversation))
    code = KITH_NOT_FRIENDS;
  if (code != KITH_OK) {
    g_task_return_error (task, client_error_new (code, NULL));
    g_object_unref (task);
    return;
  }
  forget_draft (self, conversation);
  self->typing_in = 0; /* a message ends the display by itself */
  command = command_for (conversation, task);
  command->text = g_steal_pointer (&chomped);
  worker_call (self->worker, command_send, command);
}

gboolean
kith_engine_send_message_finish (KithEngine *self, GAsyncResult *result,
                                 GError **error)
{
  return boolean_finish (result, error);
}

static void
redo (KithEngine *self, KithConversation *conversation, KithMessage *message,
      CommandFunc func)
{
  Command *command;

  if (self->worker == NULL || !engine_has (self, conversation)
      || kith_message_get_state (message) != KITH_MESSAGE_FAILED)
    return;
  command = command_for (conversation, NULL);
  command->number = kith_message_get_outbox_id (message);
  worker_call (self->worker, func, command);
}

void
kith_engine_retry_message (KithEngine *self, KithConversation *conversation,
                           KithMessage *message)
{
  redo (self, conversation, message, command_retry);
}

void
kith_engine_delete_message (KithEngine *self, KithConversation *conversation,
                            KithMessage *message)
{
  redo (self, conversation, message, command_delete);
}

void
kith_engine_mark_seen (KithEngine *self, KithConversation *conversation)
{
  const guint64 number = kith_conversation_get_last_number (conversation);
  Command *command;
  guint unread;

  if (self->worker == NULL || !engine_has (self, conversation)
      || (kith_conversation_get_unread (conversation) == 0
          && kith_conversation_get_read_number (conversation) >= number))
    return;
  unread = kith_conversation_get_unread (conversation);
  kith_conversation_set_seen (conversation, number);
  engine_unread_changed (self, unread, 0);
  command = command_for (conversation, NULL);
  command->number = number;
  worker_call (self->worker, command_seen, command);
}

void
kith_engine_set_typing (KithEngine *self, KithConversation *conversation,
                        gboolean typing)
{
  const guint64 id = kith_conversation_get_id (conversation);
  const gint64 now = g_get_monotonic_time ();
  Command *command;

  if (self->worker == NULL || self->state != KITH_ENGINE_ONLINE
      || !engine_has (self, conversation)
      || !kith_conversation_get_friends (conversation))
    return;
  if (typing
          ? self->typing_in == id && now - self->typing_told < TYPING_EVERY_US
          : self->typing_in != id)
    return;
  self->typing_in = typing ? id : 0;
  self->typing_told = now;
  command = command_for (conversation, NULL);
  command->flag = typing;
  worker_call (self->worker, command_typing, command);
}

/* ---- drafts ---- */

/* A draft goes by the name of whom it is for: numbers may be others' when the
 * time to save it has come. One whose conversation is not there waits for it. */
void
engine_flush_drafts (KithEngine *self)
{
  GHashTableIter iter;
  gpointer value;

  g_clear_handle_id (&self->drafts_timeout, g_source_remove);
  if (g_hash_table_size (self->drafts) == 0)
    return;
  g_hash_table_iter_init (&iter, self->conversations_by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const char *text = g_hash_table_lookup (self->drafts, peer_name (value));
    Command *command;

    if (text == NULL)
      continue;
    command = command_for (value, NULL);
    command->text = g_strdup (text);
    worker_call (self->worker, command_draft, command);
    g_hash_table_remove (self->drafts, peer_name (value));
  }
}

static gboolean
on_drafts_due (gpointer data)
{
  KithEngine *self = data;

  self->drafts_timeout = 0;
  if (self->worker != NULL)
    engine_flush_drafts (self);
  return G_SOURCE_REMOVE;
}

void
engine_save_drafts (KithEngine *self)
{
  if (self->drafts_timeout == 0)
    self->drafts_timeout = g_timeout_add (DRAFT_MS, on_drafts_due, self);
}

void
kith_engine_set_draft (KithEngine *self, KithConversation *conversation,
                       const char *text)
{
  g_autofree char *valid
      = g_utf8_make_valid (text, (gssize)strnlen (text, DRAFT_MAX));
  KithConversation *present = kith_engine_find_present (self, conversation);

  if (self->worker == NULL
      || g_strcmp0 (valid, kith_conversation_get_draft (conversation)) == 0)
    return;
  kith_conversation_set_draft (conversation, valid);
  if (present != NULL)
    kith_conversation_set_draft (present, valid);
  g_hash_table_replace (self->drafts, g_strdup (peer_name (conversation)),
                        g_steal_pointer (&valid));
  engine_save_drafts (self);
}
