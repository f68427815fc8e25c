/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Follows the person who is signed in. The labels are its own and not a header
 * bar's, which a screen reader does not find.
 */
#include "kith-self-title.h"

#include <glib/gi18n.h>

struct _KithSelfTitle {
  GtkBox parent_instance;

  GtkLabel *title_label;
  GtkLabel *name_label;

  KithEngine *engine;
  GSignalGroup *user_signals;
};

G_DEFINE_TYPE (KithSelfTitle, kith_self_title, GTK_TYPE_BOX)

static void
update (KithSelfTitle *self)
{
  KithUser *user = kith_engine_get_self_user (self->engine);
  const char *title = user ? kith_user_get_title (user) : "";
  const char *name = user ? kith_user_get_name (user) : "";
  g_autofree char *where = NULL;

  if (user)
    /* Translators: a user name and a server's address. */
    where = g_strdup_printf (_ ("You are %s at %s"), name,
                             kith_engine_get_server_address (self->engine));
  gtk_label_set_text (self->title_label, title);
  gtk_label_set_text (self->name_label, name);
  gtk_widget_set_visible (GTK_WIDGET (self->name_label),
                          !g_str_equal (title, name));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self), where);
}

static void
user_changed_cb (KithSelfTitle *self)
{
  g_signal_group_set_target (self->user_signals,
                             kith_engine_get_self_user (self->engine));
  update (self);
}

static void
kith_self_title_dispose (GObject *object)
{
  KithSelfTitle *self = KITH_SELF_TITLE (object);

  g_clear_object (&self->user_signals);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_self_title_parent_class)->dispose (object);
}

static void
kith_self_title_class_init (KithSelfTitleClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_self_title_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-self-title.ui");
  gtk_widget_class_bind_template_child (widget_class, KithSelfTitle,
                                        title_label);
  gtk_widget_class_bind_template_child (widget_class, KithSelfTitle,
                                        name_label);
}

static void
kith_self_title_init (KithSelfTitle *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->user_signals = g_signal_group_new (KITH_TYPE_USER);
  g_signal_group_connect_swapped (self->user_signals, "notify::title",
                                  G_CALLBACK (update), self);
}

void
kith_self_title_set_engine (KithSelfTitle *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_SELF_TITLE (self) && !self->engine);
  self->engine = g_object_ref (engine);
  g_signal_connect_object (engine, "notify::self-user",
                           G_CALLBACK (user_changed_cb), self,
                           G_CONNECT_SWAPPED);
  user_changed_cb (self);
}
