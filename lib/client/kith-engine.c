/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine as the window sees it: an object of the main thread. Holds the
 * models and the thread's handle; must never wait for disk or network, but
 * for the thread's end when the last reference goes.
 */
#include "engine-private.h"

#include "client-error.h"

static GParamSpec *properties[ENGINE_N_PROPS];
static guint signals[ENGINE_N_SIGNALS];

G_DEFINE_FINAL_TYPE (KithEngine, kith_engine, G_TYPE_OBJECT)

GType
kith_engine_state_get_type (void)
{
  static const GEnumValue values[] = {
    { KITH_ENGINE_CLOSED, "KITH_ENGINE_CLOSED", "closed" },
    { KITH_ENGINE_STARTING, "KITH_ENGINE_STARTING", "starting" },
    { KITH_ENGINE_SIGNED_OUT, "KITH_ENGINE_SIGNED_OUT", "signed-out" },
    { KITH_ENGINE_NEEDS_PASSWORD, "KITH_ENGINE_NEEDS_PASSWORD",
      "needs-password" },
    { KITH_ENGINE_CONNECTING, "KITH_ENGINE_CONNECTING", "connecting" },
    { KITH_ENGINE_SYNCING, "KITH_ENGINE_SYNCING", "syncing" },
    { KITH_ENGINE_ONLINE, "KITH_ENGINE_ONLINE", "online" },
    { KITH_ENGINE_OFFLINE, "KITH_ENGINE_OFFLINE", "offline" },
    { KITH_ENGINE_KEY_CHANGED, "KITH_ENGINE_KEY_CHANGED", "key-changed" },
    { 0, NULL, NULL },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type,
                       g_enum_register_static ("KithEngineState", values));
  return type;
}

/* ---- the object ---- */

static void
stop_timers (KithEngine *self)
{
  engine_stop_keyring (self);
  engine_sign_in_over (self);
  g_clear_handle_id (&self->drafts_timeout, g_source_remove);
  if (self->network_handler != 0)
    g_signal_handler_disconnect (g_network_monitor_get_default (),
                                 self->network_handler);
  self->network_handler = 0;
}

static void
kith_engine_dispose (GObject *object)
{
  KithEngine *self = KITH_ENGINE (object);

  stop_timers (self);
  if (self->worker != NULL)
    engine_flush_drafts (self);
  worker_stop (&self->worker);
  if (self->notes != NULL)
    note_queue_stop (self->notes);
  g_clear_pointer (&self->notes, note_queue_unref);
  engine_clear_models (self);
  g_clear_object (&self->self_user);
  G_OBJECT_CLASS (kith_engine_parent_class)->dispose (object);
}

static void
kith_engine_finalize (GObject *object)
{
  KithEngine *self = KITH_ENGINE (object);

  g_clear_object (&self->conversations);
  g_clear_object (&self->requests);
  g_clear_object (&self->secrets);
  g_hash_table_unref (self->conversations_by_id);
  g_hash_table_unref (self->conversations_by_peer);
  g_hash_table_unref (self->users);
  g_hash_table_unref (self->drafts);
  account_free (self->account);
  clock_unref (self->clock);
  g_free (self->folder);
  g_free (self->status);
  g_free (self->server_address);
  G_OBJECT_CLASS (kith_engine_parent_class)->finalize (object);
}

