/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KithConversation: see its header. A model: no widget, no network. */
#include "message-window.h"

#define TYPING_SHOWN_MS 10000 /* PROTOCOL.md section 8 */

struct _KithConversation {
  GObject parent_instance;

  guint64 id;
  guint64 self_id;
  KithUser *peer;
  gboolean friends;
  gboolean online;
  gboolean typing;
  guint typing_timeout;
  guint unread;
  gint64 time_us;
  gint64 told_us; /* the latest that the server told of */
  char *draft;
  guint64 read_number;
  guint64 last_number;
  guint64 peer_delivered;
  guint64 peer_read;
  KithMessage *last_message;
  MessageWindow *window;
  gboolean open;
  gpointer load; /* the engine's; not owned */
  guint generation;
};

enum {
  PROP_0,
  PROP_ID,
  PROP_PEER,
  PROP_ONLINE,
  PROP_TYPING,
  PROP_UNREAD,
  PROP_LAST_MESSAGE,
  PROP_TIME,
  PROP_DRAFT,
  PROP_FRIENDS,
  PROP_MESSAGES,
  PROP_HAS_OLDER,
  PROP_HAS_NEWER,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KithConversation, kith_conversation, G_TYPE_OBJECT)

static void
kith_conversation_finalize (GObject *object)
{
  KithConversation *self = KITH_CONVERSATION (object);

  g_clear_handle_id (&self->typing_timeout, g_source_remove);
  g_clear_object (&self->peer);
  g_clear_object (&self->last_message);
  g_clear_pointer (&self->window, message_window_free);
  g_free (self->draft);
  G_OBJECT_CLASS (kith_conversation_parent_class)->finalize (object);
}

