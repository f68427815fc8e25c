/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A person's avatar with a dot for presence. Holds no model: its owner says
 * what to show.
 */
#include "kith-presence-avatar.h"

#include <handy.h>

struct _KithPresenceAvatar {
  GtkOverlay parent_instance;

  HdyAvatar *avatar;
  GtkWidget *dot;
};

enum {
  PROP_0,
  PROP_SIZE,
  PROP_TEXT,
  PROP_ONLINE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_TYPE (KithPresenceAvatar, kith_presence_avatar, GTK_TYPE_OVERLAY)

static void
kith_presence_avatar_set_property (GObject *object, guint id,
                                   const GValue *value, GParamSpec *pspec)
{
  KithPresenceAvatar *self = KITH_PRESENCE_AVATAR (object);

  switch (id) {
  case PROP_SIZE:
    hdy_avatar_set_size (self->avatar, g_value_get_int (value));
    break;
  case PROP_TEXT:
    kith_presence_avatar_set_text (self, g_value_get_string (value));
    break;
  case PROP_ONLINE:
    kith_presence_avatar_set_online (self, g_value_get_boolean (value));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
kith_presence_avatar_class_init (KithPresenceAvatarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS;

  object_class->set_property = kith_presence_avatar_set_property;
  properties[PROP_SIZE]
      = g_param_spec_int ("size", NULL, NULL, 1, G_MAXINT, 40, flags);
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, flags);
  properties[PROP_ONLINE]
      = g_param_spec_boolean ("online", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-presence-avatar.ui");
  gtk_widget_class_bind_template_child (widget_class, KithPresenceAvatar,
                                        avatar);
  gtk_widget_class_bind_template_child (widget_class, KithPresenceAvatar, dot);
}

static void
kith_presence_avatar_init (KithPresenceAvatar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_presence_avatar_set_text (KithPresenceAvatar *self, const char *text)
{
  g_return_if_fail (KITH_IS_PRESENCE_AVATAR (self));
  hdy_avatar_set_text (self->avatar, text);
}

void
kith_presence_avatar_set_online (KithPresenceAvatar *self, gboolean online)
{
  g_return_if_fail (KITH_IS_PRESENCE_AVATAR (self));
  gtk_widget_set_visible (self->dot, online);
}

void
kith_presence_avatar_set_icon (KithPresenceAvatar *self, const char *icon_name)
{
  g_return_if_fail (KITH_IS_PRESENCE_AVATAR (self));
  hdy_avatar_set_icon_name (self->avatar, icon_name);
  hdy_avatar_set_show_initials (self->avatar, icon_name == NULL);
}
