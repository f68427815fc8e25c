/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's thread: it runs commands and the sources of the connection, and
 * owns cache and socket. What the main thread learns of a change, it learns
 * after the change is in the cache.
 */
#include "worker-private.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client-error.h"
#include "tls-lock.h"
#include "tls.h"

#define LOCK_FILE "lock"

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

static void
wipe (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

/* A task is never dropped here: its last reference belongs to the main
 * thread. */
static void
command_free (Worker *worker, Command *self)
{
  if (self->task != NULL)
    worker_done (worker, g_steal_pointer (&self->task),
                 client_error_new (KITH_STOPPING, NULL));
  wipe (self->text);
  wipe (self->password);
  wipe (self->invite);
  account_free (self->account);
  g_clear_pointer (&self->token, g_bytes_unref);
  g_free (self);
}

static gboolean
on_call (gpointer data)
{
  Call *call = data;

  if (!call->worker->stopped)
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

  *call = (Call){ self, func, command };
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_call, call, call_free);
  g_source_attach (source, self->context);
}

/* ---- notes ---- */

void
worker_note (Worker *self, Note *note)
{
  if (self->cache != NULL && cache_in_transaction (self->cache))
    g_ptr_array_add (self->pending, note);
  else
    note_queue_post (self->notes, note);
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
        error, client_error_new (KITH_IO, "The local store is closed."));
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
  guint64 *key = g_new (guint64, 1);

  *key = conversation_id;
  g_hash_table_add (self->touched, key);
}

static gboolean
note_touched (Worker *self, GError **error)
{
  GHashTableIter iter;
  gpointer key;

  g_hash_table_iter_init (&iter, self->touched);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    g_autoptr (GError) failure = NULL;
    ConversationRecord *record
        = cache_get_conversation (self->cache, *(guint64 *)key, &failure);
    Note *note;

    if (failure != NULL) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
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
            KITH_IO, "The local store on this computer failed.");
      note_queue_post (self->notes, note);
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

/* ---- the profile ---- */

static GError *
io_error (const char *what, int errno_value)
{
  g_autofree char *sentence
      = g_strdup_printf ("%s: %s.", what, g_strerror (errno_value));

  return client_error_new (KITH_IO, sentence);
}

static gboolean
lock_profile (Worker *self, GError **error)
{
  g_autofree char *path = g_build_filename (self->folder, LOCK_FILE, NULL);

  if (g_mkdir_with_parents (self->folder, 0700) != 0) {
    g_propagate_error (error, io_error ("The profile cannot be made", errno));
    return FALSE;
  }
  self->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0) {
    g_propagate_error (error, io_error ("The profile cannot be used", errno));
    return FALSE;
  }
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  g_propagate_error (
      error, client_error_new (KITH_REFUSED,
                               "This profile is open in another window."));
  return FALSE;
}

static gboolean
open_cache (Worker *self, GError **error)
{
  g_autoptr (GError) failure = NULL;

  self->cache = cache_open (self->folder, &failure);
  if (self->cache != NULL)
    return TRUE;
  if (!client_error_is (failure, KITH_INTEGRITY)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  self->cache = cache_move_aside (self->folder, error);
  if (self->cache == NULL)
    return FALSE;
  worker_notice (self, "The local store was damaged; it is fetched again from "
                       "the server.");
  return TRUE;
}

static gboolean
tell_conversations (Worker *self, GError **error)
{
  g_autoptr (GPtrArray) records = cache_list_conversations (self->cache, error);

  if (records == NULL)
    return FALSE;
  for (guint i = 0; i < records->len; i++) {
    ConversationRecord *record = g_ptr_array_index (records, i);
    const guint64 id = record->id;
    g_autoptr (GError) failure = NULL;
    MessageRecord *last = cache_last_message (self->cache, id, &failure);
    Note *note = note_new (NOTE_CONVERSATION);

    note->conversation = conversation_record_copy (record);
    worker_note (self, note);
    if (failure != NULL) {
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
    if (last != NULL) {
      note = note_new (NOTE_MESSAGE);
      note->message = last;
      worker_note (self, note);
    }
  }
  return TRUE;
}

gboolean
worker_tell_all (Worker *self, GError **error)
{
  g_autoptr (GPtrArray) requests = cache_list_requests (self->cache, error);

  if (requests == NULL || !tell_conversations (self, error))
    return FALSE;
  while (requests->len > 0) {
    Note *note = note_new (NOTE_REQUEST);

    note->request = g_ptr_array_steal_index (requests, requests->len - 1);
    worker_note (self, note);
  }
  worker_note_outbox_count (self);
  return TRUE;
}

/* Reads what is there. A damaged store is given up once. */
static gboolean
read_profile (Worker *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  Note *note;

  self->account = account_load (self->folder, error);
  if (self->account == NULL)
    return *error == NULL;
  note = note_new (NOTE_ACCOUNT);
  note->account = account_copy (self->account);
  worker_note (self, note);
  if (worker_tell_all (self, &failure))
    return TRUE;
  if (!client_error_is (failure, KITH_INTEGRITY)) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return FALSE;
  }
  worker_cache_failed (self, g_steal_pointer (&failure));
  return TRUE;
}

void
worker_cache_failed (Worker *self, GError *error)
{
  g_autoptr (GError) failure = error;

  worker_rollback (self);
  if (!client_error_is (failure, KITH_INTEGRITY)) {
    worker_notice (self, failure->message);
    return;
  }
  g_clear_pointer (&self->cache, cache_close);
  self->cache = cache_move_aside (self->folder, NULL);
  worker_note (self, note_new (NOTE_RESET));
  if (self->cache == NULL || !worker_tell_all (self, NULL)) {
    worker_notice (self, failure->message);
    return;
  }
  worker_notice (self, "The local store was damaged; it is fetched again from "
                       "the server.");
}

void
command_start (Worker *self, Command *command)
{
  GError *error = NULL;

  worker_set_state (self, KITH_ENGINE_STARTING, NULL, -1);
  if (!lock_profile (self, &error) || !open_cache (self, &error)
      || !read_profile (self, &error)) {
    worker_set_state (self, KITH_ENGINE_CLOSED, error->message, -1);
    worker_done (self, g_steal_pointer (&command->task), error);
    return;
  }
  /* With an account the main thread asks the keyring, then says
   * command_use_token(). */
  worker_set_state (self,
                    self->account == NULL ? KITH_ENGINE_SIGNED_OUT
                                          : KITH_ENGINE_CONNECTING,
                    NULL, -1);
  worker_done (self, g_steal_pointer (&command->task), NULL);
}

void
command_shutdown (Worker *self, Command *command)
{
  session_end_attempt (self, client_error_new (KITH_STOPPING, NULL));
  session_close (self);
  friends_end (self);
  worker_commit (self, NULL);
  worker_clear_timer (&self->retry_timer);
  g_clear_pointer (&self->cache, cache_close);
  self->stopped = TRUE; /* what was called after this is not done any more */
  worker_set_state (self, KITH_ENGINE_CLOSED, NULL, -1);
  worker_note (self, note_new (NOTE_STOPPED));
  worker_done (self, g_steal_pointer (&command->task), NULL);
  g_main_loop_quit (self->loop);
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

static GHashTable *
id_table (GDestroyNotify value_free)
{
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free,
                                value_free);
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
  self->touched = id_table (NULL);
  self->requests = id_table (g_free);
  self->in_flight = id_table (g_free);
  self->marking = id_table (NULL);
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
