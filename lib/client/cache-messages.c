/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cache's messages. */
#include "cache-private.h"

void
cache_bind_message (sqlite3_stmt *statement, const MessageRecord *record)
{
  cache_bind_id (statement, 1, record->conversation_id);
  cache_bind_id (statement, 2, record->sender_id);
  sqlite3_bind_int64 (statement, 3, record->time_us);
  cache_bind_text (statement, 4, record->text);
}

MessageRecord *
cache_column_message (sqlite3_stmt *statement)
{
  MessageRecord *record = message_record_new ();

  record->conversation_id = cache_column_id (statement, 0);
  record->sender_id = cache_column_id (statement, 1);
  record->time_us = record_time (sqlite3_column_int64 (statement, 2));
  record->text = cache_column_text (statement, 3);
  return record;
}

gboolean
cache_read_message (Cache *self, sqlite3_stmt *statement, CacheReadMessage read,
                    MessageRecord **record_r, GError **error)
{
  gboolean row = FALSE;

  if (!cache_step (self, statement, &row, error))
    return FALSE;
  *record_r = row ? read (statement) : NULL;
  sqlite3_reset (statement);
  return TRUE;
}

GPtrArray *
cache_read_messages (Cache *self, sqlite3_stmt *statement,
                     CacheReadMessage read, GError **error)
{
  g_autoptr (GPtrArray) records
      = g_ptr_array_new_with_free_func ((GDestroyNotify)message_record_free);
  gboolean row = TRUE;

  while (row) {
    if (!cache_step (self, statement, &row, error))
      return NULL;
    if (row)
      g_ptr_array_add (records, read (statement));
  }
  return g_steal_pointer (&records);
}

gboolean
cache_add_message (Cache *self, const MessageRecord *record, gboolean *fresh_r,
                   GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_MESSAGE_ADD);

  cache_bind_message (statement, record);
  cache_bind_id (statement, 5, record->number);
  if (!cache_run (self, statement, error))
    return FALSE;
  if (fresh_r != NULL)
    *fresh_r = sqlite3_changes (self->db) > 0;
  return TRUE;
}

/* The order of MESSAGE_COLUMNS. */
static MessageRecord *
read_row (sqlite3_stmt *statement)
{
  MessageRecord *record = cache_column_message (statement);

  record->number = cache_column_id (statement, 4);
  return record;
}

static void
reverse (GPtrArray *array)
{
  for (guint i = 0, j = array->len; i + 1 < j; i++) {
    gpointer kept = array->pdata[i];

    j--;
    array->pdata[i] = array->pdata[j];
    array->pdata[j] = kept;
  }
}

GPtrArray *
cache_messages_before (Cache *self, guint64 conversation_id, guint64 from,
                       guint64 before, guint limit, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_MESSAGES_BEFORE);
  GPtrArray *records;

  cache_bind_id (statement, 1, conversation_id);
  cache_bind_id (statement, 2, from);
  cache_bind_id (statement, 3, before);
  cache_bind_id (statement, 4, limit);
  records = cache_read_messages (self, statement, read_row, error);
  if (records != NULL)
    reverse (records);
  return records;
}

GPtrArray *
cache_messages_after (Cache *self, guint64 conversation_id, guint64 after,
                      guint limit, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_MESSAGES_AFTER);

  cache_bind_id (statement, 1, conversation_id);
  cache_bind_id (statement, 2, after);
  cache_bind_id (statement, 3, limit);
  return cache_read_messages (self, statement, read_row, error);
}

gboolean
cache_last_message (Cache *self, guint64 conversation_id,
                    MessageRecord **record_r, GError **error)
{
  g_autoptr (GPtrArray) waiting
      = cache_outbox_list (self, conversation_id, error);
  sqlite3_stmt *statement;

  if (waiting == NULL)
    return FALSE;
  if (waiting->len > 0) {
    *record_r = g_ptr_array_steal_index (waiting, waiting->len - 1);
    return TRUE;
  }
  statement = cache_statement (self, STMT_MESSAGE_LAST);
  cache_bind_id (statement, 1, conversation_id);
  return cache_read_message (self, statement, read_row, record_r, error);
}

gboolean
cache_count_above (Cache *self, guint64 conversation_id, guint64 sender_id,
                   guint64 number, guint *count_r, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_MESSAGE_COUNT_ABOVE);

  cache_bind_id (statement, 1, conversation_id);
  cache_bind_id (statement, 2, sender_id);
  cache_bind_id (statement, 3, number);
  return cache_run_count (self, statement, count_r, error);
}

gboolean
cache_delete_below (Cache *self, guint64 conversation_id, guint64 number,
                    GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_MESSAGE_DELETE_BELOW);

  cache_bind_id (statement, 1, conversation_id);
  cache_bind_id (statement, 2, number);
  return cache_run (self, statement, error);
}
