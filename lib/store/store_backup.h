/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * A copy of the whole database, made while others read and write it.
 *
 * The copy is one state: a read transaction is held on the source while its
 * pages are copied in small steps, so that nothing that is written meanwhile
 * makes it begin anew. Nobody waits for it. What it does hold up is the log:
 * nothing that is written after the copy began can be copied into the file and
 * taken out of the log before the copy is done. The log grows by as much as is
 * written meanwhile; therefore the steps follow each other without a pause,
 * and the copy gives up (STORAGE_FULL) before the database's disk has less than
 * STORE_BACKUP_SPARE_BYTES left. The read transaction is over before anything
 * is made durable, verified or named.
 *
 * The target bears its name only when it is whole, on disk and verified; until
 * then it is PATH.new, and a copy that was killed leaves that, which the next
 * one to PATH removes. It is a single file (no log beside it) that its owner
 * alone can read.
 */

#define STORE_BACKUP_STEP_PAGES  64 /* copied between two calls of progress() */
#define STORE_BACKUP_SPARE_BYTES (64LL * 1024 * 1024)

enum store_backup_phase {
	STORE_BACKUP_COPIES,   /* done and total are bytes */
	STORE_BACKUP_SYNCS,    /* the same, on the disk */
	STORE_BACKUP_VERIFIES, /* no numbers: the total is 0 */
};

struct store_backup {
	const char *path; /* where to; there must be nothing yet */
	/*
	 * Look at the copy as store_verify() does. Without it only the number
	 * of its pages is compared.
	 */
	bool verify;
	/* May be NULL. Must not wait. False gives the copy up: STOPPING. */
	bool (*progress)(void *context, enum store_backup_phase phase,
	    int64_t done, int64_t total);
	/* May be NULL. What store_verify() finds in the copy. */
	void (*problem)(void *context, const char *sentence);
	void *context; /* of both */
};

/*
 * Needs a store that has no transaction open; STORE_READ is enough.
 *   KITH_ALREADY       PATH exists
 *   KITH_STORAGE_FULL  it would not fit, or did not
 *   KITH_REFUSED       the folder cannot be written
 *   KITH_NOT_FOUND     there is no such folder
 *   KITH_INTEGRITY     the copy, and so the source, is damaged; it is removed
 *   KITH_STOPPING, KITH_BUSY, KITH_IO
 * *bytes_r: the size of the copy; may be NULL.
 */
enum kith_code store_backup(struct store *s, const struct store_backup *wanted,
    int64_t *bytes_r, struct fault *f);
