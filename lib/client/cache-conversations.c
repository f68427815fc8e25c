/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cache's conversations, the users they are with, and drafts. */
#include "cache-private.h"

static gboolean
write_user (Cache *self, CacheStatement which, const UserRecord *user,
            GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, which);

  cache_bind_id (statement, 1, user->id);
  cache_bind_text (statement, 2, user->name);
  cache_bind_text (statement, 3, user->display_name);
  return cache_run (self, statement, error);
}

gboolean
cache_put_user (Cache *self, const UserRecord *user, GError **error)
{
  return write_user (self, STMT_USER_PUT, user, error);
}

gboolean
cache_update_user (Cache *self, const UserRecord *user, GError **error)
{
  return write_user (self, STMT_USER_UPDATE, user, error);
}

/* The order of CONVERSATION_COLUMNS. */
static ConversationRecord *
read_row (sqlite3_stmt *statement)
{
  ConversationRecord *record = conversation_record_new ();

  record->id = cache_column_id (statement, 0);
  record->friends = sqlite3_column_int (statement, 1) != 0;
  record->first_kept = cache_column_id (statement, 2);
  record->last_number = cache_column_id (statement, 3);
  record->have_from = cache_column_id (statement, 4);
  record->known_to = cache_column_id (statement, 5);
  record->peer_last = cache_column_id (statement, 6);
  record->my_read = cache_column_id (statement, 7);
  record->read_told = cache_column_id (statement, 8);
  record->delivered_told = cache_column_id (statement, 9);
  record->peer_delivered = cache_column_id (statement, 10);
  record->peer_read = cache_column_id (statement, 11);
  record->unread = (guint)cache_column_id (statement, 12);
  record->time_us = record_time (sqlite3_column_int64 (statement, 13));
  record->peer.id = cache_column_id (statement, 14);
  record->peer.name = cache_column_text (statement, 15);
  record->peer.display_name = cache_column_text (statement, 16);
  record->draft = cache_column_text (statement, 17);
  return record;
}

gboolean
cache_get_conversation (Cache *self, guint64 id, ConversationRecord **record_r,
                        GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_CONVERSATION_GET);
  gboolean row = FALSE;

  cache_bind_id (statement, 1, id);
  if (!cache_step (self, statement, &row, error))
    return FALSE;
  *record_r = row ? read_row (statement) : NULL;
  sqlite3_reset (statement);
  return TRUE;
}

gboolean
cache_put_conversation (Cache *self, const ConversationRecord *record,
                        GError **error)
{
  sqlite3_stmt *statement;

  if (!cache_put_user (self, &record->peer, error))
    return FALSE;
  statement = cache_statement (self, STMT_CONVERSATION_PUT);
  cache_bind_id (statement, 1, record->id);
  cache_bind_id (statement, 2, record->peer.id);
  sqlite3_bind_int (statement, 3, record->friends);
  cache_bind_id (statement, 4, record->first_kept);
  cache_bind_id (statement, 5, record->last_number);
  cache_bind_id (statement, 6, record->have_from);
  cache_bind_id (statement, 7, record->known_to);
  cache_bind_id (statement, 8, record->peer_last);
  cache_bind_id (statement, 9, record->my_read);
  cache_bind_id (statement, 10, record->read_told);
  cache_bind_id (statement, 11, record->delivered_told);
  cache_bind_id (statement, 12, record->peer_delivered);
  cache_bind_id (statement, 13, record->peer_read);
  cache_bind_id (statement, 14, record->unread);
  sqlite3_bind_int64 (statement, 15, record->time_us);
  return cache_run (self, statement, error);
}

GPtrArray *
cache_list_conversations (Cache *self, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_CONVERSATION_LIST);
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (
      (GDestroyNotify)conversation_record_free);
  gboolean row = TRUE;

  while (row && records->len < CACHE_CONVERSATIONS_MAX) {
    if (!cache_step (self, statement, &row, error))
      return NULL;
    if (row)
      g_ptr_array_add (records, read_row (statement));
  }
  sqlite3_reset (statement);
  return g_steal_pointer (&records);
}

GArray *
cache_list_marks_due (Cache *self, GError **error)
{
  return cache_run_ids (
      self, cache_statement (self, STMT_CONVERSATION_MARKS_DUE), error);
}

gboolean
cache_count_conversations (Cache *self, guint *count_r, GError **error)
{
  return cache_run_count (self, cache_statement (self, STMT_CONVERSATION_COUNT),
                          count_r, error);
}

gboolean
cache_set_draft (Cache *self, guint64 conversation_id, const char *draft,
                 GError **error)
{
  const gboolean empty = draft == NULL || *draft == '\0';
  sqlite3_stmt *statement
      = cache_statement (self, empty ? STMT_DRAFT_DELETE : STMT_DRAFT_PUT);

  cache_bind_id (statement, 1, conversation_id);
  if (!empty)
    cache_bind_text (statement, 2, draft);
  return cache_run (self, statement, error);
}

gboolean
cache_get_draft (Cache *self, guint64 conversation_id, char **draft_r,
                 GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_DRAFT_GET);
  gboolean row = FALSE;

  cache_bind_id (statement, 1, conversation_id);
  if (!cache_step (self, statement, &row, error))
    return FALSE;
  *draft_r = row ? cache_column_text (statement, 0) : NULL;
  sqlite3_reset (statement);
  return TRUE;
}
