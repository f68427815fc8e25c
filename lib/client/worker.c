/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's thread: it runs commands and the sources of the connection, and
 * owns cache and socket. What the main thread learns of a change, it learns
 * after the change is in the cache.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "client-error.h"
#include "tls-lock.h"
#include "tls.h"

typedef struct {
  Worker *worker;
  CommandFunc func;
  Command *command;
} Call;

/* ---- commands ---- */

Command *
command_new (GTask *task)
{
  Command *self = g_new0 (Command, 1);

  self->task = task;
  return self;
}

/* A task is never dropped here: its last reference belongs to the main
 * thread. */
static void
command_free (Worker *worker, Command *self)
{
  if (self->task != NULL)
    worker_done (worker, g_steal_pointer (&self->task),
                 client_error_new (KITH_STOPPING, NULL));
  kith_secret_free (self->text);
  kith_secret_free (self->password);
  kith_secret_free (self->invite);
  account_free (self->account);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_free (self);
}

/* What was said with the old ids must not be done with the new ones: it would be
 * done to somebody else. */
static gboolean
is_stale (Worker *self, const Command *command)
{
  return command->id != 0 && command->era != self->era;
}

static gboolean
on_call (gpointer data)
{
  Call *call = data;

  if (call->worker->stopped)
    return G_SOURCE_REMOVE; /* its end says so */
  if (is_stale (call->worker, call->command))
    worker_refuse (call->worker, call->command, KITH_NOT_NOW);
  else
    call->func (call->worker, call->command);
  return G_SOURCE_REMOVE;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  command_free (call->worker, call->command);
  g_free (call);
}

void
worker_call (Worker *self, CommandFunc func, Command *command)
{
  Call *call = g_new (Call, 1);
  g_autoptr (GSource) source = g_idle_source_new ();

  command->era = self->era_seen;
  *call = (Call){ self, func, command };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_call, call, call_free);
  g_source_attach (source, self->context);
}

void
worker_reset_seen (Worker *self)
{
  self->era_seen++;
}

/* ---- notes ---- */

static void
post (Worker *self, Note *note)
{
  if (note->kind == NOTE_RESET)
    self->era++;
  note_queue_post (self->notes, note);
}

void
worker_note (Worker *self, Note *note)
{
  if (self->cache != NULL && cache_in_transaction (self->cache))
    g_ptr_array_add (self->pending, note);
  else
    post (self, note);
  if (self->connection != NULL
      && note_queue_length (self->notes) > NOTES_WAITING_MAX)
    connection_set_paused (self->connection, TRUE);
}

void
command_read_on (Worker *self, Command *command)
{
  if (self->connection != NULL)
    connection_set_paused (self->connection, FALSE);
}

void
worker_notice (Worker *self, const char *sentence)
{
  Note *note = note_new (NOTE_NOTICE);

  note->text = g_strdup (sentence);
  worker_note (self, note);
}

void
worker_done (Worker *self, GTask *task, GError *error)
{
  Note *note;

  if (task == NULL) {
    g_clear_error (&error);
    return;
  }
  note = note_new (NOTE_DONE);
  note->task = task;
  note->error = error;
  worker_note (self, note);
}

void
worker_refuse (Worker *self, Command *command, enum kith_code code)
{
  worker_done (self, g_steal_pointer (&command->task),
               client_error_new (code, NULL));
}

void
worker_set_state (Worker *self, KithEngineState state, const char *status,
                  gint64 retry_ms)
{
  Note *note = note_new (NOTE_STATE);

  self->state = state;
  note->state = state;
  note->text = g_strdup (status == NULL ? "" : status);
  note->time_us = retry_ms < 0 ? 0 : g_get_monotonic_time () + retry_ms * 1000;
  worker_note (self, note);
}

void
worker_note_reopen (Worker *self, guint64 conversation_id)
{
  Note *note = note_new (NOTE_REOPEN);

  note->id = conversation_id;
  worker_note (self, note);
}

void
worker_note_outbox_count (Worker *self)
{
  Note *note = note_new (NOTE_OUTBOX_COUNT);
  guint count = 0;

  cache_outbox_count (self->cache, &count, NULL);
  note->other = count;
  worker_note (self, note);
}

/* ---- transactions ---- */

gboolean
worker_begin (Worker *self, CacheDurability durability, GError **error)
{
  if (self->cache == NULL) {
    g_propagate_error (
        error, client_error_new (KITH_IO, _ ("The local store is closed.")));
    return FALSE;
  }
  if (!cache_in_transaction (self->cache))
    return cache_begin (self->cache, durability, error);
  if (durability == CACHE_RELAXED)
    return TRUE;
  /* A durable one cannot join a relaxed one. */
  return worker_commit (self, error)
         && cache_begin (self->cache, durability, error);
}

