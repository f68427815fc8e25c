/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Is it a database of kith's, and of which version? And the way from an older
 * version to this one. Every step is one transaction: killed at any moment, the
 * file is of the one version or of the other.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mem.h"
#include "store_backup.h"
#include "store_copy.h"
#include "store_private.h"

/* Flags with which an older version is no reason to refuse. */
#define OLDER_MAY_BE (STORE_MIGRATE | STORE_COPY_READ | STORE_COPY_ANY_VERSION)

static enum kith_code
pass_on(struct store *s, int rc, const char *doing, struct fault *f)
{
	enum kith_code code = store_fail(s, rc, doing);

	*f = s->fault;
	return code;
}

static enum kith_code
read_integer(
    struct store *s, const char *sql, int64_t *integer_r, struct fault *f)
{
	int rc = statement_ask(s->db, sql, 0, integer_r);

	return rc == SQLITE_OK ? KITH_OK : pass_on(s, rc, sql, f);
}

enum kith_code
store_examine(struct store *s, int newest, int *version_r, struct fault *f)
{
	int64_t id, version, objects;
	enum kith_code code;

	code = read_integer(s, "PRAGMA application_id", &id, f);
	if (code == KITH_OK)
		code = read_integer(s, "PRAGMA user_version", &version, f);
	if (code == KITH_OK)
		code = read_integer(
		    s, "SELECT count(*) FROM sqlite_schema", &objects, f);
	if (code != KITH_OK)
		return code;
	if (id == 0 && version == 0 && objects == 0) {
		if ((s->flags & STORE_CREATE) == 0)
			return fault_set(f, KITH_FOREIGN,
			    "%s is empty, not a database of kith", s->path);
		*version_r = 0;
		return KITH_OK;
	}
	if (id != STORE_APPLICATION_ID)
		return fault_set(f, KITH_FOREIGN,
		    "%s is a database of another program, not of kith",
		    s->path);
	if (version > newest)
		return fault_set(f, KITH_NEWER,
		    "%s was made by a newer kith (version %lld, this one knows"
		    " %d)",
		    s->path, (long long)version, newest);
	if (version < 1)
		return fault_set(f, KITH_INTEGRITY,
		    "%s is damaged: its version is missing", s->path);
	if (version < newest && (s->flags & OLDER_MAY_BE) == 0)
		return fault_set(f, KITH_REFUSED,
		    "%s is of an older version (%lld, this one is %d): start"
		    " the new kithd once, or run \"kith-admin db migrate\"",
		    s->path, (long long)version, newest);
	*version_r = (int)version;
	return KITH_OK;
}

/* ---- the copy before a migration ------------------------------------- */

/*
 * An earlier one of that name is of a migration that did not come about, or
 * that was rolled back: this one is newer.
 */
static enum kith_code
copy_before(struct store *s, int version, struct fault *f)
{
	char *name = mem_format("%s.before-v%d", s->path, version);
	const struct store_backup wanted = { .path = name };
	enum kith_code code = KITH_OK;

	if (unlink(name) != 0 && errno != ENOENT)
		code = fault_set_errno(f, KITH_IO, errno,
		    "the earlier copy %s cannot be removed", name);
	if (code == KITH_OK)
		code = store_backup(s, &wanted, NULL, f);
	free(name);
	return code;
}

/* ---- the steps ------------------------------------------------------- */

static enum kith_code
run_step(
    struct store *s, int version, const struct migration *step, struct fault *f)
{
	char *sql = mem_format("BEGIN IMMEDIATE; %s"
			       "PRAGMA application_id=%d;"
			       "PRAGMA user_version=%d; COMMIT",
	    step->sql, STORE_APPLICATION_ID, version);
	enum kith_code code = KITH_OK;
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	free(sql);
	if (rc != SQLITE_OK) {
		code = store_fail(s, rc, "migration");
		fault_set(f, code, "%s cannot be brought to version %d: %s",
		    s->path, version, sqlite3_errmsg(s->db));
		if (!sqlite3_get_autocommit(s->db))
			sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	}
	return code;
}

enum kith_code
store_migrate_steps(struct store *s, int version,
    const struct migration *migrations, int count, struct fault *f)
{
	enum kith_code code = KITH_OK;

	for (; code == KITH_OK && version < count; version++)
		code = run_step(s, version + 1, &migrations[version], f);
	return code;
}

enum kith_code
store_migrate(struct store *s, int version, const struct migration *migrations,
    int count, struct fault *f)
{
	enum kith_code code = KITH_OK;

	if (version > 0)
		code = copy_before(s, version + 1, f);
	if (code == KITH_OK)
		code = store_migrate_steps(s, version, migrations, count, f);
	return code;
}
