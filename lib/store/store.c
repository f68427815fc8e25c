/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Opening and closing the database. Holds the connection and the two locks;
 * never changes a row.
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "store_file.h"
#include "store_private.h"

/* How durable a commit is; only the control build of the crash test differs. */
#ifndef KITH_STORE_SYNCHRONOUS
#define KITH_STORE_SYNCHRONOUS "FULL"
#endif

#define STORE_CACHE_KIB 16384
/* of who reads each page once, and whose memory shall stay small */
#define STORE_CACHE_READ_KIB 1024

/* Up to this size the hub looks through the whole file when it opens it. */
#define STORE_QUICK_CHECK_BYTES (64LL * 1024 * 1024)

/*
 * A kith-admin that empties the log as it ends holds the place of a hub for
 * that moment: a daemon that is just being started is not to fail by it.
 */
#define STORE_RUNNING_WAIT_MS 1000

/* What kith-admin, with no hub running, leaves in the log at most. */
#define STORE_WAL_LEFT_BYTES (1024 * 1024)

/* ---- the file -------------------------------------------------------- */

static enum kith_code
fail_path(struct fault *f, const char *doing, const char *path)
{
	int error = errno;

	return fault_set_errno(
	    f, store_file_code(error), error, "%s %s", doing, path);
}

/* Makes an empty file that only its owner can read. */
static enum kith_code
create_file(const char *path, struct fault *f)
{
	int fd = open(
	    path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 && errno == EEXIST) /* by another one, meanwhile */
		return KITH_OK;
	if (fd < 0)
		return fail_path(f, "cannot make the database", path);
	close(fd);
	return store_file_sync_folder(path, f);
}

/*
 * Finds or makes the file. It is looked at without being opened: closing a
 * descriptor of it would drop the locks of another connection of this process.
 */
static enum kith_code
find_file(struct store *s, struct fault *f)
{
	struct stat st;

	if (lstat(s->path, &st) != 0) {
		if (errno != ENOENT)
			return fail_path(f, "cannot look at", s->path);
		if ((s->flags & STORE_CREATE) == 0)
			return fault_set(f, KITH_NOT_FOUND,
			    "there is no database at %s", s->path);
		return create_file(s->path, f);
	}
	if (!S_ISREG(st.st_mode))
		return fault_set(
		    f, KITH_FOREIGN, "%s is not a regular file", s->path);
	if ((s->flags & STORE_READ) != 0)
		return faccessat(AT_FDCWD, s->path, R_OK, AT_EACCESS) == 0
		    ? KITH_OK
		    : fail_path(f, "cannot read the database", s->path);
	if (faccessat(AT_FDCWD, s->path, R_OK | W_OK, AT_EACCESS) != 0)
		return fail_path(
		    f, "cannot read and write the database", s->path);
	return KITH_OK;
}

static enum kith_code
take_locks(struct store *s, struct fault *f)
{
	char *name = mem_format("%s.lock", s->path);
	enum kith_code code = lock_new(name, &s->write_lock, f);

	free(name);
	if (code != KITH_OK)
		return code;
	name = mem_format("%s.running", s->path);
	code = lock_new(name, &s->running_lock, f);
	free(name);
	if (code != KITH_OK || (s->flags & STORE_HUB) == 0)
		return code;
	code = lock_take(s->running_lock, STORE_RUNNING_WAIT_MS, f);
	if (code == KITH_BUSY)
		return fault_set(f, KITH_REFUSED,
		    "another kithd (process %ld) already serves %s, or "
		    "kith-admin is replacing it",
		    lock_signed_by(s->running_lock), s->path);
	if (code == KITH_OK)
		lock_sign(s->running_lock);
	return code;
}

/* ---- the connection -------------------------------------------------- */

static enum kith_code
run_text(struct store *s, const char *sql, struct fault *f)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return KITH_OK;
	store_fail(s, rc, sql);
	*f = s->fault;
	return f->code;
}

static const char *
synchronous(void)
{
#ifdef KITH_FAULTS
	/* The crash test's control: must lose what it acknowledged. */
	const char *wanted = getenv("KITH_CRASH_SYNCHRONOUS");

	if (wanted != NULL && strcmp(wanted, "off") == 0)
		return "OFF";
#endif
	return KITH_STORE_SYNCHRONOUS;
}

