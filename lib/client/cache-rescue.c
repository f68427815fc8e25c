/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What exists nowhere else, read out of a damaged cache as far as it goes:
 * messages not yet sent, and drafts. Everything else comes from the server.
 * Must never change the damaged one, nor take for done what may be done later.
 */
#include "cache-private.h"

#include "client-error.h"
#include "text.h"

#define RESCUED_MAX CACHE_OUTBOX_MAX /* rows of each table */

/* Puts what a row has into the new cache. */
typedef gboolean (*RescueRow) (Cache *self, sqlite3_stmt *row, GError **error);

/* (transfer full) failure: what does not fit into a table is left out. */
static gboolean
pass_over (GError *failure, GError **error)
{
  if (!client_error_is (failure, KITH_INTEGRITY)) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  g_error_free (failure);
  return TRUE;
}

/* NULL: there is nothing in it that could be sent. */
static MessageRecord *
read_message (sqlite3_stmt *row)
{
  g_autoptr (MessageRecord) record = message_record_new ();
  const void *operation = sqlite3_column_blob (row, 0);
  g_autofree char *reason = cache_column_text (row, 5);

  record->conversation_id = cache_column_id (row, 1);
  record->sender_id = cache_column_id (row, 2);
  record->time_us = record_time (sqlite3_column_int64 (row, 3));
  record->text = cache_column_text (row, 4);
  if (reason != NULL)
    record->reason = g_utf8_make_valid (reason, -1);
  if (operation == NULL || record->text == NULL
      || sqlite3_column_bytes (row, 0) != RECORD_OPERATION_SIZE
      || text_check_message (record->text, strlen (record->text)) != KITH_OK)
    return NULL;
  memcpy (record->operation, operation, RECORD_OPERATION_SIZE);
  record->has_operation = TRUE;
  return g_steal_pointer (&record);
}

static gboolean
rescue_message (Cache *self, sqlite3_stmt *row, GError **error)
{
  g_autoptr (MessageRecord) record = read_message (row);
  GError *failure = NULL;

  if (record == NULL
      || (cache_outbox_add (self, record, &failure)
          && (record->reason == NULL
              || cache_outbox_fail (self, record->outbox_id, record->reason,
                                    &failure))))
    return TRUE;
  return pass_over (failure, error);
}

static gboolean
rescue_draft (Cache *self, sqlite3_stmt *row, GError **error)
{
  g_autofree char *text = cache_column_text (row, 1);
  GError *failure = NULL;

  if (text == NULL || !g_utf8_validate (text, -1, NULL)
      || cache_set_draft (self, cache_column_id (row, 0), text, &failure))
    return TRUE;
  return pass_over (failure, error);
}

/* Is it no sign of damage, but over some day? */
static gboolean
passes (int result)
{
  switch (result & 0xff) {
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
  case SQLITE_NOMEM:
  case SQLITE_FULL:
  case SQLITE_CANTOPEN:
    return TRUE;
  default:
    return FALSE;
  }
}

static gboolean
rescue_rows (Cache *self, sqlite3 *damaged, const char *sql, RescueRow rescue,
             GError **error)
{
  sqlite3_stmt *row = NULL;
  int result = sqlite3_prepare_v2 (damaged, sql, -1, &row, NULL);
  gboolean fine = TRUE;

  if (result == SQLITE_OK)
    result = sqlite3_step (row);
  for (guint i = 0; fine && result == SQLITE_ROW && i < RESCUED_MAX; i++) {
    fine = rescue (self, row, error);
    result = sqlite3_step (row);
  }
  if (fine && passes (result)) {
    cache_take_error (damaged, result, error);
    fine = FALSE;
  }
  sqlite3_finalize (row);
  return fine;
}

/* Nothing is written there, not even the index of its log. */
static gboolean
open_damaged (const char *file, sqlite3 **damaged_r, GError **error)
{
  sqlite3 *damaged = NULL;
  int result = sqlite3_open_v2 (file, &damaged, SQLITE_OPEN_READWRITE, NULL);

  if (result == SQLITE_OK) {
    sqlite3_db_config (damaged, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config (damaged, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    result = sqlite3_exec (damaged, "PRAGMA locking_mode = EXCLUSIVE", NULL,
                           NULL, NULL);
  }
  if (result == SQLITE_OK) {
    *damaged_r = damaged;
    return TRUE;
  }
  cache_take_error (damaged, result, error);
  sqlite3_close (damaged);
  return FALSE;
}

gboolean
cache_rescue (Cache *self, const char *damaged_file, GError **error)
{
  sqlite3 *damaged = NULL;
  gboolean done;

  if (!open_damaged (damaged_file, &damaged, error))
    return FALSE;
  done = cache_begin (self, CACHE_DURABLE, error)
         && rescue_rows (self, damaged,
                         "SELECT operation, conversation_id, sender_id,"
                         " time_us, text, reason FROM outbox ORDER BY id",
                         rescue_message, error)
         && rescue_rows (self, damaged,
                         "SELECT conversation_id, text FROM draft",
                         rescue_draft, error)
         && cache_commit (self, error);
  if (!done)
    cache_rollback (self);
  sqlite3_close (damaged);
  return done;
}
