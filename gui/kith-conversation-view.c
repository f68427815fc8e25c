/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The right side of the window. Ties one conversation to the history and the
 * composer, which do not know each other.
 */
#include "kith-conversation-view.h"

#include <glib/gi18n.h>

#include "kith-composer.h"
#include "kith-connection-bar.h"
#include "kith-history-view.h"
#include "kith-presence-avatar.h"

#define NATURAL_WIDTH_PX 340

struct _KithConversationView {
  GtkBox parent_instance;

  HdyHeaderBar *header_bar;
  GtkWidget *title_box;
  KithPresenceAvatar *avatar;
  GtkLabel *name_label;
  GtkLabel *presence_label;
  GtkWidget *back_button;
  GtkWidget *menu_button;
  KithConnectionBar *connection_bar;
  GtkStack *stack;
  KithHistoryView *history_view;
  KithComposer *composer;
  GtkWidget *announcements_line;

  KithEngine *engine;
  KithConversation *conversation; /* (nullable) */
  GSignalGroup *conversation_signals;
  GSignalGroup *peer_signals;
};

G_DEFINE_TYPE (KithConversationView, kith_conversation_view, GTK_TYPE_BOX)

/* A text that could not be put into the outbox goes back to the composer, or
 * becomes the draft of a conversation that does not show any more. */
typedef struct {
  KithConversationView *view;
  KithConversation *conversation;
  char *text;
} Sending;

static void
sending_free (Sending *sending)
{
  g_object_unref (sending->view);
  g_object_unref (sending->conversation);
  g_free (sending->text);
  g_free (sending);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Sending, sending_free)

static void
sent_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Sending) sending = data;
  g_autoptr (GError) error = NULL;
  KithConversationView *self = sending->view;
  KithEngine *engine = KITH_ENGINE (source);
  const char *since;
  g_autofree char *whole = NULL;

  if (kith_engine_send_message_finish (engine, result, &error))
    return;
  /* In front of what was typed since: neither is lost. */
  since = kith_conversation_get_draft (sending->conversation);
  whole = g_strjoin (*since ? "\n" : "", sending->text, since, NULL);
  kith_engine_set_draft (engine, sending->conversation, whole);
  if (self->conversation != sending->conversation)
    return;
  kith_composer_set_text (self->composer, whole);
  kith_composer_set_note (self->composer, error->message);
}

static void
send_cb (KithConversationView *self, const char *text)
{
  Sending *sending = g_new0 (Sending, 1);

  sending->view = g_object_ref (self);
  sending->conversation = g_object_ref (self->conversation);
  sending->text = g_strdup (text);
  kith_history_view_go_to_newest (self->history_view);
  kith_engine_set_typing (self->engine, self->conversation, FALSE);
  kith_engine_send_message_async (self->engine, self->conversation, text,
                                  sent_cb, sending);
}

static void
edited_cb (KithConversationView *self, const char *text)
{
  if (!self->conversation)
    return;
  kith_engine_set_draft (self->engine, self->conversation, text);
  kith_engine_set_typing (self->engine, self->conversation, *text != '\0');
}

static void
scroll_page_cb (KithConversationView *self, gboolean up)
{
  kith_history_view_scroll_page (self->history_view, up);
}

static void
update_header (KithConversationView *self)
{
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  gboolean online = kith_conversation_get_online (self->conversation);
  gboolean server = kith_user_get_is_server (peer);
  const char *presence = NULL;

  if (server)
    presence = _ ("Announcements");
  else if (!kith_conversation_get_friends (self->conversation))
    presence = _ ("Not a friend any more");
  else if (kith_conversation_get_typing (self->conversation))
    presence = _ ("is typing…");
  else if (online)
    presence = _ ("Online");
  else if (kith_engine_get_state (self->engine) == KITH_ENGINE_ONLINE)
    presence = _ ("Offline");
  gtk_label_set_text (self->presence_label, presence ? presence : "");
  gtk_widget_set_visible (GTK_WIDGET (self->presence_label), presence != NULL);
  gtk_label_set_text (self->name_label, kith_user_get_title (peer));
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name_label),
                               server ? NULL : kith_user_get_name (peer));
  kith_presence_avatar_set_icon (self->avatar,
                                 server ? "kith-announcement-symbolic" : NULL);
  kith_presence_avatar_set_text (self->avatar, kith_user_get_title (peer));
  kith_presence_avatar_set_online (self->avatar, online);
}

static void
update_writable (KithConversationView *self)
{
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  gboolean friends = kith_conversation_get_friends (self->conversation);
  gboolean server = kith_user_get_is_server (peer);
  g_autofree char *why = NULL;

  /* Where nobody can ever write, nothing looks as if one could. */
  gtk_widget_set_visible (GTK_WIDGET (self->composer), !server);
  gtk_widget_set_visible (self->announcements_line, server);
  if (!friends)
    why = g_strdup_printf (
        _ ("You and %s are not friends any more. You can read what was said."),
        kith_user_get_title (peer));
  kith_composer_set_writable (self->composer, friends, why);
  update_header (self);
}

static void
engine_state_cb (KithConversationView *self)
{
  if (self->conversation)
    update_header (self);
}

static void
kith_conversation_view_dispose (GObject *object)
{
  KithConversationView *self = KITH_CONVERSATION_VIEW (object);

  g_clear_object (&self->conversation_signals);
  g_clear_object (&self->peer_signals);
  g_clear_object (&self->conversation);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_conversation_view_parent_class)->dispose (object);
}

/* Wide texts inside ask for as much as they can get; that must not fold the
 * window. */
