/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sqlite3.h>

#include "lock.h"
#include "statement.h"
#include "store.h"
#include "store_event.h"
#include "store_user.h"

/*
 * What the files of lib/store share and nobody else sees.
 */

#define STORE_APPLICATION_ID 0x6b697468 /* "kith" */

/*
 * The hub may not wait, but a reader that is just recovering the log's index
 * holds it for moments only.
 */
#define STORE_HUB_BUSY_MS 50

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	char *path;
	struct lock *write_lock;
	struct lock *running_lock; /* held while a hub has it open */
	unsigned int flags;

	bool in_write;
	bool in_read;
	bool in_savepoint;
	/* Of the write transaction: KITH_OK, or why it can only be undone. */
	enum kith_code broken;
	/*
	 * Inside a write: the newest event's sequence. In the file it is
	 * written once, by the commit.
	 */
	int64_t sequence;
	int64_t sequence_at_begin;
	int64_t sequence_at_savepoint;

	/*
	 * How many pages the log had after the last commit, and when it was
	 * last copied into the file. It starts again from 0 when all is copied.
	 */
	int log_pages;
	int log_pages_tried;
	int log_commits; /* since then */

	struct fault fault;

	/* store_event_catch_up()'s, kept from page to page. */
	struct catch_up_source *sources;
	size_t source_room;

	/* What the last find handed out a pointer to; see store_keep_bytes(). */
	uint8_t *kept;
	size_t kept_room;

	int copy_version; /* store_copy.h */
};

/*
 * Takes down what SQLite says of its last failure, at once, before another
 * call overwrites it, and gives it kith's code. In a write transaction that
 * becomes its end.
 */
enum kith_code store_fail(struct store *s, int rc, const char *doing);

/* The same for a contradiction that our own code found. */
enum kith_code store_contradiction(struct store *s, const char *sentence);

/* KITH_OK when something may be changed now; else NOT_NOW, or why not. */
enum kith_code store_may_change(const struct store *s);

/* Begins a read unless one (or a write) is open; *own_r: end it yourself. */
enum kith_code store_read_scope(struct store *s, bool *own_r);

/* What store_set_wait_ms() said. */
int store_wait_ms(void);

/* At most STORE_PAGE_MAX. */
int64_t store_page_limit(uint32_t limit);

/* SQLite's hook after each commit: the length of the log. */
int store_note_log_pages(void *store, sqlite3 *db, const char *name, int pages);

/* ---- schema ---------------------------------------------------------- */

/* One step; the last one's place in the list is the newest version. */
struct migration {
	const char *sql;
};
extern const struct migration store_migrations[];
extern const int store_migration_count;

/*
 * Looks whether the file is kith's and of a version that can be used:
 * *version_r is 0 for an empty file.
 */
enum kith_code store_examine(
    struct store *s, int newest, int *version_r, struct fault *f);

/*
 * From `version` to the last of `migrations`, each in a transaction of its
 * own. The caller holds the write lock. A database with data in it is copied
 * to PATH.before-vN first, where N is the new version.
 */
enum kith_code store_migrate(struct store *s, int version,
    const struct migration *migrations, int count, struct fault *f);

/* The same without the copy: for what is a copy. */
enum kith_code store_migrate_steps(struct store *s, int version,
    const struct migration *migrations, int count, struct fault *f);

/* Tells of each table and index that is not as its version has it. */
enum kith_code store_verify_tables(struct store *s,
    void (*found)(void *context, const char *sentence), void *context);

/* ---- another database in its place ----------------------------------- */

struct places {
	const char *path;
	const char *incoming; /* takes the place; whole and on disk */
	const char *kept;     /* what the old one is called afterwards */
	/* A connection to the old one, which may be closed; *old may be NULL:
	 * it is damaged, or not there. */
	sqlite3 **old;
	bool old_exists;
	bool changed; /* out: the new one is in its place */
};

/* Under the running lock and the write lock. store_restore_commit()'s codes. */
enum kith_code store_places_change(struct places *p, struct fault *f);

/* What SQLite said of the old one. */
enum kith_code store_places_fail(
    sqlite3 *old, const char *path, int rc, struct fault *f);

/* Of whatever connection. Where something cannot be told it is -1. */
struct store_census;
void store_census_take(sqlite3 *db, struct store_census *census_r);

/* ---- event ----------------------------------------------------------- */

/* In: all but the sequence. *sequence_r may be NULL. */
struct event_new {
	int64_t audience;
	enum store_event_kind kind;
	int64_t time_us;
	int64_t conversation_id;
	int64_t number;
	int64_t user_id;
	int64_t peer_id;
	int64_t extra;
};
enum kith_code event_append(
    struct store *s, const struct event_new *new, int64_t *sequence_r);

/* To a conversation: its last_sequence follows. */
enum kith_code event_append_to_conversation(
    struct store *s, const struct event_new *new, int64_t *sequence_r);

/* ---- user ------------------------------------------------------------ */

/* From a row of USER_COLUMNS. */
void user_from_row(sqlite3_stmt *st, struct store_user *user);

/* May it be changed, is it there, and is it a person? */
enum kith_code user_find_to_change(
    struct store *s, int64_t id, struct store_user *user_r);

/* An event for the user alone; for the user and all who know the user. */
enum kith_code user_tell_self(
    struct store *s, int64_t id, enum store_event_kind kind, int64_t now_us);
enum kith_code user_tell_changed(struct store *s, int64_t id, int64_t now_us);

/* The account of STORE_SYSTEM_NAME with this display name, made if needed. */
enum kith_code user_make_system(
    struct store *s, const char *display_name, int64_t now_us, int64_t *id_r);

/* ---- what store_verify() finds ---------------------------------------- */

/* Keeps the first finding for a sentence, and passes each on. */
struct first_problem {
	void (*problem)(void *context, const char *sentence); /* or NULL */
	void *context;
	char sentence[FAULT_SENTENCE_MAX];
};
void first_problem_take(void *first, const char *sentence);

/* ---- between tables -------------------------------------------------- */

/* Invites stay valid, but make nobody this person's friend. */
enum kith_code invite_forget_friend(struct store *s, int64_t user_id);
enum kith_code device_remove_all(struct store *s, int64_t user_id);
enum kith_code friend_request_end_between(struct store *s, int64_t a_id,
    int64_t b_id, enum store_outcome outcome, int64_t now_us);
enum kith_code friend_request_end_all(
    struct store *s, int64_t user_id, int64_t now_us);
enum kith_code friend_link_remove_all(
    struct store *s, int64_t user_id, int64_t now_us);
/* Everybody who shares a conversation with the user, once each. */
enum kith_code member_tell_peers(
    struct store *s, int64_t user_id, const struct event_new *event);

/* As store_conversation_make_direct(); and was it made now? */
enum kith_code conversation_make_direct(struct store *s, int64_t a_id,
    int64_t b_id, int64_t now_us, int64_t *id_r, bool *made_r);

/* As store_message_add(), but the two need not be friends. */
enum kith_code message_add_unasked(
    struct store *s, const struct store_message *message);

/* From seven columns of the row, starting at `column`. */
void message_from_columns(
    sqlite3_stmt *st, int column, struct store_message *message);
void event_from_row(sqlite3_stmt *st, struct store_event *event);

/*
 * A copy in the store, valid until the next call on it, so that the statement
 * can be ended: one left on its row would keep its read open.
 */
const uint8_t *store_keep_bytes(
    struct store *s, const void *bytes, size_t length);
