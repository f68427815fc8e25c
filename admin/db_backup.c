/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * db backup and db verify: copies the database and looks whether it, or a copy,
 * is whole. Changes nothing in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "database.h"
#include "db.h"
#include "mem.h"
#include "output.h"
#include "progress.h"
#include "snapshot.h"
#include "store_backup.h"
#include "store_copy.h"

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

static bool
on_progress(
    void *context, enum store_backup_phase phase, int64_t done, int64_t total)
{
	static const char *const words[] = {
		[STORE_BACKUP_COPIES] = "Copying",
		[STORE_BACKUP_SYNCS] = "Writing to the disk",
		[STORE_BACKUP_VERIFIES] = "Verifying",
	};

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

static char *
absolute(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : mem_dup_string(path);
}

static enum kith_code
answer_backup(struct call *call, const char *path, int64_t bytes)
{
	struct listing *l =
	    listing_begin_record(call, "backup", db_backup_columns);
	char *size = progress_bytes(bytes);
	char *name = absolute(path);

	listing_set_text(l, BACKUP_PATH, name);
	listing_set_number(l, BACKUP_BYTES, bytes);
	listing_set_text(l, BACKUP_SIZE, size);
	listing_set_flag(l, BACKUP_VERIFIED, true);
	free(name);
	free(size);
	return listing_end(&l, KITH_OK);
}

/* What the store says, and what to do about it where there is something. */
static enum kith_code
fail_backup(struct call *call, enum kith_code code)
{
	char *sentence = mem_dup_string(call->fault.sentence);

	switch (code) {
	case KITH_NOT_FOUND: /* kept for what a command was asked about */
		code = KITH_IO;
		break;
	case KITH_REFUSED:
		call_fail(call, code,
		    "%.140s. The database's owner writes the backup: choose a "
		    "folder of its own with --to.",
		    sentence);
		break;
	case KITH_INTEGRITY:
		call_fail(call, code,
		    "No backup was made: %.180s. See \"kith-admin db "
		    "verify\".",
		    sentence);
		break;
	default:
		break;
	}
	free(sentence);
	return code;
}

enum kith_code
db_backup(struct call *call)
{
	struct store_backup wanted = {
		.verify = true,
		.progress = on_progress,
		.context = call,
	};
	char *path = target_path(call);
	enum kith_code code;
	int64_t bytes = 0;

	if (path == NULL)
		return KITH_MALFORMED;
	code = database_open(call, false);
	if (code == KITH_OK) {
		wanted.path = path;
		code = store_backup(call->store, &wanted, &bytes, &call->fault);
		progress_end(call);
		code = code == KITH_OK ? answer_backup(call, path, bytes)
				       : fail_backup(call, code);
	}
	free(path);
	return code;
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

static enum kith_code
open_copy(struct call *call, const char *path, struct store **copy_r)
{
	enum kith_code code =
	    store_copy_open(path, STORE_COPY_READ, copy_r, &call->fault);

	return code == KITH_NOT_FOUND ? KITH_IO : code;
}

enum kith_code
db_verify(struct call *call)
{
	const char *path = call_argument(call, 0);
	struct findings found = { .count = 0 };
	struct store *copy = NULL;
	enum kith_code code = path != NULL ? open_copy(call, path, &copy)
					   : database_open(call, false);
	struct store *s = path != NULL ? copy : call->store;

	if (code == KITH_OK) {
		progress_show(call, "Verifying", 0, 0);
		code = store_verify(s, on_problem, &found);
		progress_end(call);
		if (code != KITH_OK && found.count == 0)
			call_fail(call, code, "%s", store_fault(s)->sentence);
	} else if (code == KITH_INTEGRITY || code == KITH_FOREIGN) {
		/* too damaged to be opened is a finding like another */
		on_problem(&found, call->fault.sentence);
	}
	if (code == KITH_OK || found.count > 0)
		code = show_findings(call, &found,
		    path != NULL ? path : call->database,
		    s != NULL ? store_copy_version(s) : 0);
	if (code == KITH_OK)
		output_talk(
		    call, "%s is whole.", path != NULL ? path : call->database);
	for (size_t i = 0; i < found.count; i++)
		free(found.sentences[i]);
	store_close(&copy);
	return code;
}
