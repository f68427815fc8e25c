/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db backup and db verify: copies the database and looks whether it, or a copy,
 * is whole. Changes nothing in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database.h"
#include "db.h"
#include "keeper.h"
#include "mem.h"
#include "output.h"
#include "progress.h"
#include "snapshot.h"
#include "store_backup.h"
#include "store_copy.h"
#include "store_file.h"

enum { BACKUP_PATH, BACKUP_BYTES, BACKUP_SIZE, BACKUP_VERIFIED };

const struct column db_backup_columns[] = {
	[BACKUP_PATH] = { "path", "File", COLUMN_TEXT },
	[BACKUP_BYTES] = { "bytes", NULL, COLUMN_NUMBER },
	[BACKUP_SIZE] = { "size", "Size", COLUMN_TEXT },
	[BACKUP_VERIFIED] = { "verified", "Verified", COLUMN_FLAG },
	{},
};

enum { VERIFIED_PATH, VERIFIED_VERSION };

static const struct column verified_columns[] = {
	[VERIFIED_PATH] = { "path", "Database", COLUMN_TEXT },
	[VERIFIED_VERSION] = { "schema_version", "Version", COLUMN_NUMBER },
	{},
};

enum { PROBLEM };

const struct column db_verify_columns[] = {
	[PROBLEM] = { "problem", "Problem", COLUMN_TEXT },
	{},
};

/*
 * Others go first: the copy a little, because the log grows while it is made,
 * and what comes afterwards altogether. Never where a lock is held.
 */
#define NICE_COPY  10
#define NICE_AFTER 19

static void
give_way(int by)
{
	if (nice(by) < 0)
		return; /* as fast as anybody, then */
}

static bool
on_progress(
    void *context, enum store_backup_phase phase, int64_t done, int64_t total)
{
	static const char *const words[] = {
		[STORE_BACKUP_COPIES] = "Copying",
		[STORE_BACKUP_SYNCS] = "Writing to the disk",
		[STORE_BACKUP_VERIFIES] = "Verifying",
	};

	if (phase == STORE_BACKUP_VERIFIES)
		give_way(NICE_AFTER);
	progress_show(context, words[phase], done, total);
	return true;
}

/* A name that says when, unless one was given. NULL: the words disagree. */
static char *
target_path(struct call *call)
{
	const char *file = call_argument(call, 0);
	const char *folder = call_option(call, "to");
	char *name, *path, *time_name;

	if (file != NULL && folder != NULL) {
		call_usage(call, "Either a FILE or --to FOLDER, not both.");
		return NULL;
	}
	if (file != NULL && *file == '\0') {
		call_usage(call, "The name of the FILE is empty.");
		return NULL;
	}
	if (file != NULL)
		return mem_dup_string(file);
	time_name = snapshot_time_name();
	name = mem_format("kith-%s.db", time_name);
	path = folder != NULL ? mem_format("%s/%s", folder, name)
			      : mem_dup_string(name);
	free(time_name);
	free(name);
	return path;
}

static enum kith_code
answer_backup(struct call *call, const char *path, int64_t bytes)
{
	struct listing *l =
	    listing_begin_record(call, "backup", db_backup_columns);
	char *size = progress_bytes(bytes);

	listing_set_text(l, BACKUP_PATH, path);
	listing_set_number(l, BACKUP_BYTES, bytes);
	listing_set_text(l, BACKUP_SIZE, size);
	listing_set_flag(l, BACKUP_VERIFIED, true);
	free(size);
	return listing_end(&l, KITH_OK);
}

/* What the store says, and what to do about it where there is something. */
static enum kith_code
fail_backup(struct call *call, enum kith_code code)
{
	char *sentence;

	if (code ==
	    KITH_NOT_FOUND) /* kept for what a command was asked about */
		return KITH_IO;
	if (code != KITH_INTEGRITY)
		return code;
	sentence = mem_dup_string(call->fault.sentence);
	call_fail(call, code,
	    "No backup was made: %.180s. See \"kith-admin db verify\".",
	    sentence);
	free(sentence);
	return code;
}

