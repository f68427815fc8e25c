/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the person does with the account: signing in, up and out, and whom to
 * trust. */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"
#include "kith-address.h"
#include "pin.h"

#define SIGN_OUT_MS 5000 /* the server may take so long to say good-bye */

void
command_use_token (Worker *self, Command *command)
{
  if (self->account == NULL || self->attempt != NULL
      || self->phase != SESSION_NONE)
    return;
  g_clear_pointer (&self->token, g_bytes_unref);
  self->token = g_steal_pointer (&command->token);
  session_begin (self);
}

/* NULL, with the task ended, when it is not the time for it. */
static Attempt *
new_attempt (Worker *self, Command *command)
{
  const gboolean new_account = command->account != NULL;
  GError *error = NULL;
  Attempt *attempt;

  if (self->attempt != NULL || new_account != (self->account == NULL)) {
    worker_refuse (self, command, KITH_NOT_NOW);
    return NULL;
  }
  if (!worker_need_cache (self, &error)) {
    worker_done (self, g_steal_pointer (&command->task), error);
    return NULL;
  }
  attempt = g_new0 (Attempt, 1);
  attempt->new_account = new_account;
  attempt->account = new_account ? g_steal_pointer (&command->account)
                                 : account_copy (self->account);
  attempt->password = g_steal_pointer (&command->password);
  attempt->task = g_steal_pointer (&command->task);
  return attempt;
}

/* The person may ask again because the answer was lost: that is one wish, and
 * the server knows by its operation who made the account. */
static void
name_sign_up (Worker *self, Attempt *attempt)
{
  g_autofree char *name = account_secret_name (attempt->account);
  guint8 *operation = g_hash_table_lookup (self->sign_ups, name);

  if (operation == NULL) {
    operation = g_malloc (RECORD_OPERATION_SIZE);
    uuid_new (operation);
    g_hash_table_insert (self->sign_ups, g_steal_pointer (&name), operation);
  }
  memcpy (attempt->operation, operation, RECORD_OPERATION_SIZE);
}

void
command_sign_in (Worker *self, Command *command)
{
  Attempt *attempt = new_attempt (self, command);

  if (attempt == NULL)
    return;
  attempt->sign_up = command->flag;
  if (attempt->sign_up) {
    attempt->display_name = g_steal_pointer (&command->text);
    attempt->invite = g_steal_pointer (&command->invite);
    name_sign_up (self, attempt);
  }
  self->attempt = attempt;
  session_connect (self);
}

void
command_cancel_sign_in (Worker *self, Command *command)
{
  if (self->attempt == NULL)
    return;
  session_close (self);
  session_end_attempt (
      self,
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled."));
  session_begin (self);
}

void
sign_out_finish (Worker *self)
{
  GTask *task = g_steal_pointer (&self->sign_out_task);
  GError *error = NULL;

  session_close (self);
  friends_end (self);
  g_clear_pointer (&self->token, g_bytes_unref);
  worker_note (self, note_new (NOTE_TOKEN));
  g_clear_pointer (&self->account, account_free);
  account_delete (self->folder);
  g_clear_pointer (&self->cache, cache_close);
  cache_delete (self->folder);
  self->cache = cache_open (self->folder, &error);
  self->failures = 0;
  worker_note (self, note_new (NOTE_RESET));
  worker_note (self, note_new (NOTE_ACCOUNT));
  worker_set_state (self, KITH_ENGINE_SIGNED_OUT, NULL, -1);
  worker_done (self, task, error);
}

static gboolean
on_sign_out_late (gpointer data)
{
  Worker *self = data;

  worker_clear_timer (&self->sign_in_timer);
  sign_out_finish (self);
  return G_SOURCE_REMOVE;
}

static gboolean
on_signed_out (Worker *self, const Kith__ToClient *answer, gpointer data,
               GError **error)
{
  if (answer != NULL)
    sign_out_finish (self);
  return TRUE;
}

void
command_sign_out (Worker *self, Command *command)
{
  const RequestKind kind = { KITH__TO_CLIENT__BODY_DONE, 0, on_signed_out };
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__SignOut sign_out = KITH__SIGN_OUT__INIT;

  if (self->account == NULL || self->attempt != NULL
      || self->sign_out_task != NULL) {
    worker_refuse (self, command, KITH_NOT_NOW);
    return;
  }
  self->sign_out_task = g_steal_pointer (&command->task);
  message.body_case = KITH__TO_SERVER__BODY_SIGN_OUT;
  message.sign_out = &sign_out;
  if (self->phase < SESSION_SYNCING || !requests_send (self, &message, &kind)) {
    sign_out_finish (self);
    return;
  }
  self->phase = SESSION_LEAVING;
  worker_clear_timer (&self->sign_in_timer);
  self->sign_in_timer = worker_timer (self, SIGN_OUT_MS, on_sign_out_late);
}

/* (transfer full) (nullable): of a bare pin, or a link that has one. */
static char *
read_pin (const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autoptr (KithAddress) address = NULL;

  if (pin_valid (stripped))
    return g_steal_pointer (&stripped);
  if (!g_str_has_prefix (stripped, "kith:"))
    return NULL;
  address = kith_address_parse (stripped, NULL);
  return address == NULL ? NULL : g_strdup (address->pin);
}

void
command_change_pin (Worker *self, Command *command)
{
  g_autofree char *pin = read_pin (command->text);
  GError *error = NULL;

  if (self->account == NULL || self->attempt != NULL) {
    error = client_error_new (KITH_NOT_NOW, NULL);
  } else if (pin == NULL) {
    error = client_error_new (
        KITH_MALFORMED,
        _ ("That is not a key: it begins with \"sha256:\" or is a "
           "whole kith: link."));
  } else {
    Note *note = note_new (NOTE_ACCOUNT);

    record_set_string (&self->account->pin, pin);
    account_set_next_pin (self->account, NULL);
    account_save (self->account, self->folder, &error);
    note->account = account_copy (self->account);
    worker_note (self, note);
    self->failures = 0;
    session_begin (self);
  }
  worker_done (self, g_steal_pointer (&command->task), error);
}