static void
kith_conversation_get_property (GObject *object, guint prop_id, GValue *value,
                                GParamSpec *pspec)
{
  KithConversation *self = KITH_CONVERSATION (object);

  switch (prop_id) {
  case PROP_ID:
    g_value_set_uint64 (value, self->id);
    break;
  case PROP_PEER:
    g_value_set_object (value, self->peer);
    break;
  case PROP_ONLINE:
    g_value_set_boolean (value, self->online);
    break;
  case PROP_TYPING:
    g_value_set_boolean (value, self->typing);
    break;
  case PROP_UNREAD:
    g_value_set_uint (value, self->unread);
    break;
  case PROP_LAST_MESSAGE:
    g_value_set_object (value, self->last_message);
    break;
  case PROP_TIME:
    g_value_set_int64 (value, self->time_us);
    break;
  case PROP_DRAFT:
    g_value_set_string (value, self->draft);
    break;
  case PROP_FRIENDS:
    g_value_set_boolean (value, self->friends);
    break;
  case PROP_MESSAGES:
    g_value_set_object (value, message_window_get_model (self->window));
    break;
  case PROP_HAS_OLDER:
    g_value_set_boolean (value, message_window_get_has_older (self->window));
    break;
  case PROP_HAS_NEWER:
    g_value_set_boolean (value, message_window_get_has_newer (self->window));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
kith_conversation_class_init (KithConversationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = kith_conversation_finalize;
  object_class->get_property = kith_conversation_get_property;
  properties[PROP_ID]
      = g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_PEER]
      = g_param_spec_object ("peer", NULL, NULL, KITH_TYPE_USER, flags);
  properties[PROP_ONLINE]
      = g_param_spec_boolean ("online", NULL, NULL, FALSE, flags);
  properties[PROP_TYPING]
      = g_param_spec_boolean ("typing", NULL, NULL, FALSE, flags);
  properties[PROP_UNREAD]
      = g_param_spec_uint ("unread", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[PROP_LAST_MESSAGE] = g_param_spec_object (
      "last-message", NULL, NULL, KITH_TYPE_MESSAGE, flags);
  properties[PROP_TIME]
      = g_param_spec_int64 ("time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_DRAFT] = g_param_spec_string ("draft", NULL, NULL, "", flags);
  properties[PROP_FRIENDS]
      = g_param_spec_boolean ("friends", NULL, NULL, FALSE, flags);
  properties[PROP_MESSAGES]
      = g_param_spec_object ("messages", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[PROP_HAS_OLDER]
      = g_param_spec_boolean ("has-older", NULL, NULL, FALSE, flags);
  properties[PROP_HAS_NEWER]
      = g_param_spec_boolean ("has-newer", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kith_conversation_init (KithConversation *self)
{
  self->window = message_window_new ();
  self->draft = g_strdup ("");
}

KithConversation *
kith_conversation_new (guint64 id, KithUser *peer, guint64 self_id)
{
  KithConversation *self = g_object_new (KITH_TYPE_CONVERSATION, NULL);

  self->id = id;
  self->self_id = self_id;
  self->peer = g_object_ref (peer);
  return self;
}

static void
notify (KithConversation *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_unread (KithConversation *self, guint unread)
{
  if (self->unread == unread)
    return;
  self->unread = unread;
  notify (self, PROP_UNREAD);
}

/* This machine's clock counts only for what the server has not seen yet: it may
 * be wrong. */
static void
set_time (KithConversation *self, gint64 told_us)
{
  gint64 time_us = self->told_us = MAX (self->told_us, told_us);

  if (self->last_message != NULL
      && kith_message_get_number (self->last_message) == 0)
    time_us = MAX (time_us, kith_message_get_time (self->last_message));
  if (self->time_us == time_us)
    return;
  self->time_us = time_us;
  notify (self, PROP_TIME);
}

static void
apply_marks (KithConversation *self)
{
  GListModel *model = message_window_get_model (self->window);
  const guint length = g_list_model_get_n_items (model);

  for (guint i = 0; i < length; i++) {
    g_autoptr (KithMessage) message = g_list_model_get_item (model, i);

    kith_message_apply_marks (message, self->peer_delivered, self->peer_read);
  }
  if (self->last_message != NULL)
    kith_message_apply_marks (self->last_message, self->peer_delivered,
                              self->peer_read);
}

void
kith_conversation_update (KithConversation *self,
                          const ConversationRecord *record)
{
  g_object_freeze_notify (G_OBJECT (self));
  if (self->friends != record->friends) {
    self->friends = record->friends;
    notify (self, PROP_FRIENDS);
    if (!self->friends)
      kith_conversation_set_online (self, FALSE);
  }
  self->read_number = record->my_read;
  self->last_number = record->last_number;
  if (self->peer_delivered != record->peer_delivered
      || self->peer_read != record->peer_read) {
    self->peer_delivered = record->peer_delivered;
    self->peer_read = record->peer_read;
    apply_marks (self);
  }
  set_unread (self, record->unread);
  set_time (self, record->time_us);
  g_object_thaw_notify (G_OBJECT (self));
}

void
kith_conversation_set_online (KithConversation *self, gboolean online)
{
  if (!online)
    kith_conversation_set_typing (self, FALSE);
  if (self->online == online)
    return;
  self->online = online;
  notify (self, PROP_ONLINE);
}

static gboolean
on_typing_over (gpointer data)
{
  KithConversation *self = data;

  self->typing_timeout = 0;
  kith_conversation_set_typing (self, FALSE);
  return G_SOURCE_REMOVE;
}

void
kith_conversation_set_typing (KithConversation *self, gboolean typing)
{
  g_clear_handle_id (&self->typing_timeout, g_source_remove);
  if (typing)
    self->typing_timeout
        = g_timeout_add (TYPING_SHOWN_MS, on_typing_over, self);
  if (self->typing == typing)
    return;
  self->typing = typing;
  notify (self, PROP_TYPING);
}

void
kith_conversation_set_draft (KithConversation *self, const char *draft)
{
  if (record_set_string (&self->draft, draft == NULL ? "" : draft))
    notify (self, PROP_DRAFT);
}

void
kith_conversation_set_seen (KithConversation *self, guint64 number)
{
  self->read_number = MAX (self->read_number, number);
  set_unread (self, 0);
}

guint64
kith_conversation_get_last_number (KithConversation *self)
{
  return self->last_number;
}

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
    notify (self, PROP_LAST_MESSAGE);
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
      notify (self, PROP_HAS_OLDER);
  }
  self->last_number = MAX (self->last_number, record->number);
  if (self->last_message == NULL
      || kith_message_compare (message, self->last_message) >= 0)
    set_last (self, message);
  set_time (self, record->number == 0 ? 0 : record->time_us);
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
  set_time (self, 0);
}

static void
notify_ends (KithConversation *self, gboolean had_older, gboolean had_newer)
{
  if (had_older != message_window_get_has_older (self->window))
    notify (self, PROP_HAS_OLDER);
  if (had_newer != message_window_get_has_newer (self->window))
    notify (self, PROP_HAS_NEWER);
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

guint64
kith_conversation_get_id (KithConversation *self)
{
  return self->id;
}

KithUser *
kith_conversation_get_peer (KithConversation *self)
{
  return self->peer;
}

gboolean
kith_conversation_get_online (KithConversation *self)
{
  return self->online;
}

gboolean
kith_conversation_get_typing (KithConversation *self)
{
  return self->typing;
}

guint
kith_conversation_get_unread (KithConversation *self)
{
  return self->unread;
}

KithMessage *
kith_conversation_get_last_message (KithConversation *self)
{
  return self->last_message;
}

gint64
kith_conversation_get_time (KithConversation *self)
{
  return self->time_us;
}

const char *
kith_conversation_get_draft (KithConversation *self)
{
  return self->draft;
}

gboolean
kith_conversation_get_friends (KithConversation *self)
{
  return self->friends;
}

GListModel *
kith_conversation_get_messages (KithConversation *self)
{
  return message_window_get_model (self->window);
}

gboolean
kith_conversation_get_has_older (KithConversation *self)
{
  return message_window_get_has_older (self->window);
}

gboolean
kith_conversation_get_has_newer (KithConversation *self)
{
  return message_window_get_has_newer (self->window);
}

guint64
kith_conversation_get_read_number (KithConversation *self)
{
  return self->read_number;
}
