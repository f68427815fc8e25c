/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One conversation in the sidebar. Follows its KithConversation, that one's
 * peer and its last message; changes none of them.
 */
#include "kith-conversation-row.h"

#include <glib/gi18n.h>

#include "kith-presence-avatar.h"
#include "time-text.h"
#include "unread-text.h"

#define PREVIEW_CHARACTERS_MAX 120

struct _KithConversationRow {
  GtkListBoxRow parent_instance;

  KithPresenceAvatar *avatar;
  GtkLabel *name_label;
  GtkLabel *time_label;
  GtkLabel *preview_label;
  GtkLabel *badge_label;

  KithConversation *conversation;
  GSignalGroup *last_message_signals;
};

G_DEFINE_TYPE (KithConversationRow, kith_conversation_row,
               GTK_TYPE_LIST_BOX_ROW)

/* One line of a text that may have many. */
static char *
one_line (const char *text)
{
  g_autofree char *cut = NULL;

  if (g_utf8_strlen (text, -1) > PREVIEW_CHARACTERS_MAX)
    cut = g_utf8_substring (text, 0, PREVIEW_CHARACTERS_MAX);
  else
    cut = g_strdup (text);
  return g_strdelimit (g_steal_pointer (&cut), "\n\t", ' ');
}

static char *
preview_text (KithConversationRow *self, gboolean *draft_r)
{
  const char *draft = kith_conversation_get_draft (self->conversation);
  KithMessage *last = kith_conversation_get_last_message (self->conversation);
  g_autofree char *line = NULL;
  gboolean selected = gtk_list_box_row_is_selected (GTK_LIST_BOX_ROW (self));

  *draft_r = FALSE;
  if (kith_conversation_get_typing (self->conversation))
    return g_strdup (_ ("is typing…"));
  /* What stands in the open composer need not be told twice. */
  if (*draft && !selected) {
    *draft_r = TRUE;
    line = one_line (draft);
    /* Translators: a message that was begun and not sent. */
    return g_strdup_printf (_ ("Draft: %s"), line);
  }
  if (!last)
    return g_strdup (kith_conversation_get_friends (self->conversation)
                         ? _ ("You are friends now: say hello.")
                         : "");
  line = one_line (kith_message_get_text (last));
  if (kith_message_get_state (last) == KITH_MESSAGE_FAILED)
    return g_strdup_printf (_ ("Not sent: %s"), line);
  if (kith_message_get_outgoing (last))
    return g_strdup_printf (_ ("You: %s"), line);
  return g_steal_pointer (&line);
}

static const char *
presence_words (KithConversation *conversation)
{
  if (kith_user_get_is_server (kith_conversation_get_peer (conversation)))
    return _ ("announcements");
  return kith_conversation_get_online (conversation) ? _ ("online")
                                                     : _ ("offline");
}

/* What a screen reader says for the whole row. */
static void
update_accessible (KithConversationRow *self)
{
  AtkObject *accessible = gtk_widget_get_accessible (GTK_WIDGET (self));
  KithConversation *conversation = self->conversation;
  guint unread = kith_conversation_get_unread (conversation);
  g_autofree char *count = unread_text_words (unread);
  g_autofree char *name = g_strdup_printf (
      "%s, %s", kith_user_get_title (kith_conversation_get_peer (conversation)),
      presence_words (conversation));
  g_autofree char *whole = NULL;

  whole = unread ? g_strdup_printf ("%s, %s", name, count) : g_strdup (name);
  atk_object_set_name (accessible, whole);
  atk_object_set_description (accessible,
                              gtk_label_get_text (self->preview_label));
}

static void
update_preview (KithConversationRow *self)
{
  gboolean draft = FALSE;
  g_autofree char *text = preview_text (self, &draft);
  GtkStyleContext *context
      = gtk_widget_get_style_context (GTK_WIDGET (self->preview_label));

  gtk_label_set_text (self->preview_label, text);
  if (draft)
    gtk_style_context_add_class (context, "kith-draft");
  else
    gtk_style_context_remove_class (context, "kith-draft");
  kith_conversation_row_refresh_time (self);
  update_accessible (self);
}

static void
update_badge (KithConversationRow *self)
{
  guint unread = kith_conversation_get_unread (self->conversation);
  g_autofree char *text = unread_text_badge (unread);

  gtk_label_set_text (self->badge_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->badge_label), unread > 0);
  update_accessible (self);
}

