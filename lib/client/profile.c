/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The profile on this disk: its lock, its account, its cache; starting from it
 * and ending with it. Must never lose what was typed: a damaged cache is moved
 * aside, not deleted.
 */
#include "worker-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <sys/file.h>
#include <unistd.h>

#include "client-error.h"

#define LOCK_FILE "lock"

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
    g_propagate_error (error,
                       io_error (_ ("The profile cannot be made"), errno));
    return FALSE;
  }
  self->lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (self->lock_fd < 0) {
    g_propagate_error (error,
                       io_error (_ ("The profile cannot be used"), errno));
    return FALSE;
  }
  if (flock (self->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  close (self->lock_fd);
  self->lock_fd = -1;
  g_propagate_error (
      error, client_error_new (KITH_REFUSED,
                               _ ("This profile is open in another window.")));
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
  worker_notice (self,
                 _ ("The local store was damaged; it is fetched again from "
                    "the server."));
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
    MessageRecord *last = NULL;
    Note *note = note_new (NOTE_CONVERSATION);

    note->conversation = conversation_record_copy (record);
    worker_note (self, note);
    if (!cache_last_message (self->cache, record->id, &last, error))
      return FALSE;
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

/* Without an account: what a sign-out that was killed has left. */
static gboolean
forget_left_over (Worker *self, GError **error)
{
  g_clear_pointer (&self->cache, cache_close);
  cache_delete (self->folder);
  return open_cache (self, error);
}

/* Reads what is there. A damaged store is given up once. */
static gboolean
read_profile (Worker *self, GError **error)
{
  g_autoptr (GError) failure = NULL;
  Note *note;

  self->account = account_load (self->folder, error);
  if (self->account == NULL)
    return *error == NULL && forget_left_over (self, error);
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

/* What the window says by the old ids is refused from here on. */
static void
note_reset (Worker *self)
{
  friends_renumber (self);
  worker_note (self, note_new (NOTE_RESET));
}

gboolean
worker_forget_all (Worker *self, GError **error)
{
  if (!cache_forget_all (self->cache, self->account->self.id, error))
    return FALSE;
  note_reset (self);
  return TRUE;
}

/* Another cache in the place of the damaged one; what is in memory of that one
 * must be gone. */
static void
replace_cache (Worker *self, const GError *failure)
{
  g_clear_pointer (&self->cache, cache_close);
  self->cache = cache_move_aside (self->folder, NULL);
  note_reset (self);
  if (self->cache == NULL || !worker_tell_all (self, NULL)) {
    worker_notice (self, failure->message);
    return;
  }
  worker_notice (self,
                 _ ("The local store was damaged; it is fetched again from "
                    "the server."));
}

gboolean
worker_need_cache (Worker *self, GError **error)
{
  if (self->cache != NULL)
    return TRUE;
  if (self->lock_fd < 0) {
    g_propagate_error (error, client_error_new (KITH_NOT_NOW, NULL));
    return FALSE; /* it is another process's */
  }
  return open_cache (self, error) && worker_tell_all (self, error);
}

void
worker_cache_failed (Worker *self, GError *error)
{
  g_autoptr (GError) failure = error;

  worker_rollback (self);
  if (!client_error_is (failure, KITH_INTEGRITY)) {
    if (!self->failing)
      worker_notice (self, failure->message);
    self->failing = TRUE;
  } else if (self->phase != SESSION_NONE) {
    session_fail (self, failure); /* its cursor is not the new one's */
  } else {
    replace_cache (self, failure);
  }
}

void
worker_mend_cache (Worker *self, const GError *error)
{
  if (client_error_is (error, KITH_INTEGRITY))
    worker_cache_failed (self, g_error_copy (error));
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
  if (self->sign_out_task != NULL)
    sign_out_finish (self); /* it was wished, and is not put off */
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
