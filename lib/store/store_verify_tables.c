/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Are a database's tables and indexes those of its version? What that means is
 * not written down a second time: the migrations make an empty database in
 * memory, with whose schema the other one is compared.
 *
 * Without one of its indexes a table still works, slowly, and may hold the same
 * thing twice; and a trigger, which kith never makes, could do away with what
 * was acknowledged.
 */

#include <stdio.h>
#include <stdlib.h>

#include "store_copy.h"
#include "store_private.h"

struct comparison {
	struct store *s;
	void (*found)(void *context, const char *sentence);
	void *context;
};

static const char wanted_sql[] =
    "SELECT type, name, sql FROM sqlite_schema WHERE name NOT GLOB 'sqlite_*'";
static const char present_sql[] =
    "SELECT sql = ?3 FROM sqlite_schema WHERE type = ?1 AND name = ?2";
static const char trigger_sql[] =
    "SELECT format('the table %s has a trigger, %s, which is not kith''s',"
    "  tbl_name, name) FROM sqlite_schema WHERE type = 'trigger'";

static sqlite3 *
make_empty(int version)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open(":memory:", &db);

	for (int i = 0; rc == SQLITE_OK && i < version; i++)
		rc =
		    sqlite3_exec(db, store_migrations[i].sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		abort(); /* there was no memory for it */
	return db;
}

/* In: wanted, on its row. */
static enum kith_code
compare_one(struct comparison *c, sqlite3_stmt *wanted, sqlite3_stmt *present)
{
	char sentence[FAULT_SENTENCE_MAX];
	int rc;

	for (int i = 0; i < 3; i++)
		sqlite3_bind_value(
		    present, i + 1, sqlite3_column_value(wanted, i));
	rc = sqlite3_step(present);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_fail(c->s, rc, present_sql);
	if (rc == SQLITE_DONE || sqlite3_column_int(present, 0) == 0) {
		snprintf(sentence, sizeof(sentence), "the %s %s is %s",
		    sqlite3_column_text(wanted, 0),
		    sqlite3_column_text(wanted, 1),
		    rc == SQLITE_DONE ? "missing" : "not as kith makes it");
		c->found(c->context, sentence);
	}
	sqlite3_reset(present);
	return KITH_OK;
}

static enum kith_code
compare_all(struct comparison *c)
{
	sqlite3 *empty = make_empty(store_copy_version(c->s));
	sqlite3_stmt *wanted = NULL, *present = NULL;
	enum kith_code code = KITH_OK;
	int rc = sqlite3_prepare_v2(c->s->db, present_sql, -1, &present, NULL);

	if (rc != SQLITE_OK)
		code = store_fail(c->s, rc, present_sql);
	else if (sqlite3_prepare_v2(empty, wanted_sql, -1, &wanted, NULL) !=
	    SQLITE_OK)
		abort();
	while (code == KITH_OK && sqlite3_step(wanted) == SQLITE_ROW)
		code = compare_one(c, wanted, present);
	sqlite3_finalize(wanted);
	sqlite3_finalize(present);
	sqlite3_close(empty);
	return code;
}

static enum kith_code
look_for_triggers(struct comparison *c)
{
	char sentence[FAULT_SENTENCE_MAX];
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(c->s->db, trigger_sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
			column_text(st, 0, sentence, sizeof(sentence));
			c->found(c->context, sentence);
		}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? KITH_OK : store_fail(c->s, rc, trigger_sql);
}

enum kith_code
store_verify_tables(struct store *s,
    void (*found)(void *context, const char *sentence), void *context)
{
	struct comparison c = { s, found, context };
	enum kith_code code = compare_all(&c);

	return code == KITH_OK ? look_for_triggers(&c) : code;
}
