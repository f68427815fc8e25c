/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A copy of the whole database, under the eyes of its writers.
 *
 * Why SQLite's backup does not begin anew when somebody commits: it does so
 * when the source's read transaction is a new one, and here one is open over
 * all steps.
 */
#include "store_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "store_copy.h"
#include "store_file.h"
#include "store_private.h"

#define WORKING_SUFFIX ".new"

/* What the target's file system wants for itself, roughly. */
#define TARGET_MARGIN_BYTES (1024 * 1024)

/*
 * The copy goes to the disk in pieces, one at a time. Left alone the kernel
 * would gather hundreds of megabytes and write them at once, and whoever
 * commits meanwhile would wait for all of them. While the log cannot be
 * emptied, time is dearer: so much may gather then. Afterwards the disk is
 * everybody else's for as long as each piece took.
 */
#define PIECE_BYTES    (1024 * 1024)
#define GATHERED_BYTES (32 * 1024 * 1024)
#define PAUSE_MOST_NS  50000000L

/* Verifying: how long at a time, and how much longer the pause is. */
#define VERIFY_STEPS  1000
#define WORK_NS       3000000
#define PAUSES_A_WORK 2

/* One copy on its way. */
struct copying {
	struct store *s;
	const struct store_backup *wanted;
	char *working;
	int fd; /* of the working file */
	sqlite3 *target;
	sqlite3_backup *backup;
	int64_t page_bytes;
	int64_t copied;  /* bytes */
	int64_t started; /* bytes that are on the disk */
	int64_t bytes;   /* of the whole */
};

static bool
goes_on(struct copying *c, enum store_backup_phase phase)
{
	bool verifies = phase == STORE_BACKUP_VERIFIES;
	int64_t total = verifies ? 0 : c->bytes;
	int64_t done = phase == STORE_BACKUP_COPIES ? c->copied : c->started;

	return c->wanted->progress == NULL ||
	    c->wanted->progress(c->wanted->context, phase, done, total);
}

static enum kith_code
stopped(const struct copying *c, struct fault *f)
{
	return fault_set(
	    f, KITH_STOPPING, "the copy to %s was given up", c->wanted->path);
}

static enum kith_code
fail_target(struct copying *c, int rc, struct fault *f)
{
	enum kith_code code =
	    (rc & 0xff) == SQLITE_FULL ? KITH_STORAGE_FULL : KITH_IO;
	int error = sqlite3_system_errno(c->target);

	if (error == ENOSPC || error == EDQUOT || error == EFBIG)
		code = KITH_STORAGE_FULL;
	return fault_set(f, code, "the copy %s cannot be written: %s",
	    c->working, sqlite3_errstr(rc));
}

/* ---- before ---------------------------------------------------------- */

static enum kith_code
check_target(struct copying *c, struct fault *f)
{
	struct stat st;

	if (lstat(c->wanted->path, &st) == 0)
		return fault_set(
		    f, KITH_ALREADY, "%s exists already", c->wanted->path);
	return KITH_OK;
}

/*
 * The target keeps no journal and syncs nothing: until it bears its name it is
 * worth nothing. Its cache is small, so that it writes as it goes.
 */
static enum kith_code
open_target(struct copying *c, struct fault *f)
{
	int rc;
	enum kith_code code = store_file_open_working(c->working, &c->fd, f);

	if (code != KITH_OK)
		return code;
	rc = sqlite3_open_v2(c->working, &c->target,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW,
	    NULL);
	if (c->target == NULL)
		abort();
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->target,
		    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF;"
		    "PRAGMA synchronous=OFF; PRAGMA cache_size=-1024;"
		    "PRAGMA mmap_size=0",
		    NULL, NULL, NULL);
	return rc == SQLITE_OK ? KITH_OK : fail_target(c, rc, f);
}

static enum kith_code
fail_source(struct copying *c, int rc, struct fault *f)
{
	enum kith_code code = store_fail(c->s, rc, "backup");

	*f = *store_fault(c->s);
	return code;
}

/*
 * The first look at the source, which is the state that will be copied. Not by
 * the prepared statements: before a migration there are none.
 */
