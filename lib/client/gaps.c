/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages found missing between others: fetched one hole after the other, or
 * given up, and then the window is not left with it.
 */
#include "worker-private.h"

#define GAPS_MAX 64      /* known at a time */
#define GAP_PAGES_MAX 10 /* fetched for one gap */

typedef struct {
  guint64 conversation_id;
  guint64 old_from; /* the whole stretch before the gap */
  guint64 old_to;
  guint64 before; /* the lowest number above it that is there */
  guint pages;
} Gap;

static void gap_step (Worker *self);

/* What is given up is not filled by itself: the window begins again at the
 * newest, and paging back asks for the rest. */
static void
drop_gap (Worker *self)
{
  Gap *gap = g_queue_pop_head (&self->gaps);

  worker_note_reopen (self, gap->conversation_id);
  g_free (gap);
}

void
gaps_reset (Worker *self)
{
  while (!g_queue_is_empty (&self->gaps))
    drop_gap (self);
  self->filling = FALSE;
}

void
gaps_found (Worker *self, const ConversationRecord *record, guint64 old_from,
            guint64 old_to)
{
  Gap *gap;

  g_warning ("Messages are missing before %" G_GUINT64_FORMAT
             " of conversation %" G_GUINT64_FORMAT "; asking for them.",
             record->have_from, record->id);
  if (g_queue_get_length (&self->gaps) >= GAPS_MAX) {
    worker_note_reopen (self, record->id);
    return;
  }
  gap = g_new0 (Gap, 1);
  gap->conversation_id = record->id;
  gap->old_from = old_from;
  gap->old_to = old_to;
  gap->before = record->have_from;
  g_queue_push_tail (&self->gaps, gap);
  if (session_is_live (self))
    gap_step (self);
}

static void
end_gap (Worker *self)
{
  g_free (g_queue_pop_head (&self->gaps));
  self->filling = FALSE;
  gap_step (self);
}

/* What was put between others is told one by one: the window sorts it in. */
static gboolean
tell_between (Worker *self, guint64 conversation_id, guint64 from, guint64 to,
              GError **error)
{
  g_autoptr (GPtrArray) records = cache_messages_before (
      self->cache, conversation_id, from, to, ENVELOPE_PAGE_MAX, error);

  if (records == NULL)
    return FALSE;
  while (records->len > 0) {
    Note *note = note_new (NOTE_MESSAGE);

    note->message = g_ptr_array_steal_index (records, 0);
    worker_note (self, note);
  }
  return TRUE;
}

static gboolean
fill (Worker *self, Gap *gap, const Kith__HistoryPage *page, gboolean *done_r,
      GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;

  *done_r = TRUE;
  if (!history_find (self, gap->conversation_id, &record, error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  if (record->have_from != gap->before) {
    worker_note_reopen (
        self, record->id); /* another gap is above it, or it was paged */
    return TRUE;
  }
  if (!history_store_page (self, record, gap->before, page, error)
      || !tell_between (self, record->id, record->have_from, gap->before,
                        error))
    return FALSE;
  if (record->have_from <= gap->old_to + 1) {
    record->have_from = gap->old_from;
  } else if (record->have_from == gap->before
             || ++gap->pages >= GAP_PAGES_MAX) {
    worker_note_reopen (self, record->id);
  } else {
    gap->before = record->have_from;
    *done_r = FALSE;
  }
  worker_touch (self, record->id);
  return events_recount (self, record, error)
         && cache_put_conversation (self->cache, record, error);
}

static gboolean
on_gap_page (Worker *self, const Kith__ToClient *answer, gpointer data,
             GError **error)
{
  Gap *gap = g_queue_peek_head (&self->gaps);
  gboolean done = TRUE;

  if (answer == NULL || gap == NULL)
    return TRUE;
  if (answer->body_case != KITH__TO_CLIENT__BODY_HISTORY_PAGE)
    worker_note_reopen (self, gap->conversation_id);
  else if (!fill (self, gap, answer->history_page, &done, error))
    return FALSE;
  self->filling = FALSE;
  if (done)
    end_gap (self);
  else
    gap_step (self);
  return TRUE;
}

static void
gap_step (Worker *self)
{
  const RequestKind kind
      = { KITH__TO_CLIENT__BODY_HISTORY_PAGE, 0, on_gap_page };
  const Gap *gap = g_queue_peek_head (&self->gaps);

  if (gap == NULL || self->filling || !session_is_live (self))
    return;
  self->filling = history_ask (self, gap->conversation_id, gap->before, &kind);
  if (!self->filling)
    drop_gap (self);
}

void
gaps_fill (Worker *self)
{
  gap_step (self);
}
