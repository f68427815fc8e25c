/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The bounded window of messages. Holds the list that a view is bound to;
 * must never hold more than the limit, nor a message twice.
 */
#include "message-window.h"

struct _MessageWindow {
  GListStore *store;
  gboolean has_older;
  gboolean has_newer;
};

MessageWindow *
message_window_new (void)
{
  MessageWindow *self = g_new0 (MessageWindow, 1);

  self->store = g_list_store_new (KITH_TYPE_MESSAGE);
  return self;
}

void
message_window_free (MessageWindow *self)
{
  if (self == NULL)
    return;
  g_object_unref (self->store);
  g_free (self);
}

GListModel *
message_window_get_model (MessageWindow *self)
{
  return G_LIST_MODEL (self->store);
}

gboolean
message_window_get_has_older (MessageWindow *self)
{
  return self->has_older;
}

gboolean
message_window_get_has_newer (MessageWindow *self)
{
  return self->has_newer;
}

static guint
count (MessageWindow *self)
{
  return g_list_model_get_n_items (G_LIST_MODEL (self->store));
}

/* The list keeps its own reference, so a borrowed one will do. */
static KithMessage *
item (MessageWindow *self, guint position)
{
  g_autoptr (KithMessage) message
      = g_list_model_get_item (G_LIST_MODEL (self->store), position);

  return message;
}

/* How many of the first `end` messages stand before this one? */
static guint
place_of (MessageWindow *self, KithMessage *message, guint end)
{
  guint low = 0, high = end;

  while (low < high) {
    const guint middle = low + (high - low) / 2;

    if (kith_message_compare (item (self, middle), message) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

KithMessage *
message_window_find_number (MessageWindow *self, guint64 number)
{
  guint low = 0, high = count (self);

  /* number - 1: the outbox's 0 counts as the highest. */
  while (low < high) {
    const guint middle = low + (high - low) / 2;

    if (kith_message_get_number (item (self, middle)) - 1 < number - 1)
      low = middle + 1;
    else
      high = middle;
  }
  if (low < count (self)
      && kith_message_get_number (item (self, low)) == number)
    return item (self, low);
  return NULL;
}

/* Those of the outbox stand together at the end. */
KithMessage *
message_window_find_outbox (MessageWindow *self, guint64 outbox_id)
{
  for (guint i = count (self); i > 0; i--) {
    KithMessage *message = item (self, i - 1);

    if (kith_message_get_number (message) != 0)
      return NULL;
    if (kith_message_get_outbox_id (message) == outbox_id)
      return message;
  }
  return NULL;
}

KithMessage *
message_window_find_operation (MessageWindow *self, const guint8 *operation)
{
  for (guint i = count (self); i > 0; i--) {
    KithMessage *message = item (self, i - 1);

    if (kith_message_get_number (message) != 0)
      return NULL;
    if (kith_message_has_operation (message, operation))
      return message;
  }
  return NULL;
}

static void
trim_old (MessageWindow *self)
{
  const guint length = count (self);

  if (length <= KITH_CONVERSATION_WINDOW)
    return;
  g_list_store_splice (self->store, 0, length - KITH_CONVERSATION_WINDOW, NULL,
                       0);
  self->has_older = TRUE;
}

static void
trim_new (MessageWindow *self)
{
  const guint length = count (self);

  if (length <= KITH_CONVERSATION_WINDOW)
    return;
  g_list_store_splice (self->store, KITH_CONVERSATION_WINDOW,
                       length - KITH_CONVERSATION_WINDOW, NULL, 0);
  self->has_newer = TRUE;
}

void
message_window_add (MessageWindow *self, KithMessage *message)
{
  const guint length = count (self);
  const guint place = place_of (self, message, length);

  if (place == length && self->has_newer)
    return;
  if (place == 0 && length > 0 && self->has_older)
    return;
  if (place < length && kith_message_compare (item (self, place), message) == 0)
    return;
  g_list_store_insert (self->store, place, message);
  trim_old (self);
}

void
message_window_resort (MessageWindow *self, KithMessage *message)
{
  g_autoptr (KithMessage) kept = g_object_ref (message);
  guint position;

  if (!g_list_store_find (self->store, message, &position))
    return;
  if ((position == 0
       || kith_message_compare (item (self, position - 1), message) < 0)
      && (position + 1 == count (self)
          || kith_message_compare (message, item (self, position + 1)) < 0))
    return;
  g_list_store_remove (self->store, position);
  message_window_add (self, kept);
}

void
message_window_remove (MessageWindow *self, KithMessage *message)
{
  guint position;

  if (g_list_store_find (self->store, message, &position))
    g_list_store_remove (self->store, position);
}

static void
splice (MessageWindow *self, guint position, guint removed, GPtrArray *messages)
{
  if (removed > 0 || messages->len > 0)
    g_list_store_splice (self->store, position, removed, messages->pdata,
                         messages->len);
}

/* Only what goes before, or after, all that is there. */
static GPtrArray *
beyond (MessageWindow *self, GPtrArray *messages, gboolean older)
{
  GPtrArray *fresh = g_ptr_array_new ();
  const guint length = count (self);

  for (guint i = 0; i < messages->len; i++) {
    KithMessage *message = g_ptr_array_index (messages, i);

    if (length == 0
        || (older
                ? kith_message_compare (message, item (self, 0)) < 0
                : kith_message_compare (message, item (self, length - 1)) > 0))
      g_ptr_array_add (fresh, message);
  }
  return fresh;
}

void
message_window_apply_page (MessageWindow *self, PageKind kind,
                           GPtrArray *messages, gboolean more)
{
  g_autoptr (GPtrArray) fresh = NULL;

  switch (kind) {
  case PAGE_NEWEST:
    self->has_older = more;
    self->has_newer = FALSE;
    splice (self, 0, count (self), messages);
    trim_old (self);
    break;
  case PAGE_OLDER:
    fresh = beyond (self, messages, TRUE);
    self->has_older = more;
    splice (self, 0, 0, fresh);
    trim_new (self);
    break;
  case PAGE_NEWER:
    fresh = beyond (self, messages, FALSE);
    self->has_newer = more;
    splice (self, count (self), 0, fresh);
    trim_old (self);
    break;
  }
}

void
message_window_clear (MessageWindow *self)
{
  g_list_store_remove_all (self->store);
  self->has_older = FALSE;
  self->has_newer = FALSE;
}

guint64
message_window_get_first (MessageWindow *self)
{
  return count (self) == 0 ? 0 : kith_message_get_number (item (self, 0));
}

guint64
message_window_get_last (MessageWindow *self)
{
  for (guint i = count (self); i > 0; i--) {
    const guint64 number = kith_message_get_number (item (self, i - 1));

    if (number != 0)
      return number;
  }
  return 0;
}
