/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Signing in and up: by the password that the person has just given, or by the
 * device token. Must keep a password no longer than its attempt.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"

#define DEVICE_MAX 64 /* bytes */

static void
free_attempt (Attempt *attempt)
{
  if (attempt == NULL)
    return;
  kith_secret_free (attempt->password);
  kith_secret_free (attempt->invite);
  g_free (attempt->display_name);
  account_free (attempt->account);
  g_free (attempt);
}

void
session_end_attempt (Worker *self, GError *error)
{
  Attempt *attempt = g_steal_pointer (&self->attempt);

  if (attempt == NULL) {
    g_clear_error (&error);
    return;
  }
  worker_done (self, attempt->task, error);
  free_attempt (attempt);
}

const Account *
session_account (Worker *self)
{
  return self->attempt != NULL ? self->attempt->account : self->account;
}

/* (transfer full): what the person's list of devices shows. */
static char *
device_name (void)
{
  char *name = g_strdup (g_get_host_name ());

  if (strlen (name) > DEVICE_MAX || !g_str_is_ascii (name))
    *name = '\0';
  return name;
}

/* It is the person again, on a database that knows them by another id. */
static gboolean
become (Worker *self, const Kith__SignedIn *answer, GError **error)
{
  Account *account = account_copy (session_account (self));
  const guint64 before = self->account == NULL ? 0 : self->account->self.id;
  Note *note;

  user_record_clear (&account->self);
  if (!user_record_from_wire (&account->self, answer->self)) {
    account_free (account);
    return session_protocol_error (error, _ ("The server does not say who we "
                                             "are."));
  }
  if (account->server_name == NULL && self->account != NULL)
    account->server_name = g_strdup (self->account->server_name);
  account_promote_pin (account, connection_get_peer_pin (self->connection));
  if (self->announces_keys)
    account_set_next_pin (account, answer->next_key);
  /* What cannot be kept is not begun. */
  if (!account_save (account, self->folder, error)) {
    account_free (account);
    return FALSE;
  }
  account_free (self->account);
  self->account = account;
  if (before != 0 && before != account->self.id
      && (!worker_begin (self, CACHE_RELAXED, error)
          || !worker_forget_all (self, error)))
    return FALSE;
  note = note_new (NOTE_ACCOUNT);
  note->account = account_copy (account);
  worker_note (self, note);
  return TRUE;
}

static gboolean
check_token (Worker *self, const Kith__SignedIn *answer, GError **error)
{
  if (answer->token.len == ENVELOPE_TOKEN_SIZE
      || (answer->token.len == 0 && self->token != NULL))
    return TRUE;
  return session_protocol_error (error, _ ("The server gave no device token."));
}

static void
keep_token (Worker *self, const Kith__SignedIn *answer)
{
  Note *note;

  if (answer->token.len == 0)
    return;
  g_clear_pointer (&self->token, g_bytes_unref);
  self->token = kith_secret_bytes_new (answer->token.data, answer->token.len);
  note = note_new (NOTE_TOKEN);
  note->token = kith_secret_bytes_new (answer->token.data, answer->token.len);
  worker_note (self, note);
}

static gboolean
on_signed_in (Worker *self, const Kith__ToClient *answer, gpointer data,
              GError **error)
{
  if (answer == NULL)
    return TRUE;
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL) {
    g_autoptr (GError) refused = requests_error_from (answer->refusal);

    if (!session_stops (self, refused))
      session_fail (self, refused);
    return TRUE;
  }
  worker_clear_timer (&self->sign_in_timer);
  if (!check_token (self, answer->signed_in, error)
      || !become (self, answer->signed_in, error))
    return FALSE;
  keep_token (self, answer->signed_in);
  self->phase = SESSION_SYNCING;
  worker_set_state (self, KITH_ENGINE_SYNCING, NULL, -1);
  session_end_attempt (self, NULL);
  g_hash_table_remove_all (self->sign_ups);
  session_keep_alive (self);
  return sync_begin (self, error);
}

static gboolean
send_sign_up (Worker *self, Kith__ToServer *message, const RequestKind *kind)
{
  Kith__SignUp sign_up = KITH__SIGN_UP__INIT;
  g_autofree char *device = device_name ();

  message->body_case = KITH__TO_SERVER__BODY_SIGN_UP;
  message->sign_up = &sign_up;
  message->operation.data = self->attempt->operation;
  message->operation.len = RECORD_OPERATION_SIZE;
  sign_up.name = self->attempt->account->name;
  sign_up.password = self->attempt->password;
  if (self->attempt->display_name != NULL)
    sign_up.display_name = self->attempt->display_name;
  if (self->attempt->invite != NULL)
    sign_up.invite = self->attempt->invite;
  sign_up.device = device;
  return requests_send (self, message, kind);
}

static gboolean
send_sign_in (Worker *self, Kith__ToServer *message, const RequestKind *kind)
{
  Kith__SignIn sign_in = KITH__SIGN_IN__INIT;
  g_autofree char *device = device_name ();

  message->body_case = KITH__TO_SERVER__BODY_SIGN_IN;
  message->sign_in = &sign_in;
  sign_in.name = session_account (self)->name;
  sign_in.device = device;
  if (self->attempt != NULL) {
    sign_in.proof_case = KITH__SIGN_IN__PROOF_PASSWORD;
    sign_in.password = self->attempt->password;
  } else {
    gsize length = 0;

    sign_in.proof_case = KITH__SIGN_IN__PROOF_TOKEN;
    sign_in.token.data = (uint8_t *)g_bytes_get_data (self->token, &length);
    sign_in.token.len = length;
  }
  return requests_send (self, message, kind);
}

gboolean
sign_in_after_hello (Worker *self, const Kith__ToClient *answer, gpointer data,
                     GError **error)
{
  const RequestKind kind = { KITH__TO_CLIENT__BODY_SIGNED_IN, 0, on_signed_in };
  Kith__ToServer message = KITH__TO_SERVER__INIT;

  if (answer == NULL)
    return TRUE;
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL) {
    g_propagate_error (error, requests_error_from (answer->refusal));
    return FALSE;
  }
  self->phase = SESSION_SIGNING_IN;
  if (self->attempt != NULL && self->attempt->sign_up)
    send_sign_up (self, &message, &kind);
  else
    send_sign_in (self, &message, &kind);
  return TRUE;
}
