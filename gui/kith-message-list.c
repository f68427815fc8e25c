/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A row is made for each message of the model and told of its neighbours
 * whenever they change.
 */
#include "kith-message-list.h"

#include <glib/gi18n.h>

#include "kith-message-row.h"
#include "list-focus.h"

struct _KithMessageList {
  GtkListBox parent_instance;

  KithEngine *engine;
  KithConversation *conversation; /* (nullable) */

  guint64 unread_after;    /* the unread line stands above what is higher */
  KithMessage *unread_row; /* the message under the line; only compared */
};

G_DEFINE_TYPE (KithMessageList, kith_message_list, GTK_TYPE_LIST_BOX)

static guint rows_changed_signal;

static void
retry_cb (KithMessageList *self, KithMessageRow *row)
{
  kith_engine_retry_message (self->engine, self->conversation,
                             kith_message_row_get_message (row));
}

static void
discard_cb (KithMessageList *self, KithMessageRow *row)
{
  kith_engine_delete_message (self->engine, self->conversation,
                              kith_message_row_get_message (row));
}

static GtkWidget *
create_row (gpointer item, gpointer data)
{
  KithMessageList *self = data;
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  GtkWidget *row = kith_message_row_new (item, peer);

  g_signal_connect_object (row, "retry", G_CALLBACK (retry_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "discard", G_CALLBACK (discard_cb), self,
                           G_CONNECT_SWAPPED);
  return row;
}

/* (nullable): the first message above the unread line's number. None when the
 * line stands somewhere above the window. */
static KithMessage *
find_first_unread (KithMessageList *self, guint *index_r)
{
  GListModel *messages = kith_conversation_get_messages (self->conversation);
  guint n = g_list_model_get_n_items (messages);

  if (self->unread_after == KITH_MESSAGE_LIST_NOTHING_UNREAD)
    return NULL;
  for (guint i = 0; i < n; i++) {
    g_autoptr (KithMessage) message = g_list_model_get_item (messages, i);

    if (kith_message_get_outgoing (message)
        || kith_message_get_number (message) <= self->unread_after)
      continue;
    if (i == 0 && kith_conversation_get_has_older (self->conversation)
        && kith_message_get_number (message) > self->unread_after + 1)
      return NULL;
    *index_r = i;
    return message; /* the model holds it */
  }
  return NULL;
}

static void
update_contexts (KithMessageList *self, guint from, guint to)
{
  GListModel *messages = kith_conversation_get_messages (self->conversation);
  guint n = g_list_model_get_n_items (messages);

  for (guint i = from; i < MIN (to, n); i++) {
    GtkListBoxRow *row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self), i);
    g_autoptr (KithMessage) before
        = i > 0 ? g_list_model_get_item (messages, i - 1) : NULL;
    g_autoptr (KithMessage) after = g_list_model_get_item (messages, i + 1);
    KithMessage *message;

    if (!row)
      return;
    message = kith_message_row_get_message (KITH_MESSAGE_ROW (row));
    kith_message_row_set_context (KITH_MESSAGE_ROW (row), before, after,
                                  message == self->unread_row);
  }
}

static void
items_changed_cb (KithMessageList *self, guint position, guint removed,
                  guint added)
{
  guint index = 0;
  KithMessage *unread = find_first_unread (self, &index);

  if (unread != self->unread_row) {
    self->unread_row = unread;
    update_contexts (self, 0, G_MAXUINT);
  } else {
    update_contexts (self, position ? position - 1 : 0, position + added + 1);
  }
  g_signal_emit (self, rows_changed_signal, 0);
}

static void
forget_conversation (KithMessageList *self)
{
  GListModel *messages;

  if (!self->conversation)
    return;
  messages = kith_conversation_get_messages (self->conversation);
  g_signal_handlers_disconnect_by_func (messages, items_changed_cb, self);
  gtk_list_box_bind_model (GTK_LIST_BOX (self), NULL, NULL, NULL, NULL);
  self->unread_row = NULL;
  g_clear_object (&self->conversation);
}

static void
kith_message_list_dispose (GObject *object)
{
  KithMessageList *self = KITH_MESSAGE_LIST (object);

  forget_conversation (self);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_message_list_parent_class)->dispose (object);
}

static void
kith_message_list_class_init (KithMessageListClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kith_message_list_dispose;
  rows_changed_signal
      = g_signal_new ("rows-changed", KITH_TYPE_MESSAGE_LIST, G_SIGNAL_RUN_LAST,
                      0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kith_message_list_init (KithMessageList *self)
{
  self->unread_after = KITH_MESSAGE_LIST_NOTHING_UNREAD;
  list_focus_tab_leaves (GTK_LIST_BOX (self));
}

void
kith_message_list_set_engine (KithMessageList *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_MESSAGE_LIST (self) && !self->engine);
  self->engine = g_object_ref (engine);
}

void
kith_message_list_set_conversation (KithMessageList *self,
                                    KithConversation *conversation)
{
  GListModel *messages;

  g_return_if_fail (KITH_IS_MESSAGE_LIST (self) && self->engine);
  forget_conversation (self);
  self->unread_after = KITH_MESSAGE_LIST_NOTHING_UNREAD;
  if (!conversation)
    return;
  self->conversation = g_object_ref (conversation);
  messages = kith_conversation_get_messages (conversation);
  gtk_list_box_bind_model (GTK_LIST_BOX (self), messages, create_row, self,
                           NULL);
  /* After bind_model(), so that the rows are there when it is called. */
  g_signal_connect_object (messages, "items-changed",
                           G_CALLBACK (items_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

void
kith_message_list_set_unread_after (KithMessageList *self, guint64 number)
{
  guint index = 0;

  g_return_if_fail (KITH_IS_MESSAGE_LIST (self));
  if (self->unread_after == number)
    return;
  self->unread_after = number;
  if (!self->conversation)
    return;
  self->unread_row = find_first_unread (self, &index);
  update_contexts (self, 0, G_MAXUINT);
}

GtkListBoxRow *
kith_message_list_get_first_unread (KithMessageList *self)
{
  guint index = 0;

  g_return_val_if_fail (KITH_IS_MESSAGE_LIST (self), NULL);
  if (!self->conversation || !find_first_unread (self, &index))
    return NULL;
  return gtk_list_box_get_row_at_index (GTK_LIST_BOX (self), (int)index);
}

void
kith_message_list_refresh_days (KithMessageList *self)
{
  g_return_if_fail (KITH_IS_MESSAGE_LIST (self));
  if (self->conversation)
    update_contexts (self, 0, G_MAXUINT);
}

void
kith_message_list_announce (KithMessageList *self, KithMessage *message)
{
  KithUser *peer;
  g_autofree char *words = NULL;

  g_return_if_fail (KITH_IS_MESSAGE_LIST (self) && self->conversation);
  peer = kith_conversation_get_peer (self->conversation);
  /* Translators: for the screen reader: name, text. */
  words = g_strdup_printf (_ ("%s: %s"), kith_user_get_title (peer),
                           kith_message_get_text (message));
  g_signal_emit_by_name (gtk_widget_get_accessible (GTK_WIDGET (self)),
                         "announcement", words);
}
