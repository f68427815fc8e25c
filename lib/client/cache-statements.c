/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of every statement of the cache. All are prepared when it is
 * opened, so a mistake here shows at the first start.
 */
#include "cache-private.h"

#define CONVERSATION_COLUMNS                                                   \
  "c.id, c.friends, c.first_kept, c.last_number, c.have_from, c.known_to,"     \
  " c.peer_last, c.my_read, c.read_told, c.delivered_told,"                    \
  " c.peer_delivered, c.peer_read, c.unread, c.time_us,"                       \
  " u.id, u.name, u.display_name, d.text"                                      \
  " FROM conversation AS c JOIN user AS u ON u.id = c.peer_id"                 \
  " LEFT JOIN draft AS d ON d.conversation_id = c.id"

#define MESSAGE_COLUMNS CACHE_MESSAGE_COLUMNS ", number FROM message"

#define ORPHAN_KEY CACHE_ORPHAN_KEY
#define ORPHAN_NAMED                                                           \
  "-(SELECT rowid FROM meta WHERE key = '" ORPHAN_KEY "' || ?2)"
#define ORPHAN_NUMBER                                                          \
  "(SELECT m.rowid FROM conversation AS c JOIN user AS u ON u.id = c.peer_id"  \
  " JOIN meta AS m ON m.key = '" ORPHAN_KEY "' || u.name"                      \
  " WHERE c.id = conversation_id)"

#define OUTBOX_COLUMNS CACHE_WAITING_COLUMNS ", id FROM outbox"

