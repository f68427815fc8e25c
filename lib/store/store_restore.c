/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The database that is to take the place of the present one: made beside it,
 * verified and synced. How they change places: store_places.c.
 */
#include "store_restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "store_copy.h"
#include "store_file.h"
#include "store_private.h"

#define INCOMING_SUFFIX   ".incoming"
#define COPY_STEP_BYTES   (4 * 1024 * 1024)
#define COPY_MARGIN_BYTES (16LL * 1024 * 1024) /* for a migration's growth */

struct store_restore {
	char *path;
	char *incoming_path;
	struct lock *running;
	struct lock *writing;
	int fd;     /* of the incoming one, -1: there is none */
	bool whole; /* the incoming one is verified */
	bool in_place;
	/* Of the old one; NULL: there is none, or it is too damaged. */
	sqlite3 *old;
	bool old_exists;
	struct store_census present;
	struct store_census incoming;
};

/* ---- the server stands still ----------------------------------------- */

enum kith_code
store_halt(const char *path, struct lock **halt_r, struct fault *f)
{
	char *name = mem_format("%s.running", path);
	struct lock *lock = NULL;
	enum kith_code code = lock_new(name, &lock, f);

	free(name);
	if (code != KITH_OK)
		return code;
	code = lock_take(lock, 0, f);
	if (code == KITH_OK) {
		*halt_r = lock;
		return code;
	}
	if (code == KITH_BUSY)
		code = fault_set(f, KITH_REFUSED,
		    "stop kithd first, for example with \"systemctl stop "
		    "kithd\": process %ld serves %s",
		    lock_signed_by(lock), path);
	lock_free(&lock);
	return code;
}

/* ---- the old one ----------------------------------------------------- */

