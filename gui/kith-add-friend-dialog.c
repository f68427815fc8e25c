/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks somebody to be a friend; the request then shows in the sidebar. */
#include "kith-add-friend-dialog.h"

#include <glib/gi18n.h>

#include "kith-client-error.h"
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

/* Has this person been asked, without an answer yet? */
static gboolean
asked (KithEngine *engine, const char *name)
{
  GListModel *requests = kith_engine_get_friend_requests (engine);
  guint n = g_list_model_get_n_items (requests);

  for (guint i = 0; i < n; i++) {
    g_autoptr (KithFriendRequest) request = g_list_model_get_item (requests, i);
    KithUser *user = kith_friend_request_get_user (request);

    if (!kith_friend_request_get_incoming (request)
        && g_str_equal (kith_user_get_name (user), name))
      return TRUE;
  }
  return FALSE;
}

static char *
explain (KithEngine *engine, const char *text, const GError *error)
{
  g_autofree char *name = name_of (text);

  if (g_error_matches (error, KITH_CLIENT_ERROR, KITH_NOT_FOUND))
    return g_strdup_printf (_ ("Nobody on this server is called “%s”."), name);
  if (g_error_matches (error, KITH_CLIENT_ERROR, KITH_FORBIDDEN))
    return g_strdup (_ ("That is your own name."));
  if (!g_error_matches (error, KITH_CLIENT_ERROR, KITH_ALREADY))
    return NULL;
  return g_strdup_printf (
      asked (engine, name)
          ? _ ("You have asked %s already. There is no answer yet.")
          : _ ("You and %s are friends already."),
      name);
}

static void
kith_add_friend_dialog_class_init (KithAddFriendDialogClass *klass)
{
  KithEntryDialogClass *dialog_class = KITH_ENTRY_DIALOG_CLASS (klass);

  dialog_class->accepts = accepts;
  dialog_class->start = start;
  dialog_class->finish = kith_engine_send_friend_request_finish;
  dialog_class->explain = explain;
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
      _ ("Whom on your server do you want to be friends with? Type their user "
         "name. You can talk as soon as they accept."),
      _ ("_Send Request"));
}

GtkWidget *
kith_add_friend_dialog_new (GtkWindow *parent, KithEngine *engine)
{
  return kith_entry_dialog_new (KITH_TYPE_ADD_FRIEND_DIALOG, parent, engine);
}
