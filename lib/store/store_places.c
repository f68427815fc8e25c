/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * How another database takes the place of the present one, in this order:
 *
 *  1. PATH.incoming is made, verified, and on disk. It stands alone.
 *  2. The write lock is taken and SQLite's own exclusive one, by which also
 *     readers are kept out; with that the log of the old one is copied into it
 *     and removed, and the folder is synced. From here on PATH stands alone.
 *  3. PATH gets its second name (a link), PATH.incoming is renamed to PATH, and
 *     the folder is synced.
 *
 * Killed in 1 or 2, the old one is there; in 3, the one or the other, by one
 * rename. A log must never outlive its database under the name of the next:
 * SQLite would take its pages for the new one's; hence the sync in 2.
 *
 * A second name without the rename is what a kill in 3 can leave. The next
 * restore takes it away again (forget_alias()).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "store_file.h"
#include "store_private.h"

#define SETTLE_PAUSE_MS 20

enum kith_code
store_places_fail(sqlite3 *old, const char *path, int rc, struct fault *f)
{
	if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		return fault_set(
		    f, KITH_BUSY, "another process reads or writes %s", path);
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
		return fault_set(f, KITH_INTEGRITY, "%s is damaged: %s", path,
		    sqlite3_errmsg(old));
	return fault_set_errno(f,
	    (rc & 0xff) == SQLITE_FULL ? KITH_STORAGE_FULL : KITH_IO,
	    sqlite3_system_errno(old), "%s cannot be closed: %s", path,
	    sqlite3_errmsg(old));
}

static void
remove_beside(struct places *p, const char *suffix)
{
	char *name = mem_format("%s%s", p->path, suffix);

	unlink(name);
	free(name);
}

/*
 * In exclusive mode from the first look on: SQLite then keeps everybody else
 * out of the file and the log's index in its own memory. Not by leaving the log
 * behind for a journal: a kill would leave a journal that nobody can roll back
 * who may only read.
 */
static int
take_alone(struct places *p)
{
	int rc;

	sqlite3_close(*p->old);
	*p->old = NULL;
	rc = sqlite3_open_v2(p->path, p->old,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW,
	    NULL);
	if (rc != SQLITE_OK)
		return rc;
	/* closing would remove a log by its name, which is the next one's */
	sqlite3_db_config(*p->old, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(*p->old, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(*p->old, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	rc = sqlite3_exec(*p->old,
	    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL;"
	    "SELECT count(*) FROM sqlite_schema",
	    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_wal_checkpoint_v2(
		    *p->old, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*p->old, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
	return rc;
}

/*
 * Alone with the old one, and everything in its one file. An exclusive lock is
 * held on it until *p->old is closed. SQLite does not wait here by itself.
 */
static enum kith_code
settle_old(struct places *p, struct fault *f)
{
	const struct timespec pause = { 0, SETTLE_PAUSE_MS * 1000000L };
	int left_ms = store_wait_ms();
	int rc = take_alone(p);

	while ((rc & 0xff) == SQLITE_BUSY && left_ms > 0) {
		nanosleep(&pause, NULL);
		left_ms -= SETTLE_PAUSE_MS;
		rc = take_alone(p);
	}
	return rc == SQLITE_OK ? KITH_OK
			       : store_places_fail(*p->old, p->path, rc, f);
}

/* A damaged one is kept with its log, in which there may be something whole. */
static enum kith_code
settle_damaged(struct places *p, struct fault *f)
{
	char *log = mem_format("%s-wal", p->path);
	char *kept_log = mem_format("%s-wal", p->kept);
	enum kith_code code = KITH_OK;

	sqlite3_close(*p->old);
	*p->old = NULL;
	if (rename(log, kept_log) != 0 && errno != ENOENT)
		code = fault_set_errno(
		    f, KITH_IO, errno, "cannot set aside %s", log);
	free(kept_log);
	free(log);
	return code;
}

/* What an earlier restore left that was killed between link and rename. */
static void
forget_alias(const struct places *p)
{
	char *copy = mem_dup_string(p->path), *base = mem_dup_string(p->path);
	const char *folder = dirname(copy), *name = basename(base);
	struct stat st, other;
	DIR *dir = NULL;

	if (lstat(p->path, &st) == 0 && st.st_nlink > 1)
		dir = opendir(folder);
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		if (strncmp(e->d_name, name, strlen(name)) != 0 ||
		    strcmp(e->d_name, name) == 0)
			continue;
		if (fstatat(dirfd(dir), e->d_name, &other,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    other.st_ino == st.st_ino && other.st_dev == st.st_dev)
			unlinkat(dirfd(dir), e->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
	free(base);
	free(copy);
}

static enum kith_code
change_places(struct places *p, struct fault *f)
{
	enum kith_code code = store_file_sync_folder(p->path, f);

	if (code != KITH_OK)
		return code;
	if (p->old_exists && link(p->path, p->kept) != 0)
		return fault_set_errno(f, store_file_code(errno), errno,
		    "cannot keep the old database as %s", p->kept);
	if (rename(p->incoming, p->path) != 0) {
		code = fault_set_errno(f, store_file_code(errno), errno,
		    "cannot put the new database at %s", p->path);
		if (p->old_exists)
			unlink(p->kept);
		return code;
	}
	p->changed = true;
	return store_file_sync_folder(p->path, f);
}

enum kith_code
store_places_change(struct places *p, struct fault *f)
{
	enum kith_code code;

	forget_alias(p);
	code = *p->old != NULL ? settle_old(p, f) : KITH_INTEGRITY;
	if (code == KITH_INTEGRITY)
		code = settle_damaged(p, f);
	if (code != KITH_OK)
		return code;
	remove_beside(p, "-wal");
	remove_beside(p, "-shm");
	return change_places(p, f);
}
