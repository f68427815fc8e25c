/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * The server's database: one connection to one file. Opening, locks,
 * transactions, the values that describe the server. What is stored in it has
 * a header for each table (store_user.h, store_message.h, ...).
 *
 * How every function of this layer behaves:
 *
 * - A function that changes something needs the write transaction, writes its
 *   rows AND the events that tell of them, and is all or nothing only together
 *   with the transaction or savepoint around it: after any result but KITH_OK
 *   roll back to the savepoint (or everything). Without a transaction it
 *   answers KITH_NOT_NOW.
 * - Results that are about the request (NOT_FOUND, ALREADY, ...) leave the
 *   transaction usable. Results about the database itself (STORAGE_FULL, IO,
 *   INTEGRITY, BUSY, INTERNAL: see store_is_broken()) do not: the transaction
 *   can then only be rolled back, and store_commit() does that.
 *   store_fault() has the sentence.
 * - Rows are handed out by value, with their strings inside; where a row holds
 *   a pointer it is valid until the callback returns, or until the next call
 *   on the store. Callbacks return false to stop early, which is not an error.
 *   A callback may call every function that finds one row, and must not change
 *   anything or start the same iteration again.
 * - Times are microseconds since 1970; ids and numbers are above 0.
 * - KITH_OK with *_r filled in, or another code with *_r untouched.
 *
 * A store belongs to one thread of one process and does not survive a fork.
 */
struct store;

#define STORE_EPOCH_LENGTH     16u   /* bytes */
#define STORE_OPERATION_LENGTH 16u   /* bytes, a UUID */
#define STORE_META_MAX         512u  /* bytes of a value, with the NUL */
#define STORE_BUSY_WAIT_MS     5000  /* what those who may wait wait at most */
#define STORE_PAGE_MAX         1000u /* rows; every limit is cut to it */

/*
 * Which rows an iteration hands out: those above `from` (0: from the first),
 * at most `limit`, at most STORE_PAGE_MAX.
 */
struct store_page {
	int64_t from;
	uint32_t limit;
};

enum store_flags {
	/* Make a database where there is none. */
	STORE_CREATE = 1 << 0,
	/* Bring an older database to this version, after a snapshot of it. */
	STORE_MIGRATE = 1 << 1,
	/*
	 * The daemon's hub: takes the "running" lock for its life, makes durable
	 * what a crash left in the write-ahead log before it returns, in the
	 * file where there is room and nobody reads, and is the one that
	 * checkpoints.
	 */
	STORE_HUB = 1 << 2,
	/*
	 * Only to read, alone or with none of the others: takes and makes no
	 * lock, neither now nor later, so that it works while somebody writes;
	 * needs no right to write the database while a hub has it open, else
	 * that of its folder; never creates, migrates or checkpoints. store_begin_write() then answers KITH_NOT_NOW. Keep each
	 * read short all the same (store_begin_read()).
	 */
	STORE_READ = 1 << 3,
};

/*
 * Opens the database, with a sentence in *f for each of these:
 *   KITH_NOT_FOUND  there is none (and no STORE_CREATE)
 *   KITH_REFUSED    it or its folder cannot be written (STORE_READ: it cannot
 *                   be read) by this user; or STORE_HUB, and a hub runs
 *                   already; or it is older than this program and
 *                   STORE_MIGRATE is not there
 *   KITH_NEWER      made by a newer kith
 *   KITH_FOREIGN    not a database, or not one of kith's
 *   KITH_INTEGRITY  damaged
 *   KITH_BUSY       somebody held it for longer than STORE_BUSY_WAIT_MS
 *   KITH_STORAGE_FULL, KITH_IO
 * Its files are path, path-wal, path-shm, path.lock and path.running; new ones
 * are made readable by their owner alone. A new one is of a kind that can be
 * made smaller while it is used (auto_vacuum=INCREMENTAL); one that is older
 * than that stays as it is until it is vacuumed whole.
 */
enum kith_code store_open(const char *path, unsigned int flags,
    struct store **store_r, struct fault *f);

/*
 * Rolls back what is open, closes and sets *s to NULL. A hub checkpoints first
 * when it gets the write lock; nothing depends on it.
 */
void store_close(struct store **s);

/* The sentence of the last database failure. */
const struct fault *store_fault(const struct store *s);

/*
 * Is this a result about the database rather than about the request?
 * STORAGE_FULL: refuse the whole batch, reading goes on. IO and INTEGRITY:
 * acknowledge nothing, leave and reopen.
 */
