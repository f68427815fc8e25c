/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lock.h"
#include "store.h"

/*
 * Another database takes the place of the one at a path: one that was kept
 * (restore, rollback), or the same one written anew (vacuum). No hub may run.
 *
 * The new one is made beside the old one as PATH.incoming, verified and put on
 * disk; only then, in store_restore_commit(), the old one gets a second name
 * and the new one takes the first, by one rename. Killed at any moment, what is
 * at PATH is the old database whole or the new one whole, and no log of the
 * one can be taken for the other's. Whoever has the old one open meanwhile and
 * wants to write is refused then (store_begin_write()).
 */
struct store_restore;

/* What a database holds; -1: it cannot be told. */
struct store_census {
	int64_t version;
	int64_t users;
	int64_t devices;
	int64_t friend_links;
	int64_t conversations;
	int64_t messages;
	int64_t bytes;     /* of the file */
	int64_t newest_us; /* when the newest event was; 0: there is none */
};

/*
 * Of a database of whatever version that may be in use. NOT_FOUND, FOREIGN;
 * else what can be told.
 */
enum kith_code store_census(
    const char *path, struct store_census *census_r, struct fault *f);

/*
 * The "running" lock, so that no hub starts meanwhile. KITH_REFUSED while one
 * runs, with the sentence that says what to stop. Released by lock_free().
 */
enum kith_code store_halt(
    const char *path, struct lock **halt_r, struct fault *f);

/* Holds the running lock from here to store_restore_free(). */
enum kith_code store_restore_new(
    const char *path, struct store_restore **restore_r, struct fault *f);

struct store_restore_source {
	int fd;           /* a plain file that holds a database; read from 0 */
	const char *name; /* of it, for sentences */
	/*
	 * Bring an older one to this version; else it stays what it is, and the
	 * kith that made it can use it.
	 */
	bool migrate;
	/* May be NULL. False: give up, STOPPING. */
	bool (*progress)(void *context, int64_t done, int64_t total);
	/* May be NULL. What store_verify() finds. */
	void (*problem)(void *context, const char *sentence);
	void *context; /* of both */
};

/*
 * Copies the source, verifies it, and gives it a new epoch, so that clients
 * forget what they have of the old one. FOREIGN, NEWER, INTEGRITY; REFUSED for
 * an older one that this program cannot bring up to date; STORAGE_FULL, IO.
 */
enum kith_code store_restore_fill(struct store_restore *r,
    const struct store_restore_source *source, struct fault *f);

/*
 * Writes the present database anew without its free pages and with
 * auto_vacuum=INCREMENTAL; nobody can write until store_restore_free(). The
 * epoch stays. BUSY, INTEGRITY, STORAGE_FULL, IO.
 */
enum kith_code store_restore_vacuum(struct store_restore *r, struct fault *f);

/* Of the present database and of the one that is to take its place. */
const struct store_census *store_restore_present(const struct store_restore *r);
const struct store_census *store_restore_incoming(
    const struct store_restore *r);

struct store_restore_end {
	/* What the old one is called from now on; nothing is called so yet. */
	const char *kept;
	/*
	 * A last change to the new one, for the audit, in a write of its own;
	 * only where it is of this program's version. May be NULL.
	 */
	enum kith_code (*amend)(void *context, struct store *s);
	void *context;
};

/*
 * The new one takes the place. *kept_r: false when there was no old one. BUSY:
 * somebody reads or writes the old one; ALREADY: `kept` exists.
 */
enum kith_code store_restore_commit(struct store_restore *r,
    const struct store_restore_end *end, bool *kept_r, struct fault *f);

/* Removes what was not committed. *r becomes NULL. */
void store_restore_free(struct store_restore **r);
