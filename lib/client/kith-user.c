/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KithUser: see kith-user.h. A model: knows no widget and no network. */
#include "models.h"

#include "text.h"

struct _KithUser {
  GObject parent_instance;

  guint64 id;
  char *name;
  char *display_name;
};

enum {
  PROP_0,
  PROP_ID,
  PROP_NAME,
  PROP_DISPLAY_NAME,
  PROP_TITLE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (KithUser, kith_user, G_TYPE_OBJECT)

static void
kith_user_finalize (GObject *object)
{
  KithUser *self = KITH_USER (object);

  g_free (self->name);
  g_free (self->display_name);
  G_OBJECT_CLASS (kith_user_parent_class)->finalize (object);
}

static void
kith_user_get_property (GObject *object, guint prop_id, GValue *value,
                        GParamSpec *pspec)
{
  KithUser *self = KITH_USER (object);

  switch (prop_id) {
  case PROP_ID:
    g_value_set_uint64 (value, self->id);
    break;
  case PROP_NAME:
    g_value_set_string (value, self->name);
    break;
  case PROP_DISPLAY_NAME:
    g_value_set_string (value, self->display_name);
    break;
  case PROP_TITLE:
    g_value_set_string (value, kith_user_get_title (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
kith_user_class_init (KithUserClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = kith_user_finalize;
  object_class->get_property = kith_user_get_property;
  properties[PROP_ID]
      = g_param_spec_uint64 ("id", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_DISPLAY_NAME]
      = g_param_spec_string ("display-name", NULL, NULL, NULL, flags);
  properties[PROP_TITLE]
      = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
kith_user_init (KithUser *self)
{
}

KithUser *
kith_user_new (const UserRecord *record)
{
  KithUser *self = g_object_new (KITH_TYPE_USER, NULL);

  self->id = record->id;
  self->name = g_strdup (record->name);
  self->display_name = g_strdup (record->display_name);
  return self;
}

void
kith_user_update (KithUser *self, const UserRecord *record)
{
  gboolean changed = FALSE;

  g_object_freeze_notify (G_OBJECT (self));
  if (record_set_string (&self->name, record->name)) {
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NAME]);
    changed = TRUE;
  }
  if (record_set_string (&self->display_name, record->display_name)) {
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DISPLAY_NAME]);
    changed = TRUE;
  }
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TITLE]);
  g_object_thaw_notify (G_OBJECT (self));
}

guint64
kith_user_get_id (KithUser *self)
{
  return self->id;
}

const char *
kith_user_get_name (KithUser *self)
{
  return self->name;
}

const char *
kith_user_get_display_name (KithUser *self)
{
  return self->display_name;
}

const char *
kith_user_get_title (KithUser *self)
{
  return self->display_name != NULL && *self->display_name != '\0'
             ? self->display_name
             : self->name;
}

gboolean
kith_user_get_is_server (KithUser *self)
{
  return text_is_server_name (self->name);
}
