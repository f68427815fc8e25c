/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "statement.h"

#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "store_private.h"

static int
bind_one(sqlite3_stmt *st, int place, const struct value *value)
{
	switch (value->kind) {
	case VALUE_INTEGER:
		return sqlite3_bind_int64(st, place, value->integer);
	case VALUE_TEXT:
		return sqlite3_bind_text(
		    st, place, value->bytes, -1, SQLITE_STATIC);
	case VALUE_BLOB:
		/* A NULL pointer would bind NULL, not an empty blob. */
		return sqlite3_bind_blob64(st, place,
		    value->integer > 0 ? value->bytes : "",
		    (sqlite3_uint64)value->integer, SQLITE_STATIC);
	case VALUE_NULL:
	case VALUE_END:
		break;
	}
	return sqlite3_bind_null(st, place);
}

sqlite3_stmt *
statement_start(struct store *s, enum statement id, const struct value *values)
{
	sqlite3_stmt *st = s->statements[id];
	int i;

	sqlite3_reset(st);
	for (i = 0; values[i].kind != VALUE_END; i++)
		(void)bind_one(st, i + 1, &values[i]);
	return st;
}

enum kith_code
statement_next(struct store *s, sqlite3_stmt *st)
{
	enum kith_code code;
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return KITH_OK;
	code = rc == SQLITE_DONE ? KITH_NOT_FOUND
				 : store_fail(s, rc, sqlite3_sql(st));
	sqlite3_reset(st);
	return code;
}

void
statement_end(sqlite3_stmt *st)
{
	sqlite3_reset(st);
}

enum kith_code
statement_run(struct store *s, enum statement id, const struct value *values)
{
	sqlite3_stmt *st = statement_start(s, id, values);
	enum kith_code code = statement_next(s, st);

	if (code == KITH_OK) /* a row that nobody wants */
		sqlite3_reset(st);
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
statement_integer(struct store *s, enum statement id,
    const struct value *values, int64_t *integer_r)
{
	sqlite3_stmt *st = statement_start(s, id, values);
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	*integer_r = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return KITH_OK;
}

void
column_text(sqlite3_stmt *st, int column, char *field, size_t size)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	snprintf(field, size, "%s", text != NULL ? (const char *)text : "");
}

const uint8_t *
store_keep_bytes(struct store *s, const void *bytes, size_t length)
{
	if (s->kept_room < length) {
		s->kept = mem_resize(s->kept, length, 1);
		s->kept_room = length;
	}
	if (length > 0)
		memcpy(s->kept, bytes, length);
	return s->kept;
}

int
statement_ask(sqlite3 *db, const char *sql, int64_t bound, int64_t *integer_r)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && sqlite3_bind_parameter_count(st) > 0)
		rc = sqlite3_bind_int64(st, 1, bound);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		*integer_r = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc;
}

enum kith_code
statement_prepare_all(struct store *s, struct fault *f)
{
	int id, rc;

	for (id = 0; id < STATEMENT_COUNT; id++) {
		rc = sqlite3_prepare_v3(s->db, statement_sql[id], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->statements[id], NULL);
		if (rc == SQLITE_OK)
			continue;
		if ((rc & 0xff) == SQLITE_ERROR)
			return fault_set(f, KITH_INTEGRITY,
			    "the tables of %s are not those of its version: %s",
			    s->path, sqlite3_errmsg(s->db));
		store_fail(s, rc, "its tables");
		*f = s->fault;
		return f->code;
	}
	return KITH_OK;
}

void
statement_finalize_all(struct store *s)
{
	int id;

	for (id = 0; id < STATEMENT_COUNT; id++) {
		sqlite3_finalize(s->statements[id]);
		s->statements[id] = NULL;
	}
}
