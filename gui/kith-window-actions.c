/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the window can be told to do, by a key, a menu or a button. */
#include "kith-window-private.h"

#include <glib/gi18n.h>

#include "kith-add-friend-dialog.h"
#include "kith-password-dialog.h"
#include "web-links.h"

static void
add_friend_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;
  GtkWidget *dialog;

  if (!kith_window_chatting (self))
    return;
  dialog = kith_add_friend_dialog_new (GTK_WINDOW (self), self->engine);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
kith_window_ask_password (KithWindow *self)
{
  GtkWidget *dialog;

  if (self->password_dialog) {
    gtk_window_present (GTK_WINDOW (self->password_dialog));
    return;
  }
  dialog = kith_password_dialog_new (GTK_WINDOW (self), self->engine);
  g_set_weak_pointer (&self->password_dialog, dialog);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
enter_password_action (GSimpleAction *action, GVariant *parameter,
                       gpointer data)
{
  KithWindow *self = data;

  if (kith_engine_get_state (self->engine) == KITH_ENGINE_NEEDS_PASSWORD)
    kith_window_ask_password (self);
}

/* (transfer none): a question whose answer "ok" does what cannot be undone. */
static GtkWidget *
question_new (KithWindow *self, const char *question, const char *detail,
              const char *verb)
{
  GtkWidget *dialog = gtk_message_dialog_new (
      GTK_WINDOW (self), GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT,
      GTK_MESSAGE_QUESTION, GTK_BUTTONS_NONE, NULL);
  GtkWidget *button;

  g_object_set (dialog, "text", question, "secondary-text", detail, NULL);
  gtk_dialog_add_button (GTK_DIALOG (dialog), _ ("_Cancel"),
                         GTK_RESPONSE_CANCEL);
  button = gtk_dialog_add_button (GTK_DIALOG (dialog), verb, GTK_RESPONSE_OK);
  gtk_style_context_add_class (gtk_widget_get_style_context (button),
                               GTK_STYLE_CLASS_DESTRUCTIVE_ACTION);
  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_CANCEL);
  return dialog;
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithWindow) self = data;
  g_autoptr (GError) error = NULL;

  if (!kith_engine_remove_friend_finish (KITH_ENGINE (source), result, &error))
    kith_window_say (self, error->message);
}

static void
remove_response_cb (KithWindow *self, int response, GtkDialog *dialog)
{
  KithConversation *conversation
      = g_object_get_data (G_OBJECT (dialog), "conversation");

  if (response == GTK_RESPONSE_OK)
    kith_engine_remove_friend_async (self->engine, conversation, removed_cb,
                                     g_object_ref (self));
  gtk_widget_destroy (GTK_WIDGET (dialog));
}

static void
remove_friend_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;
  KithConversation *conversation
      = kith_conversation_view_get_conversation (self->conversation_view);
  g_autofree char *question = NULL;
  GtkWidget *dialog;

  if (!conversation)
    return;
  question = g_strdup_printf (
      _ ("Remove %s from your friends?"),
      kith_user_get_title (kith_conversation_get_peer (conversation)));
  dialog = question_new (self, question,
                         _ ("You will not be able to write to each other. "
                            "Both of you can still read what was said."),
                         _ ("_Remove"));
  g_object_set_data_full (G_OBJECT (dialog), "conversation",
                          g_object_ref (conversation), g_object_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (remove_response_cb),
                           self, G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
signed_out_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithWindow) self = data;
  g_autoptr (GError) error = NULL;

  if (!kith_engine_sign_out_finish (KITH_ENGINE (source), result, &error))
    kith_window_say (self, error->message);
}

static void
sign_out_response_cb (KithWindow *self, int response, GtkDialog *dialog)
{
  if (response == GTK_RESPONSE_OK)
    kith_engine_sign_out_async (self->engine, NULL, signed_out_cb,
                                g_object_ref (self));
  gtk_widget_destroy (GTK_WIDGET (dialog));
}