bool store_is_broken(enum kith_code code);

/* ---- transactions ---------------------------------------------------- */

enum store_wait {
	STORE_TRY,  /* the hub: KITH_BUSY at once when another one writes */
	STORE_WAIT, /* kith-admin: KITH_BUSY after STORE_BUSY_WAIT_MS */
};

/*
 * Takes the write lock and begins a transaction. STORE_WAIT uses the real
 * interval timer and SIGALRM for the time of the call.
 */
enum kith_code store_begin_write(
    struct store *s, enum store_wait wait, struct fault *f);

/*
 * Returns when everything is on disk, KITH_OK, or when everything is rolled
 * back. Either way the transaction is over and the write lock is free.
 */
enum kith_code store_commit(struct store *s, struct fault *f);
void store_rollback(struct store *s);

/* A savepoint for each request of a batch; they do not nest. */
enum kith_code store_savepoint(struct store *s);
enum kith_code store_savepoint_keep(struct store *s);
/* As if the request had never been: its numbers will be used by others. */
enum kith_code store_savepoint_undo(struct store *s);

/*
 * How long this process waits where it may wait, in store_open() and with
 * STORE_WAIT, instead of STORE_BUSY_WAIT_MS. 0: not at all. Of the process, not
 * of a store, as the timer is.
 */
void store_set_wait_ms(int wait_ms);

bool store_in_write(const struct store *s);

/*
 * Several reads of one state. Never keep one open while waiting for anything:
 * it would keep the log from being checkpointed. Not inside a write.
 */
enum kith_code store_begin_read(struct store *s);
void store_end_read(struct store *s);

/* Changes whenever another connection has committed. Never fails; -1 if so. */
int64_t store_data_version(struct store *s);

/*
 * Hub only, outside transactions; call it after commits and when idle. Does
 * nothing while the log is small. Copying it into the database holds everybody
 * up, a little longer for each page; doing it seldom is cheaper, because a page
 * that was written often is copied once. So: where commits are small, which
 * means that people wait for single ones, in steps of STORE_WAL_LIGHT_BYTES
 * (2 ms); where they are large, STORE_WAL_PASSIVE_BYTES (15 ms); it waits for
 * no reader. Over STORE_WAL_TRUNCATE_BYTES the log is also made empty. Under
 * the write lock, which it only tries: KITH_BUSY is nothing to worry about. IO
 * and the like are as serious as from a commit.
 */
#define STORE_WAL_LIGHT_BYTES    (1024 * 1024)
#define STORE_WAL_PASSIVE_BYTES  (16 * 1024 * 1024)
#define STORE_WAL_TRUNCATE_BYTES (64 * 1024 * 1024)
enum kith_code store_checkpoint(struct store *s, struct fault *f);

/* ---- what describes the server --------------------------------------- */

/* Random, made with the database; replaced when it is restored. */
enum kith_code store_epoch(
    struct store *s, uint8_t epoch_r[STORE_EPOCH_LENGTH]);

enum store_meta {
	STORE_META_SERVER_NAME,
	STORE_META_LISTEN,              /* as in kithd.conf */
	STORE_META_PUBLIC_KEY_PIN,      /* "sha256:..." */
	STORE_META_CONTROL_SOCKET,      /* path */
	STORE_META_NEXT_PUBLIC_KEY_PIN, /* announced; "": none */
	STORE_META_CONFIGURATION,       /* path of the kithd.conf in use */
	STORE_META_COUNT,
};

/* KITH_NOT_FOUND while it was never set. */
enum kith_code store_meta_get(
    struct store *s, enum store_meta key, char value_r[STORE_META_MAX]);
enum kith_code store_meta_set(
    struct store *s, enum store_meta key, const char *value);

/* ---- is it whole? ---------------------------------------------------- */

/*
 * Looks at everything: the file's structure, its tables, references, that the
 * numbers of each conversation have no gap, that counters agree with rows, marks
 * with members, events with what they tell of and whom they tell. problem()
 * gets a sentence for each finding, at most STORE_PROBLEMS_MAX. KITH_OK:
 * nothing found; KITH_INTEGRITY: something was.
 */
#define STORE_PROBLEMS_MAX 100u
enum kith_code store_verify(struct store *s,
    void (*problem)(void *context, const char *sentence), void *context);

/* The same for what takes a moment only: does the file hang together? */
enum kith_code store_verify_quick(struct store *s,
    void (*problem)(void *context, const char *sentence), void *context);