/* Said before anything is copied. */
static enum kith_code
check_target(struct call *call, const char *path)
{
	char *copy = mem_dup_string(path);
	struct stat st;
	enum kith_code code = KITH_OK;

	if (lstat(path, &st) == 0)
		code =
		    call_fail(call, KITH_ALREADY, "%s exists already.", path);
	else if (stat(dirname(copy), &st) != 0)
		code = fault_set_errno(&call->fault, KITH_IO, errno,
		    "Cannot reach the folder of %s", path);
	free(copy);
	return code;
}

enum kith_code
db_backup_prepare(struct call *call)
{
	char *path = target_path(call);
	char *whole = NULL;
	enum kith_code code;

	if (path == NULL)
		return KITH_MALFORMED;
	code = check_target(call, path);
	if (code == KITH_OK)
		code = store_file_canonical(path, &whole, &call->fault);
	if (code == KITH_OK)
		call->keeper = keeper_new(whole);
	free(whole);
	free(path);
	return code == KITH_NOT_FOUND ? KITH_IO : code;
}

static enum kith_code
copy_to(struct call *call, const char *path, int64_t *bytes_r)
{
	const struct store_backup wanted = {
		.path = path,
		.verify = true,
		.progress = on_progress,
		.context = call,
	};
	enum kith_code code =
	    store_backup(call->store, &wanted, bytes_r, &call->fault);

	progress_end(call);
	return code;
}

/*
 * To where only root may write. What a kill leaves of the first copy is one
 * among the snapshots.
 */
static enum kith_code
copy_through_keeper(struct call *call, int64_t *bytes_r)
{
	char *path = snapshot_new_path(call, "db backup");
	enum kith_code code;

	if (path == NULL)
		return call->fault.code;
	code = copy_to(call, path, bytes_r);
	if (code == KITH_OK) {
		code = keeper_put(call->keeper, path, &call->fault);
		unlink(path);
	}
	free(path);
	return code;
}

static bool
may_write_beside(const char *path)
{
	char *copy = mem_dup_string(path);
	bool may =
	    faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS) == 0;

	free(copy);
	return may;
}

enum kith_code
db_backup(struct call *call)
{
	const char *path = keeper_path(call->keeper);
	int64_t bytes = 0;
	enum kith_code code = database_open(call, false);

	if (code != KITH_OK)
		return code;
	give_way(NICE_COPY);
	if (!keeper_can(call->keeper) || may_write_beside(path))
		code = copy_to(call, path, &bytes);
	else
		code = copy_through_keeper(call, &bytes);
	return code == KITH_OK ? answer_backup(call, path, bytes)
			       : fail_backup(call, code);
}

/* ---- verify ----------------------------------------------------------- */

/* Sentences that were found while the read was open; then they are shown. */
struct findings {
	char *sentences[STORE_PROBLEMS_MAX + 1];
	size_t count;
};

static void
on_problem(void *context, const char *sentence)
{
	struct findings *found = context;

	if (found->count <= STORE_PROBLEMS_MAX)
		found->sentences[found->count++] = mem_dup_string(sentence);
}

static enum kith_code
show_findings(
    struct call *call, struct findings *found, const char *name, int version)
{
	struct listing *l =
	    listing_begin_record(call, "database", verified_columns);
	enum kith_code code;

	listing_set_text(l, VERIFIED_PATH, name);
	if (version > 0)
		listing_set_number(l, VERIFIED_VERSION, version);
	code = listing_end(&l, KITH_OK);
	/* "there are none" would be of a list that nobody asked for */
	if (code != KITH_OK ||
	    (found->count == 0 && call->format == CALL_TABLE))
		return code;
	l = listing_begin(call, "problems", db_verify_columns);
	for (size_t i = 0; i < found->count; i++) {
		listing_add_row(l);
		listing_set_text(l, PROBLEM, found->sentences[i]);
		listing_mark(l, PROBLEM, LISTING_BAD);
	}
	code = listing_end(&l, KITH_OK);
	if (code != KITH_OK || found->count == 0)
		return code;
	return call_fail(call, KITH_INTEGRITY,
	    found->count > 1 ? "%s is damaged: %zu problems were found."
			     : "%s is damaged: %zu problem was found.",
	    name, found->count);
}

