/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Transactions, savepoints, checkpoints and the write lock around them.
 *
 * Invariant: in_write is true exactly while the write lock is held and a
 * transaction was begun. SQLite ends a transaction by itself on some failures;
 * `broken` then keeps every later change from running on its own outside it.
 */

#include "store_copy.h"
#include "store_private.h"

#define LOG_PAGE_BYTES 4096 /* SQLite's page size in a database of kith's */

/* A commit of up to so many pages is one that somebody waits for. */
#define LIGHT_COMMIT_PAGES 24

#define META_LAST_SEQUENCE "last_sequence"

enum kith_code
store_may_change(const struct store *s)
{
	return s->in_write ? s->broken : KITH_NOT_NOW;
}

bool
store_in_write(const struct store *s)
{
	return s->in_write;
}

static enum kith_code
read_sequence(struct store *s, int64_t *sequence_r)
{
	enum kith_code code = statement_integer(s, STATEMENT_META_GET,
	    VALUES(TEXT(META_LAST_SEQUENCE)), sequence_r);

	if (code == KITH_NOT_FOUND)
		return store_contradiction(s, "the event counter is missing");
	return code;
}

enum kith_code
store_event_newest(struct store *s, int64_t *sequence_r)
{
	if (!s->in_write)
		return read_sequence(s, sequence_r);
	*sequence_r = s->sequence;
	return KITH_OK;
}

static enum kith_code
copy_fault(struct store *s, enum kith_code code, struct fault *f)
{
	if (f != NULL)
		*f = s->fault;
	return code;
}

static int wait_limit_ms = STORE_BUSY_WAIT_MS;

void
store_set_wait_ms(int wait_ms)
{
	wait_limit_ms = wait_ms;
}

int
store_wait_ms(void)
{
	return wait_limit_ms;
}

static void
release_write_lock(struct store *s)
{
	if (s->write_lock != NULL)
		lock_release(s->write_lock);
}

/*
 * Under a store that stays open for long a restore may have put another
 * database in its place. What is written to the old one would be lost without
 * a word. A hub's cannot be replaced.
 */
static bool
was_replaced(struct store *s)
{
	int moved = 0;

	return (s->flags & STORE_HUB) == 0 &&
	    sqlite3_file_control(
		s->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
	    moved;
}

/* A copy that nobody else knows has no lock. */
static enum kith_code
take_write_lock(struct store *s, enum store_wait wait, struct fault *f)
{
	enum kith_code code;

	if ((s->flags & (STORE_READ | STORE_COPY_READ)) != 0)
		return fault_set(
		    f, KITH_NOT_NOW, "%s is open for reading only", s->path);
	if (s->write_lock == NULL)
		return KITH_OK;
	code = lock_take(
	    s->write_lock, wait == STORE_WAIT ? store_wait_ms() : 0, f);
	if (code != KITH_OK || !was_replaced(s))
		return code;
	lock_release(s->write_lock);
	return fault_set(f, KITH_REFUSED,
	    "another database was put in the place of %s meanwhile; nothing "
	    "was changed",
	    s->path);
}

enum kith_code
store_begin_write(struct store *s, enum store_wait wait, struct fault *f)
{
	enum kith_code code;

	if (s->in_write || s->in_read)
		return fault_set(f, KITH_NOT_NOW, "a transaction is open");
	code = take_write_lock(s, wait, f);
	if (code != KITH_OK)
		return code;
	code = statement_run(s, STATEMENT_BEGIN_WRITE, NO_VALUES);
	if (code == KITH_OK) {
		s->in_write = true;
		s->broken = KITH_OK;
		code = read_sequence(s, &s->sequence);
		s->sequence_at_begin = s->sequence;
	}
	if (code == KITH_OK)
		return KITH_OK;
	copy_fault(s, code, f);
	store_rollback(s);
	release_write_lock(s);
	return code;
}

void
store_rollback(struct store *s)
{
	if (!s->in_write)
		return;
	/* Its failure means that SQLite has done it already. */
	if (!sqlite3_get_autocommit(s->db))
		statement_run(s, STATEMENT_ROLLBACK, NO_VALUES);
	s->in_write = false;
	s->in_savepoint = false;
	release_write_lock(s);
}

enum kith_code
store_commit(struct store *s, struct fault *f)
{
	enum kith_code code = store_may_change(s);

	if (code == KITH_NOT_NOW)
		return fault_set(f, code, "no transaction is open");
	if (code == KITH_OK && s->in_savepoint)
		code = store_savepoint_keep(s);
	if (code == KITH_OK && s->sequence != s->sequence_at_begin)
		code = statement_run(s, STATEMENT_META_SET,
		    VALUES(TEXT(META_LAST_SEQUENCE), INTEGER(s->sequence)));
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_COMMIT, NO_VALUES);
	if (code != KITH_OK) {
		copy_fault(s, code, f);
		store_rollback(s);
		return code;
	}
	s->in_write = false;
	release_write_lock(s);
	return KITH_OK;
}