static void
sign_out_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;
  guint unsent = kith_engine_get_unsent (self->engine);
  g_autofree char *detail = NULL;
  GtkWidget *dialog;

  if (!kith_window_chatting (self))
    return;
  if (unsent > 0)
    detail = g_strdup_printf (
        ngettext ("%u message that has not been sent yet will be lost.",
                  "%u messages that have not been sent yet will be lost.",
                  unsent),
        unsent);
  else
    detail = g_strdup (
        _ ("Your conversations stay on the server. On this computer they are "
           "forgotten until you sign in again."));
  dialog = question_new (self, _ ("Sign out?"), detail, _ ("_Sign Out"));
  g_signal_connect_object (dialog, "response",
                           G_CALLBACK (sign_out_response_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
search_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;

  if (!kith_window_chatting (self))
    return;
  hdy_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->sidebar));
  kith_sidebar_focus_search (self->sidebar);
}

static void
menu_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;

  if (!kith_window_chatting (self))
    return;
  hdy_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->sidebar));
  kith_sidebar_open_menu (self->sidebar);
}

/* One step out: of a question, of the search, of the conversation in a narrow
 * window. */
static void
back_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;

  kith_window_leave_trust_page (self);
  if (!kith_window_chatting (self))
    return;
  if (!kith_sidebar_end_search (self->sidebar)
      && hdy_leaflet_get_folded (self->leaflet))
    hdy_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->sidebar));
  kith_window_take_focus (self);
}

static void
close_conversation_action (GSimpleAction *action, GVariant *parameter,
                           gpointer data)
{
  kith_window_close_conversation (data);
}

static void
step (KithWindow *self, int distance, gboolean unread)
{
  KithConversation *conversation;

  if (!kith_window_chatting (self))
    return;
  conversation = kith_sidebar_neighbour (self->sidebar, distance, unread);
  if (conversation)
    kith_window_show_conversation (self, conversation, TRUE);
}

static void
next_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  step (data, 1, FALSE);
}

static void
previous_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  step (data, -1, FALSE);
}

static void
next_unread_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  step (data, 1, TRUE);
}

static void
previous_unread_action (GSimpleAction *action, GVariant *parameter,
                        gpointer data)
{
  step (data, -1, TRUE);
}

static void
newest_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;

  kith_conversation_view_go_to_newest (self->conversation_view);
}

static void
address_opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithWindow) self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;

  if (g_app_info_launch_default_for_uri_finish (result, &error))
    return;
  /* Translators: the desktop says why. */
  sentence = g_strdup_printf (_ ("This address could not be opened: %s"),
                              error->message);
  kith_window_say (self, sentence);
}

/* gtk_show_uri_on_window() says that all went well before it has tried. The
 * actions of a window can be asked for over the session's bus too, so what
 * comes here may be no address at all. */
static void
open_address_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithWindow *self = data;
  const char *address = g_variant_get_string (parameter, NULL);
  GdkDisplay *display = gtk_widget_get_display (GTK_WIDGET (self));
  g_autoptr (GdkAppLaunchContext) context = NULL;

  if (!web_links_is_address (address))
    return;
  context = gdk_display_get_app_launch_context (display);
  gdk_app_launch_context_set_timestamp (context, gtk_get_current_event_time ());
  g_app_info_launch_default_for_uri_async (
      address, G_APP_LAUNCH_CONTEXT (context), NULL, address_opened_cb,
      g_object_ref (self));
}

static const GActionEntry actions[] = {
  { "add-friend", add_friend_action },
  { "enter-password", enter_password_action },
  { "remove-friend", remove_friend_action },
  { "sign-out", sign_out_action },
  { "search", search_action },
  { "menu", menu_action },
  { "back", back_action },
  { "close-conversation", close_conversation_action },
  { "next", next_action },
  { "previous", previous_action },
  { "next-unread", next_unread_action },
  { "previous-unread", previous_unread_action },
  { "newest", newest_action },
  { "open-address", open_address_action, "s" },
};

void
kith_window_add_actions (KithWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions,
                                   G_N_ELEMENTS (actions), self);
}