static void
update_person (KithConversationRow *self)
{
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  gboolean server = kith_user_get_is_server (peer);

  gtk_label_set_text (self->name_label, kith_user_get_title (peer));
  kith_presence_avatar_set_text (self->avatar, kith_user_get_title (peer));
  kith_presence_avatar_set_icon (self->avatar,
                                 server ? "kith-announcement-symbolic" : NULL);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->name_label),
                               server ? _ ("Announcements of the server")
                                      : kith_user_get_name (peer));
  kith_presence_avatar_set_online (
      self->avatar, kith_conversation_get_online (self->conversation));
  update_accessible (self);
}

/* That it was not sent is told of the message, not of the conversation. */
static void
last_message_changed_cb (KithConversationRow *self)
{
  g_signal_group_set_target (
      self->last_message_signals,
      kith_conversation_get_last_message (self->conversation));
  update_preview (self);
}

static void
connect_models (KithConversationRow *self)
{
  static const char *const preview_details[]
      = { "notify::draft", "notify::typing", "notify::friends",
          "notify::time" };

  for (gsize i = 0; i < G_N_ELEMENTS (preview_details); i++)
    g_signal_connect_object (self->conversation, preview_details[i],
                             G_CALLBACK (update_preview), self,
                             G_CONNECT_SWAPPED);
  g_signal_connect_object (self->conversation, "notify::last-message",
                           G_CALLBACK (last_message_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->conversation, "notify::unread",
                           G_CALLBACK (update_badge), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->conversation, "notify::online",
                           G_CALLBACK (update_person), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kith_conversation_get_peer (self->conversation),
                           "notify::title", G_CALLBACK (update_person), self,
                           G_CONNECT_SWAPPED);
}

static void
kith_conversation_row_state_flags_changed (GtkWidget *widget,
                                           GtkStateFlags previous)
{
  GtkStateFlags changed = previous ^ gtk_widget_get_state_flags (widget);

  if (changed & GTK_STATE_FLAG_SELECTED
      && KITH_CONVERSATION_ROW (widget)->conversation)
    update_preview (KITH_CONVERSATION_ROW (widget));
  GTK_WIDGET_CLASS (kith_conversation_row_parent_class)
      ->state_flags_changed (widget, previous);
}

static void
kith_conversation_row_dispose (GObject *object)
{
  KithConversationRow *self = KITH_CONVERSATION_ROW (object);

  g_clear_object (&self->last_message_signals);
  g_clear_object (&self->conversation);
  G_OBJECT_CLASS (kith_conversation_row_parent_class)->dispose (object);
}

static void
kith_conversation_row_class_init (KithConversationRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_conversation_row_dispose;
  widget_class->state_flags_changed = kith_conversation_row_state_flags_changed;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-conversation-row.ui");
  gtk_widget_class_bind_template_child (widget_class, KithConversationRow,
                                        avatar);
  gtk_widget_class_bind_template_child (widget_class, KithConversationRow,
                                        name_label);
  gtk_widget_class_bind_template_child (widget_class, KithConversationRow,
                                        time_label);
  gtk_widget_class_bind_template_child (widget_class, KithConversationRow,
                                        preview_label);
  gtk_widget_class_bind_template_child (widget_class, KithConversationRow,
                                        badge_label);
}

static void
kith_conversation_row_init (KithConversationRow *self)
{
  g_type_ensure (KITH_TYPE_PRESENCE_AVATAR);
  gtk_widget_init_template (GTK_WIDGET (self));
  self->last_message_signals = g_signal_group_new (KITH_TYPE_MESSAGE);
  g_signal_group_connect_swapped (self->last_message_signals, "notify::state",
                                  G_CALLBACK (update_preview), self);
}

GtkWidget *
kith_conversation_row_new (KithConversation *conversation)
{
  KithConversationRow *self = g_object_new (KITH_TYPE_CONVERSATION_ROW, NULL);

  self->conversation = g_object_ref (conversation);
  connect_models (self);
  update_person (self);
  last_message_changed_cb (self);
  update_badge (self);
  return GTK_WIDGET (self);
}

KithConversation *
kith_conversation_row_get_conversation (KithConversationRow *self)
{
  g_return_val_if_fail (KITH_IS_CONVERSATION_ROW (self), NULL);
  return self->conversation;
}

void
kith_conversation_row_refresh_time (KithConversationRow *self)
{
  KithMessage *last = kith_conversation_get_last_message (self->conversation);
  g_autofree char *text = NULL;

  if (last)
    text = time_text_short (kith_message_get_time (last), g_get_real_time ());
  gtk_label_set_text (self->time_label, text ? text : "");
}

gboolean
kith_conversation_row_matches (KithConversationRow *self, const char *words)
{
  KithUser *peer = kith_conversation_get_peer (self->conversation);

  return *words == '\0'
         || g_str_match_string (words, kith_user_get_title (peer), TRUE)
         || g_ascii_strncasecmp (kith_user_get_name (peer), words,
                                 strlen (words))
                == 0;
}