static enum kith_code
connect_file(struct store *s, struct fault *f)
{
	bool read = (s->flags & STORE_READ) != 0;
	char sql[256];
	int rc = sqlite3_open_v2(s->path, &s->db,
	    (read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		SQLITE_OPEN_NOFOLLOW,
	    NULL);

	if (s->db == NULL)
		abort();
	if (rc != SQLITE_OK) {
		store_fail(s, rc, "open");
		*f = s->fault;
		return f->code;
	}
	sqlite3_busy_timeout(s->db, store_wait_ms());
	/* Closing must not checkpoint: that happens under the lock only. */
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	snprintf(sql, sizeof(sql),
	    "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
	    "PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
	    "PRAGMA cache_size=-%d",
	    read ? STORE_CACHE_READ_KIB : STORE_CACHE_KIB);
	return run_text(s, sql, f);
}

/* What needs the file's header to be right. */
static enum kith_code
configure(struct store *s, struct fault *f)
{
	char sql[128];

	snprintf(sql, sizeof(sql),
	    "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;"
	    "PRAGMA synchronous=%s; PRAGMA secure_delete=ON",
	    synchronous());
	if (run_text(s, sql, f) != KITH_OK)
		return f->code;
	sqlite3_wal_hook(s->db, store_note_log_pages, s);
	return KITH_OK;
}

/* ---- before the hub serves ------------------------------------------- */

static enum kith_code
first_text(
    struct store *s, const char *sql, char *text, size_t size, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		column_text(st, 0, text, size);
		sqlite3_finalize(st);
		return KITH_OK;
	}
	store_fail(s, rc, sql);
	sqlite3_finalize(st);
	*f = s->fault;
	return f->code;
}

