/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Notes on the desktop: one a conversation, the newest in place of the older,
 * so that a talkative friend does not fill the screen.
 */
#include "kith-notifier.h"

#include <glib/gi18n.h>

#define BODY_CHARACTERS_MAX 200

struct _KithNotifier {
  GObject parent_instance;

  GApplication *application; /* borrowed */
  KithEngine *engine;
  KithConversation *seen;    /* (nullable) */
  GHashTable *message_notes; /* set of the notes about messages */
  GHashTable *request_notes; /* set of the notes about requests */
};

G_DEFINE_TYPE (KithNotifier, kith_notifier, G_TYPE_OBJECT)

static char *
conversation_note (KithConversation *conversation)
{
  return g_strdup_printf ("conversation-%" G_GUINT64_FORMAT,
                          kith_conversation_get_id (conversation));
}

static char *
request_note (KithFriendRequest *request)
{
  return g_strdup_printf ("friend-request-%" G_GUINT64_FORMAT,
                          kith_friend_request_get_id (request));
}

static gboolean
looks_like_a_tag (const char *p)
{
  return *p == '<' && p[1] && (g_ascii_isalpha (p[1]) || strchr ("/!?", p[1]));
}

/*
 * Some desktops take a body for markup, with links that lead elsewhere than they
 * say and images from anywhere; others show it as it is; GNotification does not
 * tell which. So nothing in it may look like a tag: its bracket becomes another
 * one. "<3" stays.
 */
static char *
body_for (const char *text)
{
  g_autofree char *cut = g_utf8_substring (
      text, 0, MIN (g_utf8_strlen (text, -1), BODY_CHARACTERS_MAX));
  GString *body = g_string_new (NULL);

  for (const char *p = cut; *p; p++)
    if (looks_like_a_tag (p))
      g_string_append (body, "‹");
    else
      g_string_append_c (body, *p);
  if (strlen (cut) < strlen (text))
    g_string_append (body, "…");
  return g_string_free (body, FALSE);
}

static void
withdraw (KithNotifier *self, KithConversation *conversation)
{
  g_autofree char *id = conversation_note (conversation);

  g_application_withdraw_notification (self->application, id);
  g_hash_table_remove (self->message_notes, id);
}

/* What friends said is nobody's to read after signing out. */
static void
state_changed_cb (KithNotifier *self)
{
  GHashTableIter iter;
  gpointer id;

  if (kith_engine_get_state (self->engine) != KITH_ENGINE_SIGNED_OUT)
    return;
  g_hash_table_iter_init (&iter, self->message_notes);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    g_application_withdraw_notification (self->application, id);
    g_hash_table_iter_remove (&iter);
  }
}

static void
unread_changed_cb (KithNotifier *self, GParamSpec *pspec,
                   KithConversation *conversation)
{
  if (kith_conversation_get_unread (conversation) == 0)
    withdraw (self, conversation);
}

static void
message_received_cb (KithNotifier *self, KithConversation *conversation,
                     KithMessage *message)
{
  KithUser *peer = kith_conversation_get_peer (conversation);
  g_autoptr (GNotification) note = NULL;
  g_autofree char *id = conversation_note (conversation);
  g_autofree char *body = body_for (kith_message_get_text (message));

  if (conversation == self->seen)
    return;
  note = g_notification_new (kith_user_get_title (peer));
  g_notification_set_body (note, body);
  g_notification_set_priority (note, G_NOTIFICATION_PRIORITY_HIGH);
  g_notification_set_default_action_and_target (
      note, "app.show-conversation", "t",
      kith_conversation_get_id (conversation));
  g_application_send_notification (self->application, id, note);
  g_hash_table_add (self->message_notes, g_steal_pointer (&id));
  /* Once a conversation is enough. */
  g_signal_handlers_disconnect_by_func (conversation, unread_changed_cb, self);
  g_signal_connect_object (conversation, "notify::unread",
                           G_CALLBACK (unread_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
friend_request_received_cb (KithNotifier *self, KithFriendRequest *request)
{
  KithUser *user = kith_friend_request_get_user (request);
  guint64 number = kith_friend_request_get_id (request);
  g_autoptr (GNotification) note = NULL;
  g_autofree char *id = request_note (request);
  g_autofree char *sentence = g_strdup_printf (_ ("%s wants to be friends"),
                                               kith_user_get_title (user));
  g_autofree char *body = body_for (sentence);

  note = g_notification_new (_ ("Friend request"));
  g_notification_set_body (note, body);
  g_notification_set_default_action (note, "app.show");
  g_notification_add_button_with_target (
      note, _ ("Accept"), "app.accept-friend-request", "t", number);
  g_notification_add_button_with_target (
      note, _ ("Reject"), "app.reject-friend-request", "t", number);
  g_application_send_notification (self->application, id, note);
  g_hash_table_add (self->request_notes, g_steal_pointer (&id));
}

/* A request that is told of and leaves the list was answered: here, or on
 * another device. */
static void
requests_changed_cb (KithNotifier *self)
{
  GListModel *requests = kith_engine_get_friend_requests (self->engine);
  guint n = g_list_model_get_n_items (requests);
  g_autoptr (GHashTable) open
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer id;

  for (guint i = 0; i < n; i++) {
    g_autoptr (KithFriendRequest) request = g_list_model_get_item (requests, i);

    g_hash_table_add (open, request_note (request));
  }
  g_hash_table_iter_init (&iter, self->request_notes);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    if (g_hash_table_contains (open, id))
      continue;
    g_application_withdraw_notification (self->application, id);
    g_hash_table_iter_remove (&iter);
  }
}

static void
kith_notifier_dispose (GObject *object)
{
  KithNotifier *self = KITH_NOTIFIER (object);

  g_clear_object (&self->engine);
  g_clear_object (&self->seen);
  G_OBJECT_CLASS (kith_notifier_parent_class)->dispose (object);
}

static void
kith_notifier_finalize (GObject *object)
{
  KithNotifier *self = KITH_NOTIFIER (object);

  g_hash_table_unref (self->message_notes);
  g_hash_table_unref (self->request_notes);
  G_OBJECT_CLASS (kith_notifier_parent_class)->finalize (object);
}

static void
kith_notifier_class_init (KithNotifierClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kith_notifier_finalize;
  G_OBJECT_CLASS (klass)->dispose = kith_notifier_dispose;
}

static void
kith_notifier_init (KithNotifier *self)
{
  self->message_notes
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->request_notes
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

KithNotifier *
kith_notifier_new (GApplication *application, KithEngine *engine)
{
  KithNotifier *self = g_object_new (KITH_TYPE_NOTIFIER, NULL);

  self->application = application;
  self->engine = g_object_ref (engine);
  g_signal_connect_object (engine, "notify::state",
                           G_CALLBACK (state_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "message-received",
                           G_CALLBACK (message_received_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "friend-request-received",
                           G_CALLBACK (friend_request_received_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (kith_engine_get_friend_requests (engine),
                           "items-changed", G_CALLBACK (requests_changed_cb),
                           self, G_CONNECT_SWAPPED);
  return self;
}

void
kith_notifier_set_seen (KithNotifier *self, KithConversation *conversation)
{
  g_return_if_fail (KITH_IS_NOTIFIER (self));
  g_set_object (&self->seen, conversation);
  if (conversation)
    withdraw (self, conversation);
}
