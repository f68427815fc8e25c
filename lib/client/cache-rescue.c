/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What exists nowhere else, read out of a damaged cache as far as it goes:
 * messages not yet sent, and drafts. Everything else comes from the server.
 */
#include "cache-private.h"

#include "text.h"

#define RESCUED_MAX CACHE_OUTBOX_MAX /* rows of each table */

static void
rescue_outbox (Cache *self, sqlite3 *damaged)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (damaged,
                          "SELECT operation, conversation_id, sender_id,"
                          " time_us, text, reason FROM outbox ORDER BY id",
                          -1, &statement, NULL)
      != SQLITE_OK)
    return;
  for (guint i = 0; i < RESCUED_MAX && sqlite3_step (statement) == SQLITE_ROW;
       i++) {
    g_autoptr (MessageRecord) record = message_record_new ();
    const void *operation = sqlite3_column_blob (statement, 0);
    g_autofree char *reason = cache_column_text (statement, 5);

    record->conversation_id = cache_column_id (statement, 1);
    record->sender_id = cache_column_id (statement, 2);
    record->time_us = record_time (sqlite3_column_int64 (statement, 3));
    record->text = cache_column_text (statement, 4);
    if (reason != NULL)
      record->reason = g_utf8_make_valid (reason, -1);
    if (operation == NULL || record->text == NULL
        || sqlite3_column_bytes (statement, 0) != RECORD_OPERATION_SIZE
        || text_check_message (record->text, strlen (record->text)) != KITH_OK)
      continue;
    memcpy (record->operation, operation, RECORD_OPERATION_SIZE);
    record->has_operation = TRUE;
    if (!cache_outbox_add (self, record, NULL)
        || (record->reason != NULL
            && !cache_outbox_fail (self, record->outbox_id, record->reason,
                                   NULL)))
      break;
  }
  sqlite3_finalize (statement);
}

static void
rescue_drafts (Cache *self, sqlite3 *damaged)
{
  sqlite3_stmt *statement = NULL;

  if (sqlite3_prepare_v2 (damaged, "SELECT conversation_id, text FROM draft",
                          -1, &statement, NULL)
      != SQLITE_OK)
    return;
  for (guint i = 0; i < RESCUED_MAX && sqlite3_step (statement) == SQLITE_ROW;
       i++) {
    g_autofree char *text = cache_column_text (statement, 1);

    if (text != NULL && g_utf8_validate (text, -1, NULL))
      cache_set_draft (self, cache_column_id (statement, 0), text, NULL);
  }
  sqlite3_finalize (statement);
}

void
cache_rescue (Cache *self, const char *damaged_file)
{
  sqlite3 *damaged = NULL;

  if (sqlite3_open_v2 (damaged_file, &damaged, SQLITE_OPEN_READWRITE, NULL)
          == SQLITE_OK
      && cache_begin (self, CACHE_DURABLE, NULL)) {
    sqlite3_db_config (damaged, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    rescue_outbox (self, damaged);
    rescue_drafts (self, damaged);
    if (!cache_commit (self, NULL))
      cache_rollback (self);
  }
  sqlite3_close (damaged);
}
