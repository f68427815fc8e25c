/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KithConversation: see its header. A model: no widget, no network. Its
 * messages are in conversation-messages.c.
 */
#include "conversation-private.h"

#define TYPING_SHOWN_MS 10000 /* PROTOCOL.md section 8 */

static GParamSpec *properties[CONVERSATION_N_PROPS];

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
  case CONVERSATION_PROP_ID:
    g_value_set_uint64 (value, self->id);
    break;
  case CONVERSATION_PROP_PEER:
    g_value_set_object (value, self->peer);
    break;
  case CONVERSATION_PROP_ONLINE:
    g_value_set_boolean (value, self->online);
    break;
  case CONVERSATION_PROP_TYPING:
    g_value_set_boolean (value, self->typing);
    break;
  case CONVERSATION_PROP_UNREAD:
    g_value_set_uint (value, self->unread);
    break;
  case CONVERSATION_PROP_LAST_MESSAGE:
    g_value_set_object (value, self->last_message);
    break;
  case CONVERSATION_PROP_TIME:
    g_value_set_int64 (value, self->time_us);
    break;
  case CONVERSATION_PROP_DRAFT:
    g_value_set_string (value, self->draft);
    break;
  case CONVERSATION_PROP_FRIENDS:
    g_value_set_boolean (value, self->friends);
    break;
  case CONVERSATION_PROP_MESSAGES:
    g_value_set_object (value, message_window_get_model (self->window));
    break;
  case CONVERSATION_PROP_HAS_OLDER:
    g_value_set_boolean (value, message_window_get_has_older (self->window));
    break;
  case CONVERSATION_PROP_HAS_NEWER:
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
  properties[CONVERSATION_PROP_ID]
      = g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[CONVERSATION_PROP_PEER]
      = g_param_spec_object ("peer", NULL, NULL, KITH_TYPE_USER, flags);
  properties[CONVERSATION_PROP_ONLINE]
      = g_param_spec_boolean ("online", NULL, NULL, FALSE, flags);
  properties[CONVERSATION_PROP_TYPING]
      = g_param_spec_boolean ("typing", NULL, NULL, FALSE, flags);
  properties[CONVERSATION_PROP_UNREAD]
      = g_param_spec_uint ("unread", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[CONVERSATION_PROP_LAST_MESSAGE] = g_param_spec_object (
      "last-message", NULL, NULL, KITH_TYPE_MESSAGE, flags);
  properties[CONVERSATION_PROP_TIME]
      = g_param_spec_int64 ("time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[CONVERSATION_PROP_DRAFT]
      = g_param_spec_string ("draft", NULL, NULL, "", flags);
  properties[CONVERSATION_PROP_FRIENDS]
      = g_param_spec_boolean ("friends", NULL, NULL, FALSE, flags);
  properties[CONVERSATION_PROP_MESSAGES]
      = g_param_spec_object ("messages", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[CONVERSATION_PROP_HAS_OLDER]
      = g_param_spec_boolean ("has-older", NULL, NULL, FALSE, flags);
  properties[CONVERSATION_PROP_HAS_NEWER]
      = g_param_spec_boolean ("has-newer", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, CONVERSATION_N_PROPS,
                                     properties);
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

void
conversation_notify (KithConversation *self, ConversationProperty property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_unread (KithConversation *self, guint unread)
{
  if (self->unread == unread)
    return;
  self->unread = unread;
  conversation_notify (self, CONVERSATION_PROP_UNREAD);
}

/* This machine's clock counts only for what the server has not seen yet: it may
 * be wrong. */
void
conversation_set_time (KithConversation *self, gint64 told_us)
{
  gint64 time_us = self->told_us = MAX (self->told_us, told_us);

  if (self->last_message != NULL
      && kith_message_get_number (self->last_message) == 0)
    time_us = MAX (time_us, kith_message_get_time (self->last_message));
  if (self->time_us == time_us)
    return;
  self->time_us = time_us;
  conversation_notify (self, CONVERSATION_PROP_TIME);
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
    conversation_notify (self, CONVERSATION_PROP_FRIENDS);
    if (!self->friends)
      kith_conversation_set_online (self, FALSE);
  }
  self->last_number = record->last_number;
  if (self->peer_delivered != record->peer_delivered
      || self->peer_read != record->peer_read) {
    self->peer_delivered = record->peer_delivered;
    self->peer_read = record->peer_read;
    apply_marks (self);
  }
  /* What the thread told before it heard of our reading is out of date. */
  if (record->my_read >= self->read_number) {
    self->read_number = record->my_read;
    set_unread (self, record->unread);
  }
  conversation_set_time (self, record->time_us);
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
  conversation_notify (self, CONVERSATION_PROP_ONLINE);
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
  conversation_notify (self, CONVERSATION_PROP_TYPING);
}

void
kith_conversation_set_draft (KithConversation *self, const char *draft)
{
  if (record_set_string (&self->draft, draft == NULL ? "" : draft))
    conversation_notify (self, CONVERSATION_PROP_DRAFT);
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
