/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks for the password of the account that is there. */
#include "kith-password-dialog.h"

#include <glib/gi18n.h>

#define PASSWORD_LENGTH_MAX 1024

struct _KithPasswordDialog {
  KithEntryDialog parent_instance;
};

G_DEFINE_TYPE (KithPasswordDialog, kith_password_dialog, KITH_TYPE_ENTRY_DIALOG)

static gboolean
accepts (const char *text)
{
  return *text != '\0';
}

static void
kith_password_dialog_class_init (KithPasswordDialogClass *klass)
{
  KithEntryDialogClass *dialog_class = KITH_ENTRY_DIALOG_CLASS (klass);

  dialog_class->accepts = accepts;
  dialog_class->start = kith_engine_enter_password_async;
  dialog_class->finish = kith_engine_enter_password_finish;
}

static void
kith_password_dialog_init (KithPasswordDialog *self)
{
  GtkEntry *entry
      = kith_entry_dialog_set_entry (KITH_ENTRY_DIALOG (self), _ ("Password"),
                                     _ ("Password"), PASSWORD_LENGTH_MAX);

  gtk_entry_set_visibility (entry, FALSE);
  gtk_entry_set_input_purpose (entry, GTK_INPUT_PURPOSE_PASSWORD);
}

GtkWidget *
kith_password_dialog_new (GtkWindow *parent, KithEngine *engine)
{
  GtkWidget *self
      = kith_entry_dialog_new (KITH_TYPE_PASSWORD_DIALOG, parent, engine);
  KithUser *user = kith_engine_get_self_user (engine);
  g_autofree char *hint = NULL;

  /* Translators: a user name and a server's address. */
  hint = g_strdup_printf (_ ("The password of %s at %s, please."),
                          user ? kith_user_get_name (user) : "",
                          kith_engine_get_server_address (engine));
  kith_entry_dialog_set_words (KITH_ENTRY_DIALOG (self), _ ("Sign In Again"),
                               hint, _ ("_Sign In"));
  return self;
}