/* The log as it is now, and that it is there. */
static int
sync_log(struct store *s)
{
	sqlite3_file *log = NULL;

	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	if (log == NULL || log->pMethods == NULL)
		return SQLITE_OK; /* there is none */
	return log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

/*
 * Everything that was committed is now on disk. Otherwise what a crash left in
 * the log, read but not yet synced, could be acknowledged to a client that
 * sends it again, and be lost by the next crash. It is brought into the file,
 * unless the disk is full or somebody just reads, a backup say: neither is a
 * reason to leave people without their history. *emptied_r: was it?
 */
static enum kith_code
settle_log(struct store *s, bool *emptied_r, struct fault *f)
{
	int rc;

	sqlite3_busy_timeout(s->db, STORE_HUB_BUSY_MS);
	rc = sqlite3_wal_checkpoint_v2(
	    s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(s->db, store_wait_ms());
	*emptied_r = rc == SQLITE_OK;
	if (rc == SQLITE_OK)
		return KITH_OK;
	store_fail(s, rc, "checkpoint");
	*f = s->fault;
	if (f->code != KITH_STORAGE_FULL && f->code != KITH_BUSY)
		return f->code;
	rc = sync_log(s);
	if (rc == SQLITE_OK)
		return store_file_sync_folder(s->path, f);
	store_fail(s, rc, "log");
	*f = s->fault;
	return f->code;
}

/* As SQLite sees it; the crash test's VFS may be holding a part of it. */
static sqlite3_int64
file_size(struct store *s)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 size = 0;

	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (file == NULL || file->pMethods == NULL ||
	    file->pMethods->xFileSize(file, &size) != SQLITE_OK)
		return 0;
	return size;
}

/* What is still in the log need not be in the file. */
static enum kith_code
look_for_damage(struct store *s, bool emptied, struct fault *f)
{
	char text[128];
	enum kith_code code;
	long long size, there;

	code = first_text(s,
	    "SELECT page_count * page_size FROM pragma_page_count,"
	    " pragma_page_size",
	    text, sizeof(text), f);
	if (code != KITH_OK)
		return code;
	size = strtoll(text, NULL, 10);
	there = emptied ? file_size(s) : size;
	if (there < size)
		return fault_set(f, KITH_INTEGRITY,
		    "%s is damaged: %lld bytes are missing at its end", s->path,
		    size - there);
	if (size > STORE_QUICK_CHECK_BYTES)
		return KITH_OK;
	code = first_text(s, "PRAGMA quick_check(1)", text, sizeof(text), f);
	if (code == KITH_OK && strcmp(text, "ok") != 0)
		return fault_set(
		    f, KITH_INTEGRITY, "%s is damaged: %s", s->path, text);
	return code;
}

/* Under the write lock: create, migrate, and the hub's first checkpoint. */
static enum kith_code
prepare_for_use(struct store *s, struct fault *f)
{
	int version;
	bool emptied;
	enum kith_code code;

	code = store_examine(s, store_migration_count, &version, f);
	/* Can be chosen only before the file has its first page. */
	if (code == KITH_OK && version == 0)
		code = run_text(s, "PRAGMA auto_vacuum=INCREMENTAL", f);
	if (code == KITH_OK)
		code = configure(s, f);
	if (code == KITH_OK && version < store_migration_count)
		code = store_migrate(
		    s, version, store_migrations, store_migration_count, f);
	if (code == KITH_OK && (s->flags & STORE_HUB) != 0) {
		code = settle_log(s, &emptied, f);
		if (code == KITH_OK)
			code = look_for_damage(s, emptied, f);
	}
	return code;
}

static bool
may_write_beside(struct store *s)
{
	char *copy = mem_dup_string(s->path);
	bool may = faccessat(AT_FDCWD, dirname(copy), W_OK, AT_EACCESS) == 0;

	free(copy);
	return may;
}

/*
 * Without the write lock. What it is there for, the bug by which two
 * connections that write or checkpoint at one moment can damage a database,
 * needs a connection that changes the log or the file, and this one can do
 * neither: it is opened read-only and closes without a checkpoint.
 *
 * The one thing that it may write is the index of the log, path-shm: SQLite
 * makes that anew when the last process that had the database open has gone,
 * by a crash, say. It does so from the log alone, changes neither that nor the
 * file, and holds all of its own locks for the moment that it takes; a hub or a
 * kith-admin that writes or opens just then waits in its busy handler. While a
 * hub runs it holds the index, so that no reader has anything to recover. The
 * write lock would add nothing, and would keep every reading command waiting
 * behind whoever writes.
 *
 * What it shows after a crash may include a commit that is in the log but not
 * yet on disk. Nothing is acknowledged by showing it; the next hub syncs it
 * before it serves.
 */
static enum kith_code
open_to_read(struct store *s, struct fault *f)
{
	int version;
	enum kith_code code = connect_file(s, f);

	if (code == KITH_OK)
		code = store_examine(s, store_migration_count, &version, f);
	/* Who may read the file may not be the one to make that index. */
	if (code == KITH_IO && !may_write_beside(s))
		return fault_set(f, KITH_REFUSED,
		    "cannot read %s as this user while no kithd has it open:"
		    " run it as its owner",
		    s->path);
	return code == KITH_OK ? statement_prepare_all(s, f) : code;
}

static enum kith_code
open_steps(struct store *s, struct fault *f)
{
	enum kith_code code = find_file(s, f);

	if (code == KITH_OK && (s->flags & STORE_READ) != 0)
		return open_to_read(s, f);
	if (code == KITH_OK)
		code = take_locks(s, f);
	if (code == KITH_OK)
		code = lock_take(s->write_lock, store_wait_ms(), f);
	if (code != KITH_OK)
		return code;
	code = connect_file(s, f);
	if (code == KITH_OK)
		code = prepare_for_use(s, f);
	lock_release(s->write_lock);
	if (code == KITH_OK)
		code = statement_prepare_all(s, f);
	if (code == KITH_OK && (s->flags & STORE_HUB) != 0)
		sqlite3_busy_timeout(s->db, STORE_HUB_BUSY_MS);
	return code;
}

enum kith_code
store_open(const char *path, unsigned int flags, struct store **store_r,
    struct fault *f)
{
	struct store *s = MEM_NEW(struct store);
	struct fault own;
	enum kith_code code;

	if (f == NULL)
		f = &own;
	/* Reading goes before all that would change something. */
	s->flags = (flags & STORE_READ) != 0 ? STORE_READ : flags;
	code = store_file_canonical(path, &s->path, f);
	if (code == KITH_OK)
		code = open_steps(s, f);
	if (code != KITH_OK) {
		/* Whatever it is, it is nothing to be checkpointed. */
		statement_finalize_all(s);
		sqlite3_close(s->db);
		s->db = NULL;
		store_close(&s);
		return code;
	}
	*store_r = s;
	return KITH_OK;
}

/*
 * The hub always, and kith-admin where no hub runs and its log has grown, leave
 * everything in the file. When a lock is taken it is left to the next one.
 */
static void
checkpoint_at_close(struct store *s)
{
	bool hub = (s->flags & STORE_HUB) != 0;
	char *log;
	struct stat st;
	bool wanted;

	if ((s->flags & STORE_READ) != 0)
		return;
	log = mem_format("%s-wal", s->path);
	wanted = stat(log, &st) == 0 &&
	    st.st_size > (hub ? 0 : STORE_WAL_LEFT_BYTES);
	free(log);
	if (!wanted)
		return;
	if (!hub && lock_take(s->running_lock, 0, NULL) != KITH_OK)
		return;
	if (lock_take(s->write_lock, 0, NULL) == KITH_OK) {
		sqlite3_busy_timeout(s->db, 0);
		sqlite3_wal_checkpoint_v2(
		    s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		lock_release(s->write_lock);
	}
}

void
store_close(struct store **store)
{
	struct store *s = *store;

	if (s == NULL)
		return;
	if (s->db != NULL) {
		store_rollback(s);
		store_end_read(s);
		statement_finalize_all(s);
		checkpoint_at_close(s);
		sqlite3_close(s->db);
	}
	lock_free(&s->write_lock);
	lock_free(&s->running_lock);
	free(s->kept);
	free(s->sources);
	free(s->path);
	free(s);
	*store = NULL;
}