static void
kith_engine_get_property (GObject *object, guint prop_id, GValue *value,
                          GParamSpec *pspec)
{
  KithEngine *self = KITH_ENGINE (object);

  switch (prop_id) {
  case ENGINE_PROP_STATE:
    g_value_set_enum (value, self->state);
    break;
  case ENGINE_PROP_STATUS:
    g_value_set_string (value, self->status);
    break;
  case ENGINE_PROP_RETRY_TIME:
    g_value_set_int64 (value, self->retry_time);
    break;
  case ENGINE_PROP_SELF_USER:
    g_value_set_object (value, self->self_user);
    break;
  case ENGINE_PROP_SERVER_NAME:
    g_value_set_string (value, kith_engine_get_server_name (self));
    break;
  case ENGINE_PROP_SERVER_ADDRESS:
    g_value_set_string (value, self->server_address);
    break;
  case ENGINE_PROP_PIN:
    g_value_set_string (value, kith_engine_get_pin (self));
    break;
  case ENGINE_PROP_REMEMBERED:
    g_value_set_boolean (value, self->remembered);
    break;
  case ENGINE_PROP_UNREAD:
    g_value_set_uint (value, self->unread);
    break;
  case ENGINE_PROP_CONVERSATIONS:
    g_value_set_object (value, self->conversations);
    break;
  case ENGINE_PROP_FRIEND_REQUESTS:
    g_value_set_object (value, self->requests);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
  }
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags
      = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  properties[ENGINE_PROP_STATE] = g_param_spec_enum (
      "state", NULL, NULL, KITH_TYPE_ENGINE_STATE, KITH_ENGINE_CLOSED, flags);
  properties[ENGINE_PROP_STATUS]
      = g_param_spec_string ("status", NULL, NULL, "", flags);
  properties[ENGINE_PROP_RETRY_TIME]
      = g_param_spec_int64 ("retry-time", NULL, NULL, 0, G_MAXINT64, 0, flags);
  properties[ENGINE_PROP_SELF_USER]
      = g_param_spec_object ("self-user", NULL, NULL, KITH_TYPE_USER, flags);
  properties[ENGINE_PROP_SERVER_NAME]
      = g_param_spec_string ("server-name", NULL, NULL, NULL, flags);
  properties[ENGINE_PROP_SERVER_ADDRESS]
      = g_param_spec_string ("server-address", NULL, NULL, NULL, flags);
  properties[ENGINE_PROP_PIN]
      = g_param_spec_string ("pin", NULL, NULL, NULL, flags);
  properties[ENGINE_PROP_REMEMBERED]
      = g_param_spec_boolean ("remembered", NULL, NULL, TRUE, flags);
  properties[ENGINE_PROP_UNREAD]
      = g_param_spec_uint ("unread", NULL, NULL, 0, G_MAXUINT, 0, flags);
  properties[ENGINE_PROP_CONVERSATIONS] = g_param_spec_object (
      "conversations", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[ENGINE_PROP_FRIEND_REQUESTS] = g_param_spec_object (
      "friend-requests", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  g_object_class_install_properties (object_class, ENGINE_N_PROPS, properties);
}

static void
kith_engine_class_init (KithEngineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kith_engine_dispose;
  object_class->finalize = kith_engine_finalize;
  object_class->get_property = kith_engine_get_property;
  install_properties (object_class);
  signals[ENGINE_MESSAGE_RECEIVED] = g_signal_new (
      "message-received", KITH_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
      NULL, G_TYPE_NONE, 2, KITH_TYPE_CONVERSATION, KITH_TYPE_MESSAGE);
  signals[ENGINE_FRIEND_REQUEST_RECEIVED] = g_signal_new (
      "friend-request-received", KITH_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL,
      NULL, NULL, G_TYPE_NONE, 1, KITH_TYPE_FRIEND_REQUEST);
  signals[ENGINE_NOTICE]
      = g_signal_new ("notice", KITH_TYPE_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
kith_engine_init (KithEngine *self)
{
  self->status = g_strdup ("");
  self->remembered = TRUE;
  self->conversations = g_list_store_new (KITH_TYPE_CONVERSATION);
  self->requests = g_list_store_new (KITH_TYPE_FRIEND_REQUEST);
  self->conversations_by_id = record_table_new (g_object_unref);
  self->conversations_by_peer = record_table_new (g_object_unref);
  self->users = record_table_new (g_object_unref);
  self->drafts
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

static void
on_drained (gpointer data)
{
  KithEngine *self = data;

  if (self->worker != NULL)
    worker_call (self->worker, command_read_on, command_new (NULL));
}

static const NoteHandler note_handler = {
  .apply = engine_apply,
  .drained = on_drained,
};

KithEngine *
kith_engine_new_with_clock (const char *folder, KithSecrets *secrets,
                            Clock *clock)
{
  KithEngine *self = g_object_new (KITH_TYPE_ENGINE, NULL);
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();

  self->folder = g_strdup (folder);
  self->secrets = g_object_ref (secrets);
  self->clock = clock_ref (clock);
  self->notes = note_queue_new (context, &note_handler, self);
  return self;
}

KithEngine *
kith_engine_new (const char *folder, KithSecrets *secrets)
{
  g_autoptr (Clock) clock = clock_new ();

  return kith_engine_new_with_clock (folder, secrets, clock);
}

void
engine_notify (KithEngine *self, EngineProperty property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

guint
engine_signal (EngineSignal signal)
{
  return signals[signal];
}

/* ---- tasks ---- */

GTask *
engine_task (KithEngine *self, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer user_data, gpointer tag)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  return task;
}

gboolean
engine_running (KithEngine *self, GTask *task)
{
  if (self->worker != NULL)
    return TRUE;
  g_task_return_error (task, client_error_new (KITH_NOT_NOW, NULL));
  g_object_unref (task);
  return FALSE;
}

/* ---- starting and ending ---- */

static void
on_network_changed (GNetworkMonitor *monitor, gboolean available, gpointer data)
{
  KithEngine *self = data;

  if (available && self->worker != NULL)
    worker_call (self->worker, command_network_changed, command_new (NULL));
}

void
kith_engine_start_async (KithEngine *self, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = engine_task (self, cancellable, callback, user_data,
                             kith_engine_start_async);

  if (self->worker != NULL) {
    g_task_return_error (task, client_error_new (KITH_ALREADY, NULL));
    g_object_unref (task);
    return;
  }
  self->worker = worker_new (self->folder, self->notes, self->clock);
  self->network_handler
      = g_signal_connect (g_network_monitor_get_default (), "network-changed",
                          G_CALLBACK (on_network_changed), self);
  worker_call (self->worker, command_start, command_new (task));
}

gboolean
kith_engine_start_finish (KithEngine *self, GAsyncResult *result,
                          GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kith_engine_shutdown_async (KithEngine *self, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = engine_task (self, NULL, callback, user_data,
                             kith_engine_shutdown_async);

  stop_timers (self);
  if (self->worker == NULL) {
    g_task_return_boolean (task, TRUE);
    g_object_unref (task);
    return;
  }
  engine_flush_drafts (self);
  worker_call (self->worker, command_shutdown, command_new (task));
}

void
kith_engine_shutdown_finish (KithEngine *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

/* ---- properties ---- */

KithEngineState
kith_engine_get_state (KithEngine *self)
{
  return self->state;
}

const char *
kith_engine_get_status (KithEngine *self)
{
  return self->status;
}

gint64
kith_engine_get_retry_time (KithEngine *self)
{
  return self->retry_time;
}

KithUser *
kith_engine_get_self_user (KithEngine *self)
{
  return self->self_user;
}

const char *
kith_engine_get_server_name (KithEngine *self)
{
  return self->account == NULL ? NULL : self->account->server_name;
}

const char *
kith_engine_get_server_address (KithEngine *self)
{
  return self->server_address;
}

const char *
kith_engine_get_pin (KithEngine *self)
{
  return self->account == NULL ? NULL : self->account->pin;
}

gboolean
kith_engine_get_remembered (KithEngine *self)
{
  return self->remembered;
}

guint
kith_engine_get_unread (KithEngine *self)
{
  return self->unread;
}

guint
kith_engine_get_unsent (KithEngine *self)
{
  return self->outbox_count;
}

GListModel *
kith_engine_get_conversations (KithEngine *self)
{
  return G_LIST_MODEL (self->conversations);
}

GListModel *
kith_engine_get_friend_requests (KithEngine *self)
{
  return G_LIST_MODEL (self->requests);
}

KithConversation *
kith_engine_find_conversation (KithEngine *self, guint64 id)
{
  return g_hash_table_lookup (self->conversations_by_id, &id);
}

KithConversation *
kith_engine_find_present (KithEngine *self, KithConversation *conversation)
{
  const char *name
      = kith_user_get_name (kith_conversation_get_peer (conversation));
  GHashTableIter iter;
  gpointer value;

  if (engine_has (self, conversation))
    return conversation;
  g_hash_table_iter_init (&iter, self->conversations_by_id);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (g_str_equal (kith_user_get_name (kith_conversation_get_peer (value)),
                     name))
      return value;
  return NULL;
}

gboolean
engine_has (KithEngine *self, KithConversation *conversation)
{
  return kith_engine_find_conversation (self,
                                        kith_conversation_get_id (conversation))
         == conversation;
}