/*
 * SQLite opens names only, and as the database's owner: a file of root's, which
 * was opened before, is copied to where the owner can name it.
 */
static enum kith_code
copy_in(struct call *call, const char *name, char **path_r)
{
	int from = fileno(call_argument_file(call, 0));
	char *path = snapshot_new_path(call, "db verify");
	enum kith_code code;
	struct stat st;
	int fd = -1;

	if (path == NULL)
		return call->fault.code;
	if (fstat(from, &st) != 0 || !S_ISREG(st.st_mode))
		code = call_fail(
		    call, KITH_FOREIGN, "%s is not a regular file.", name);
	else
		code = store_file_need_room(path, st.st_size, &call->fault);
	if (code == KITH_OK)
		code = store_file_open_working(path, &fd, &call->fault);
	if (code == KITH_OK)
		code = store_file_copy(from, fd, 0, st.st_size, &call->fault);
	if (code != KITH_OK && fd >= 0)
		unlink(path);
	if (fd >= 0)
		close(fd);
	if (code == KITH_OK)
		*path_r = path;
	else
		free(path);
	return code;
}

/* *temporary_r: a file to be removed, or NULL. */
static enum kith_code
open_copy(struct call *call, const char *name, struct store **copy_r,
    char **temporary_r)
{
	char *temporary = NULL;
	enum kith_code code = KITH_OK;

	if (strcmp(name, "-") == 0)
		return call_usage(call,
		    "A database cannot be read from standard input: name a "
		    "file.");
	if (faccessat(AT_FDCWD, name, R_OK, AT_EACCESS) != 0)
		code = copy_in(call, name, &temporary);
	if (code == KITH_OK)
		code = store_copy_open(temporary != NULL ? temporary : name,
		    STORE_COPY_READ, copy_r, &call->fault);
	*temporary_r = temporary;
	return code == KITH_NOT_FOUND ? KITH_IO : code;
}

static enum kith_code
look(struct call *call, struct store *s, struct findings *found)
{
	enum kith_code code;

	progress_show(call, "Verifying", 0, 0);
	code = store_verify(s, on_problem, found);
	progress_end(call);
	if (code != KITH_OK && found->count == 0)
		call_fail(call, code, "%s", store_fault(s)->sentence);
	return code;
}

enum kith_code
db_verify(struct call *call)
{
	/* it is in use, or may be at any moment: then it is no copy */
	const char *file =
	    db_file_is_database(call) ? NULL : call_argument(call, 0);
	const char *name = file != NULL ? file : call->database;
	struct findings found = { .count = 0 };
	struct store *copy = NULL;
	char *temporary = NULL;
	enum kith_code code = file != NULL
	    ? open_copy(call, file, &copy, &temporary)
	    : database_open(call, false);
	struct store *s = file != NULL ? copy : call->store;

	if (code == KITH_OK)
		code = look(call, s, &found);
	else if (code == KITH_INTEGRITY || code == KITH_FOREIGN)
		/* too damaged to be opened is a finding like another */
		on_problem(&found, call->fault.sentence);
	if (code == KITH_OK || found.count > 0)
		code = show_findings(
		    call, &found, name, s != NULL ? store_copy_version(s) : 0);
	if (code == KITH_OK)
		output_talk(call, "%s is whole.", name);
	for (size_t i = 0; i < found.count; i++)
		free(found.sentences[i]);
	store_close(&copy);
	if (temporary != NULL)
		unlink(temporary);
	free(temporary);
	return code;
}
