/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How far we are: "delivered" for what is in the cache, "read" for what the
 * person has seen. One mark a conversation is on its way at a time, so they
 * coalesce; what the server lacks is found in the cache, so none is lost.
 */
#include "worker-private.h"

#include "client-error.h"

typedef struct {
  guint64 conversation_id;
  guint64 number;
  gboolean read;
} Mark;

void
marks_reset (Worker *self)
{
  g_hash_table_remove_all (self->marking);
  self->marks_waiting = FALSE;
}

/* The server has it; or never wants to hear of it again, which is the same
 * for us. */
static gboolean
on_answer (Worker *self, const Kith__ToClient *answer, gpointer data,
           GError **error)
{
  const Mark *mark = data;
  g_autoptr (ConversationRecord) record = NULL;

  if (answer == NULL)
    return TRUE;
  g_hash_table_remove (self->marking, &mark->conversation_id);
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL
      && answer->refusal->code != KITH__REFUSAL__CODE__NOT_FOUND)
    return TRUE; /* the next message, or connection, tries again */
  if (!worker_begin (self, CACHE_RELAXED, error)
      || !cache_get_conversation (self->cache, mark->conversation_id, &record,
                                  error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  record->delivered_told = MAX (record->delivered_told, mark->number);
  if (mark->read)
    record->read_told = MAX (record->read_told, mark->number);
  worker_touch (self, record->id); /* which sends what has come since */
  if (!cache_put_conversation (self->cache, record, error))
    return FALSE;
  if (self->marks_waiting
      && g_hash_table_size (self->requests) < REQUESTS_MAX / 2)
    marks_send_all (self);
  return TRUE;
}

static gboolean
send_mark (Worker *self, const Mark *wanted)
{
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__MarkRead read = KITH__MARK_READ__INIT;
  Kith__MarkDelivered delivered = KITH__MARK_DELIVERED__INIT;
  RequestKind kind = { KITH__TO_CLIENT__BODY_DONE, 0, on_answer };

  if (wanted->read) {
    message.body_case = KITH__TO_SERVER__BODY_MARK_READ;
    message.mark_read = &read;
    read.conversation_id = wanted->conversation_id;
    read.number = wanted->number;
  } else {
    message.body_case = KITH__TO_SERVER__BODY_MARK_DELIVERED;
    message.mark_delivered = &delivered;
    delivered.conversation_id = wanted->conversation_id;
    delivered.number = wanted->number;
  }
  kind.data = g_memdup2 (wanted, sizeof (*wanted));
  kind.destroy = g_free;
  if (!requests_send (self, &message, &kind))
    return FALSE;
  g_hash_table_add (self->marking, record_key_new (wanted->conversation_id));
  return TRUE;
}

/* FALSE: no more can be sent for now. */
static gboolean
send_due (Worker *self, guint64 conversation_id)
{
  g_autoptr (ConversationRecord) record = NULL;
  Mark mark = { conversation_id, 0, FALSE };

  if (g_hash_table_contains (self->marking, &conversation_id))
    return TRUE;
  /* Who reads next is told of an error. */
  if (!cache_get_conversation (self->cache, conversation_id, &record, NULL)
      || record == NULL)
    return TRUE;
  if (record->my_read > record->read_told) {
    mark.number = record->my_read;
    mark.read = TRUE;
  } else if (record->peer_last > record->delivered_told) {
    mark.number = record->peer_last;
  } else {
    return TRUE;
  }
  return send_mark (self, &mark);
}

void
marks_send (Worker *self, guint64 conversation_id)
{
  if (self->phase == SESSION_SYNCING || self->phase == SESSION_LIVE)
    send_due (self, conversation_id);
}

void
marks_send_all (Worker *self)
{
  g_autoptr (GArray) due = cache_list_marks_due (self->cache, NULL);

  self->marks_waiting = FALSE;
  for (guint i = 0; due != NULL && i < due->len; i++)
    if (!send_due (self, g_array_index (due, guint64, i))) {
      self->marks_waiting = TRUE; /* an answer makes room */
      break;
    }
}

void
command_seen (Worker *self, Command *command)
{
  g_autoptr (ConversationRecord) record = NULL;
  GError *error = NULL;

  if (self->cache == NULL)
    return;
  if (!cache_get_conversation (self->cache, command->id, &record, &error)) {
    worker_cache_failed (self, error);
    return;
  }
  if (record == NULL)
    return;
  record->my_read
      = MAX (record->my_read, MIN (command->number, record->last_number));
  worker_touch (self, record->id);
  if (!worker_begin (self, CACHE_RELAXED, &error)
      || !events_recount (self, record, &error)
      || !cache_put_conversation (self->cache, record, &error)
      || !worker_commit (self, &error))
    worker_cache_failed (self, error);
}

void
command_typing (Worker *self, Command *command)
{
  const RequestKind kind = { KITH__TO_CLIENT__BODY_DONE, 0, NULL };
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__SetTyping typing = KITH__SET_TYPING__INIT;

  if (!session_is_live (self))
    return;
  message.body_case = KITH__TO_SERVER__BODY_SET_TYPING;
  message.set_typing = &typing;
  typing.conversation_id = command->id;
  typing.typing = command->flag;
  requests_send (self, &message, &kind);
}
