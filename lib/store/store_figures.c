/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting what there is. */
#include "store_figures.h"

#include "store_private.h"

/* clang-format off */
static const struct {
	size_t field;
	const char *sql; /* ?1: now */
} counts[] = {
#define FIELD(name) offsetof(struct store_figures, name)
	{ FIELD(users_active), "SELECT count(*) FROM user WHERE state = 1" },
	{ FIELD(users_pending), "SELECT count(*) FROM user WHERE state = 2" },
	{ FIELD(users_locked), "SELECT count(*) FROM user WHERE state = 3" },
	{ FIELD(users_deleting), "SELECT count(*) FROM user WHERE state = 5" },
	{ FIELD(devices), "SELECT count(*) FROM device" },
	{ FIELD(friend_links), "SELECT count(*) FROM friend_link" },
	{ FIELD(friend_requests), "SELECT count(*) FROM friend_request" },
	{ FIELD(invites),
	  "SELECT count(*) FROM invite WHERE uses_left > 0"
	  " AND (expires_us IS NULL OR expires_us > ?1)" },
	{ FIELD(conversations), "SELECT count(*) FROM conversation" },
	{ FIELD(messages),
	  "SELECT coalesce(sum(last_number - first_kept + 1), 0)"
	  " FROM conversation" },
	{ FIELD(newest_us),
	  "SELECT coalesce((SELECT time_us FROM event"
	  " ORDER BY sequence DESC LIMIT 1), 0)" },
	{ FIELD(schema_version),
	  "SELECT user_version FROM pragma_user_version" },
	{ FIELD(page_bytes), "SELECT page_size FROM pragma_page_size" },
	{ FIELD(pages), "SELECT page_count FROM pragma_page_count" },
	{ FIELD(free_pages),
	  "SELECT freelist_count FROM pragma_freelist_count" },
#undef FIELD
};
/* clang-format on */

static enum kith_code
count_one(struct store *s, const char *sql, int64_t now_us, int64_t *count_r)
{
	int rc = statement_ask(s->db, sql, now_us, count_r);

	return rc == SQLITE_OK ? KITH_OK : store_fail(s, rc, sql);
}

enum kith_code
store_figures_take(
    struct store *s, int64_t now_us, struct store_figures *figures_r)
{
	struct store_figures figures = { 0 };
	bool own = false;
	enum kith_code code = store_read_scope(s, &own);
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]) && code == KITH_OK;
	     i++)
		code = count_one(s, counts[i].sql, now_us,
		    (int64_t *)(void *)((char *)&figures + counts[i].field));
	if (own)
		store_end_read(s);
	if (code == KITH_OK)
		*figures_r = figures;
	return code;
}
