/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * How much room the database takes, and giving back what is free. A page is
 * what the file consists of; one that is not needed any more is kept for new
 * rows until it is given back.
 */

struct store_size {
	int64_t page_bytes;
	int64_t pages;
	int64_t free_pages;
	int64_t log_bytes; /* of the log beside it */
	/* May free pages be given back while it is used? */
	bool incremental;
};
enum kith_code store_size(struct store *s, struct store_size *size_r);

#define STORE_TABLE_NAME_MAX 64u /* bytes, with the NUL */

struct store_table_size {
	char name[STORE_TABLE_NAME_MAX];
	int64_t rows; /* -1: of SQLite's own, not counted */
	int64_t bytes;
	int64_t index_bytes;
	int64_t unused_bytes; /* within the pages of both */
};

/*
 * The largest first. Reads every page of the file, in one read transaction
 * unless one is open.
 */
enum kith_code store_size_each(struct store *s,
    bool (*each)(void *context, const struct store_table_size *size),
    void *context);

/*
 * Gives back at most STORE_VACUUM_STEP_PAGES free pages, in a write of its own
 * that waits for the write lock as STORE_WAIT does. Others can write between
 * two steps. *freed_r: 0 when none is left. UNSUPPORTED: the file is older than
 * that is possible; it must be written anew (store_restore_vacuum()).
 */
#define STORE_VACUUM_STEP_PAGES 32
enum kith_code store_vacuum_step(
    struct store *s, int64_t *freed_r, struct fault *f);
