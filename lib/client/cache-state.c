/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cache's cursor, friend requests, and what a snapshot does to it all. */
#include "cache-private.h"

#include <string.h>

#define META_CURSOR "cursor" /* epoch, then the sequence, big-endian */
#define CURSOR_SIZE (RECORD_EPOCH_SIZE + 8)

gboolean
cache_get_cursor (Cache *self, CacheCursor *cursor_r, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_META_GET);
  gboolean row = FALSE;

  memset (cursor_r, 0, sizeof (*cursor_r));
  cache_bind_text (statement, 1, META_CURSOR);
  if (!cache_step (self, statement, &row, error))
    return FALSE;
  if (row && sqlite3_column_bytes (statement, 0) == CURSOR_SIZE) {
    const guint8 *bytes = sqlite3_column_blob (statement, 0);
    guint64 sequence;

    memcpy (cursor_r->epoch, bytes, RECORD_EPOCH_SIZE);
    memcpy (&sequence, bytes + RECORD_EPOCH_SIZE, sizeof (sequence));
    cursor_r->sequence = GUINT64_FROM_BE (sequence);
    cursor_r->known = TRUE;
  }
  sqlite3_reset (statement);
  return TRUE;
}

gboolean
cache_set_cursor (Cache *self, const CacheCursor *cursor, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_META_PUT);
  const guint64 sequence = GUINT64_TO_BE (cursor->sequence);
  guint8 bytes[CURSOR_SIZE];

  memcpy (bytes, cursor->epoch, RECORD_EPOCH_SIZE);
  memcpy (bytes + RECORD_EPOCH_SIZE, &sequence, sizeof (sequence));
  cache_bind_text (statement, 1, META_CURSOR);
  cache_bind_blob (statement, 2, bytes, sizeof (bytes));
  return cache_run (self, statement, error);
}

static gboolean
run (Cache *self, CacheStatement statement, GError **error)
{
  return cache_run (self, cache_statement (self, statement), error);
}

gboolean
cache_begin_snapshot (Cache *self, GError **error)
{
  return run (self, STMT_SNAPSHOT_UNMARK_CONVERSATIONS, error)
         && run (self, STMT_SNAPSHOT_UNMARK_REQUESTS, error);
}

gboolean
cache_mark_in_snapshot (Cache *self, guint64 conversation_id, GError **error)
{
  return cache_run_id (self, STMT_SNAPSHOT_MARK_CONVERSATION, conversation_id,
                       error);
}

gboolean
cache_mark_request_in_snapshot (Cache *self, guint64 request_id, GError **error)
{
  return cache_run_id (self, STMT_SNAPSHOT_MARK_REQUEST, request_id, error);
}

gboolean
cache_end_snapshot (Cache *self, GArray **conversations_r, GArray **requests_r,
                    GError **error)
{
  g_autoptr (GArray) conversations = cache_run_ids (
      self, cache_statement (self, STMT_SNAPSHOT_GONE_CONVERSATIONS), error);
  g_autoptr (GArray) requests = NULL;

  if (conversations == NULL)
    return FALSE;
  requests = cache_run_ids (
      self, cache_statement (self, STMT_SNAPSHOT_GONE_REQUESTS), error);
  if (requests == NULL || !run (self, STMT_SNAPSHOT_DELETE_MESSAGES, error)
      || !run (self, STMT_SNAPSHOT_DELETE_CONVERSATIONS, error)
      || !run (self, STMT_SNAPSHOT_DELETE_REQUESTS, error)
      || !run (self, STMT_USERS_DROP, error))
    return FALSE;
  *conversations_r = g_steal_pointer (&conversations);
  *requests_r = g_steal_pointer (&requests);
  return TRUE;
}

