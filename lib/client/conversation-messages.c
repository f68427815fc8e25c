/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of a KithConversation: the newest of all, and the window of
 * those that are shown. Must never have two objects for one message.
 */
#include "conversation-private.h"

static gboolean
stands_for (KithMessage *message, const MessageRecord *record)
{
  if (message == NULL)
    return FALSE;
  if (kith_message_get_number (message) != 0)
    return kith_message_get_number (message) == record->number;
  if (record->has_operation
      && kith_message_has_operation (message, record->operation))
    return TRUE;
  return record->outbox_id != 0
         && kith_message_get_outbox_id (message) == record->outbox_id;
}

/* (nullable): the object that already stands for this message. */
static KithMessage *
find (KithConversation *self, const MessageRecord *record)
{
  KithMessage *message = NULL;

  if (record->number != 0)
    message = message_window_find_number (self->window, record->number);
  if (message == NULL && record->outbox_id != 0)
    message = message_window_find_outbox (self->window, record->outbox_id);
  if (message == NULL && record->has_operation)
    message = message_window_find_operation (self->window, record->operation);
  if (message == NULL && stands_for (self->last_message, record))
    message = self->last_message;
  return message;
}

static void
set_last (KithConversation *self, KithMessage *message)
{
  if (g_set_object (&self->last_message, message))
    conversation_notify (self, CONVERSATION_PROP_LAST_MESSAGE);
}

/* (transfer full) */
static KithMessage *
take_message (KithConversation *self, const MessageRecord *record)
{
  KithMessage *message = find (self, record);

  if (message != NULL) {
    kith_message_update (message, record);
    g_object_ref (message);
  } else {
    message = kith_message_new (record, record->sender_id == self->self_id);
  }
  kith_message_apply_marks (message, self->peer_delivered, self->peer_read);
  return message;
}

KithMessage *
kith_conversation_apply_message (KithConversation *self,
                                 const MessageRecord *record)
{
  KithMessage *message = take_message (self, record);

  g_object_freeze_notify (G_OBJECT (self));
  if (self->open) {
    const gboolean had_older = message_window_get_has_older (self->window);

    message_window_resort (self->window, message);
    message_window_add (self->window, message);
    if (had_older != message_window_get_has_older (self->window))
      conversation_notify (self, CONVERSATION_PROP_HAS_OLDER);
  }
  self->last_number = MAX (self->last_number, record->number);
  if (self->last_message == NULL
      || kith_message_compare (message, self->last_message) >= 0)
    set_last (self, message);
  conversation_set_time (self, record->number == 0 ? 0 : record->time_us);
  if (record->sender_id != self->self_id)
    kith_conversation_set_typing (self, FALSE);
  g_object_thaw_notify (G_OBJECT (self));
  return message;
}

void
kith_conversation_remove_outbox (KithConversation *self, guint64 outbox_id,
                                 const MessageRecord *last)
{
  KithMessage *message = message_window_find_outbox (self->window, outbox_id);

  if (message != NULL)
    message_window_remove (self->window, message);
  if (last == NULL) {
    set_last (self, NULL);
  } else {
    g_autoptr (KithMessage) newest = take_message (self, last);

    set_last (self, newest);
  }
  conversation_set_time (self, 0);
}

static void
notify_ends (KithConversation *self, gboolean had_older, gboolean had_newer)
{
  if (had_older != message_window_get_has_older (self->window))
    conversation_notify (self, CONVERSATION_PROP_HAS_OLDER);
  if (had_newer != message_window_get_has_newer (self->window))
    conversation_notify (self, CONVERSATION_PROP_HAS_NEWER);
}

gboolean
kith_conversation_apply_page (KithConversation *self, const MessagePage *page)
{
  g_autoptr (GPtrArray) messages = NULL;
  const gboolean had_older = message_window_get_has_older (self->window);
  const gboolean had_newer = message_window_get_has_newer (self->window);

  if (!self->open || page->generation != self->generation)
    return FALSE;
  messages = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < page->records->len; i++)
    g_ptr_array_add (messages,
                     take_message (self, g_ptr_array_index (page->records, i)));
  message_window_apply_page (self->window, page->kind, messages, page->more);
  notify_ends (self, had_older, had_newer);
  return TRUE;
}

guint
kith_conversation_get_generation (KithConversation *self)
{
  return self->generation;
}

gboolean
kith_conversation_is_open (KithConversation *self)
{
  return self->open;
}

void
kith_conversation_open (KithConversation *self)
{
  self->open = TRUE;
  self->load = NULL;
  self->generation++;
}

void
kith_conversation_close (KithConversation *self)
{
  const gboolean had_older = message_window_get_has_older (self->window);
  const gboolean had_newer = message_window_get_has_newer (self->window);

  self->open = FALSE;
  self->load = NULL;
  self->generation++;
  message_window_clear (self->window);
  notify_ends (self, had_older, had_newer);
}

guint64
kith_conversation_get_window_first (KithConversation *self)
{
  return message_window_get_first (self->window);
}

guint64
kith_conversation_get_window_last (KithConversation *self)
{
  return message_window_get_last (self->window);
}

gpointer
kith_conversation_get_load (KithConversation *self)
{
  return self->load;
}

void
kith_conversation_begin_load (KithConversation *self, gpointer load)
{
  self->load = load;
}

void
kith_conversation_end_load (KithConversation *self)
{
  self->load = NULL;
}
