/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A note over the window. One at a time: the newest is what matters.
 */
#include "kith-toast.h"

#define SHOWN_S 8

struct _KithToast {
  GtkRevealer parent_instance;

  GtkLabel *label;
  AtkObject *note_accessible;
  guint timeout; /* source id, 0: none */
};

G_DEFINE_TYPE (KithToast, kith_toast, GTK_TYPE_REVEALER)

static void
close_clicked_cb (KithToast *self)
{
  g_clear_handle_id (&self->timeout, g_source_remove);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), FALSE);
}

static gboolean
timeout_cb (gpointer data)
{
  KithToast *self = data;

  self->timeout = 0;
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), FALSE);
  return G_SOURCE_REMOVE;
}

static void
kith_toast_dispose (GObject *object)
{
  g_clear_handle_id (&KITH_TOAST (object)->timeout, g_source_remove);
  G_OBJECT_CLASS (kith_toast_parent_class)->dispose (object);
}

static void
kith_toast_class_init (KithToastClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_toast_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/chat/kith/Kith/kith-toast.ui");
  gtk_widget_class_bind_template_child (widget_class, KithToast, label);
  gtk_widget_class_bind_template_child (widget_class, KithToast,
                                        note_accessible);
  gtk_widget_class_bind_template_callback (widget_class, close_clicked_cb);
}

static void
kith_toast_init (KithToast *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_toast_say (KithToast *self, const char *sentence)
{
  g_return_if_fail (KITH_IS_TOAST (self));
  g_clear_handle_id (&self->timeout, g_source_remove);
  gtk_label_set_text (self->label, sentence);
  atk_object_set_name (self->note_accessible, sentence);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), TRUE);
  self->timeout = g_timeout_add_seconds (SHOWN_S, timeout_cb, self);
}