gboolean
cache_forget_all (Cache *self, guint64 self_id, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_META_DELETE);

  cache_bind_text (statement, 1, META_CURSOR);
  return cache_run (self, statement, error)
         && run (self, STMT_ORPHAN_NAMES, error)
         && run (self, STMT_ORPHAN_OUTBOX, error)
         && run (self, STMT_ORPHAN_DRAFTS, error)
         && cache_run_id (self, STMT_OUTBOX_OWN, self_id, error)
         && run (self, STMT_FORGET_MESSAGES, error)
         && run (self, STMT_FORGET_CONVERSATIONS, error)
         && run (self, STMT_FORGET_REQUESTS, error)
         && run (self, STMT_USERS_DROP, error);
}

gboolean
cache_claim (Cache *self, guint64 conversation_id, const char *peer_name,
             GError **error)
{
  const guint64 id = conversation_id;

  return cache_run_id_text (self, STMT_CLAIM_OUTBOX, id, peer_name, error)
         && cache_run_id_text (self, STMT_CLAIM_DRAFT, id, peer_name, error)
         && cache_run_id_text (self, STMT_CLAIM_NAME, id, peer_name, error);
}

static gboolean
make_orphan (Cache *self, CacheStatement which, guint64 id,
             const char *peer_name, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_ORPHAN_NAME);

  cache_bind_text (statement, 1, peer_name);
  return cache_run (self, statement, error)
         && cache_run_id_text (self, which, id, peer_name, error);
}

gboolean
cache_orphan_message (Cache *self, guint64 outbox_id, const char *peer_name,
                      GError **error)
{
  return make_orphan (self, STMT_ORPHAN_MESSAGE, outbox_id, peer_name, error);
}

gboolean
cache_orphan_draft (Cache *self, guint64 conversation_id, const char *peer_name,
                    GError **error)
{
  return make_orphan (self, STMT_ORPHAN_DRAFT, conversation_id, peer_name,
                      error);
}

gboolean
cache_put_request (Cache *self, const RequestRecord *record, GError **error)
{
  sqlite3_stmt *statement;

  if (!cache_put_user (self, &record->user, error))
    return FALSE;
  statement = cache_statement (self, STMT_REQUEST_PUT);
  cache_bind_id (statement, 1, record->id);
  cache_bind_id (statement, 2, record->user.id);
  sqlite3_bind_int (statement, 3, record->incoming);
  sqlite3_bind_int64 (statement, 4, record->time_us);
  return cache_run (self, statement, error);
}

gboolean
cache_delete_request (Cache *self, guint64 id, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_REQUEST_DELETE);
  gboolean row = FALSE;
  guint64 user_id;

  cache_bind_id (statement, 1, id);
  if (!cache_step (self, statement, &row, error))
    return FALSE;
  user_id = row ? cache_column_id (statement, 0) : 0;
  sqlite3_reset (statement);
  return !row || cache_run_id (self, STMT_USER_DROP, user_id, error);
}

GPtrArray *
cache_list_requests (Cache *self, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_REQUEST_LIST);
  g_autoptr (GPtrArray) records
      = g_ptr_array_new_with_free_func ((GDestroyNotify)request_record_free);
  gboolean row = TRUE;

  while (row && records->len < CACHE_REQUESTS_MAX) {
    if (!cache_step (self, statement, &row, error))
      return NULL;
    if (row) {
      RequestRecord *record = request_record_new ();

      record->id = cache_column_id (statement, 0);
      record->incoming = sqlite3_column_int (statement, 1) != 0;
      record->time_us = record_time (sqlite3_column_int64 (statement, 2));
      record->user.id = cache_column_id (statement, 3);
      record->user.name = cache_column_text (statement, 4);
      record->user.display_name = cache_column_text (statement, 5);
      g_ptr_array_add (records, record);
    }
  }
  sqlite3_reset (statement);
  return g_steal_pointer (&records);
}

gboolean
cache_count_requests (Cache *self, guint *count_r, GError **error)
{
  return cache_run_count (self, cache_statement (self, STMT_REQUEST_COUNT),
                          count_r, error);
}