enum kith_code
store_savepoint(struct store *s)
{
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK && s->in_savepoint)
		code = KITH_NOT_NOW;
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_SAVEPOINT, NO_VALUES);
	if (code == KITH_OK) {
		s->in_savepoint = true;
		s->sequence_at_savepoint = s->sequence;
	}
	return code;
}

enum kith_code
store_savepoint_keep(struct store *s)
{
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK && !s->in_savepoint)
		code = KITH_NOT_NOW;
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_SAVEPOINT_KEEP, NO_VALUES);
	if (code == KITH_OK)
		s->in_savepoint = false;
	return code;
}

enum kith_code
store_savepoint_undo(struct store *s)
{
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK && !s->in_savepoint)
		code = KITH_NOT_NOW;
	if (code == KITH_OK)
		code = statement_run(s, STATEMENT_SAVEPOINT_UNDO, NO_VALUES);
	if (code == KITH_OK)
		s->sequence = s->sequence_at_savepoint;
	if (code == KITH_OK)
		code = store_savepoint_keep(s);
	return code;
}

/* ---- reading --------------------------------------------------------- */

enum kith_code
store_begin_read(struct store *s)
{
	enum kith_code code;

	if (s->in_write || s->in_read)
		return KITH_NOT_NOW;
	if (was_replaced(s))
		return KITH_REFUSED;
	code = statement_run(s, STATEMENT_BEGIN_READ, NO_VALUES);
	s->in_read = code == KITH_OK;
	return code;
}

void
store_end_read(struct store *s)
{
	if (!s->in_read)
		return;
	/* Nothing was written: COMMIT and ROLLBACK are the same here. */
	if (!sqlite3_get_autocommit(s->db))
		statement_run(s, STATEMENT_ROLLBACK, NO_VALUES);
	s->in_read = false;
}

enum kith_code
store_read_scope(struct store *s, bool *own_r)
{
	*own_r = !s->in_write && !s->in_read;
	return *own_r ? store_begin_read(s) : KITH_OK;
}

int64_t
store_page_limit(uint32_t limit)
{
	return limit < STORE_PAGE_MAX ? limit : STORE_PAGE_MAX;
}

int64_t
store_data_version(struct store *s)
{
	int64_t version;

	if (statement_integer(s, STATEMENT_DATA_VERSION, NO_VALUES, &version) !=
	    KITH_OK)
		return -1;
	return version;
}

/* ---- the log --------------------------------------------------------- */

int
store_note_log_pages(void *store, sqlite3 *db, const char *name, int pages)
{
	struct store *s = store;

	(void)db;
	(void)name;
	if (pages < s->log_pages) /* it was copied whole and begins anew */
		s->log_pages_tried = 0;
	s->log_commits++;
	s->log_pages = pages;
	return SQLITE_OK;
}

/* Is there enough in it by now? */
static bool
log_is_due(const struct store *s)
{
	int pages = s->log_pages - s->log_pages_tried;
	bool light = pages / LIGHT_COMMIT_PAGES < s->log_commits;

	return pages >=
	    (light ? STORE_WAL_LIGHT_BYTES : STORE_WAL_PASSIVE_BYTES) /
	    LOG_PAGE_BYTES;
}

/*
 * Copies what no reader needs any more. Only where that was all of it, and it
 * was much, the log is made empty too, and without waiting for anybody: while a
 * backup reads, each wait would hold up everybody who sends, for nothing.
 */
static int
copy_log(struct store *s)
{
	int pages = 0, copied = 0;
	int rc = sqlite3_wal_checkpoint_v2(
	    s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);

	if (rc != SQLITE_OK || copied < pages ||
	    pages < STORE_WAL_TRUNCATE_BYTES / LOG_PAGE_BYTES)
		return rc;
	sqlite3_busy_timeout(s->db, 0);
	rc = sqlite3_wal_checkpoint_v2(
	    s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(s->db, STORE_HUB_BUSY_MS);
	return rc == SQLITE_BUSY ? SQLITE_OK : rc;
}

enum kith_code
store_checkpoint(struct store *s, struct fault *f)
{
	enum kith_code code;
	int rc;

	if (s->in_write || s->in_read)
		return fault_set(f, KITH_NOT_NOW, "a transaction is open");
	if (s->write_lock == NULL || !log_is_due(s))
		return KITH_OK;
	code = lock_take(s->write_lock, 0, f);
	if (code != KITH_OK)
		return code;
	/* A reader may keep it from being whole; not again at once, then. */
	s->log_pages_tried = s->log_pages;
	s->log_commits = 0;
	rc = copy_log(s);
	if (rc != SQLITE_OK)
		code = copy_fault(s, store_fail(s, rc, "checkpoint"), f);
	lock_release(s->write_lock);
	return code;
}
