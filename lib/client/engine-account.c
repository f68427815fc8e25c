/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signing in and out as the window asks for it, and the keyring. The keyring
 * is asked in the main thread: it may want to show a dialogue.
 */
#include "engine-private.h"

#include <string.h>

#include "client-error.h"

#define KEYRING_S 120 /* for the person to open it; then: the password */

/* ---- the keyring ---- */

static void
set_remembered (KithEngine *self, gboolean remembered)
{
  if (self->remembered == remembered)
    return;
  self->remembered = remembered;
  engine_notify (self, ENGINE_PROP_REMEMBERED);
}

void
engine_stop_keyring (KithEngine *self)
{
  g_clear_handle_id (&self->keyring_timeout, g_source_remove);
  if (self->keyring != NULL)
    g_cancellable_cancel (self->keyring);
  g_clear_object (&self->keyring);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithEngine) self = data;
  g_autoptr (GError) error = NULL;
  GBytes *token
      = kith_secrets_lookup_finish (KITH_SECRETS (source), result, &error);
  Command *command;

  g_clear_handle_id (&self->keyring_timeout, g_source_remove);
  g_clear_object (&self->keyring);
  if (self->worker == NULL) {
    g_clear_pointer (&token, g_bytes_unref);
    return;
  }
  command = command_new (NULL);
  command->token = token;
  worker_call (self->worker, command_use_token, command);
}

static gboolean
on_keyring_late (gpointer data)
{
  KithEngine *self = data;

  self->keyring_timeout = 0;
  if (self->keyring != NULL)
    g_cancellable_cancel (self->keyring);
  return G_SOURCE_REMOVE;
}

void
engine_look_up_token (KithEngine *self)
{
  g_autofree char *name = account_secret_name (self->account);

  self->keyring = g_cancellable_new ();
  self->keyring_timeout
      = g_timeout_add_seconds (KEYRING_S, on_keyring_late, self);
  kith_secrets_lookup_async (self->secrets, name, self->keyring, on_looked_up,
                             g_object_ref (self));
}

static void
on_stored (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithEngine) self = data;

  set_remembered (
      self, kith_secrets_store_finish (KITH_SECRETS (source), result, NULL));
}

static void
on_cleared (GObject *source, GAsyncResult *result, gpointer data)
{
  /* A token that stays there is one that the server refuses. */
  kith_secrets_clear_finish (KITH_SECRETS (source), result, NULL);
}

void
engine_keep_token (KithEngine *self, GBytes *token)
{
  g_autofree char *name = NULL;

  if (self->account == NULL)
    return;
  name = account_secret_name (self->account);
  if (token != NULL)
    kith_secrets_store_async (self->secrets, name, token, NULL, on_stored,
                              g_object_ref (self));
  else
    kith_secrets_clear_async (self->secrets, name, NULL, on_cleared, NULL);
}

/* ---- signing in ---- */

void
engine_sign_in_over (KithEngine *self)
{
  if (self->sign_in != NULL)
    g_cancellable_disconnect (self->sign_in, self->sign_in_handler);
  self->sign_in_handler = 0;
  g_clear_object (&self->sign_in);
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  KithEngine *self = data;

  if (self->worker != NULL)
    worker_call (self->worker, command_cancel_sign_in, command_new (NULL));
}

/* Takes the command. Cancelling it ends the connection under it. */
static void
begin_sign_in (KithEngine *self, Command *command, GCancellable *cancellable)
{
  engine_stop_keyring (self);
  engine_sign_in_over (self);
  worker_call (self->worker, command_sign_in, command);
  if (cancellable == NULL)
    return;
  self->sign_in = g_object_ref (cancellable);
  self->sign_in_handler = g_cancellable_connect (
      cancellable, G_CALLBACK (on_cancelled), self, NULL);
}

/* An empty text is none. */
static char *
some_text (const char *text)
{
  return text == NULL || *text == '\0' ? NULL : g_strdup (text);
}

static void
sign (KithEngine *self, const KithSignInDetails *details, gboolean sign_up,
      GTask *task)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *name = g_ascii_strdown (details->name, -1);
  Command *command;

  if (!engine_running (self, task))
    return;
  command = command_new (task);
  command->flag = sign_up;
  command->account = account_new (details->host, details->port,
                                  g_strstrip (name), details->pin);
  command->password = g_strdup (details->password);
  if (sign_up) {
    command->text = some_text (details->display_name);
    command->invite = some_text (details->invite);
  }
  begin_sign_in (self, command, cancellable);
}

void
kith_engine_sign_in_async (KithEngine *self, const KithSignInDetails *details,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  sign (self, details, FALSE,
        engine_task (self, cancellable, callback, user_data,
                     kith_engine_sign_in_async));
}

static gboolean
sign_in_finish (KithEngine *self, GAsyncResult *result, GError **error)
{
  engine_sign_in_over (self);
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
kith_engine_sign_in_finish (KithEngine *self, GAsyncResult *result,
                            GError **error)
{
  return sign_in_finish (self, result, error);
}

void
kith_engine_sign_up_async (KithEngine *self, const KithSignInDetails *details,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  sign (self, details, TRUE,
        engine_task (self, cancellable, callback, user_data,
                     kith_engine_sign_up_async));
}

gboolean
kith_engine_sign_up_finish (KithEngine *self, GAsyncResult *result,
                            GError **error)
{
  return sign_in_finish (self, result, error);
}

void
kith_engine_enter_password_async (KithEngine *self, const char *password,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = engine_task (self, cancellable, callback, user_data,
                             kith_engine_enter_password_async);
  Command *command;

  if (!engine_running (self, task))
    return;
  command = command_new (task);
  command->password = g_strdup (password);
  begin_sign_in (self, command, cancellable);
}

gboolean
kith_engine_enter_password_finish (KithEngine *self, GAsyncResult *result,
                                   GError **error)
{
  return sign_in_finish (self, result, error);
}

void
kith_engine_change_pin_async (KithEngine *self, const char *pin,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = engine_task (self, cancellable, callback, user_data,
                             kith_engine_change_pin_async);
  Command *command;

  if (!engine_running (self, task))
    return;
  command = command_new (task);
  command->text = g_strdup (pin);
  worker_call (self->worker, command_change_pin, command);
}

gboolean
kith_engine_change_pin_finish (KithEngine *self, GAsyncResult *result,
                               GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kith_engine_sign_out_async (KithEngine *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = engine_task (self, cancellable, callback, user_data,
                             kith_engine_sign_out_async);

  if (!engine_running (self, task))
    return;
  engine_stop_keyring (self);
  g_hash_table_remove_all (self->drafts);
  worker_call (self->worker, command_sign_out, command_new (task));
}

gboolean
kith_engine_sign_out_finish (KithEngine *self, GAsyncResult *result,
                             GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
kith_engine_reconnect (KithEngine *self)
{
  if (self->worker != NULL)
    worker_call (self->worker, command_reconnect, command_new (NULL));
}
