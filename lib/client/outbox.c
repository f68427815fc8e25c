/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was typed, on its way. A message is on disk, with its operation, before
 * anything is said about it; it is sent as often as needed, by the same
 * operation, one at a time a conversation so that the order holds.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"
#include "text.h"

#define IN_FLIGHT_MAX 8
#define RESEND_FIRST_MS 1000
#define RESEND_MAX_MS 60000
#define RESEND_DOUBLINGS 6
#define RESEND_SERVER_MAX_MS 3600000 /* what a server can ask of us */

typedef struct {
  guint64 conversation_id;
  guint64 outbox_id;
} Flight;

void
outbox_reset (Worker *self)
{
  worker_clear_timer (&self->outbox_timer);
  g_hash_table_remove_all (self->in_flight);
}

static gboolean
on_resend (gpointer data)
{
  Worker *self = data;

  worker_clear_timer (&self->outbox_timer);
  outbox_pump (self);
  return G_SOURCE_REMOVE;
}

/* The server could not, for now. */
static void
resend_later (Worker *self, guint at_least_ms)
{
  const guint doublings = MIN (self->outbox_failures, RESEND_DOUBLINGS);
  const guint wait_ms = MIN (RESEND_FIRST_MS << doublings, RESEND_MAX_MS);

  self->outbox_failures++;
  if (self->outbox_timer == NULL)
    self->outbox_timer = worker_timer (
        self, MAX (wait_ms, MIN (at_least_ms, RESEND_SERVER_MAX_MS)),
        on_resend);
}

static gboolean
passes_by_itself (const GError *refusal)
{
  static const enum kith_code codes[] = {
    KITH_TRY_LATER, KITH_BUSY,    KITH_STORAGE_FULL, KITH_STOPPING,
    KITH_INTERNAL,  KITH_NOT_NOW, KITH_LOCKED,       KITH_PENDING,
  };

  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (client_error_is (refusal, codes[i]))
      return TRUE;
  return FALSE;
}

static void
note_message (Worker *self, const MessageRecord *message)
{
  Note *note = note_new (NOTE_MESSAGE);

  note->message = message_record_copy (message);
  worker_note (self, note);
}

/* Into the conversation under its number. */
static gboolean
arrived (Worker *self, MessageRecord *message, const Kith__MessageSent *sent,
         GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;

  if (!record_id_valid (sent->number)
      || sent->conversation_id != message->conversation_id)
    return session_protocol_error (error, _ ("The server took a message for "
                                             "another."));
  message->number = sent->number;
  message->time_us = record_time (sent->time_us);
  if (!cache_add_message (self->cache, message, NULL, error)
      || !cache_outbox_remove (self->cache, message->outbox_id, error)
      || !cache_get_conversation (self->cache, message->conversation_id,
                                  &record, error))
    return FALSE;
  note_message (self, message);
  if (record == NULL)
    return TRUE;
  /* Events with lower numbers may still be on their way. */
  if (message->number == record->known_to + 1)
    record->known_to = message->number;
  record->last_number = MAX (record->last_number, message->number);
  record->time_us = MAX (record->time_us, message->time_us);
  worker_touch (self, record->id);
  return cache_put_conversation (self->cache, record, error);
}

static gboolean
refused (Worker *self, MessageRecord *message, const GError *refusal,
         GError **error)
{
  if (passes_by_itself (refusal)) {
    resend_later (self, kith_client_error_get_retry_after_ms (refusal));
    return TRUE;
  }
  message->reason = g_strdup (refusal->message);
  note_message (self, message);
  return cache_outbox_fail (self->cache, message->outbox_id, message->reason,
                            error);
}

static gboolean
on_answer (Worker *self, const Kith__ToClient *answer, gpointer data,
           GError **error)
{
  const Flight *flight = data;
  g_autoptr (MessageRecord) message = NULL;
  gboolean fine;

  if (answer == NULL)
    return TRUE; /* the next connection sends it again */
  g_hash_table_remove (self->in_flight, &flight->conversation_id);
  if (!worker_begin (self, CACHE_RELAXED, error)
      || !cache_outbox_get (self->cache, flight->outbox_id, &message, error))
    return FALSE;
  self->wake_outbox = TRUE;
  if (message == NULL)
    return TRUE; /* its event was faster */
  if (answer->body_case == KITH__TO_CLIENT__BODY_MESSAGE_SENT) {
    self->outbox_failures = 0;
    fine = arrived (self, message, answer->message_sent, error);
  } else {
    g_autoptr (GError) refusal = requests_error_from (answer->refusal);

    fine = refused (self, message, refusal, error);
  }
  worker_note_outbox_count (self);
  return fine;
}

