/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KithFriendRequest: see its header. A model: no widget, no network. */
#include "models.h"

struct _KithFriendRequest {
  GObject parent_instance;

  guint64 id;
  KithUser *user;
  gboolean incoming;
  gint64 time_us;
  gboolean busy;
};

enum {
  PROP_0,
  PROP_ID,
  PROP_USER,
  PROP_INCOMING,
  PROP_TIME,
  PROP_BUSY,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KithFriendRequest, kith_friend_request, G_TYPE_OBJECT)

static void
kith_friend_request_finalize (GObject *object)
{
  KithFriendRequest *self = KITH_FRIEND_REQUEST (object);

  g_clear_object (&self->user);
  G_OBJECT_CLASS (kith_friend_request_parent_class)->finalize (object);
}

static void
kith_friend_request_get_property (GObject *object, guint prop_id, GValue *value,
                                  GParamSpec *pspec)
{
  KithFriendRequest *self = KITH_FRIEND_REQUEST (object);

  switch (prop_id) {
  case PROP_ID:
    g_value_set_uint64 (value, self->id);
    break;
  case PROP_USER:
    g_value_set_object (value, self->user);
    break;
  case PROP_INCOMING:
    g_value_set_boolean (value, self->incoming);
    break;
  case PROP_TIME:
    g_value_set_int64 (value, self->time_us);
    break;
  case PROP_BUSY:
    g_value_set_boolean (value, self->busy);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
kith_friend_request_class_init (KithFriendRequestClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = kith_friend_request_finalize;
  object_class->get_property = kith_friend_request_get_property;
  properties[PROP_ID]
      = g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_USER]
      = g_param_spec_object ("user", NULL, NULL, KITH_TYPE_USER, flags);
  properties[PROP_INCOMING]
      = g_param_spec_boolean ("incoming", NULL, NULL, FALSE, flags);
  properties[PROP_TIME]
      = g_param_spec_int64 ("time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[PROP_BUSY]
      = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kith_friend_request_init (KithFriendRequest *self)
{
}

KithFriendRequest *
kith_friend_request_new (const RequestRecord *record, KithUser *user)
{
  KithFriendRequest *self = g_object_new (KITH_TYPE_FRIEND_REQUEST, NULL);

  self->id = record->id;
  self->user = g_object_ref (user);
  self->incoming = record->incoming;
  self->time_us = record->time_us;
  return self;
}

void
kith_friend_request_set_busy (KithFriendRequest *self, gboolean busy)
{
  if (self->busy == busy)
    return;
  self->busy = busy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

guint64
kith_friend_request_get_id (KithFriendRequest *self)
{
  return self->id;
}

KithUser *
kith_friend_request_get_user (KithFriendRequest *self)
{
  return self->user;
}

gboolean
kith_friend_request_get_incoming (KithFriendRequest *self)
{
  return self->incoming;
}

gint64
kith_friend_request_get_time (KithFriendRequest *self)
{
  return self->time_us;
}

gboolean
kith_friend_request_get_busy (KithFriendRequest *self)
{
  return self->busy;
}
