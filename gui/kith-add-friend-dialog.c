/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks somebody to be a friend; the request then shows in the sidebar. */
#include "kith-add-friend-dialog.h"

#include <glib/gi18n.h>

#include "text.h"

#define NAME_LENGTH_MAX 32

struct _KithAddFriendDialog {
  KithEntryDialog parent_instance;
};

G_DEFINE_TYPE (KithAddFriendDialog, kith_add_friend_dialog,
               KITH_TYPE_ENTRY_DIALOG)

/* (transfer full): as the server knows it, however it was typed. */
static char *
name_of (const char *text)
{
  return g_strstrip (g_ascii_strdown (text, -1));
}

static gboolean
accepts (const char *text)
{
  g_autofree char *name = name_of (text);

  return text_check_name (name) == KITH_OK;
}

static void
start (KithEngine *engine, const char *text, GCancellable *cancellable,
       GAsyncReadyCallback callback, gpointer data)
{
  g_autofree char *name = name_of (text);

  kith_engine_send_friend_request_async (engine, name, cancellable, callback,
                                         data);
}

static void
kith_add_friend_dialog_class_init (KithAddFriendDialogClass *klass)
{
  KithEntryDialogClass *dialog_class = KITH_ENTRY_DIALOG_CLASS (klass);

  dialog_class->accepts = accepts;
  dialog_class->start = start;
  dialog_class->finish = kith_engine_send_friend_request_finish;
}

static void
kith_add_friend_dialog_init (KithAddFriendDialog *self)
{
  KithEntryDialog *dialog = KITH_ENTRY_DIALOG (self);
  GtkEntry *entry = kith_entry_dialog_set_entry (
      dialog, _ ("User name"), _ ("Their user name"), NAME_LENGTH_MAX);

  gtk_entry_set_input_hints (entry, GTK_INPUT_HINT_LOWERCASE
                                        | GTK_INPUT_HINT_NO_SPELLCHECK);
  kith_entry_dialog_set_words (
      dialog, _ ("Add a Friend"),
      _ ("Ask somebody on your server to be your friend. You can talk as soon "
         "as they accept."),
      _ ("_Send Request"));
}

GtkWidget *
kith_add_friend_dialog_new (GtkWindow *parent, KithEngine *engine)
{
  return kith_entry_dialog_new (KITH_TYPE_ADD_FRIEND_DIALOG, parent, engine);
}