static void
kith_conversation_view_get_preferred_width (GtkWidget *widget, int *minimum_r,
                                            int *natural_r)
{
  GTK_WIDGET_CLASS (kith_conversation_view_parent_class)
      ->get_preferred_width (widget, minimum_r, natural_r);
  *natural_r = MAX (*minimum_r, NATURAL_WIDTH_PX);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithConversationView,    \
                                        child)

static void
kith_conversation_view_class_init (KithConversationViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_conversation_view_dispose;
  widget_class->get_preferred_width
      = kith_conversation_view_get_preferred_width;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-conversation-view.ui");
  BIND (header_bar);
  BIND (title_box);
  BIND (avatar);
  BIND (name_label);
  BIND (presence_label);
  BIND (back_button);
  BIND (menu_button);
  BIND (connection_bar);
  BIND (stack);
  BIND (history_view);
  BIND (composer);
  BIND (announcements_line);
}

static void
connect_models (KithConversationView *self)
{
  static const char *const header_details[]
      = { "notify::online", "notify::typing" };

  self->conversation_signals = g_signal_group_new (KITH_TYPE_CONVERSATION);
  self->peer_signals = g_signal_group_new (KITH_TYPE_USER);
  for (gsize i = 0; i < G_N_ELEMENTS (header_details); i++)
    g_signal_group_connect_swapped (self->conversation_signals,
                                    header_details[i],
                                    G_CALLBACK (update_header), self);
  g_signal_group_connect_swapped (self->conversation_signals, "notify::friends",
                                  G_CALLBACK (update_writable), self);
  g_signal_group_connect_swapped (self->peer_signals, "notify::title",
                                  G_CALLBACK (update_header), self);
}

static void
kith_conversation_view_init (KithConversationView *self)
{
  g_type_ensure (KITH_TYPE_PRESENCE_AVATAR);
  g_type_ensure (KITH_TYPE_CONNECTION_BAR);
  g_type_ensure (KITH_TYPE_HISTORY_VIEW);
  g_type_ensure (KITH_TYPE_COMPOSER);
  gtk_widget_init_template (GTK_WIDGET (self));
  connect_models (self);
  g_signal_connect_object (self->composer, "send", G_CALLBACK (send_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->composer, "edited", G_CALLBACK (edited_cb),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->composer, "scroll-page",
                           G_CALLBACK (scroll_page_cb), self,
                           G_CONNECT_SWAPPED);
}

void
kith_conversation_view_set_engine (KithConversationView *self,
                                   KithEngine *engine)
{
  g_return_if_fail (KITH_IS_CONVERSATION_VIEW (self) && !self->engine);
  self->engine = g_object_ref (engine);
  kith_history_view_set_engine (self->history_view, engine);
  kith_connection_bar_set_engine (self->connection_bar, engine);
  g_signal_connect_object (engine, "notify::state",
                           G_CALLBACK (engine_state_cb), self,
                           G_CONNECT_SWAPPED);
}

void
kith_conversation_view_set_conversation (KithConversationView *self,
                                         KithConversation *conversation)
{
  g_return_if_fail (KITH_IS_CONVERSATION_VIEW (self));
  if (self->conversation == conversation)
    return;
  if (self->conversation)
    kith_engine_set_typing (self->engine, self->conversation, FALSE);
  g_set_object (&self->conversation, conversation);
  g_signal_group_set_target (self->conversation_signals, conversation);
  g_signal_group_set_target (
      self->peer_signals,
      conversation ? kith_conversation_get_peer (conversation) : NULL);
  kith_history_view_set_conversation (self->history_view, conversation);
  gtk_widget_set_visible (self->title_box, conversation != NULL);
  gtk_widget_set_visible (self->menu_button, conversation != NULL);
  gtk_stack_set_visible_child_name (self->stack,
                                    conversation ? "talk" : "none");
  if (!conversation)
    return;
  kith_composer_set_text (self->composer,
                          kith_conversation_get_draft (conversation));
  update_writable (self);
}

KithConversation *
kith_conversation_view_get_conversation (KithConversationView *self)
{
  g_return_val_if_fail (KITH_IS_CONVERSATION_VIEW (self), NULL);
  return self->conversation;
}

void
kith_conversation_view_set_active (KithConversationView *self, gboolean active)
{
  g_return_if_fail (KITH_IS_CONVERSATION_VIEW (self));
  kith_history_view_set_active (self->history_view, active);
}

void
kith_conversation_view_set_folded (KithConversationView *self, gboolean folded)
{
  g_return_if_fail (KITH_IS_CONVERSATION_VIEW (self));
  gtk_widget_set_visible (self->back_button, folded);
}

gboolean
kith_conversation_view_focus_composer (KithConversationView *self)
{
  g_return_val_if_fail (KITH_IS_CONVERSATION_VIEW (self), FALSE);
  if (!self->conversation
      || !kith_conversation_get_friends (self->conversation))
    return FALSE;
  kith_composer_focus (self->composer);
  return TRUE;
}

void
kith_conversation_view_go_to_newest (KithConversationView *self)
{
  g_return_if_fail (KITH_IS_CONVERSATION_VIEW (self));
  kith_history_view_go_to_newest (self->history_view);
}

void
kith_conversation_view_refresh_days (KithConversationView *self)
{
  g_return_if_fail (KITH_IS_CONVERSATION_VIEW (self));
  kith_history_view_refresh_days (self->history_view);
}

HdyHeaderBar *
kith_conversation_view_get_header_bar (KithConversationView *self)
{
  g_return_val_if_fail (KITH_IS_CONVERSATION_VIEW (self), NULL);
  return self->header_bar;
}