void
worker_touch (Worker *self, guint64 conversation_id)
{
  g_hash_table_add (self->touched, record_key_new (conversation_id));
}

static gboolean
note_touched (Worker *self, GError **error)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->touched);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    ConversationRecord *record = NULL;
    Note *note;

    if (!cache_get_conversation (self->cache, *(guint64 *)key, &record, error))
      return FALSE;
    if (record == NULL)
      continue;
    note = note_new (NOTE_CONVERSATION);
    note->conversation = record;
    worker_note (self, note);
  }
  return TRUE;
}

static void
send_pending (Worker *self)
{
  GPtrArray *pending = self->pending;

  self->pending = g_ptr_array_new ();
  for (guint i = 0; i < pending->len; i++)
    worker_note (self, g_ptr_array_index (pending, i));
  g_ptr_array_unref (pending);
}

static void
send_marks_of_touched (Worker *self)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->touched);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    marks_send (self, *(guint64 *)key);
  g_hash_table_remove_all (self->touched);
}

gboolean
worker_commit (Worker *self, GError **error)
{
  if (self->cache == NULL || !cache_in_transaction (self->cache))
    return TRUE;
  if (!note_touched (self, error) || !cache_commit (self->cache, error)) {
    worker_rollback (self);
    return FALSE;
  }
  self->failing = FALSE;
  send_pending (self);
  send_marks_of_touched (self);
  if (self->wake_outbox) {
    self->wake_outbox = FALSE;
    outbox_pump (self);
  }
  return TRUE;
}

/* Tasks that were to be told of a success are told of the failure. */
void
worker_rollback (Worker *self)
{
  GPtrArray *pending = self->pending;

  if (self->cache != NULL)
    cache_rollback (self->cache);
  g_hash_table_remove_all (self->touched);
  self->wake_outbox = FALSE;
  self->pending = g_ptr_array_new ();
  for (guint i = 0; i < pending->len; i++) {
    Note *note = g_ptr_array_index (pending, i);

    if (note->kind == NOTE_DONE) {
      if (note->error == NULL)
        note->error = client_error_new (
            KITH_IO, _ ("The local store on this computer failed."));
      post (self, note);
    } else {
      note_free (note);
    }
  }
  g_ptr_array_unref (pending);
}

/* ---- timers ---- */

GSource *
worker_timer (Worker *self, guint64 ms, GSourceFunc callback)
{
  GSource *source = clock_timeout_source_new (self->clock, ms);

  g_source_set_callback (source, callback, self, NULL);
  g_source_attach (source, self->context);
  return source;
}

void
worker_clear_timer (GSource **timer)
{
  if (*timer == NULL)
    return;
  g_source_destroy (*timer);
  g_clear_pointer (timer, g_source_unref);
}

/* ---- the thread ---- */

static gpointer
run (gpointer data)
{
  Worker *self = data;

  g_main_context_push_thread_default (self->context);
  tls_lock ();
  tls_random_reseed (NULL);
  tls_unlock ();
  g_main_loop_run (self->loop);
  session_close (self);
  g_clear_pointer (&self->cache, cache_close);
  if (self->lock_fd >= 0)
    close (self->lock_fd);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

Worker *
worker_new (const char *folder, NoteQueue *notes, Clock *clock)
{
  Worker *self = g_new0 (Worker, 1);

  self->folder = g_strdup (folder);
  self->notes = note_queue_ref (notes);
  self->clock = clock_ref (clock);
  self->lock_fd = -1;
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  self->pending = g_ptr_array_new ();
  self->touched = record_table_new (NULL);
  self->sign_ups
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->requests = record_table_new (g_free);
  self->in_flight = record_table_new (NULL);
  self->marking = record_table_new (NULL);
  self->news
      = g_ptr_array_new_with_free_func ((GDestroyNotify)message_record_free);
  g_queue_init (&self->gaps);
  g_queue_init (&self->actions);
  self->thread = g_thread_new ("kith-engine", run, self);
  return self;
}

static void
worker_free (Worker *self)
{
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context); /* calls not made end here */
  g_ptr_array_unref (self->pending);
  g_hash_table_unref (self->touched);
  g_hash_table_unref (self->sign_ups);
  g_hash_table_unref (self->requests);
  g_hash_table_unref (self->in_flight);
  g_hash_table_unref (self->marking);
  g_ptr_array_unref (self->news);
  account_free (self->account);
  g_clear_pointer (&self->token, g_bytes_unref);
  note_queue_unref (self->notes);
  clock_unref (self->clock);
  g_free (self->folder);
  g_free (self);
}

void
worker_stop (Worker **worker)
{
  Worker *self = g_steal_pointer (worker);

  if (self == NULL)
    return;
  worker_call (self, command_shutdown, command_new (NULL));
  g_thread_join (self->thread);
  worker_free (self);
}
