/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Staying in step with the server: the cursor moves in the same transaction as
 * what the events before it changed, so a kill at any point costs nothing but
 * reading them again.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"

#define SNAPSHOT_PAGES_MAX 5000 /* of one snapshot */
#define SNAPSHOTS_MAX 3         /* on one connection */

static gboolean catch_up (Worker *self, GError **error);
static gboolean ask_snapshot (Worker *self, guint64 from, GError **error);

static gboolean
not_sent (GError **error)
{
  g_propagate_error (error, client_error_new (KITH_CLOSED, NULL));
  return FALSE;
}

void
sync_reset (Worker *self)
{
  g_ptr_array_set_size (self->news, 0);
  self->too_much_news = FALSE;
  memset (&self->snapshot, 0, sizeof (self->snapshot));
}

/* ---- snapshot ---- */

static gboolean
begin_snapshot (Worker *self, GError **error)
{
  const guint taken = self->snapshot.taken + 1;

  memset (&self->snapshot, 0, sizeof (self->snapshot));
  self->snapshot.taken = taken;
  if (taken > SNAPSHOTS_MAX)
    return session_protocol_error (
        error, _ ("The server asks for one snapshot after the "
                  "other."));
  return ask_snapshot (self, 0, error);
}

static gboolean
first_page (Worker *self, const Kith__Snapshot *page, GError **error)
{
  CacheCursor *cursor = &self->snapshot.cursor;

  if (page->epoch.len != RECORD_EPOCH_SIZE || page->sequence > G_MAXINT64)
    return session_protocol_error (error,
                                   _ ("The server's snapshot is broken."));
  cursor->known = TRUE;
  cursor->sequence = page->sequence;
  memcpy (cursor->epoch, page->epoch.data, RECORD_EPOCH_SIZE);
  if (self->cursor.known
      && (memcmp (self->cursor.epoch, cursor->epoch, RECORD_EPOCH_SIZE) != 0
          || cursor->sequence < self->cursor.sequence)) {
    /* Another database, or an older copy of it that nobody gave an epoch of
     * its own: its numbers mean other things. */
    if (!worker_forget_all (self, error))
      return FALSE;
    self->cursor.known = FALSE;
  }
  return cache_begin_snapshot (self->cache, error);
}

static gboolean
take_page (Worker *self, const Kith__Snapshot *page, GError **error)
{
  for (size_t i = 0; i < page->n_conversations; i++)
    if (!events_merge_conversation (self, page->conversations[i], error)
        || !cache_mark_in_snapshot (self->cache, page->conversations[i]->id,
                                    error))
      return FALSE;
  for (size_t i = 0; i < page->n_friend_requests; i++)
    if (!events_put_request (self, page->friend_requests[i], FALSE, error)
        || !cache_mark_request_in_snapshot (
            self->cache, page->friend_requests[i]->id, error))
      return FALSE;
  return TRUE;
}

static void
note_gone (Worker *self, NoteKind kind, GArray *ids)
{
  for (guint i = 0; i < ids->len; i++) {
    Note *note = note_new (kind);

    note->id = g_array_index (ids, guint64, i);
    worker_note (self, note);
  }
}

static gboolean
end_snapshot (Worker *self, GError **error)
{
  g_autoptr (GArray) conversations = NULL;
  g_autoptr (GArray) requests = NULL;

  if (!cache_end_snapshot (self->cache, &conversations, &requests, error)
      || !cache_set_cursor (self->cache, &self->snapshot.cursor, error))
    return FALSE;
  note_gone (self, NOTE_CONVERSATION_GONE, conversations);
  note_gone (self, NOTE_REQUEST_ENDED, requests);
  self->cursor = self->snapshot.cursor;
  return worker_commit (self, error) && catch_up (self, error);
}

static gboolean
on_snapshot (Worker *self, const Kith__ToClient *answer, gpointer data,
             GError **error)
{
  const Kith__Snapshot *page;

  if (answer == NULL)
    return TRUE;
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL) {
    g_propagate_error (error, requests_error_from (answer->refusal));
    return FALSE;
  }
  page = answer->snapshot;
  if (!worker_begin (self, CACHE_RELAXED, error))
    return FALSE;
  if (self->snapshot.pages == 0 && !first_page (self, page, error))
    return FALSE;
  if (++self->snapshot.pages > SNAPSHOT_PAGES_MAX)
    return session_protocol_error (error,
                                   _ ("The server's snapshot has no end."));
  if (!take_page (self, page, error))
    return FALSE;
  if (page->next == 0)
    return end_snapshot (self, error);
  return worker_commit (self, error) && ask_snapshot (self, page->next, error);
}

