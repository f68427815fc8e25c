/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Opening the cache, its schema, transactions, and the little that every table
 * needs. Must never be used outside of the engine's thread, nor by two
 * processes at once (the profile's lock sees to that).
 */
#include "cache-private.h"

#include <glib/gi18n-lib.h>

#include "client-error.h"

#define CACHE_APPLICATION_ID 0x6b697463 /* "kitc" */
#define CACHE_VERSION 1
#define CACHE_BUSY_MS 2000

static const char *const schema
    = "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB) STRICT;"
      "CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT NOT NULL,"
      " display_name TEXT NOT NULL) STRICT;"
      "CREATE TABLE conversation (id INTEGER PRIMARY KEY,"
      " peer_id INTEGER NOT NULL REFERENCES user (id),"
      " friends INTEGER NOT NULL, first_kept INTEGER NOT NULL,"
      " last_number INTEGER NOT NULL, have_from INTEGER NOT NULL,"
      " known_to INTEGER NOT NULL, peer_last INTEGER NOT NULL,"
      " my_read INTEGER NOT NULL, read_told INTEGER NOT NULL,"
      " delivered_told INTEGER NOT NULL, peer_delivered INTEGER NOT NULL,"
      " peer_read INTEGER NOT NULL, unread INTEGER NOT NULL,"
      " time_us INTEGER NOT NULL, in_snapshot INTEGER NOT NULL DEFAULT 0) STRICT;"
      "CREATE TABLE message (conversation_id INTEGER NOT NULL,"
      " number INTEGER NOT NULL, sender_id INTEGER NOT NULL,"
      " time_us INTEGER NOT NULL, text TEXT NOT NULL,"
      " PRIMARY KEY (conversation_id, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE request (id INTEGER PRIMARY KEY,"
      " user_id INTEGER NOT NULL REFERENCES user (id),"
      " incoming INTEGER NOT NULL, time_us INTEGER NOT NULL,"
      " in_snapshot INTEGER NOT NULL DEFAULT 0) STRICT;"
      "CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT,"
      " operation BLOB NOT NULL UNIQUE, conversation_id INTEGER NOT NULL,"
      " sender_id INTEGER NOT NULL, time_us INTEGER NOT NULL,"
      " text TEXT NOT NULL, reason TEXT) STRICT;"
      "CREATE TABLE draft (conversation_id INTEGER PRIMARY KEY,"
      " text TEXT NOT NULL) STRICT;"
      "PRAGMA application_id = 1802073187;" /* CACHE_APPLICATION_ID */
      "PRAGMA user_version = 1;";

void
cache_take_error (sqlite3 *db, int result, GError **error)
{
  const int primary = result & 0xff;
  enum kith_code code = KITH_IO;
  g_autofree char *sentence = NULL;

  if (error == NULL)
    return;
  if (primary == SQLITE_FULL)
    code = KITH_STORAGE_FULL;
  else if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB
           || primary == SQLITE_CONSTRAINT || primary == SQLITE_SCHEMA)
    code = KITH_INTEGRITY;
  sentence = g_strdup_printf (
      _ ("The local store on this computer failed: %s (%d)."),
      db == NULL ? sqlite3_errstr (result) : sqlite3_errmsg (db), result);
  g_propagate_error (error, client_error_new (code, sentence));
}

static gboolean
execute (Cache *self, const char *sql, GError **error)
{
  const int result = sqlite3_exec (self->db, sql, NULL, NULL, NULL);

  if (result == SQLITE_OK)
    return TRUE;
  cache_take_error (self->db, sqlite3_extended_errcode (self->db), error);
  return FALSE;
}

static int
read_pragma (Cache *self, const char *sql)
{
  sqlite3_stmt *statement = NULL;
  int value = -1;

  if (sqlite3_prepare_v2 (self->db, sql, -1, &statement, NULL) == SQLITE_OK
      && sqlite3_step (statement) == SQLITE_ROW)
    value = sqlite3_column_int (statement, 0);
  sqlite3_finalize (statement);
  return value;
}

static gboolean
check_or_make_schema (Cache *self, GError **error)
{
  const int version = read_pragma (self, "PRAGMA user_version");
  const int application = read_pragma (self, "PRAGMA application_id");
  const int tables = read_pragma (self, "SELECT count(*) FROM sqlite_schema");

  if (version == 0 && application == 0 && tables == 0) {
    if (execute (self, "BEGIN IMMEDIATE", error)
        && execute (self, schema, error) && execute (self, "COMMIT", error))
      return TRUE;
    sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
    return FALSE;
  }
  if (version == CACHE_VERSION && application == CACHE_APPLICATION_ID)
    return TRUE;
  g_propagate_error (
      error,
      client_error_new (KITH_INTEGRITY,
                        _ ("The local store on this computer is damaged, or "
                           "of another version.")));
  return FALSE;
}

static gboolean
prepare_all (Cache *self, GError **error)
{
  for (guint i = 0; i < STMT_COUNT; i++) {
    const int result = sqlite3_prepare_v3 (self->db, cache_statement_texts[i],
                                           -1, SQLITE_PREPARE_PERSISTENT,
                                           &self->statements[i], NULL);

    if (result == SQLITE_OK)
      continue;
    cache_take_error (self->db, result, error);
    return FALSE;
  }
  return TRUE;
}

