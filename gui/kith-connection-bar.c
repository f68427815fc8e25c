/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Why there is no connection. Follows the engine's state and status.
 *
 * A connection that is made quickly is not worth a bar that flashes by: while
 * connecting, the bar waits CONNECTING_DELAY_MS before it shows, and one that
 * is there stays until we are live, so that it does not blink at each attempt.
 */
#include "kith-connection-bar.h"

#include <glib/gi18n.h>

#define CONNECTING_DELAY_MS 2000

struct _KithConnectionBar {
  GtkRevealer parent_instance;

  GtkLabel *cause_label;
  GtkButton *action_button;
  AtkObject *bar_accessible;

  KithEngine *engine;
  guint delay; /* source id, 0: none */
};

G_DEFINE_TYPE (KithConnectionBar, kith_connection_bar, GTK_TYPE_REVEALER)

static gboolean
delay_over_cb (gpointer data)
{
  KithConnectionBar *self = data;

  self->delay = 0;
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), TRUE);
  return G_SOURCE_REMOVE;
}

static void
show (KithConnectionBar *self, gboolean at_once)
{
  GtkRevealer *revealer = GTK_REVEALER (self);

  if (at_once) {
    g_clear_handle_id (&self->delay, g_source_remove);
    gtk_revealer_set_reveal_child (revealer, TRUE);
  } else if (!gtk_revealer_get_reveal_child (revealer) && !self->delay) {
    self->delay = g_timeout_add (CONNECTING_DELAY_MS, delay_over_cb, self);
  }
}

static void
hide (KithConnectionBar *self)
{
  g_clear_handle_id (&self->delay, g_source_remove);
  gtk_revealer_set_reveal_child (GTK_REVEALER (self), FALSE);
}

static void
update (KithConnectionBar *self)
{
  KithEngineState state = kith_engine_get_state (self->engine);
  const char *status = kith_engine_get_status (self->engine);
  GtkWidget *button = GTK_WIDGET (self->action_button);

  if (!status || !*status)
    status = state == KITH_ENGINE_NEEDS_PASSWORD
                 ? _ ("Enter your password to go on.")
                 : _ ("Connecting…");
  gtk_label_set_text (self->cause_label, status);
  atk_object_set_name (self->bar_accessible, status);
  gtk_widget_set_visible (button, state == KITH_ENGINE_OFFLINE
                                      || state == KITH_ENGINE_NEEDS_PASSWORD);
  gtk_button_set_label (self->action_button, state == KITH_ENGINE_NEEDS_PASSWORD
                                                 ? _ ("Sign _In…")
                                                 : _ ("_Retry Now"));
  switch (state) {
  case KITH_ENGINE_OFFLINE:
  case KITH_ENGINE_NEEDS_PASSWORD:
    show (self, TRUE);
    break;
  case KITH_ENGINE_CONNECTING:
  case KITH_ENGINE_SYNCING:
    show (self, FALSE);
    break;
  case KITH_ENGINE_CLOSED:
  case KITH_ENGINE_STARTING:
  case KITH_ENGINE_SIGNED_OUT:
  case KITH_ENGINE_ONLINE:
  case KITH_ENGINE_KEY_CHANGED:
  default:
    hide (self);
  }
}

static void
action_clicked_cb (KithConnectionBar *self)
{
  if (kith_engine_get_state (self->engine) == KITH_ENGINE_NEEDS_PASSWORD)
    g_action_group_activate_action (
        G_ACTION_GROUP (gtk_widget_get_toplevel (GTK_WIDGET (self))),
        "enter-password", NULL);
  else
    kith_engine_reconnect (self->engine);
}

static void
kith_connection_bar_dispose (GObject *object)
{
  KithConnectionBar *self = KITH_CONNECTION_BAR (object);

  g_clear_handle_id (&self->delay, g_source_remove);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_connection_bar_parent_class)->dispose (object);
}

static void
kith_connection_bar_class_init (KithConnectionBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_connection_bar_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-connection-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, KithConnectionBar,
                                        cause_label);
  gtk_widget_class_bind_template_child (widget_class, KithConnectionBar,
                                        action_button);
  gtk_widget_class_bind_template_child (widget_class, KithConnectionBar,
                                        bar_accessible);
  gtk_widget_class_bind_template_callback (widget_class, action_clicked_cb);
}

static void
kith_connection_bar_init (KithConnectionBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_connection_bar_set_engine (KithConnectionBar *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_CONNECTION_BAR (self) && !self->engine);
  self->engine = g_object_ref (engine);
  g_signal_connect_object (engine, "notify::state", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "notify::status", G_CALLBACK (update), self,
                           G_CONNECT_SWAPPED);
  update (self);
}