/* FALSE: no room for now. */
static gboolean
send_one (Worker *self, const MessageRecord *record)
{
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__SendMessage body = KITH__SEND_MESSAGE__INIT;
  Kith__Content content = KITH__CONTENT__INIT;
  RequestKind kind = { KITH__TO_CLIENT__BODY_MESSAGE_SENT, 0, on_answer };
  Flight *flight = g_new (Flight, 1);

  flight->conversation_id = record->conversation_id;
  flight->outbox_id = record->outbox_id;
  kind.data = flight;
  kind.destroy = g_free;
  message.body_case = KITH__TO_SERVER__BODY_SEND_MESSAGE;
  message.send_message = &body;
  message.operation.data = (uint8_t *)record->operation;
  message.operation.len = RECORD_OPERATION_SIZE;
  body.conversation_id = record->conversation_id;
  body.content = &content;
  content.kind_case = KITH__CONTENT__KIND_TEXT;
  content.text = record->text;
  if (!requests_send (self, &message, &kind))
    return FALSE;
  g_hash_table_add (self->in_flight, record_key_new (record->conversation_id));
  return TRUE;
}

void
outbox_pump (Worker *self)
{
  g_autoptr (GPtrArray) heads = NULL;

  if (!session_is_live (self) || self->outbox_timer != NULL)
    return;
  heads = cache_outbox_heads (self->cache, NULL);
  for (guint i = 0; heads != NULL && i < heads->len; i++) {
    const MessageRecord *record = g_ptr_array_index (heads, i);

    if (g_hash_table_size (self->in_flight) >= IN_FLIGHT_MAX)
      break;
    if (g_hash_table_contains (self->in_flight, &record->conversation_id))
      continue;
    if (!send_one (self, record)) {
      resend_later (self, 0);
      break;
    }
  }
}

/* ---- commands ---- */

static gboolean
check (Worker *self, const Command *command, GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;
  enum kith_code code
      = text_check_message (command->text, strlen (command->text));

  if (code == KITH_OK && self->cache == NULL)
    code = KITH_NOT_NOW;
  if (code == KITH_OK) {
    if (!cache_get_conversation (self->cache, command->id, &record, error))
      return FALSE;
    if (record == NULL)
      code = KITH_NOT_FOUND;
    else if (!record->friends)
      code = KITH_NOT_FRIENDS;
  }
  if (code == KITH_OK)
    return TRUE;
  g_propagate_error (error, client_error_new (code, NULL));
  return FALSE;
}

static MessageRecord *
new_record (Worker *self, guint64 conversation_id, const char *text)
{
  MessageRecord *record = message_record_new ();

  record->conversation_id = conversation_id;
  record->sender_id = self->account->self.id;
  record->time_us = record_time (g_get_real_time ());
  record->text = g_strdup (text);
  record->has_operation = TRUE;
  uuid_new (record->operation);
  return record;
}

static gboolean
store (Worker *self, const Command *command, GError **error)
{
  g_autoptr (MessageRecord) record
      = new_record (self, command->id, command->text);

  if (!worker_begin (self, CACHE_DURABLE, error)
      || !cache_outbox_add (self->cache, record, error)
      || !cache_set_draft (self->cache, command->id, NULL, error)) {
    worker_rollback (self);
    return FALSE;
  }
  note_message (self, record);
  worker_note_outbox_count (self);
  self->wake_outbox = TRUE;
  return worker_commit (self, error);
}

void
command_send (Worker *self, Command *command)
{
  GError *error = NULL;

  if (!check (self, command, &error) || !store (self, command, &error))
    worker_mend_cache (self, error);
  worker_done (self, g_steal_pointer (&command->task), error);
}

static void
note_removed (Worker *self, guint64 conversation_id, guint64 outbox_id)
{
  Note *note = note_new (NOTE_OUTBOX_REMOVED);

  note->id = conversation_id;
  note->other = outbox_id;
  cache_last_message (self->cache, conversation_id, &note->message, NULL);
  worker_note (self, note);
}

/* Takes a failed one out; again: and puts it in anew, at the end. Refused is
 * refused: the server has forgotten the old operation, so a new one is safe. */
static void
redo (Worker *self, const Command *command, gboolean again)
{
  g_autoptr (MessageRecord) old = NULL;
  g_autoptr (MessageRecord) fresh = NULL;
  GError *error = NULL;

  if (self->cache == NULL)
    return;
  if (!cache_outbox_get (self->cache, command->number, &old, &error)) {
    worker_cache_failed (self, error);
    return;
  }
  if (old == NULL || old->reason == NULL)
    return;
  fresh = new_record (self, old->conversation_id, old->text);
  if (!worker_begin (self, CACHE_DURABLE, &error)
      || !cache_outbox_remove (self->cache, old->outbox_id, &error)
      || (again && !cache_outbox_add (self->cache, fresh, &error))) {
    worker_cache_failed (self, error);
    return;
  }
  note_removed (self, old->conversation_id, old->outbox_id);
  if (again)
    note_message (self, fresh);
  worker_note_outbox_count (self);
  self->wake_outbox = TRUE;
  if (!worker_commit (self, &error))
    worker_cache_failed (self, error);
}

void
command_retry (Worker *self, Command *command)
{
  redo (self, command, TRUE);
}

void
command_delete (Worker *self, Command *command)
{
  redo (self, command, FALSE);
}

void
command_draft (Worker *self, Command *command)
{
  GError *error = NULL;

  if (self->cache == NULL)
    return;
  if (!worker_begin (self, CACHE_RELAXED, &error)
      || !cache_set_draft (self->cache, command->id, command->text, &error)
      || !worker_commit (self, &error))
    worker_cache_failed (self, error);
}
