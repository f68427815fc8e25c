/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cache's outbox: what was typed and has no number yet. A row leaves it
 * only when the server has the message, or the person deletes it.
 */
#include "cache-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "client-error.h"

gboolean
cache_outbox_add (Cache *self, MessageRecord *record, GError **error)
{
  sqlite3_stmt *statement;
  guint count = 0;

  if (!cache_outbox_count (self, &count, error))
    return FALSE;
  if (count >= CACHE_OUTBOX_MAX) {
    g_propagate_error (
        error,
        client_error_new (KITH_BUSY, _ ("Too many messages are waiting to be "
                                        "sent.")));
    return FALSE;
  }
  statement = cache_statement (self, STMT_OUTBOX_ADD);
  cache_bind_message (statement, record);
  cache_bind_blob (statement, 5, record->operation, RECORD_OPERATION_SIZE);
  if (!cache_run (self, statement, error))
    return FALSE;
  record->outbox_id = (guint64)sqlite3_last_insert_rowid (self->db);
  return TRUE;
}

MessageRecord *
cache_column_waiting (sqlite3_stmt *statement)
{
  MessageRecord *record = cache_column_message (statement);
  const void *operation = sqlite3_column_blob (statement, 4);

  if (operation != NULL
      && sqlite3_column_bytes (statement, 4) == RECORD_OPERATION_SIZE) {
    memcpy (record->operation, operation, RECORD_OPERATION_SIZE);
    record->has_operation = TRUE;
  }
  record->reason = cache_column_text (statement, 5);
  return record;
}

/* The order of OUTBOX_COLUMNS. */
static MessageRecord *
read_row (sqlite3_stmt *statement)
{
  MessageRecord *record = cache_column_waiting (statement);

  record->outbox_id = cache_column_id (statement, 6);
  return record;
}

gboolean
cache_outbox_get (Cache *self, guint64 outbox_id, MessageRecord **record_r,
                  GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_OUTBOX_GET);

  cache_bind_id (statement, 1, outbox_id);
  return cache_read_message (self, statement, read_row, record_r, error);
}

gboolean
cache_outbox_find (Cache *self, const guint8 *operation,
                   MessageRecord **record_r, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_OUTBOX_FIND);

  cache_bind_blob (statement, 1, operation, RECORD_OPERATION_SIZE);
  return cache_read_message (self, statement, read_row, record_r, error);
}

GPtrArray *
cache_outbox_list (Cache *self, guint64 conversation_id, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, STMT_OUTBOX_LIST);

  cache_bind_id (statement, 1, conversation_id);
  return cache_read_messages (self, statement, read_row, error);
}

GPtrArray *
cache_outbox_heads (Cache *self, GError **error)
{
  return cache_read_messages (self, cache_statement (self, STMT_OUTBOX_HEADS),
                              read_row, error);
}

gboolean
cache_outbox_remove (Cache *self, guint64 outbox_id, GError **error)
{
  return cache_run_id (self, STMT_OUTBOX_REMOVE, outbox_id, error);
}

gboolean
cache_outbox_fail (Cache *self, guint64 outbox_id, const char *reason,
                   GError **error)
{
  return cache_run_id_text (self, STMT_OUTBOX_FAIL, outbox_id, reason, error);
}

gboolean
cache_outbox_count (Cache *self, guint *count_r, GError **error)
{
  return cache_run_count (self, cache_statement (self, STMT_OUTBOX_COUNT),
                          count_r, error);
}
