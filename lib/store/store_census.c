/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a database holds, of whatever version it is, damaged or not: for the
 * question whether it may go.
 */

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "store_private.h"
#include "store_restore.h"

/* clang-format off */
static const struct {
	size_t field;
	const char *sql;
} counts[] = {
	{ offsetof(struct store_census, users),
	  "SELECT count(*) FROM user WHERE state NOT IN (4, 6)" },
	{ offsetof(struct store_census, devices),
	  "SELECT count(*) FROM device" },
	{ offsetof(struct store_census, friend_links),
	  "SELECT count(*) FROM friend_link" },
	{ offsetof(struct store_census, conversations),
	  "SELECT count(*) FROM conversation" },
	{ offsetof(struct store_census, messages),
	  "SELECT coalesce(sum(last_number - first_kept + 1), 0)"
	  " FROM conversation" },
	{ offsetof(struct store_census, bytes),
	  "SELECT page_count * page_size FROM pragma_page_count,"
	  " pragma_page_size" },
	{ offsetof(struct store_census, newest_us),
	  "SELECT coalesce((SELECT time_us FROM event"
	  " ORDER BY sequence DESC LIMIT 1), 0)" },
	{ offsetof(struct store_census, version),
	  "PRAGMA user_version" },
};
/* clang-format on */

static int64_t
count_one(sqlite3 *db, const char *sql)
{
	int64_t count;

	return statement_ask(db, sql, 0, &count) == SQLITE_OK ? count : -1;
}

void
store_census_take(sqlite3 *db, struct store_census *census_r)
{
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		void *field = (char *)census_r + counts[i].field;

		*(int64_t *)field = count_one(db, counts[i].sql);
	}
}

enum kith_code
store_census(const char *path, struct store_census *census_r, struct fault *f)
{
	sqlite3 *db = NULL;
	enum kith_code code = KITH_OK;
	int64_t id;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return fault_set(
		    f, KITH_NOT_FOUND, "there is no database at %s", path);
	if (sqlite3_open_v2(path, &db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_NOFOLLOW,
		NULL) != SQLITE_OK)
		code = fault_set(
		    f, KITH_IO, "cannot read %s: %s", path, sqlite3_errmsg(db));
	if (code == KITH_OK) {
		sqlite3_busy_timeout(db, store_wait_ms());
		id = count_one(db, "PRAGMA application_id");
		if (id != STORE_APPLICATION_ID)
			code = fault_set(f, KITH_FOREIGN,
			    "%s is not a database of kith", path);
	}
	if (code == KITH_OK)
		store_census_take(db, census_r);
	sqlite3_close(db);
	return code;
}
