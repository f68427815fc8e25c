/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks somebody to be a friend. Stays open with the reason when it fails.
 */
#include "kith-add-friend-dialog.h"

#include <glib/gi18n.h>

#include "text.h"

struct _KithAddFriendDialog {
  GtkDialog parent_instance;

  GtkEntry *name_entry;
  GtkLabel *error_label;
  GtkWidget *ask_button;

  KithEngine *engine;
  GCancellable *cancellable;
};

G_DEFINE_TYPE (KithAddFriendDialog, kith_add_friend_dialog, GTK_TYPE_DIALOG)

static void
set_error (KithAddFriendDialog *self, const char *sentence)
{
  gtk_label_set_text (self->error_label, sentence ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), sentence != NULL);
}

/* (transfer full): as the server knows it, however it was typed. */
static char *
typed_name (KithAddFriendDialog *self)
{
  g_autofree char *name
      = g_ascii_strdown (gtk_entry_get_text (self->name_entry), -1);

  return g_strstrip (g_steal_pointer (&name));
}

static void
name_changed_cb (KithAddFriendDialog *self)
{
  g_autofree char *name = typed_name (self);

  gtk_widget_set_sensitive (self->ask_button,
                            text_check_name (name) == KITH_OK);
  set_error (self, NULL);
}

static void
set_busy (KithAddFriendDialog *self, gboolean busy)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->name_entry), !busy);
  gtk_widget_set_sensitive (self->ask_button, !busy);
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithAddFriendDialog) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = kith_engine_send_friend_request_finish (KITH_ENGINE (source),
                                                          result, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (done) {
    /* The request shows in the sidebar by itself. */
    gtk_widget_destroy (GTK_WIDGET (self));
    return;
  }
  set_busy (self, FALSE);
  set_error (self, error->message);
  gtk_widget_grab_focus (GTK_WIDGET (self->name_entry));
}

static void
kith_add_friend_dialog_response (GtkDialog *dialog, int response)
{
  KithAddFriendDialog *self = KITH_ADD_FRIEND_DIALOG (dialog);
  g_autofree char *name = NULL;

  if (response != GTK_RESPONSE_OK) {
    gtk_widget_destroy (GTK_WIDGET (self));
    return;
  }
  name = typed_name (self);
  set_busy (self, TRUE);
  set_error (self, NULL);
  kith_engine_send_friend_request_async (self->engine, name, self->cancellable,
                                         asked_cb, g_object_ref (self));
}

static void
kith_add_friend_dialog_dispose (GObject *object)
{
  KithAddFriendDialog *self = KITH_ADD_FRIEND_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_add_friend_dialog_parent_class)->dispose (object);
}

static void
kith_add_friend_dialog_finalize (GObject *object)
{
  g_object_unref (KITH_ADD_FRIEND_DIALOG (object)->cancellable);
  G_OBJECT_CLASS (kith_add_friend_dialog_parent_class)->finalize (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithAddFriendDialog,     \
                                        child)

static void
kith_add_friend_dialog_class_init (KithAddFriendDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_add_friend_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kith_add_friend_dialog_finalize;
  GTK_DIALOG_CLASS (klass)->response = kith_add_friend_dialog_response;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-add-friend-dialog.ui");
  BIND (name_entry);
  BIND (error_label);
  BIND (ask_button);
  gtk_widget_class_bind_template_callback (widget_class, name_changed_cb);
}

static void
kith_add_friend_dialog_init (KithAddFriendDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  gtk_style_context_add_class (gtk_widget_get_style_context (self->ask_button),
                               GTK_STYLE_CLASS_SUGGESTED_ACTION);
}

GtkWidget *
kith_add_friend_dialog_new (GtkWindow *parent, KithEngine *engine)
{
  KithAddFriendDialog *self
      = g_object_new (KITH_TYPE_ADD_FRIEND_DIALOG, "transient-for", parent,
                      "use-header-bar", TRUE, NULL);

  self->engine = g_object_ref (engine);
  return GTK_WIDGET (self);
}