/* One that cannot even be opened is no reason not to replace it. */
static void
open_old(struct store_restore *r)
{
	struct stat st;
	int rc;

	r->present = (struct store_census){ .version = -1,
		.users = -1,
		.devices = -1,
		.friend_links = -1,
		.conversations = -1,
		.messages = -1,
		.bytes = -1,
		.newest_us = -1 };
	r->old_exists = lstat(r->path, &st) == 0;
	if (!r->old_exists)
		return;
	rc = sqlite3_open_v2(r->path, &r->old,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW,
	    NULL);
	if (rc != SQLITE_OK) {
		sqlite3_close(r->old);
		r->old = NULL;
		return;
	}
	sqlite3_busy_timeout(r->old, store_wait_ms());
	sqlite3_db_config(r->old, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_db_config(r->old, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(r->old, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	store_census_take(r->old, &r->present);
}

enum kith_code
store_restore_new(
    const char *path, struct store_restore **restore_r, struct fault *f)
{
	struct store_restore *r = MEM_NEW(struct store_restore);
	enum kith_code code;
	char *name;

	r->fd = -1;
	code = store_file_canonical(path, &r->path, f);
	if (code == KITH_OK)
		code = store_halt(r->path, &r->running, f);
	if (code == KITH_OK) {
		r->incoming_path = mem_format("%s" INCOMING_SUFFIX, r->path);
		name = mem_format("%s.lock", r->path);
		code = lock_new(name, &r->writing, f);
		free(name);
	}
	if (code == KITH_OK)
		code = store_file_open_working(r->incoming_path, &r->fd, f);
	if (code != KITH_OK) {
		store_restore_free(&r);
		return code;
	}
	open_old(r);
	*restore_r = r;
	return KITH_OK;
}

/* ---- the new one ----------------------------------------------------- */

/* The sentence names the copy, of which nobody has heard. */
static void
name_source(struct store_restore *r, const char *name, struct fault *f)
{
	char *at = strstr(f->sentence, r->incoming_path);
	char *sentence;

	if (at == NULL)
		return;
	*at = '\0';
	sentence = mem_format(
	    "%s%s%s", f->sentence, name, at + strlen(r->incoming_path));
	snprintf(f->sentence, sizeof(f->sentence), "%s", sentence);
	free(sentence);
}

static enum kith_code
copy_bytes(struct store_restore *r, const struct store_restore_source *source,
    int64_t total, struct fault *f)
{
	enum kith_code code = KITH_OK;
	int64_t done = 0;

	while (done < total && code == KITH_OK) {
		int64_t next = done + COPY_STEP_BYTES;

		next = next < total ? next : total;
		code = store_file_copy(source->fd, r->fd, done, next, f);
		done = next;
		if (code == KITH_OK && source->progress != NULL &&
		    !source->progress(source->context, done, total))
			code = fault_set(
			    f, KITH_STOPPING, "the restore was given up");
	}
	return code;
}

static enum kith_code
copy_source(struct store_restore *r, const struct store_restore_source *source,
    struct fault *f)
{
	struct stat st;
	enum kith_code code;

	if (fstat(source->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fault_set(
		    f, KITH_FOREIGN, "%s is not a regular file", source->name);
	code = store_file_need_room(
	    r->path, (int64_t)st.st_size + COPY_MARGIN_BYTES, f);
	if (code == KITH_OK)
		code = copy_bytes(r, source, st.st_size, f);
	if (code != KITH_OK)
		return code;
	code = store_file_set_log(r->fd, false);
	if (code == KITH_MALFORMED)
		return fault_set(
		    f, KITH_FOREIGN, "%s is not a database", source->name);
	if (code != KITH_OK)
		return fault_set(
		    f, code, "%s cannot be written", r->incoming_path);
	return KITH_OK;
}

static enum kith_code
new_epoch(struct store *s, struct fault *f)
{
	char *sql = mem_format(
	    "BEGIN IMMEDIATE; %s; COMMIT", statement_sql[STATEMENT_NEW_EPOCH]);
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
	enum kith_code code = KITH_OK;

	free(sql);
	if (rc != SQLITE_OK) {
		code = store_fail(s, rc, "epoch");
		*f = s->fault;
	} else if (sqlite3_changes(s->db) != 1) {
		code = store_contradiction(s, "the epoch is missing");
		*f = s->fault;
	}
	return code;
}

static enum kith_code
make_usable(struct store_restore *r, const struct store_restore_source *source,
    struct fault *f)
{
	const unsigned int flags =
	    source->migrate ? STORE_MIGRATE : STORE_COPY_ANY_VERSION;
	struct first_problem first = { source->problem, source->context };
	struct store *copy = NULL;
	enum kith_code code =
	    store_copy_open(r->incoming_path, flags, &copy, f);

	if (code != KITH_OK)
		return code;
	code = store_verify(copy, first_problem_take, &first);
	if (code == KITH_INTEGRITY)
		fault_set(f, code, "%.100s is damaged: %.140s", source->name,
		    first.sentence);
	else if (code != KITH_OK)
		*f = *store_fault(copy);
	if (code == KITH_OK)
		code = new_epoch(copy, f);
	if (code == KITH_OK)
		store_census_take(copy->db, &r->incoming);
	store_close(&copy);
	return code;
}

enum kith_code
store_restore_fill(struct store_restore *r,
    const struct store_restore_source *source, struct fault *f)
{
	enum kith_code code = copy_source(r, source, f);

	if (code == KITH_OK)
		code = make_usable(r, source, f);
	if (code != KITH_OK)
		name_source(r, source->name, f);
	r->whole = code == KITH_OK;
	return code;
}

/* ---- the same one, anew ---------------------------------------------- */

static enum kith_code
write_anew(struct store_restore *r, struct fault *f)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_exec(r->old,
	    "PRAGMA temp_store=FILE; PRAGMA auto_vacuum=INCREMENTAL", NULL,
	    NULL, NULL);

	if (rc == SQLITE_OK)
		rc =
		    sqlite3_prepare_v2(r->old, "VACUUM INTO ?1", -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_text(
		    st, 1, r->incoming_path, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? KITH_OK
				 : store_places_fail(r->old, r->path, rc, f);
}

static void
ignore_problem(void *context, const char *sentence)
{
	struct fault *f = context;

	if (f->sentence[0] == '\0')
		fault_set(
		    f, KITH_INTEGRITY, "the database is damaged: %s", sentence);
}

static enum kith_code
verify_anew(struct store_restore *r, struct fault *f)
{
	struct store *copy = NULL;
	struct fault first = {};
	enum kith_code code = store_copy_open(r->incoming_path, 0, &copy, f);

	if (code != KITH_OK)
		return code;
	code = store_verify(copy, ignore_problem, &first);
	if (code == KITH_INTEGRITY)
		*f = first;
	else if (code != KITH_OK)
		*f = *store_fault(copy);
	store_census_take(copy->db, &r->incoming);
	store_close(&copy);
	return code;
}

enum kith_code
store_restore_vacuum(struct store_restore *r, struct fault *f)
{
	enum kith_code code;

	if (r->old == NULL)
		return fault_set(f,
		    r->old_exists ? KITH_FOREIGN : KITH_NOT_FOUND,
		    r->old_exists ? "%s is not a database"
				  : "there is no database at %s",
		    r->path);
	if (r->present.version != store_migration_count)
		return fault_set(f, KITH_REFUSED,
		    "%s is not of this program's version", r->path);
	/* twice: while it is written the old one's log may still grow */
	code = store_file_need_room(
	    r->path, r->present.bytes + COPY_MARGIN_BYTES, f);
	if (code == KITH_OK)
		code = lock_take(r->writing, store_wait_ms(), f);
	if (code == KITH_OK)
		code = write_anew(r, f);
	if (code == KITH_OK)
		code = verify_anew(r, f);
	r->whole = code == KITH_OK;
	return code;
}

const struct store_census *
store_restore_present(const struct store_restore *r)
{
	return &r->present;
}

const struct store_census *
store_restore_incoming(const struct store_restore *r)
{
	return &r->incoming;
}

/* ---- the change of places -------------------------------------------- */

static enum kith_code
amend(struct store_restore *r, const struct store_restore_end *end,
    struct fault *f)
{
	struct store *copy = NULL;
	enum kith_code code;

	if (end->amend == NULL || r->incoming.version != store_migration_count)
		return KITH_OK;
	code = store_copy_open(r->incoming_path, 0, &copy, f);
	if (code == KITH_OK)
		code = store_begin_write(copy, STORE_WAIT, f);
	if (code == KITH_OK) {
		code = end->amend(end->context, copy);
		if (code == KITH_OK)
			code = store_commit(copy, f);
		else
			*f = *store_fault(copy);
	}
	store_close(&copy);
	return code;
}

/* From the next opening on it has a log, as the hub wants it. */
static enum kith_code
make_durable(struct store_restore *r, struct fault *f)
{
	enum kith_code code = store_file_set_log(r->fd, true);

	if (code == KITH_OK && fsync(r->fd) != 0)
		code = store_file_code(errno);
	if (code != KITH_OK)
		fault_set(
		    f, code, "%s cannot be made durable", r->incoming_path);
	return code;
}

enum kith_code
store_restore_commit(struct store_restore *r,
    const struct store_restore_end *end, bool *kept_r, struct fault *f)
{
	struct places places = {
		.path = r->path,
		.incoming = r->incoming_path,
		.kept = end->kept,
		.old = &r->old,
		.old_exists = r->old_exists,
	};
	enum kith_code code;

	if (!r->whole)
		return fault_set(
		    f, KITH_NOT_NOW, "there is nothing to put in place");
	if (access(end->kept, F_OK) == 0)
		return fault_set(f, KITH_ALREADY, "%s exists", end->kept);
	code = amend(r, end, f);
	if (code == KITH_OK)
		code = make_durable(r, f);
	if (code == KITH_OK && !lock_is_held(r->writing))
		code = lock_take(r->writing, store_wait_ms(), f);
	if (code != KITH_OK)
		return code;
	code = store_places_change(&places, f);
	r->in_place = places.changed;
	if (code == KITH_OK)
		*kept_r = r->old_exists;
	return code;
}

void
store_restore_free(struct store_restore **restore)
{
	struct store_restore *r = *restore;

	if (r == NULL)
		return;
	sqlite3_close(r->old);
	if (r->fd >= 0 && !r->in_place) {
		unlink(r->incoming_path);
		close(r->fd);
	} else if (r->fd >= 0) {
		close(r->fd);
	}
	lock_free(&r->writing);
	lock_free(&r->running);
	free(r->incoming_path);
	free(r->path);
	free(r);
	*restore = NULL;
}
