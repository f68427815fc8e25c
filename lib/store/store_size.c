/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What the file's pages hold, and giving free ones back. */

#include "store_size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mem.h"
#include "store_private.h"

#define AUTO_VACUUM_INCREMENTAL 2

/* clang-format off */
static const char tables_sql[] =
    "SELECT coalesce(m.tbl_name, d.name) AS t,"
    "  sum(iif(m.type IS 'index', 0, d.pgsize)),"
    "  sum(iif(m.type IS 'index', d.pgsize, 0)),"
    "  sum(d.unused), max(m.name IS NOT NULL)"
    " FROM dbstat('main', 1) d LEFT JOIN sqlite_schema m ON m.name = d.name"
    " GROUP BY t ORDER BY sum(d.pgsize) DESC, t";
/* clang-format on */

static enum kith_code
read_integer(struct store *s, const char *sql, int64_t *integer_r)
{
	int rc = statement_ask(s->db, sql, 0, integer_r);

	return rc == SQLITE_OK ? KITH_OK : store_fail(s, rc, sql);
}

enum kith_code
store_size(struct store *s, struct store_size *size_r)
{
	struct store_size size = {};
	int64_t mode = 0;
	char *log = mem_format("%s-wal", s->path);
	struct stat st;
	bool own;
	enum kith_code code = store_read_scope(s, &own);

	if (code == KITH_OK)
		code = read_integer(s, "PRAGMA page_size", &size.page_bytes);
	if (code == KITH_OK)
		code = read_integer(s, "PRAGMA page_count", &size.pages);
	if (code == KITH_OK)
		code =
		    read_integer(s, "PRAGMA freelist_count", &size.free_pages);
	if (code == KITH_OK)
		code = read_integer(s, "PRAGMA auto_vacuum", &mode);
	if (own)
		store_end_read(s);
	if (stat(log, &st) == 0)
		size.log_bytes = st.st_size;
	free(log);
	size.incremental = mode == AUTO_VACUUM_INCREMENTAL;
	if (code == KITH_OK)
		*size_r = size;
	return code;
}

static enum kith_code
count_rows(struct store *s, struct store_table_size *size)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM \"%w\"", size->name);
	enum kith_code code;

	if (sql == NULL)
		abort();
	code = read_integer(s, sql, &size->rows);
	sqlite3_free(sql);
	return code;
}

static enum kith_code
each_table(struct store *s, sqlite3_stmt *st,
    bool (*each)(void *context, const struct store_table_size *size),
    void *context)
{
	enum kith_code code = KITH_OK;
	bool more = true;
	int rc;

	while (
	    code == KITH_OK && more && (rc = sqlite3_step(st)) != SQLITE_DONE) {
		struct store_table_size size = { .rows = -1 };

		if (rc != SQLITE_ROW)
			return store_fail(s, rc, tables_sql);
		column_text(st, 0, size.name, sizeof(size.name));
		size.bytes = sqlite3_column_int64(st, 1);
		size.index_bytes = sqlite3_column_int64(st, 2);
		size.unused_bytes = sqlite3_column_int64(st, 3);
		if (sqlite3_column_int(st, 4) &&
		    strncmp(size.name, "sqlite_", 7) != 0)
			code = count_rows(s, &size);
		if (code == KITH_OK)
			more = each(context, &size);
	}
	return code;
}

enum kith_code
store_size_each(struct store *s,
    bool (*each)(void *context, const struct store_table_size *size),
    void *context)
{
	sqlite3_stmt *st = NULL;
	bool own;
	enum kith_code code = store_read_scope(s, &own);
	int rc;

	if (code != KITH_OK)
		return code;
	rc = sqlite3_prepare_v2(s->db, tables_sql, -1, &st, NULL);
	code = rc == SQLITE_OK ? each_table(s, st, each, context)
			       : store_fail(s, rc, tables_sql);
	sqlite3_finalize(st);
	if (own)
		store_end_read(s);
	return code;
}

/* ---- giving back ----------------------------------------------------- */

/* One page a row; it says nothing when it is done. */
static enum kith_code
give_back(struct store *s)
{
	char sql[64];
	sqlite3_stmt *st = NULL;
	int rc;

	snprintf(sql, sizeof(sql), "PRAGMA incremental_vacuum(%d)",
	    STORE_VACUUM_STEP_PAGES);
	rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW)
		rc = sqlite3_step(st);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? KITH_OK : store_fail(s, rc, sql);
}

enum kith_code
store_vacuum_step(struct store *s, int64_t *freed_r, struct fault *f)
{
	int64_t before = 0, after = 0, mode = 0;
	enum kith_code code = store_begin_write(s, STORE_WAIT, f);

	if (code != KITH_OK)
		return code;
	code = read_integer(s, "PRAGMA auto_vacuum", &mode);
	if (code == KITH_OK && mode != AUTO_VACUUM_INCREMENTAL) {
		store_rollback(s);
		return fault_set(f, KITH_UNSUPPORTED,
		    "%s was made by an older kith: its free pages can only be "
		    "given back by writing it anew",
		    s->path);
	}
	if (code == KITH_OK)
		code = read_integer(s, "PRAGMA page_count", &before);
	if (code == KITH_OK)
		code = give_back(s);
	if (code == KITH_OK)
		code = read_integer(s, "PRAGMA page_count", &after);
	if (code == KITH_OK)
		code = store_commit(s, f);
	else {
		*f = s->fault;
		store_rollback(s);
	}
	if (code == KITH_OK)
		*freed_r = before - after;
	return code;
}
