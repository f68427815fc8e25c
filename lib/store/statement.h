/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * Every statement of the store, and how to run one. All are prepared when the
 * database is opened, so that a schema that does not fit shows there. Their
 * texts are in statement_sql.c.
 */
enum statement {
	STATEMENT_BEGIN_READ,
	STATEMENT_BEGIN_WRITE,
	STATEMENT_COMMIT,
	STATEMENT_ROLLBACK,
	STATEMENT_SAVEPOINT,
	STATEMENT_SAVEPOINT_KEEP,
	STATEMENT_SAVEPOINT_UNDO,
	STATEMENT_DATA_VERSION,
	STATEMENT_NEW_EPOCH,
	STATEMENT_META_GET,
	STATEMENT_META_SET,
	STATEMENT_USER_ADD,
	STATEMENT_USER_ADD_SYSTEM,
	STATEMENT_USER_IMPORT,
	STATEMENT_USER_FIND,
	STATEMENT_USER_FIND_NAME,
	STATEMENT_USER_FIND_SOME,
	STATEMENT_USER_FIND_SYSTEM,
	STATEMENT_USER_EACH,
	STATEMENT_USER_LIST_NAME,
	STATEMENT_USER_LIST_NAME_DOWN,
	STATEMENT_USER_LIST_ID,
	STATEMENT_USER_LIST_ID_DOWN,
	STATEMENT_USER_LIST_CREATED,
	STATEMENT_USER_LIST_CREATED_DOWN,
	STATEMENT_USER_LIST_SEEN,
	STATEMENT_USER_LIST_SEEN_DOWN,
	STATEMENT_USER_LIST_STATE,
	STATEMENT_USER_LIST_STATE_DOWN,
	STATEMENT_USER_LIST_COUNT,
	STATEMENT_USER_STATE_COUNT,
	STATEMENT_USER_SET_DISPLAY_NAME,
	STATEMENT_USER_SET_PHC,
	STATEMENT_USER_SET_STATE,
	STATEMENT_USER_PURGE,
	STATEMENT_USER_SEEN,
	STATEMENT_USER_NEXT_DUE,
	STATEMENT_USER_COUNT,
	STATEMENT_USER_BELONGINGS,
	STATEMENT_USER_CONVERSATIONS,
	STATEMENT_USER_FIRST_MESSAGE,
	STATEMENT_USER_LAST_MESSAGE,
	STATEMENT_DEVICE_ADD,
	STATEMENT_DEVICE_FIND,
	STATEMENT_DEVICE_FIND_TOKEN,
	STATEMENT_DEVICE_STALEST,
	STATEMENT_DEVICE_TOUCH,
	STATEMENT_DEVICE_REMOVE,
	STATEMENT_DEVICE_REMOVE_ALL,
	STATEMENT_DEVICE_EACH,
	STATEMENT_DEVICE_ALL,
	STATEMENT_INVITE_ADD,
	STATEMENT_INVITE_FIND_CODE,
	STATEMENT_INVITE_USE,
	STATEMENT_INVITE_REMOVE,
	STATEMENT_INVITE_FORGET_FRIEND,
	STATEMENT_INVITE_EACH,
	STATEMENT_FRIEND_REQUEST_ADD,
	STATEMENT_FRIEND_REQUEST_FIND,
	STATEMENT_FRIEND_REQUEST_FIND_PAIR,
	STATEMENT_FRIEND_REQUEST_COUNT,
	STATEMENT_FRIEND_REQUEST_REMOVE,
	STATEMENT_FRIEND_REQUEST_EACH,
	STATEMENT_FRIEND_REQUEST_ALL,
	STATEMENT_FRIEND_LINK_ADD,
	STATEMENT_FRIEND_LINK_FIND,
	STATEMENT_FRIEND_LINK_REMOVE,
	STATEMENT_FRIEND_LINK_EACH,
	STATEMENT_FRIEND_LINK_ALL,
	STATEMENT_CONVERSATION_ADD,
	STATEMENT_CONVERSATION_FIND_PAIR,
	STATEMENT_CONVERSATION_EACH,
	STATEMENT_CONVERSATION_FIND,
	STATEMENT_CONVERSATION_UNREAD,
	STATEMENT_CONVERSATION_SET_LAST,
	STATEMENT_CONVERSATION_SET_SEQUENCE,
	STATEMENT_CONVERSATION_FIND_SEQUENCE,
	STATEMENT_CONVERSATION_NEW_EACH,
	STATEMENT_MEMBER_ADD,
	STATEMENT_MEMBER_EACH,
	STATEMENT_MEMBER_FIND,
	STATEMENT_MEMBER_PEERS,
	STATEMENT_MESSAGE_ADD,
	STATEMENT_MESSAGE_MAY_ADD,
	STATEMENT_MESSAGE_FIND,
	STATEMENT_MESSAGE_EACH,
	STATEMENT_MESSAGE_COUNT,
	STATEMENT_MARK_ADD,
	STATEMENT_MARK_FIND,
	STATEMENT_MARK_EACH,
	STATEMENT_MARK_SET,
	STATEMENT_EVENT_ADD,
	STATEMENT_EVENT_REMOVE,
	STATEMENT_EVENT_FIND,
	STATEMENT_EVENT_EACH,
	STATEMENT_EVENT_NEXT,
	STATEMENT_EVENT_BEHIND,
	STATEMENT_OPERATION_ADD,
	STATEMENT_OPERATION_FIND,
	STATEMENT_OPERATION_OLDEST,
	STATEMENT_OPERATION_PURGE,
	STATEMENT_AUDIT_ADD,
	STATEMENT_AUDIT_EACH,
	STATEMENT_AUDIT_EACH_DOWN,
	STATEMENT_AUDIT_COUNT,
	STATEMENT_ANNOUNCEMENT_ADD,
	STATEMENT_ANNOUNCEMENT_SET_RECIPIENTS,
	STATEMENT_ANNOUNCEMENT_EACH,
	STATEMENT_ANNOUNCEMENT_AUDIENCE,
	STATEMENT_ANNOUNCEMENT_UNTIL,
	STATEMENT_ANNOUNCEMENT_RECIPIENTS,
	STATEMENT_ANNOUNCEMENT_AUDIENCE_COUNT,
	STATEMENT_COUNT,
};