const char *const cache_statement_texts[STMT_COUNT] = {
  [STMT_BEGIN] = "BEGIN IMMEDIATE",
  [STMT_COMMIT] = "COMMIT",
  [STMT_ROLLBACK] = "ROLLBACK",

  [STMT_META_GET] = "SELECT value FROM meta WHERE key = ?1",
  [STMT_META_PUT] = "INSERT INTO meta (key, value) VALUES (?1, ?2)"
                    " ON CONFLICT (key) DO UPDATE SET value = ?2",
  [STMT_META_DELETE] = "DELETE FROM meta WHERE key = ?1",

  [STMT_USER_PUT]
  = "INSERT INTO user (id, name, display_name) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (id) DO UPDATE SET name = ?2, display_name = ?3",

  [STMT_USER_UPDATE]
  = "UPDATE user SET name = ?2, display_name = ?3 WHERE id = ?1",
  [STMT_USER_DROP]
  = "DELETE FROM user WHERE id = ?1"
    " AND NOT EXISTS (SELECT 1 FROM conversation WHERE peer_id = ?1)"
    " AND NOT EXISTS (SELECT 1 FROM request WHERE user_id = ?1)",
  [STMT_USERS_DROP]
  = "DELETE FROM user WHERE id NOT IN (SELECT peer_id FROM conversation"
    " UNION SELECT user_id FROM request)",

  [STMT_CONVERSATION_GET] = "SELECT " CONVERSATION_COLUMNS " WHERE c.id = ?1",
  [STMT_CONVERSATION_LIST]
  = "SELECT " CONVERSATION_COLUMNS " ORDER BY c.time_us DESC, c.id DESC",
  [STMT_CONVERSATION_PUT]
  = "INSERT INTO conversation (id, peer_id, friends, first_kept, last_number,"
    " have_from, known_to, peer_last, my_read, read_told, delivered_told,"
    " peer_delivered, peer_read, unread, time_us)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
    " ?15)"
    " ON CONFLICT (id) DO UPDATE SET peer_id = ?2, friends = ?3,"
    " first_kept = ?4, last_number = ?5, have_from = ?6, known_to = ?7,"
    " peer_last = ?8, my_read = ?9, read_told = ?10, delivered_told = ?11,"
    " peer_delivered = ?12, peer_read = ?13, unread = ?14, time_us = ?15",
  [STMT_CONVERSATION_COUNT] = "SELECT count(*) FROM conversation",
  [STMT_CONVERSATION_MARKS_DUE]
  = "SELECT id FROM conversation"
    " WHERE peer_last > delivered_told OR my_read > read_told",
  [STMT_DRAFT_GET] = "SELECT text FROM draft WHERE conversation_id = ?1",
  [STMT_DRAFT_PUT] = "INSERT INTO draft (conversation_id, text) VALUES (?1, ?2)"
                     " ON CONFLICT (conversation_id) DO UPDATE SET text = ?2",
  [STMT_DRAFT_DELETE] = "DELETE FROM draft WHERE conversation_id = ?1",

  [STMT_SNAPSHOT_UNMARK_CONVERSATIONS]
  = "UPDATE conversation SET in_snapshot = 0 WHERE in_snapshot <> 0",
  [STMT_SNAPSHOT_UNMARK_REQUESTS]
  = "UPDATE request SET in_snapshot = 0 WHERE in_snapshot <> 0",
  [STMT_SNAPSHOT_MARK_CONVERSATION]
  = "UPDATE conversation SET in_snapshot = 1 WHERE id = ?1",
  [STMT_SNAPSHOT_MARK_REQUEST]
  = "UPDATE request SET in_snapshot = 1 WHERE id = ?1",
  [STMT_SNAPSHOT_GONE_CONVERSATIONS]
  = "SELECT id FROM conversation WHERE in_snapshot = 0",
  [STMT_SNAPSHOT_GONE_REQUESTS]
  = "SELECT id FROM request WHERE in_snapshot = 0",
  [STMT_SNAPSHOT_DELETE_MESSAGES]
  = "DELETE FROM message WHERE conversation_id IN"
    " (SELECT id FROM conversation WHERE in_snapshot = 0)",
  [STMT_SNAPSHOT_DELETE_CONVERSATIONS]
  = "DELETE FROM conversation WHERE in_snapshot = 0",
  [STMT_SNAPSHOT_DELETE_REQUESTS] = "DELETE FROM request WHERE in_snapshot = 0",
  /* Orphans have a number below zero in the place of their conversation's: that
   * of the row in meta which names the person. One whose conversation was not
   * known stays as it is. */
  [STMT_ORPHAN_NAMES]
  = "INSERT OR IGNORE INTO meta (key, value)"
    " SELECT '" ORPHAN_KEY "' || u.name, NULL"
    " FROM conversation AS c JOIN user AS u ON u.id = c.peer_id"
    " WHERE c.id IN (SELECT conversation_id FROM outbox"
    " UNION SELECT conversation_id FROM draft)",
  [STMT_ORPHAN_OUTBOX]
  = "UPDATE outbox SET conversation_id = -" ORPHAN_NUMBER
    " WHERE conversation_id IN (SELECT id FROM conversation)",
  [STMT_ORPHAN_DRAFTS]
  = "UPDATE OR REPLACE draft SET conversation_id = -" ORPHAN_NUMBER
    " WHERE conversation_id IN (SELECT id FROM conversation)",
  [STMT_ORPHAN_NAME] = "INSERT OR IGNORE INTO meta (key, value)"
                       " VALUES ('" ORPHAN_KEY "' || ?1, NULL)",
  [STMT_ORPHAN_MESSAGE]
  = "UPDATE outbox SET conversation_id = " ORPHAN_NAMED " WHERE id = ?1",
  [STMT_ORPHAN_DRAFT]
  = "UPDATE OR REPLACE draft SET conversation_id = " ORPHAN_NAMED
    " WHERE conversation_id = ?1",
  [STMT_CLAIM_OUTBOX] = "UPDATE outbox SET conversation_id = ?1"
                        " WHERE conversation_id = " ORPHAN_NAMED,
  [STMT_CLAIM_DRAFT] = "UPDATE OR REPLACE draft SET conversation_id = ?1"
                       " WHERE conversation_id = " ORPHAN_NAMED,
  [STMT_CLAIM_NAME] = "DELETE FROM meta WHERE key = '" ORPHAN_KEY "' || ?2",
  [STMT_FORGET_MESSAGES] = "DELETE FROM message",
  [STMT_FORGET_CONVERSATIONS] = "DELETE FROM conversation",
  [STMT_FORGET_REQUESTS] = "DELETE FROM request",

  [STMT_MESSAGE_ADD]
  = "INSERT OR IGNORE INTO message (" CACHE_MESSAGE_COLUMNS ", number)"
    " VALUES (?1, ?2, ?3, ?4, ?5)",
  [STMT_MESSAGES_BEFORE]
  = "SELECT " MESSAGE_COLUMNS " WHERE conversation_id = ?1 AND number >= ?2"
    " AND number < ?3 ORDER BY number DESC LIMIT ?4",
  [STMT_MESSAGES_AFTER]
  = "SELECT " MESSAGE_COLUMNS " WHERE conversation_id = ?1 AND number > ?2"
    " ORDER BY number LIMIT ?3",
  [STMT_MESSAGE_LAST] = "SELECT " MESSAGE_COLUMNS " WHERE conversation_id = ?1"
                        " ORDER BY number DESC LIMIT 1",
  [STMT_MESSAGE_COUNT_ABOVE]
  = "SELECT count(*) FROM message WHERE conversation_id = ?1"
    " AND number > ?3 AND sender_id = ?2",
  [STMT_MESSAGE_DELETE_BELOW]
  = "DELETE FROM message WHERE conversation_id = ?1 AND number < ?2",

  [STMT_REQUEST_PUT]
  = "INSERT INTO request (id, user_id, incoming, time_us)"
    " VALUES (?1, ?2, ?3, ?4)"
    " ON CONFLICT (id) DO UPDATE SET user_id = ?2, incoming = ?3,"
    " time_us = ?4",
  [STMT_REQUEST_DELETE] = "DELETE FROM request WHERE id = ?1 RETURNING user_id",
  [STMT_REQUEST_LIST]
  = "SELECT r.id, r.incoming, r.time_us, u.id, u.name, u.display_name"
    " FROM request AS r JOIN user AS u ON u.id = r.user_id"
    " ORDER BY r.time_us DESC, r.id DESC",
  [STMT_REQUEST_COUNT] = "SELECT count(*) FROM request",

  [STMT_OUTBOX_ADD]
  = "INSERT INTO outbox (" CACHE_MESSAGE_COLUMNS ", operation)"
    " VALUES (?1, ?2, ?3, ?4, ?5)",
  [STMT_OUTBOX_GET] = "SELECT " OUTBOX_COLUMNS " WHERE id = ?1",
  [STMT_OUTBOX_FIND] = "SELECT " OUTBOX_COLUMNS " WHERE operation = ?1",
  [STMT_OUTBOX_LIST] = "SELECT " OUTBOX_COLUMNS
                       " WHERE conversation_id = ?1 OR ?1 = 0 ORDER BY id",
  [STMT_OUTBOX_HEADS]
  = "SELECT " OUTBOX_COLUMNS " WHERE id IN (SELECT min(id) FROM outbox"
    " WHERE reason IS NULL AND conversation_id > 0"
    " GROUP BY conversation_id) ORDER BY id",
  [STMT_OUTBOX_REMOVE] = "DELETE FROM outbox WHERE id = ?1",
  [STMT_OUTBOX_FAIL] = "UPDATE outbox SET reason = ?2 WHERE id = ?1",
  [STMT_OUTBOX_OWN] = "UPDATE outbox SET sender_id = ?1",
  [STMT_OUTBOX_COUNT] = "SELECT count(*) FROM outbox",
};
