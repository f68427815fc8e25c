/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The past: pages of messages for the window, from the cache where it is
 * whole, else from the server.
 */
#include "worker-private.h"

#include <glib/gi18n-lib.h>

#include "client-error.h"

/* A page that waits for the server. */
typedef struct {
  guint64 conversation_id;
  guint64 before; /* was asked for */
  guint64 window_first;
  guint generation;
  GTask *task;
} Waiting;

/* ---- what the server gave ---- */

/* It was to go on below have_from, and does not: then there is nothing more. */
static void
end_here (ConversationRecord *record)
{
  if (record->first_kept >= record->have_from)
    return;
  g_warning ("The server cannot give message %" G_GUINT64_FORMAT
             " of conversation %" G_GUINT64_FORMAT ".",
             record->have_from - 1, record->id);
  record->first_kept = record->have_from;
}

gboolean
history_store_page (Worker *self, ConversationRecord *record, guint64 before,
                    const Kith__HistoryPage *page, GError **error)
{
  const guint64 have_from = record->have_from;

  if (page->conversation_id != record->id)
    return session_protocol_error (error,
                                   _ ("The server gave the past of another "
                                      "conversation."));
  if (record_id_valid (page->first_kept))
    record->first_kept = MAX (record->first_kept, page->first_kept);
  for (size_t i = page->n_messages; i > 0; i--) {
    g_autoptr (MessageRecord) message = message_record_new ();

    if (!message_record_from_wire (message, page->messages[i - 1])
        || message->conversation_id != record->id)
      break;
    if (message->number >= record->have_from)
      continue;
    if (message->number != record->have_from - 1)
      break;
    if (!cache_add_message (self->cache, message, NULL, error))
      return FALSE;
    record->have_from--;
    if (message->sender_id == record->peer.id)
      record->peer_last = MAX (record->peer_last, message->number);
  }
  if (before == have_from && record->have_from == have_from)
    end_here (record);
  return TRUE;
}

gboolean
history_ask (Worker *self, guint64 conversation_id, guint64 before,
             const RequestKind *kind)
{
  Kith__ToServer message = KITH__TO_SERVER__INIT;
  Kith__GetHistory get = KITH__GET_HISTORY__INIT;

  message.body_case = KITH__TO_SERVER__BODY_GET_HISTORY;
  message.get_history = &get;
  get.conversation_id = conversation_id;
  get.before = before;
  get.limit = ENVELOPE_PAGE_MAX;
  return requests_send (self, &message, kind);
}

gboolean
history_find (Worker *self, guint64 id, ConversationRecord **record_r,
              GError **error)
{
  return worker_begin (self, CACHE_RELAXED, error)
         && cache_get_conversation (self->cache, id, record_r, error);
}

/* ---- pages ---- */

typedef struct {
  guint64 conversation_id;
  PageKind kind;
  guint generation;
  GPtrArray *records;
  gboolean more;
} Page;

static void
send_page (Worker *self, const Page *page)
{
  Note *note = note_new (NOTE_PAGE);

  note->id = page->conversation_id;
  note->page.kind = page->kind;
  note->page.generation = page->generation;
  note->page.records = page->records;
  note->page.more = page->more;
  worker_note (self, note);
}

static gboolean
append_outbox (Worker *self, guint64 conversation_id, GPtrArray *records,
               GError **error)
{
  g_autoptr (GPtrArray) waiting
      = cache_outbox_list (self->cache, conversation_id, error);

  if (waiting == NULL)
    return FALSE;
  while (waiting->len > 0)
    g_ptr_array_add (records, g_ptr_array_steal_index (waiting, 0));
  return TRUE;
}

static guint64
lowest_of (const GPtrArray *records, guint64 otherwise)
{
  const MessageRecord *first;

  if (records->len == 0)
    return otherwise;
  first = g_ptr_array_index (records, 0);
  return first->number;
}

static gboolean
page_newest (Worker *self, const ConversationRecord *record,
             const Command *command, GError **error)
{
  GPtrArray *records
      = cache_messages_before (self->cache, record->id, record->have_from,
                               G_MAXINT64, KITH_CONVERSATION_PAGE, error);
  Page page = { record->id, PAGE_NEWEST, command->generation, records, FALSE };

  if (records == NULL)
    return FALSE;
  page.more = lowest_of (records, record->have_from) > record->first_kept;
  if (!append_outbox (self, record->id, records, error)) {
    g_ptr_array_unref (records);
    return FALSE;
  }
  send_page (self, &page);
  return TRUE;
}

/* TRUE: they do not follow on each other; what is after the hole is cut off. */
static gboolean
cut_at_hole (GPtrArray *records, guint64 after)
{
  for (guint i = 0; i < records->len; i++) {
    const MessageRecord *record = g_ptr_array_index (records, i);

    if (record->number == after + 1 + i)
      continue;
    g_ptr_array_set_size (records, (gint)i);
    return TRUE;
  }
  return FALSE;
}

/* A window that was left below by a snapshot goes on to the end of what was
 * there, and then, rather than to leave anything out, to the newest. */
