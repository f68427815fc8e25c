/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "records.h"

/*
 * The local store of one profile: cache.db, an SQLite database. What the
 * server told, so that the client opens at once and offline; and the outbox
 * and drafts, which exist nowhere else. Engine thread only.
 *
 * Functions that can fail return FALSE (or NULL) with an error: KITH_IO or
 * KITH_STORAGE_FULL for the disk, KITH_INTEGRITY when the file is damaged (see
 * cache_move_aside()). Changes are made between cache_begin() and
 * cache_commit(); after an error the caller must cache_rollback().
 */
typedef struct _Cache Cache;

/* Limits on what a server can make us keep. */
#define CACHE_CONVERSATIONS_MAX 10000
#define CACHE_REQUESTS_MAX 1000
#define CACHE_MESSAGES_MAX 20000 /* in one conversation; older are cut */
#define CACHE_OUTBOX_MAX 1000

/* folder exists. KITH_INTEGRITY when it is damaged, not ours, or newer. Ends
 * what a cache_move_aside() that was killed has begun. */
Cache *cache_open (const char *folder, GError **error);
void cache_close (Cache *self); /* takes NULL */

/*
 * For a cache that is damaged, and closed: a new one, with as much of outbox
 * and drafts as can still be read, takes its place; its own files are then
 * cache.db.damaged (over an earlier one). However this fails or is killed, a
 * cache_open() or another cache_move_aside() finds all that was typed.
 */
Cache *cache_move_aside (const char *folder, GError **error);

/* Deletes the files: the account is forgotten. */
void cache_delete (const char *folder);

typedef enum {
  CACHE_RELAXED, /* survives the program; the server has it too */
  CACHE_DURABLE, /* survives the machine: fsync before it returns */
} CacheDurability;

gboolean cache_begin (Cache *self, CacheDurability durability, GError **error);
gboolean cache_commit (Cache *self, GError **error);
void cache_rollback (Cache *self); /* nothing when there is none */
gboolean cache_in_transaction (Cache *self);

/* ---- the cursor ---- */

typedef struct {
  gboolean known; /* FALSE: begin with a snapshot */
  guint8 epoch[RECORD_EPOCH_SIZE];
  guint64 sequence;
} CacheCursor;

gboolean cache_get_cursor (Cache *self, CacheCursor *cursor_r, GError **error);
gboolean cache_set_cursor (Cache *self, const CacheCursor *cursor,
                           GError **error);

/* ---- users ---- */

gboolean cache_put_user (Cache *self, const UserRecord *user, GError **error);
/* Nothing for one who is not known. */
gboolean cache_update_user (Cache *self, const UserRecord *user,
                            GError **error);

/* ---- conversations ---- */

/* record_r (transfer full): NULL when it is not known. */
gboolean cache_get_conversation (Cache *self, guint64 id,
                                 ConversationRecord **record_r, GError **error);
/* Inserts or replaces all but the draft; the peer as well. */
gboolean cache_put_conversation (Cache *self, const ConversationRecord *record,
                                 GError **error);
/* All, of ConversationRecord. */
GPtrArray *cache_list_conversations (Cache *self, GError **error);
/* Ids (GArray of guint64) of those with marks that the server lacks. */
GArray *cache_list_marks_due (Cache *self, GError **error);
gboolean cache_count_conversations (Cache *self, guint *count_r,
                                    GError **error);
gboolean cache_set_draft (Cache *self, guint64 conversation_id,
                          const char *draft, GError **error);
/* draft_r (transfer full): NULL when there is none. */
gboolean cache_get_draft (Cache *self, guint64 conversation_id, char **draft_r,
                          GError **error);

/* ---- snapshots: what is not put between these two goes ---- */

gboolean cache_begin_snapshot (Cache *self, GError **error);
gboolean cache_mark_in_snapshot (Cache *self, guint64 conversation_id,
                                 GError **error);
gboolean cache_mark_request_in_snapshot (Cache *self, guint64 request_id,
                                         GError **error);
/* gone_r: ids (GArray of guint64) of conversations, and of requests. */
gboolean cache_end_snapshot (Cache *self, GArray **conversations_r,
                             GArray **requests_r, GError **error);
/*
 * The server's database is another one: all but outbox and drafts. These keep
 * the name of whom they are for, and belong to no conversation until
 * cache_claim(): the old one's number may be another's now. So may our own: what
 * is in the outbox was written by this user.
 */
gboolean cache_forget_all (Cache *self, guint64 self_id, GError **error);
/* This conversation, new here, is with this person. */
gboolean cache_claim (Cache *self, guint64 conversation_id,
                      const char *peer_name, GError **error);

/* ---- messages ---- */

/* fresh_r (nullable): FALSE when its number was there already; then nothing
 * changes. */
gboolean cache_add_message (Cache *self, const MessageRecord *record,
                            gboolean *fresh_r, GError **error);
/* limit messages with numbers below `before`, not under `from`; ascending. */
GPtrArray *cache_messages_before (Cache *self, guint64 conversation_id,
                                  guint64 from, guint64 before, guint limit,
                                  GError **error);
GPtrArray *cache_messages_after (Cache *self, guint64 conversation_id,
                                 guint64 after, guint limit, GError **error);
/* record_r (transfer full): the newest, the outbox's last before the numbered
 * ones; NULL when there is none. */
gboolean cache_last_message (Cache *self, guint64 conversation_id,
                             MessageRecord **record_r, GError **error);
/* How many of this sender are above the number? */
gboolean cache_count_above (Cache *self, guint64 conversation_id,
                            guint64 sender_id, guint64 number, guint *count_r,
                            GError **error);
gboolean cache_delete_below (Cache *self, guint64 conversation_id,
                             guint64 number, GError **error);

/* ---- friend requests ---- */

gboolean cache_put_request (Cache *self, const RequestRecord *record,
                            GError **error);
/* Its user goes with it who has nothing else to do with us. */
gboolean cache_delete_request (Cache *self, guint64 id, GError **error);
GPtrArray *cache_list_requests (Cache *self, GError **error);
gboolean cache_count_requests (Cache *self, guint *count_r, GError **error);

/* ---- the outbox ---- */

/* Fills in record->outbox_id. KITH_BUSY when it is full. */
gboolean cache_outbox_add (Cache *self, MessageRecord *record, GError **error);
/* record_r (transfer full): NULL when it is not there. */
gboolean cache_outbox_get (Cache *self, guint64 outbox_id,
                           MessageRecord **record_r, GError **error);
gboolean cache_outbox_find (Cache *self, const guint8 *operation,
                            MessageRecord **record_r, GError **error);
/* All of one conversation (or, with 0, of all), in order. */
GPtrArray *cache_outbox_list (Cache *self, guint64 conversation_id,
                              GError **error);
/* The first that can be sent of each conversation, in order. */
GPtrArray *cache_outbox_heads (Cache *self, GError **error);
gboolean cache_outbox_remove (Cache *self, guint64 outbox_id, GError **error);
gboolean cache_outbox_fail (Cache *self, guint64 outbox_id, const char *reason,
                            GError **error);
gboolean cache_outbox_count (Cache *self, guint *count_r, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Cache, cache_close)
