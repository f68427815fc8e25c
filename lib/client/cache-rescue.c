/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What exists nowhere else, read out of a damaged cache as far as it goes:
 * messages not yet sent, and drafts. Everything else comes from the server,
 * which may be another database meanwhile: what is rescued belongs to the name
 * of whom it is for, as after cache_forget_all(), and only where that cannot be
 * read to the conversation's number. Must never change the damaged one, nor
 * take for done what may be done later.
 */
#include "cache-private.h"

#include "client-error.h"
#include "text.h"

#define RESCUED_MAX CACHE_OUTBOX_MAX /* rows of each table */

/* By the number of a conversation, or what orphans have in its place. */
#define PEER_NAME                                                              \
  "SELECT u.name FROM conversation AS c JOIN user AS u ON u.id = c.peer_id"    \
  " WHERE c.id = ?1"
#define ORPHAN_NAME                                                            \
  "SELECT substr (key, length ('" CACHE_ORPHAN_KEY "') + 1) FROM meta"         \
  " WHERE rowid = -?1 AND key LIKE '" CACHE_ORPHAN_KEY "%'"

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

/* (transfer full) (nullable): whom a row is for, by the number it begins with. */
static char *
name_for (sqlite3_stmt *row)
{
  const sqlite3_int64 number = sqlite3_column_int64 (row, 0);
  const char *sql = number > 0 ? PEER_NAME : ORPHAN_NAME;
  sqlite3_stmt *find = NULL;
  char *name = NULL;

  if (sqlite3_prepare_v2 (sqlite3_db_handle (row), sql, -1, &find, NULL)
          == SQLITE_OK
      && sqlite3_bind_int64 (find, 1, number) == SQLITE_OK
      && sqlite3_step (find) == SQLITE_ROW)
    name = cache_column_text (find, 0);
  sqlite3_finalize (find);
  if (name != NULL && (*name == '\0' || !g_utf8_validate (name, -1, NULL)))
    g_clear_pointer (&name, g_free);
  return name;
}

/* NULL: there is nothing in it that could be sent. */
static MessageRecord *
read_message (sqlite3_stmt *row)
{
  g_autoptr (MessageRecord) record = cache_column_waiting (row);
  g_autofree char *reason = g_steal_pointer (&record->reason);

  if (!record->has_operation || record->text == NULL
      || text_check_message (record->text, strlen (record->text)) != KITH_OK)
    return NULL;
  if (reason != NULL)
    record->reason = g_utf8_make_valid (reason, -1);
  return g_steal_pointer (&record);
}

static gboolean
put_message (Cache *self, MessageRecord *record, const char *name,
             GError **error)
{
  return cache_outbox_add (self, record, error)
         && (record->reason == NULL
             || cache_outbox_fail (self, record->outbox_id, record->reason,
                                   error))
         && (name == NULL
             || cache_orphan_message (self, record->outbox_id, name, error));
}

static gboolean
rescue_message (Cache *self, sqlite3_stmt *row, GError **error)
{
  g_autoptr (MessageRecord) record = read_message (row);
  g_autofree char *name = name_for (row);
  GError *failure = NULL;

  if (record == NULL || (name == NULL && record->conversation_id == 0)
      || put_message (self, record, name, &failure))
    return TRUE;
  return pass_over (failure, error);
}

static gboolean
rescue_draft (Cache *self, sqlite3_stmt *row, GError **error)
{
  const guint64 id = cache_column_id (row, 0);
  g_autofree char *text = cache_column_text (row, 1);
  g_autofree char *name = name_for (row);
  GError *failure = NULL;

  if (text == NULL || !g_utf8_validate (text, -1, NULL)
      || (name == NULL && id == 0))
    return TRUE;
  if (cache_set_draft (self, id, text, &failure)
      && (name == NULL || cache_orphan_draft (self, id, name, &failure)))
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
                         "SELECT " CACHE_WAITING_COLUMNS
                         " FROM outbox ORDER BY id",
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