extern const char *const statement_sql[STATEMENT_COUNT];

struct store;

/* A value to bind. Text and blobs are not copied: they outlive the run. */
struct value {
	enum {
		VALUE_END,
		VALUE_INTEGER,
		VALUE_TEXT,
		VALUE_BLOB,
		VALUE_NULL
	} kind;
	int64_t integer; /* or the length of a blob */
	const void *bytes;
};

#define VALUES(...) ((const struct value[]){ __VA_ARGS__, { VALUE_END } })
#define NO_VALUES   ((const struct value[]){ { VALUE_END } })
#define INTEGER(i)                                    \
	{                                             \
		.kind = VALUE_INTEGER, .integer = (i) \
	}
#define TEXT(t)                                  \
	{                                        \
		.kind = VALUE_TEXT, .bytes = (t) \
	}
#define BLOB(b, l)                                                        \
	{                                                                 \
		.kind = VALUE_BLOB, .bytes = (b), .integer = (int64_t)(l) \
	}
#define INTEGER_OR_NULL(i)                                                    \
	{                                                                     \
		.kind = (i) != 0 ? VALUE_INTEGER : VALUE_NULL, .integer = (i) \
	}

/* Resets it and binds: ready for statement_next(). */
sqlite3_stmt *statement_start(
    struct store *s, enum statement id, const struct value *values);

/*
 * KITH_OK: a row is there. KITH_NOT_FOUND: no more, and the statement is
 * reset. Anything else: store_fail(). Whoever stops before NOT_FOUND calls
 * statement_end(), or the read would stay open.
 */
enum kith_code statement_next(struct store *s, sqlite3_stmt *st);
void statement_end(sqlite3_stmt *st);

/* For what returns no row. */
enum kith_code statement_run(
    struct store *s, enum statement id, const struct value *values);

/* For what returns one integer. NOT_FOUND when it returns none. */
enum kith_code statement_integer(struct store *s, enum statement id,
    const struct value *values, int64_t *integer_r);

/*
 * The same for any text of SQL, on a database without prepared statements too;
 * bound stands for its ?1, where it has one. A code of SQLite's: SQLITE_OK, or
 * why there is no integer (SQLITE_DONE: no row).
 */
int statement_ask(
    sqlite3 *db, const char *sql, int64_t bound, int64_t *integer_r);

/* Copies text into a field, cut to it; NULL becomes "". */
void column_text(sqlite3_stmt *st, int column, char *field, size_t size);

enum kith_code statement_prepare_all(struct store *s, struct fault *f);
void statement_finalize_all(struct store *s);
