/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What failures of the database are called, and their sentences. The only place
 * that knows SQLite's codes.
 */

#include <errno.h>
#include <stdlib.h>

#include "store_private.h"

static int
last_errno(sqlite3_file *file)
{
	int error = 0;

	if (file == NULL || file->pMethods == NULL ||
	    file->pMethods->xFileControl(
		file, SQLITE_FCNTL_LAST_ERRNO, &error) != SQLITE_OK)
		return 0;
	return error;
}

/*
 * Why the system refused. SQLite forgets to take that down when it is a COMMIT
 * that fails, so the files are asked: the log for a commit, first the database
 * for a checkpoint.
 */
static int
system_error(struct store *s, int rc)
{
	sqlite3_file *file = NULL, *log = NULL;
	int error;

	if ((rc & 0xff) != SQLITE_IOERR)
		return sqlite3_system_errno(s->db);
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	error = s->in_write ? last_errno(log) : last_errno(file);
	if (error == 0)
		error = s->in_write ? last_errno(file) : last_errno(log);
	return error != 0 ? error : sqlite3_system_errno(s->db);
}

static enum kith_code
code_of(int rc, int error)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return KITH_STORAGE_FULL;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		/* EFBIG is how a limit on the size of files feels. */
		if (error == ENOSPC || error == EDQUOT || error == EFBIG)
			return KITH_STORAGE_FULL;
		return KITH_IO;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return KITH_BUSY;
	case SQLITE_CORRUPT:
		return KITH_INTEGRITY;
	case SQLITE_NOTADB:
		return KITH_FOREIGN;
	case SQLITE_NOMEM:
		abort(); /* as mem.h does */
	default:
		return KITH_INTERNAL;
	}
}

enum kith_code
store_fail(struct store *s, int rc, const char *doing)
{
	int error = system_error(s, rc);
	enum kith_code code = code_of(rc, error);
	const char *message = sqlite3_errmsg(s->db);

	if (code == KITH_FOREIGN)
		fault_set(&s->fault, code, "%s is not a database", s->path);
	else if (code == KITH_INTEGRITY)
		fault_set(&s->fault, code,
		    "%s is damaged: %s (SQLite %d in \"%.60s\")", s->path,
		    message, rc, doing);
	else if (error != 0 && code != KITH_BUSY && code != KITH_INTERNAL)
		fault_set_errno(&s->fault, code, error,
		    "%s: %s (SQLite %d in \"%.60s\")", s->path, message, rc,
		    doing);
	else
		fault_set(&s->fault, code, "%s: %s (SQLite %d in \"%.60s\")",
		    s->path, message, rc, doing);
	if (s->in_write && s->broken == KITH_OK)
		s->broken = code;
	return code;
}

enum kith_code
store_contradiction(struct store *s, const char *sentence)
{
	fault_set(&s->fault, KITH_INTEGRITY, "%s: %s", s->path, sentence);
	if (s->in_write && s->broken == KITH_OK)
		s->broken = KITH_INTEGRITY;
	return KITH_INTEGRITY;
}

const struct fault *
store_fault(const struct store *s)
{
	return &s->fault;
}

bool
store_is_broken(enum kith_code code)
{
	return code == KITH_STORAGE_FULL || code == KITH_IO ||
	    code == KITH_INTEGRITY || code == KITH_BUSY ||
	    code == KITH_INTERNAL;
}
