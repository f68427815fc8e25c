/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KithMessage: see its header. A model: no widget, no network. */
#include "models.h"

#include <string.h>

struct _KithMessage {
  GObject parent_instance;

  guint64 number;
  guint64 sender_id;
  guint64 outbox_id;
  guint8 operation[RECORD_OPERATION_SIZE];
  gboolean has_operation;
  gboolean outgoing;
  gint64 time_us;
  char *text;
  char *reason;
  KithMessageState state;
};

enum {
  PROP_0,
  PROP_NUMBER,
  PROP_SENDER_ID,
  PROP_OUTGOING,
  PROP_TIME,
  PROP_TEXT,
  PROP_STATE,
  PROP_REASON,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KithMessage, kith_message, G_TYPE_OBJECT)

GType
kith_message_state_get_type (void)
{
  static const GEnumValue values[] = {
    { KITH_MESSAGE_PENDING, "KITH_MESSAGE_PENDING", "pending" },
    { KITH_MESSAGE_SENT, "KITH_MESSAGE_SENT", "sent" },
    { KITH_MESSAGE_DELIVERED, "KITH_MESSAGE_DELIVERED", "delivered" },
    { KITH_MESSAGE_READ, "KITH_MESSAGE_READ", "read" },
    { KITH_MESSAGE_FAILED, "KITH_MESSAGE_FAILED", "failed" },
    { KITH_MESSAGE_RECEIVED, "KITH_MESSAGE_RECEIVED", "received" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
                       g_enum_register_static ("KithMessageState", values));
  return type;
}

static void
kith_message_finalize (GObject *object)
{
  KithMessage *self = KITH_MESSAGE (object);

  g_free (self->text);
  g_free (self->reason);
  G_OBJECT_CLASS (kith_message_parent_class)->finalize (object);
}

static void
kith_message_get_property (GObject *object, guint prop_id, GValue *value,
                           GParamSpec *pspec)
{
  KithMessage *self = KITH_MESSAGE (object);

  switch (prop_id) {
  case PROP_NUMBER:
    g_value_set_uint64 (value, self->number);
    break;
  case PROP_SENDER_ID:
    g_value_set_uint64 (value, self->sender_id);
    break;
  case PROP_OUTGOING:
    g_value_set_boolean (value, self->outgoing);
    break;
  case PROP_TIME:
    g_value_set_int64 (value, self->time_us);
    break;
  case PROP_TEXT:
    g_value_set_string (value, self->text);
    break;
  case PROP_STATE:
    g_value_set_enum (value, self->state);
    break;
  case PROP_REASON:
    g_value_set_string (value, self->reason);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
kith_message_class_init (KithMessageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = kith_message_finalize;
  object_class->get_property = kith_message_get_property;
  properties[PROP_NUMBER]
      = g_param_spec_uint64 ("number", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_SENDER_ID]
      = g_param_spec_uint64 ("sender-id", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_OUTGOING]
      = g_param_spec_boolean ("outgoing", NULL, NULL, FALSE, flags);
  properties[PROP_TIME]
      = g_param_spec_int64 ("time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, flags);
  properties[PROP_STATE]
      = g_param_spec_enum ("state", NULL, NULL, KITH_TYPE_MESSAGE_STATE,
                           KITH_MESSAGE_PENDING, flags);
  properties[PROP_REASON]
      = g_param_spec_string ("reason", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kith_message_init (KithMessage *self)
{
}

KithMessage *
kith_message_new (const MessageRecord *record, gboolean outgoing)
{
  KithMessage *self = g_object_new (KITH_TYPE_MESSAGE, NULL);

  self->sender_id = record->sender_id;
  self->outgoing = outgoing;
  kith_message_update (self, record);
  return self;
}

static void
set_state (KithMessage *self, KithMessageState state)
{
  if (self->state == state)
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
}

static KithMessageState
state_of (KithMessage *self)
{
  if (!self->outgoing)
    return KITH_MESSAGE_RECEIVED;
  if (self->number == 0)
    return self->reason != NULL ? KITH_MESSAGE_FAILED : KITH_MESSAGE_PENDING;
  /* Ticks only rise. */
  if (self->state == KITH_MESSAGE_DELIVERED || self->state == KITH_MESSAGE_READ)
    return self->state;
  return KITH_MESSAGE_SENT;
}

void
kith_message_update (KithMessage *self, const MessageRecord *record)
{
  GObject *object = G_OBJECT (self);

  g_object_freeze_notify (object);
  self->outbox_id = record->number > 0 ? 0 : record->outbox_id;
  if (record->has_operation) {
    memcpy (self->operation, record->operation, sizeof (self->operation));
    self->has_operation = TRUE;
  }
  if (self->number != record->number) {
    self->number = record->number;
    g_object_notify_by_pspec (object, properties[PROP_NUMBER]);
  }
  if (self->time_us != record->time_us) {
    self->time_us = record->time_us;
    g_object_notify_by_pspec (object, properties[PROP_TIME]);
  }
  if (record_set_string (&self->text, record->text))
    g_object_notify_by_pspec (object, properties[PROP_TEXT]);
  if (record_set_string (&self->reason, record->reason))
    g_object_notify_by_pspec (object, properties[PROP_REASON]);
  set_state (self, state_of (self));
  g_object_thaw_notify (object);
}

void
kith_message_apply_marks (KithMessage *self, guint64 delivered, guint64 read)
{
  if (!self->outgoing || self->number == 0)
    return;
  if (self->number <= read)
    set_state (self, KITH_MESSAGE_READ);
  else if (self->number <= delivered && self->state != KITH_MESSAGE_READ)
    set_state (self, KITH_MESSAGE_DELIVERED);
}

guint64
kith_message_get_outbox_id (KithMessage *self)
{
  return self->outbox_id;
}

gboolean
kith_message_has_operation (KithMessage *self, const guint8 *operation)
{
  return self->has_operation && operation != NULL
         && memcmp (self->operation, operation, sizeof (self->operation)) == 0;
}

int
kith_message_compare (KithMessage *a, KithMessage *b)
{
  /* Those of the outbox, number 0, wrap round to the end. */
  const guint64 a_number = a->number - 1, b_number = b->number - 1;

  if (a_number != b_number)
    return a_number < b_number ? -1 : 1;
  if (a->outbox_id != b->outbox_id)
    return a->outbox_id < b->outbox_id ? -1 : 1;
  return 0;
}

guint64
kith_message_get_number (KithMessage *self)
{
  return self->number;
}

guint64
kith_message_get_sender_id (KithMessage *self)
{
  return self->sender_id;
}

gboolean
kith_message_get_outgoing (KithMessage *self)
{
  return self->outgoing;
}

gint64
kith_message_get_time (KithMessage *self)
{
  return self->time_us;
}

const char *
kith_message_get_text (KithMessage *self)
{
  return self->text;
}

KithMessageState
kith_message_get_state (KithMessage *self)
{
  return self->state;
}

const char *
kith_message_get_reason (KithMessage *self)
{
  return self->reason;
}
