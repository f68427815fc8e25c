/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests that wait for their answers, by number. Each is answered once, or
 * cut with the connection; an answer that nobody waits for, or of another kind
 * than was asked for, is the server's fault.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"
#include "text.h"

typedef struct {
  RequestKind kind;
  gint64 sent_ms;
} Request;

static void
done_with (const RequestKind *kind)
{
  if (kind->destroy != NULL)
    kind->destroy (kind->data);
}

gboolean
requests_send (Worker *self, Kith__ToServer *message, const RequestKind *kind)
{
  Request *request;

  message->request = self->last_request + 1;
  if (self->connection == NULL
      || g_hash_table_size (self->requests) >= REQUESTS_MAX
      || !connection_send (self->connection, message)) {
    done_with (kind);
    return FALSE;
  }
  self->last_request++;
  request = g_new (Request, 1);
  request->kind = *kind;
  request->sent_ms = clock_now_ms (self->clock);
  g_hash_table_insert (self->requests, record_key_new (self->last_request),
                       request);
  return TRUE;
}

gboolean
requests_answer (Worker *self, const Kith__ToClient *answer, GError **error)
{
  const guint64 number = answer->request;
  Request *found = g_hash_table_lookup (self->requests, &number);
  RequestKind kind;
  gboolean fine;

  if (found == NULL)
    return session_protocol_error (
        error, _ ("The server answered what was not asked."));
  kind = found->kind;
  g_hash_table_remove (self->requests, &number);
  if (answer->body_case == kind.expected
      || (kind.or_else != 0 && answer->body_case == kind.or_else)
      || answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL)
    fine = kind.func == NULL || kind.func (self, answer, kind.data, error);
  else
    fine = session_protocol_error (error,
                                   _ ("The server answered something else."));
  done_with (&kind);
  return fine;
}

void
requests_cut (Worker *self)
{
  g_autoptr (GHashTable) cut = self->requests;
  GHashTableIter iter;
  gpointer value;

  self->requests = record_table_new (g_free);
  g_hash_table_iter_init (&iter, cut);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Request *request = value;

    if (request->kind.func != NULL)
      request->kind.func (self, NULL, request->kind.data, NULL);
    done_with (&request->kind);
  }
}

gboolean
requests_overdue (Worker *self)
{
  const gint64 oldest = clock_now_ms (self->clock) - REQUEST_MS;
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->requests);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    if (((Request *)value)->sent_ms < oldest)
      return TRUE;
  return FALSE;
}

static enum kith_code
code_of (Kith__Refusal__Code code)
{
  static const enum kith_code codes[] = {
    [KITH__REFUSAL__CODE__UNKNOWN] = KITH_REFUSED,
    [KITH__REFUSAL__CODE__MALFORMED] = KITH_MALFORMED,
    [KITH__REFUSAL__CODE__TOO_LARGE] = KITH_TOO_LARGE,
    [KITH__REFUSAL__CODE__NOT_NOW] = KITH_NOT_NOW,
    [KITH__REFUSAL__CODE__UNSUPPORTED] = KITH_UNSUPPORTED,
    [KITH__REFUSAL__CODE__BAD_CREDENTIALS] = KITH_BAD_CREDENTIALS,
    [KITH__REFUSAL__CODE__LOCKED] = KITH_LOCKED,
    [KITH__REFUSAL__CODE__SIGN_UP_CLOSED] = KITH_SIGN_UP_CLOSED,
    [KITH__REFUSAL__CODE__BAD_INVITE] = KITH_BAD_INVITE,
    [KITH__REFUSAL__CODE__NAME_TAKEN] = KITH_NAME_TAKEN,
    [KITH__REFUSAL__CODE__BAD_NAME] = KITH_BAD_NAME,
    [KITH__REFUSAL__CODE__BAD_PASSWORD] = KITH_BAD_PASSWORD,
    [KITH__REFUSAL__CODE__BAD_TEXT] = KITH_BAD_TEXT,
    [KITH__REFUSAL__CODE__NOT_FOUND] = KITH_NOT_FOUND,
    [KITH__REFUSAL__CODE__NOT_FRIENDS] = KITH_NOT_FRIENDS,
    [KITH__REFUSAL__CODE__ALREADY] = KITH_ALREADY,
    [KITH__REFUSAL__CODE__CONFLICT] = KITH_CONFLICT,
    [KITH__REFUSAL__CODE__FORBIDDEN] = KITH_FORBIDDEN,
    [KITH__REFUSAL__CODE__TRY_LATER] = KITH_TRY_LATER,
    [KITH__REFUSAL__CODE__BUSY] = KITH_BUSY,
    [KITH__REFUSAL__CODE__STORAGE_FULL] = KITH_STORAGE_FULL,
    [KITH__REFUSAL__CODE__STOPPING] = KITH_STOPPING,
    [KITH__REFUSAL__CODE__INTERNAL] = KITH_INTERNAL,
    [KITH__REFUSAL__CODE__PENDING] = KITH_PENDING,
  };

  if ((gsize)code >= G_N_ELEMENTS (codes))
    return KITH_REFUSED;
  return codes[code];
}

/* The sentence is the server's: it counts only if it is one plain line. */
GError *
requests_error_from (const Kith__Refusal *refusal)
{
  const enum kith_code code
      = refusal == NULL ? KITH_REFUSED : code_of (refusal->code);
  const char *sentence = refusal == NULL ? NULL : refusal->sentence;
  GError *error;

  if (sentence != NULL
      && (strlen (sentence) >= FAULT_SENTENCE_MAX
          || text_check_message (sentence, strlen (sentence)) != KITH_OK
          || strchr (sentence, '\n') != NULL))
    sentence = NULL;
  error = client_error_translate (code, sentence);
  if (refusal != NULL)
    client_error_set_retry_after_ms (error, refusal->retry_after_ms);
  return error;
}