static gboolean
ask_snapshot (Worker *self, guint64 from, GError **error)
{
  const RequestKind kind = { KITH__TO_CLIENT__BODY_SNAPSHOT, 0, on_snapshot };
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__GetSnapshot get = KITH__GET_SNAPSHOT__INIT;

  message.body_case = KITH__TO_SERVER__BODY_GET_SNAPSHOT;
  message.get_snapshot = &get;
  get.from = from;
  return requests_send (self, &message, &kind) || not_sent (error);
}

/* ---- catching up ---- */

/* What came while we were away is told of only if it is a few. */
static void
tell_news (Worker *self)
{
  while (self->news->len > 0) {
    MessageRecord *record = g_ptr_array_steal_index (self->news, 0);
    Note *note;

    if (self->too_much_news) {
      message_record_free (record);
      continue;
    }
    note = note_new (NOTE_MESSAGE);
    note->message = record;
    note->flag = TRUE;
    worker_note (self, note);
  }
}

static gboolean
caught_up (Worker *self, GError **error)
{
  if (!worker_commit (self, error))
    return FALSE;
  tell_news (self);
  /* Who is online is told from now on; who left before now was not told. */
  worker_note (self, note_new (NOTE_PRESENCE_RESET));
  session_live (self);
  marks_send_all (self);
  friends_resend (self);
  outbox_pump (self);
  gaps_fill (self);
  return TRUE;
}

static gboolean
set_cursor (Worker *self, guint64 sequence, GError **error)
{
  self->cursor.sequence = sequence;
  return cache_set_cursor (self->cache, &self->cursor, error);
}

static gboolean
take_events (Worker *self, const Kith__EventPage *page, GError **error)
{
  if (page->sequence < self->cursor.sequence || page->sequence > G_MAXINT64
      || (page->more && page->sequence == self->cursor.sequence))
    return session_protocol_error (
        error, _ ("The server's events do not go forward."));
  for (size_t i = 0; i < page->n_events; i++)
    if (!events_apply (self, page->events[i], error))
      return FALSE;
  return set_cursor (self, page->sequence, error);
}

static gboolean
on_event_page (Worker *self, const Kith__ToClient *answer, gpointer data,
               GError **error)
{
  const Kith__EventPage *page;

  if (answer == NULL)
    return TRUE;
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL) {
    g_propagate_error (error, requests_error_from (answer->refusal));
    return FALSE;
  }
  page = answer->event_page;
  if (page->snapshot_needed)
    return begin_snapshot (self, error);
  if (!worker_begin (self, CACHE_RELAXED, error)
      || !take_events (self, page, error))
    return FALSE;
  if (page->more)
    return worker_commit (self, error) && catch_up (self, error);
  return caught_up (self, error);
}

static gboolean
catch_up (Worker *self, GError **error)
{
  const RequestKind kind
      = { KITH__TO_CLIENT__BODY_EVENT_PAGE, 0, on_event_page };
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__CatchUp ask = KITH__CATCH_UP__INIT;

  message.body_case = KITH__TO_SERVER__BODY_CATCH_UP;
  message.catch_up = &ask;
  ask.epoch.data = self->cursor.epoch;
  ask.epoch.len = RECORD_EPOCH_SIZE;
  ask.sequence = self->cursor.sequence;
  return requests_send (self, &message, &kind) || not_sent (error);
}

gboolean
sync_begin (Worker *self, GError **error)
{
  if (!worker_commit (self, error)
      || !cache_get_cursor (self->cache, &self->cursor, error))
    return FALSE;
  if (!self->cursor.known)
    return begin_snapshot (self, error);
  return catch_up (self, error);
}

gboolean
sync_event (Worker *self, const Kith__Event *event, GError **error)
{
  if (!session_is_live (self) || event->sequence <= self->cursor.sequence)
    return TRUE; /* the next page has it, or we have it */
  return worker_begin (self, CACHE_RELAXED, error)
         && events_apply (self, event, error)
         && set_cursor (self, event->sequence, error);
}
