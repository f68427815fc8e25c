/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "store_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "store_file.h"
#include "store_private.h"

#define SETTINGS                                             \
	"PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"      \
	"PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;" \
	"PRAGMA secure_delete=ON; PRAGMA cache_size=-16384"
/* No journal beside it, which a kill would leave for the next of its name. */
#define SETTINGS_TO_CHANGE "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF"

static enum kith_code
look_at(const char *path, bool to_read, struct fault *f)
{
	char *log = mem_format("%s-wal", path);
	struct stat st;
	bool has_log = stat(log, &st) == 0 && st.st_size > 0;
	int rc = to_read ? stat(path, &st) : lstat(path, &st);
	int error = errno;

	free(log);
	if (rc != 0)
		return fault_set_errno(f, store_file_code(error), error,
		    "cannot look at %s", path);
	if (!S_ISREG(st.st_mode))
		return fault_set(
		    f, KITH_FOREIGN, "%s is not a regular file", path);
	if (has_log)
		return fault_set(f, KITH_REFUSED,
		    "%s has its latest changes in a log beside it: it is in "
		    "use, or was not closed",
		    path);
	return KITH_OK;
}

/*
 * "immutable": a database that was copied in the middle of its life says that
 * it has a log, and SQLite would make one to read it.
 */
static char *
immutable_uri(const char *path)
{
	char *uri = mem_new(strlen(path) + 1, 3);
	char *to = uri;
	char *whole;

	for (; *path != '\0'; path++) {
		if (strchr("%?#", *path) != NULL) {
			static const char digits[] = "0123456789ABCDEF";

			*to++ = '%';
			*to++ = digits[(unsigned char)*path >> 4];
			*to++ = digits[(unsigned char)*path & 15];
		} else {
			*to++ = *path;
		}
	}
	whole = mem_format("file:%s?immutable=1", uri);
	free(uri);
	return whole;
}

static enum kith_code
pass_on(struct store *s, int rc, const char *doing, struct fault *f)
{
	enum kith_code code = store_fail(s, rc, doing);

	*f = s->fault;
	return code;
}

static enum kith_code
connect_copy(struct store *s, bool to_read, struct fault *f)
{
	char *name = to_read ? immutable_uri(s->path) : mem_dup_string(s->path);
	int rc = sqlite3_open_v2(name, &s->db,
	    (to_read ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
		     : SQLITE_OPEN_READWRITE) |
		SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    NULL);

	free(name);
	if (s->db == NULL)
		abort();
	if (rc != SQLITE_OK)
		return pass_on(s, rc, "open", f);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	rc = sqlite3_exec(s->db, SETTINGS, NULL, NULL, NULL);
	if (rc == SQLITE_OK && !to_read)
		rc = sqlite3_exec(s->db, SETTINGS_TO_CHANGE, NULL, NULL, NULL);
	return rc == SQLITE_OK ? KITH_OK : pass_on(s, rc, "settings", f);
}

static enum kith_code
open_steps(struct store *s, struct fault *f)
{
	bool to_read = (s->flags & STORE_COPY_READ) != 0;
	bool to_migrate = (s->flags & STORE_MIGRATE) != 0;
	enum kith_code code = look_at(s->path, to_read, f);

	if (code == KITH_OK)
		code = connect_copy(s, to_read, f);
	if (code == KITH_OK)
		code = store_examine(
		    s, store_migration_count, &s->copy_version, f);
	if (code == KITH_OK && to_migrate &&
	    s->copy_version < store_migration_count) {
		code = store_migrate_steps(s, s->copy_version, store_migrations,
		    store_migration_count, f);
		if (code == KITH_OK)
			s->copy_version = store_migration_count;
	}
	if (code == KITH_OK && s->copy_version == store_migration_count)
		code = statement_prepare_all(s, f);
	return code;
}

enum kith_code
store_copy_open(const char *path, unsigned int flags, struct store **store_r,
    struct fault *f)
{
	struct store *s = MEM_NEW(struct store);
	struct fault own;
	enum kith_code code;

	if (f == NULL)
		f = &own;
	s->path = mem_dup_string(path);
	s->flags = flags;
	code = open_steps(s, f);
	if (code != KITH_OK) {
		store_close(&s);
		return code;
	}
	*store_r = s;
	return KITH_OK;
}

int
store_copy_version(const struct store *s)
{
	return s->copy_version != 0 ? s->copy_version : store_migration_count;
}