static gboolean
page_newer (Worker *self, const ConversationRecord *record,
            const Command *command, GError **error)
{
  GPtrArray *records = cache_messages_after (
      self->cache, record->id, command->number, KITH_CONVERSATION_PAGE, error);
  Page page = { record->id, PAGE_NEWER, command->generation, records, FALSE };

  if (records == NULL)
    return FALSE;
  page.more = cut_at_hole (records, command->number);
  if (page.more && records->len == 0) {
    g_ptr_array_unref (records);
    return page_newest (self, record, command, error);
  }
  if (records->len == KITH_CONVERSATION_PAGE) {
    const MessageRecord *last = g_ptr_array_index (records, records->len - 1);

    page.more = last->number < record->last_number;
  }
  if (!page.more && !append_outbox (self, record->id, records, error)) {
    g_ptr_array_unref (records);
    return FALSE;
  }
  send_page (self, &page);
  return TRUE;
}

/* TRUE in *short_r: the server has more than the cache, and it is too few. */
static gboolean
page_older (Worker *self, const ConversationRecord *record,
            const Waiting *wanted, gboolean *short_r, GError **error)
{
  const guint64 before
      = wanted->window_first == 0 ? G_MAXINT64 : wanted->window_first;
  GPtrArray *records
      = cache_messages_before (self->cache, record->id, record->have_from,
                               before, KITH_CONVERSATION_PAGE, error);
  Page page = { record->id, PAGE_OLDER, wanted->generation, records, FALSE };

  if (records == NULL)
    return FALSE;
  page.more = lowest_of (records, record->have_from) > record->first_kept;
  if (short_r != NULL) {
    *short_r = records->len < KITH_CONVERSATION_PAGE
               && record->have_from > record->first_kept;
    if (*short_r && (session_is_live (self) || records->len == 0)) {
      g_ptr_array_unref (records);
      return TRUE;
    }
    *short_r = FALSE;
  }
  send_page (self, &page);
  return TRUE;
}

static gboolean
take_history (Worker *self, const Waiting *waiting,
              const Kith__HistoryPage *page, GError **error)
{
  g_autoptr (ConversationRecord) record = NULL;

  if (!history_find (self, waiting->conversation_id, &record, error))
    return FALSE;
  if (record == NULL)
    return TRUE;
  if (!history_store_page (self, record, waiting->before, page, error)
      || !events_recount (self, record, error)
      || !cache_put_conversation (self->cache, record, error))
    return FALSE;
  worker_touch (self, record->id);
  return page_older (self, record, waiting, NULL, error);
}

static gboolean
on_history (Worker *self, const Kith__ToClient *answer, gpointer data,
            GError **error)
{
  Waiting *waiting = data;
  GTask *task = g_steal_pointer (&waiting->task);

  if (answer == NULL) {
    worker_done (self, task, client_error_new (KITH_OFFLINE, NULL));
    return TRUE;
  }
  if (answer->body_case == KITH__TO_CLIENT__BODY_REFUSAL) {
    worker_done (self, task, requests_error_from (answer->refusal));
    return TRUE;
  }
  if (!take_history (self, waiting, answer->history_page, error)) {
    worker_done (self, task, client_error_new (KITH_MALFORMED, NULL));
    return FALSE;
  }
  worker_done (self, task, NULL);
  return TRUE;
}

static void
load_older (Worker *self, const ConversationRecord *record, Command *command)
{
  Waiting *waiting = g_new0 (Waiting, 1);
  const RequestKind kind
      = { KITH__TO_CLIENT__BODY_HISTORY_PAGE, 0, on_history, waiting, g_free };
  GError *error = NULL;
  gboolean too_short = FALSE;

  waiting->conversation_id = command->id;
  waiting->before = record->have_from;
  waiting->window_first = command->number;
  waiting->generation = command->generation;
  if (!page_older (self, record, waiting, &too_short, &error) || !too_short) {
    worker_mend_cache (self, error);
    worker_done (self, g_steal_pointer (&command->task), error);
    g_free (waiting);
    return;
  }
  if (!session_is_live (self)) {
    worker_refuse (self, command, KITH_OFFLINE);
    g_free (waiting);
    return;
  }
  waiting->task = command->task;
  if (history_ask (self, command->id, waiting->before, &kind))
    command->task = NULL; /* on_history() has it */
  else
    worker_refuse (self, command, KITH_BUSY);
}

void
command_load (Worker *self, Command *command)
{
  g_autoptr (ConversationRecord) record = NULL;
  GError *error = NULL;

  if (self->cache != NULL)
    cache_get_conversation (self->cache, command->id, &record, &error);
  if (record == NULL) {
    if (error == NULL)
      error = client_error_new (KITH_NOT_FOUND, NULL);
  } else if (command->page_kind == PAGE_OLDER) {
    load_older (self, record, command);
    return;
  } else if (command->page_kind == PAGE_NEWER) {
    page_newer (self, record, command, &error);
  } else {
    page_newest (self, record, command, &error);
  }
  worker_mend_cache (self, error);
  worker_done (self, g_steal_pointer (&command->task), error);
}