static gboolean
open_database (Cache *self, const char *file, GError **error)
{
  const int result = sqlite3_open_v2 (
      file, &self->db,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);

  if (result != SQLITE_OK) {
    cache_take_error (self->db, result, error);
    return FALSE;
  }
  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, CACHE_BUSY_MS);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  return execute (self, "PRAGMA journal_mode = WAL", error)
         && execute (self,
                     "PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;"
                     "PRAGMA temp_store = MEMORY;",
                     error)
         && check_or_make_schema (self, error) && prepare_all (self, error);
}

/* A look at every page at each start would cost seconds; the first rows of the
 * tables that a start reads anyway are looked at by the reads themselves. */
Cache *
cache_open_file (const char *file, GError **error)
{
  g_autoptr (Cache) self = g_new0 (Cache, 1);

  if (!open_database (self, file, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
cache_close (Cache *self)
{
  if (self == NULL)
    return;
  for (guint i = 0; i < STMT_COUNT; i++)
    sqlite3_finalize (self->statements[i]);
  sqlite3_close (self->db);
  g_free (self);
}

sqlite3_stmt *
cache_statement (Cache *self, CacheStatement statement)
{
  sqlite3_stmt *prepared = self->statements[statement];

  sqlite3_reset (prepared);
  sqlite3_clear_bindings (prepared);
  return prepared;
}

void
cache_bind_id (sqlite3_stmt *statement, int index, guint64 value)
{
  sqlite3_bind_int64 (statement, index,
                      (sqlite3_int64)MIN (value, (guint64)G_MAXINT64));
}

void
cache_bind_text (sqlite3_stmt *statement, int index, const char *text)
{
  if (text == NULL)
    sqlite3_bind_null (statement, index);
  else
    sqlite3_bind_text (statement, index, text, -1, SQLITE_TRANSIENT);
}

void
cache_bind_blob (sqlite3_stmt *statement, int index, const void *bytes,
                 gsize length)
{
  sqlite3_bind_blob (statement, index, bytes, (int)length, SQLITE_TRANSIENT);
}

guint64
cache_column_id (sqlite3_stmt *statement, int column)
{
  return (guint64)MAX (sqlite3_column_int64 (statement, column), 0);
}

char *
cache_column_text (sqlite3_stmt *statement, int column)
{
  return g_strdup ((const char *)sqlite3_column_text (statement, column));
}

gboolean
cache_step (Cache *self, sqlite3_stmt *statement, gboolean *row_r,
            GError **error)
{
  const int result = sqlite3_step (statement);

  if (result != SQLITE_ROW && result != SQLITE_DONE) {
    cache_take_error (self->db, result, error);
    sqlite3_reset (statement);
    return FALSE;
  }
  if (row_r != NULL)
    *row_r = result == SQLITE_ROW;
  if (result == SQLITE_DONE)
    sqlite3_reset (statement);
  return TRUE;
}

gboolean
cache_run (Cache *self, sqlite3_stmt *statement, GError **error)
{
  const gboolean done = cache_step (self, statement, NULL, error);

  sqlite3_reset (statement);
  return done;
}

gboolean
cache_run_id (Cache *self, CacheStatement which, guint64 id, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, which);

  cache_bind_id (statement, 1, id);
  return cache_run (self, statement, error);
}

gboolean
cache_run_id_text (Cache *self, CacheStatement which, guint64 id,
                   const char *text, GError **error)
{
  sqlite3_stmt *statement = cache_statement (self, which);

  cache_bind_id (statement, 1, id);
  cache_bind_text (statement, 2, text);
  return cache_run (self, statement, error);
}

gboolean
cache_run_count (Cache *self, sqlite3_stmt *statement, guint *count_r,
                 GError **error)
{
  gboolean row = FALSE;

  if (!cache_step (self, statement, &row, error))
    return FALSE;
  *count_r = row ? (guint)MIN (cache_column_id (statement, 0), G_MAXUINT) : 0;
  sqlite3_reset (statement);
  return TRUE;
}

GArray *
cache_run_ids (Cache *self, sqlite3_stmt *statement, GError **error)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint64));
  gboolean row = TRUE;

  while (row) {
    if (!cache_step (self, statement, &row, error))
      return NULL;
    if (row) {
      const guint64 id = cache_column_id (statement, 0);

      g_array_append_val (ids, id);
    }
  }
  return g_steal_pointer (&ids);
}

gboolean
cache_begin (Cache *self, CacheDurability durability, GError **error)
{
  /* It can only be changed between transactions. */
  if (!execute (self,
                durability == CACHE_DURABLE ? "PRAGMA synchronous = FULL"
                                            : "PRAGMA synchronous = NORMAL",
                error)
      || !cache_run (self, cache_statement (self, STMT_BEGIN), error))
    return FALSE;
  self->in_transaction = TRUE;
  return TRUE;
}

gboolean
cache_commit (Cache *self, GError **error)
{
  if (!cache_run (self, cache_statement (self, STMT_COMMIT), error))
    return FALSE;
  self->in_transaction = FALSE;
  return TRUE;
}

void
cache_rollback (Cache *self)
{
  if (!self->in_transaction)
    return;
  self->in_transaction = FALSE;
  /* Some errors have rolled back already. */
  if (sqlite3_get_autocommit (self->db) == 0)
    cache_run (self, cache_statement (self, STMT_ROLLBACK), NULL);
}

gboolean
cache_seal (Cache *self, GError **error)
{
  const int result = sqlite3_wal_checkpoint_v2 (
      self->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

  if (result == SQLITE_OK)
    return TRUE;
  cache_take_error (self->db, result, error);
  return FALSE;
}

gboolean
cache_in_transaction (Cache *self)
{
  return self->in_transaction;
}
