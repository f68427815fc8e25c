/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asks for the password of the account that is there.
 */
#include "kith-password-dialog.h"

#include <glib/gi18n.h>

struct _KithPasswordDialog {
  GtkDialog parent_instance;

  GtkLabel *hint_label;
  GtkEntry *password_entry;
  GtkLabel *error_label;
  GtkWidget *sign_in_button;

  KithEngine *engine;
  GCancellable *cancellable;
};

G_DEFINE_TYPE (KithPasswordDialog, kith_password_dialog, GTK_TYPE_DIALOG)

static void
set_error (KithPasswordDialog *self, const char *sentence)
{
  gtk_label_set_text (self->error_label, sentence ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), sentence != NULL);
}

static void
password_changed_cb (KithPasswordDialog *self)
{
  gtk_widget_set_sensitive (self->sign_in_button,
                            *gtk_entry_get_text (self->password_entry) != '\0');
  set_error (self, NULL);
}

static void
set_busy (KithPasswordDialog *self, gboolean busy)
{
  gtk_widget_set_sensitive (GTK_WIDGET (self->password_entry), !busy);
  gtk_widget_set_sensitive (self->sign_in_button, !busy);
}

static void
entered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithPasswordDialog) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done = kith_engine_enter_password_finish (KITH_ENGINE (source),
                                                     result, &error);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (done) {
    gtk_widget_destroy (GTK_WIDGET (self));
    return;
  }
  set_busy (self, FALSE);
  set_error (self, error->message);
  gtk_widget_grab_focus (GTK_WIDGET (self->password_entry));
}

static void
kith_password_dialog_response (GtkDialog *dialog, int response)
{
  KithPasswordDialog *self = KITH_PASSWORD_DIALOG (dialog);

  if (response != GTK_RESPONSE_OK) {
    gtk_widget_destroy (GTK_WIDGET (self));
    return;
  }
  set_busy (self, TRUE);
  set_error (self, NULL);
  kith_engine_enter_password_async (
      self->engine, gtk_entry_get_text (self->password_entry),
      self->cancellable, entered_cb, g_object_ref (self));
}

static void
kith_password_dialog_dispose (GObject *object)
{
  KithPasswordDialog *self = KITH_PASSWORD_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_password_dialog_parent_class)->dispose (object);
}

static void
kith_password_dialog_finalize (GObject *object)
{
  g_object_unref (KITH_PASSWORD_DIALOG (object)->cancellable);
  G_OBJECT_CLASS (kith_password_dialog_parent_class)->finalize (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithPasswordDialog, child)

static void
kith_password_dialog_class_init (KithPasswordDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_password_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kith_password_dialog_finalize;
  GTK_DIALOG_CLASS (klass)->response = kith_password_dialog_response;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-password-dialog.ui");
  BIND (hint_label);
  BIND (password_entry);
  BIND (error_label);
  BIND (sign_in_button);
  gtk_widget_class_bind_template_callback (widget_class, password_changed_cb);
}

static void
kith_password_dialog_init (KithPasswordDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  gtk_style_context_add_class (
      gtk_widget_get_style_context (self->sign_in_button),
      GTK_STYLE_CLASS_SUGGESTED_ACTION);
}

GtkWidget *
kith_password_dialog_new (GtkWindow *parent, KithEngine *engine)
{
  KithPasswordDialog *self
      = g_object_new (KITH_TYPE_PASSWORD_DIALOG, "transient-for", parent,
                      "use-header-bar", TRUE, NULL);
  KithUser *user = kith_engine_get_self_user (engine);
  g_autofree char *hint = NULL;

  self->engine = g_object_ref (engine);
  /* Translators: a user name and a server's address. */
  hint = g_strdup_printf (_ ("The password of %s at %s, please."),
                          user ? kith_user_get_name (user) : "",
                          kith_engine_get_server_address (engine));
  gtk_label_set_text (self->hint_label, hint);
  return GTK_WIDGET (self);
}
