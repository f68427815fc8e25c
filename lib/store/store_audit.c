/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table audit: who changed what. Rows are only ever added. */

#include "store_audit.h"

#include <string.h>

#include "store_private.h"

enum kith_code
store_audit_add(struct store *s, const struct store_audit *row)
{
	enum kith_code code = store_may_change(s);

	if (code != KITH_OK)
		return code;
	if (row->actor[0] == '\0' || row->command[0] == '\0')
		return KITH_MALFORMED;
	if (strlen(row->actor) > STORE_AUDIT_ACTOR_MAX ||
	    strlen(row->command) > STORE_AUDIT_COMMAND_MAX ||
	    strlen(row->target) > STORE_AUDIT_TARGET_MAX ||
	    strlen(row->detail) > STORE_AUDIT_DETAIL_MAX)
		return KITH_TOO_LARGE;
	return statement_run(s, STATEMENT_AUDIT_ADD,
	    VALUES(INTEGER(row->time_us), TEXT(row->actor), TEXT(row->command),
		TEXT(row->target), TEXT(row->detail)));
}

/* ---- reading --------------------------------------------------------- */

static struct value
text_or_null(const char *text)
{
	return (struct value){
		.kind = text != NULL ? VALUE_TEXT : VALUE_NULL,
		.bytes = text,
	};
}

/* `from` is the bound on the id, whichever way it points. */
static sqlite3_stmt *
start(struct store *s, enum statement id, int64_t from,
    const struct store_audit_query *query)
{
	return statement_start(s, id,
	    VALUES(INTEGER(from), INTEGER(query->since_us),
		INTEGER(query->before_us), text_or_null(query->actor),
		text_or_null(query->command), text_or_null(query->target),
		INTEGER(store_page_limit(query->limit))));
}

static const char *
text_of(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text != NULL ? (const char *)text : "";
}

enum kith_code
store_audit_each(struct store *s, const struct store_audit_query *query,
    bool (*each)(void *context, const struct store_audit *row), void *context)
{
	bool up = query->oldest_first;
	int64_t from = query->from != 0 || up ? query->from : INT64_MAX;
	sqlite3_stmt *st = start(s,
	    up ? STATEMENT_AUDIT_EACH : STATEMENT_AUDIT_EACH_DOWN, from, query);
	struct store_audit row;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		row.id = sqlite3_column_int64(st, 0);
		row.time_us = sqlite3_column_int64(st, 1);
		row.actor = text_of(st, 2);
		row.command = text_of(st, 3);
		row.target = text_of(st, 4);
		row.detail = text_of(st, 5);
		if (!each(context, &row)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_audit_count(
    struct store *s, const struct store_audit_query *query, int64_t *count_r)
{
	return statement_integer(s, STATEMENT_AUDIT_COUNT,
	    VALUES(INTEGER(0), INTEGER(query->since_us),
		INTEGER(query->before_us), text_or_null(query->actor),
		text_or_null(query->command), text_or_null(query->target)),
	    count_r);
}