static enum kith_code
begin(struct copying *c, struct fault *f)
{
	int64_t pages = 0;
	int rc;

	if (c->s->in_write || c->s->in_read)
		return fault_set(f, KITH_NOT_NOW, "a transaction is open");
	rc = sqlite3_exec(c->s->db, "BEGIN", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return fail_source(c, rc, f);
	c->s->in_read = true;
	rc = statement_ask(c->s->db, "PRAGMA page_count", 0, &pages);
	if (rc == SQLITE_OK)
		rc = statement_ask(
		    c->s->db, "PRAGMA page_size", 0, &c->page_bytes);
	if (rc != SQLITE_OK)
		return fail_source(c, rc, f);
	c->bytes = pages * c->page_bytes;
	return KITH_OK;
}

/* From here on the log may be emptied again. */
static void
end(struct copying *c)
{
	if (c->s->in_read && !sqlite3_get_autocommit(c->s->db))
		sqlite3_exec(c->s->db, "ROLLBACK", NULL, NULL, NULL);
	c->s->in_read = false;
}

/* ---- the copy -------------------------------------------------------- */

static void
write_piece(struct copying *c)
{
	sync_file_range(c->fd, c->started, PIECE_BYTES,
	    SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	c->started += PIECE_BYTES;
}

static int64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What has gathered, bit by bit. fsync() answers for what went wrong. */
static enum kith_code
write_gathered(struct copying *c, struct fault *f)
{
	while (c->started < c->bytes) {
		int64_t begun = now_ns();
		struct timespec pause = {};

		if (!goes_on(c, STORE_BACKUP_SYNCS))
			return stopped(c, f);
		write_piece(c);
		pause.tv_nsec = (long)(now_ns() - begun);
		if (pause.tv_nsec > PAUSE_MOST_NS)
			pause.tv_nsec = PAUSE_MOST_NS;
		nanosleep(&pause, NULL);
	}
	return KITH_OK;
}

/* The server's own disk is not filled up, neither by the copy nor the log. */
static enum kith_code
check_spare(struct copying *c, struct fault *f)
{
	int64_t room;
	enum kith_code code = store_file_room(c->s->path, &room, f);

	if (code == KITH_OK && room < STORE_BACKUP_SPARE_BYTES)
		return fault_set(f, KITH_STORAGE_FULL,
		    "the disk of %s is nearly full: the copy was given up",
		    c->s->path);
	return code;
}

static enum kith_code
copy_steps(struct copying *c, struct fault *f)
{
	enum kith_code code = KITH_OK;
	int rc = SQLITE_OK;

	while (code == KITH_OK && rc == SQLITE_OK) {
		rc = sqlite3_backup_step(c->backup, STORE_BACKUP_STEP_PAGES);
		c->copied = (sqlite3_backup_pagecount(c->backup) -
				sqlite3_backup_remaining(c->backup)) *
		    c->page_bytes;
		while (c->copied - c->started > GATHERED_BYTES)
			write_piece(c);
		if (!goes_on(c, STORE_BACKUP_COPIES))
			code = stopped(c, f);
		else if (rc == SQLITE_OK)
			code = check_spare(c, f);
	}
	if (code != KITH_OK || rc == SQLITE_DONE)
		return code;
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_BUSY)
		return fail_source(c, rc, f);
	return fail_target(c, rc, f);
}

static enum kith_code
copy_pages(struct copying *c, struct fault *f)
{
	enum kith_code code = KITH_OK;
	int rc;

	c->backup = sqlite3_backup_init(c->target, "main", c->s->db, "main");
	if (c->backup == NULL)
		return fail_target(c, sqlite3_errcode(c->target), f);
	code = copy_steps(c, f);
	rc = sqlite3_backup_finish(c->backup);
	if (code == KITH_OK && rc != SQLITE_OK)
		code = fail_target(c, rc, f);
	/* only now are the last pages in the file */
	rc = sqlite3_close(c->target);
	c->target = NULL;
	if (code == KITH_OK && rc != SQLITE_OK)
		code = fault_set(
		    f, KITH_IO, "the copy %s cannot be closed", c->working);
	return code;
}

/* ---- after ----------------------------------------------------------- */

static enum kith_code
make_durable(struct copying *c, struct fault *f)
{
	enum kith_code code = write_gathered(c, f);
	struct stat st;

	if (code != KITH_OK)
		return code;
	if (fstat(c->fd, &st) != 0 || st.st_size != c->bytes)
		return fault_set(f, KITH_IO,
		    "the copy %s does not have the size of its source",
		    c->working);
	if (store_file_set_log(c->fd, false) != KITH_OK || fsync(c->fd) != 0)
		return fault_set_errno(f, store_file_code(errno), errno,
		    "cannot make durable the copy %s", c->working);
	return KITH_OK;
}

/*
 * Called while the copy is looked at, after so many of SQLite's steps. Nobody
 * waits for the result, but to use a processor all the time slows its neighbour
 * down, whatever the priorities are.
 */
static int
take_breath(void *context)
{
	int64_t *worked_since = context;
	int64_t worked = now_ns() - *worked_since;
	struct timespec pause = {};

	if (worked < WORK_NS)
		return 0;
	pause.tv_nsec = (long)(worked * PAUSES_A_WORK);
	if (pause.tv_nsec > PAUSE_MOST_NS)
		pause.tv_nsec = PAUSE_MOST_NS;
	nanosleep(&pause, NULL);
	*worked_since = now_ns();
	return 0;
}

static enum kith_code
verify_copy(struct copying *c, struct fault *f)
{
	struct first_problem first = { c->wanted->problem, c->wanted->context };
	int64_t worked_since = now_ns();
	struct store *copy = NULL;
	enum kith_code code;

	if (!c->wanted->verify)
		return KITH_OK;
	if (!goes_on(c, STORE_BACKUP_VERIFIES))
		return stopped(c, f);
	code = store_copy_open(c->working, STORE_COPY_READ, &copy, f);
	if (code != KITH_OK)
		return code;
	sqlite3_progress_handler(
	    copy->db, VERIFY_STEPS, take_breath, &worked_since);
	code = store_verify(copy, first_problem_take, &first);
	if (code == KITH_INTEGRITY)
		fault_set(
		    f, code, "the database is damaged: %.200s", first.sentence);
	else if (code != KITH_OK)
		*f = *store_fault(copy);
	store_close(&copy);
	return code;
}

/* It will hardly be read again soon, and the database's pages will. */
static void
leave_cache(struct copying *c)
{
	posix_fadvise(c->fd, 0, 0, POSIX_FADV_DONTNEED);
}

static enum kith_code
run(struct copying *c, struct fault *f)
{
	enum kith_code code = check_target(c, f);

	if (code == KITH_OK)
		code = begin(c, f);
	if (code == KITH_OK)
		code = store_file_need_room(
		    c->wanted->path, c->bytes + TARGET_MARGIN_BYTES, f);
	if (code == KITH_OK)
		code = open_target(c, f);
	if (code == KITH_OK)
		code = copy_pages(c, f);
	if (code == KITH_NOT_NOW)
		return code;
	end(c);
	if (code == KITH_OK)
		code = make_durable(c, f);
	if (code == KITH_OK)
		code = verify_copy(c, f);
	if (code == KITH_OK)
		code = store_file_name(c->working, c->wanted->path, f);
	return code;
}

enum kith_code
store_backup(struct store *s, const struct store_backup *wanted,
    int64_t *bytes_r, struct fault *f)
{
	struct copying c = { .s = s, .wanted = wanted, .fd = -1 };
	struct fault own;
	enum kith_code code;

	if (f == NULL)
		f = &own;
	c.working = mem_format("%s" WORKING_SUFFIX, wanted->path);
	code = run(&c, f);
	sqlite3_close(c.target);
	if (c.fd >= 0) {
		leave_cache(&c);
		if (code != KITH_OK)
			unlink(c.working);
		close(c.fd);
	}
	free(c.working);
	if (code == KITH_OK && bytes_r != NULL)
		*bytes_r = c.bytes;
	return code;
}
