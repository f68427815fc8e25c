/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sqlite3.h>

#include "cache.h"

/* What the files of the cache share. Included only by cache*.c. */

typedef enum {
  STMT_BEGIN,
  STMT_COMMIT,
  STMT_ROLLBACK,
  STMT_META_GET,
  STMT_META_PUT,
  STMT_META_DELETE,
  STMT_USER_PUT,
  STMT_USER_UPDATE,
  STMT_USER_DROP,
  STMT_USERS_DROP,
  STMT_CONVERSATION_GET,
  STMT_CONVERSATION_LIST,
  STMT_CONVERSATION_PUT,
  STMT_CONVERSATION_COUNT,
  STMT_CONVERSATION_MARKS_DUE,
  STMT_DRAFT_GET,
  STMT_DRAFT_PUT,
  STMT_DRAFT_DELETE,
  STMT_SNAPSHOT_UNMARK_CONVERSATIONS,
  STMT_SNAPSHOT_UNMARK_REQUESTS,
  STMT_SNAPSHOT_MARK_CONVERSATION,
  STMT_SNAPSHOT_MARK_REQUEST,
  STMT_SNAPSHOT_GONE_CONVERSATIONS,
  STMT_SNAPSHOT_GONE_REQUESTS,
  STMT_SNAPSHOT_DELETE_MESSAGES,
  STMT_SNAPSHOT_DELETE_CONVERSATIONS,
  STMT_SNAPSHOT_DELETE_REQUESTS,
  STMT_ORPHAN_NAMES,
  STMT_ORPHAN_OUTBOX,
  STMT_ORPHAN_DRAFTS,
  STMT_ORPHAN_NAME,
  STMT_ORPHAN_MESSAGE,
  STMT_ORPHAN_DRAFT,
  STMT_CLAIM_OUTBOX,
  STMT_CLAIM_DRAFT,
  STMT_CLAIM_NAME,
  STMT_FORGET_MESSAGES,
  STMT_FORGET_CONVERSATIONS,
  STMT_FORGET_REQUESTS,
  STMT_MESSAGE_ADD,
  STMT_MESSAGES_BEFORE,
  STMT_MESSAGES_AFTER,
  STMT_MESSAGE_LAST,
  STMT_MESSAGE_COUNT_ABOVE,
  STMT_MESSAGE_DELETE_BELOW,
  STMT_REQUEST_PUT,
  STMT_REQUEST_DELETE,
  STMT_REQUEST_LIST,
  STMT_REQUEST_COUNT,
  STMT_OUTBOX_ADD,
  STMT_OUTBOX_GET,
  STMT_OUTBOX_FIND,
  STMT_OUTBOX_LIST,
  STMT_OUTBOX_HEADS,
  STMT_OUTBOX_REMOVE,
  STMT_OUTBOX_FAIL,
  STMT_OUTBOX_OWN,
  STMT_OUTBOX_COUNT,
  STMT_COUNT,
} CacheStatement;

struct _Cache {
  sqlite3 *db;
  sqlite3_stmt *statements[STMT_COUNT];
  gboolean in_transaction;
};

/* The text of each statement (cache-statements.c). */
extern const char *const cache_statement_texts[STMT_COUNT];

/* A statement, reset and without values. */
sqlite3_stmt *cache_statement (Cache *self, CacheStatement statement);

void cache_bind_id (sqlite3_stmt *statement, int index, guint64 value);
void cache_bind_text (sqlite3_stmt *statement, int index, const char *text);
void cache_bind_blob (sqlite3_stmt *statement, int index, const void *bytes,
                      gsize length);
guint64 cache_column_id (sqlite3_stmt *statement, int column);
char *cache_column_text (sqlite3_stmt *statement, int column); /* a copy */

/* Steps once: TRUE for a row or the end (which: row_r, nullable). A statement
 * that has ended is reset by itself. */
gboolean cache_step (Cache *self, sqlite3_stmt *statement, gboolean *row_r,
                     GError **error);
/* Steps to the end of a statement that gives no rows. */
gboolean cache_run (Cache *self, sqlite3_stmt *statement, GError **error);
/* The same of one with an id, or an id and a text, for parameters. */
gboolean cache_run_id (Cache *self, CacheStatement which, guint64 id,
                       GError **error);
gboolean cache_run_id_text (Cache *self, CacheStatement which, guint64 id,
                            const char *text, GError **error);
/* One row of one number, then reset. */
gboolean cache_run_count (Cache *self, sqlite3_stmt *statement, guint *count_r,
                          GError **error);
/* Column 0 of all rows: GArray of guint64. */
GArray *cache_run_ids (Cache *self, sqlite3_stmt *statement, GError **error);

/* What the rows of messages begin with, wherever they are: columns 0 to 3, or
 * parameters 1 to 4. */
#define CACHE_MESSAGE_COLUMNS "conversation_id, sender_id, time_us, text"
void cache_bind_message (sqlite3_stmt *statement, const MessageRecord *record);
MessageRecord *cache_column_message (sqlite3_stmt *statement);
/* The same for what waits in an outbox, columns 0 to 5. */
#define CACHE_WAITING_COLUMNS CACHE_MESSAGE_COLUMNS ", operation, reason"
MessageRecord *cache_column_waiting (sqlite3_stmt *statement);

/* What makes a message of a row, by the columns of its statement. */
typedef MessageRecord *(*CacheReadMessage) (sqlite3_stmt *statement);

/* The first row, then reset; record_r: NULL when there is none. */
gboolean cache_read_message (Cache *self, sqlite3_stmt *statement,
                             CacheReadMessage read, MessageRecord **record_r,
                             GError **error);
/* All rows, in their order. */
GPtrArray *cache_read_messages (Cache *self, sqlite3_stmt *statement,
                                CacheReadMessage read, GError **error);

/* Before the name of whom orphans are for, in meta (cache-statements.c). */
#define CACHE_ORPHAN_KEY "for:"

/* This message of the outbox, or what is this conversation's draft, is for this
 * person: an orphan until cache_claim(). */
gboolean cache_orphan_message (Cache *self, guint64 outbox_id,
                               const char *peer_name, GError **error);
gboolean cache_orphan_draft (Cache *self, guint64 conversation_id,
                             const char *peer_name, GError **error);

/* Turns the database's last error into ours. */
void cache_take_error (sqlite3 *db, int result, GError **error);

/* Opens, or makes, the one in this file. */
Cache *cache_open_file (const char *file, GError **error);
/* All of it into its one file and onto the disk: it can be closed and moved. */
gboolean cache_seal (Cache *self, GError **error);

/*
 * Outbox and drafts of a damaged file, as far as they can be read, into this
 * new cache: in one transaction, or FALSE with an error that is not the damage
 * but may pass, as a full disk does (cache-rescue.c).
 */
gboolean cache_rescue (Cache *self, const char *damaged_file, GError **error);
