/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "listing.h"
#include "store.h"
#include "store_user.h"

/*
 * The call's database: opened late, changed in one transaction, closed by
 * main.c. Each function leaves its sentence in the call's fault.
 */

/*
 * Opens it; with `create` a new one where there is none. An older database is
 * refused, never migrated. A command without COMMAND_WRITES opens it only for
 * reading, and takes no lock.
 */
enum kith_code database_open(struct call *call, bool create);

/*
 * Opens it and begins to read one state of it. Gather, end the read, then show:
 * nothing may wait for a terminal while it is open.
 */
enum kith_code database_open_read(struct call *call);
void database_end_read(struct call *call);

/*
 * Shows a listing from the database, page by page: page() is called inside a
 * read transaction of its own, adds at most LISTING_PAGE_ROWS rows, and sets
 * *more_r when others follow; what it added is shown after the transaction has
 * ended. It goes on from a key, not from an offset: between two pages the
 * database may change. A fault may already be in the call when page() returns
 * it. Opens the database where that was not done, ends and frees the listing.
 */
enum kith_code database_list(struct call *call, struct listing **l,
    enum kith_code (*page)(void *context, struct listing *l, bool *more_r),
    void *context);

/*
 * Begins the transaction. Waits for other writers as long as --wait says.
 * Everything that can be slow (asking, hashing, reading files) comes before.
 */
enum kith_code database_begin(struct call *call);

/*
 * Inside the transaction: writes a row of the audit trail, with who does it and
 * which command ("user lock"). target: what was changed, "bob (id:2)"; NULL:
 * nothing in particular. detail: an object that is taken, never with anything
 * secret (no password, code, token, hash); NULL: none. One row for each thing
 * that was changed; where a bulk is one thing (an import) one row with counts.
 */
enum kith_code database_audit(
    struct call *call, const char *target, json_t *detail);
/* The same for a user: "bob (id:2)". */
enum kith_code database_audit_user(
    struct call *call, const struct store_user *user, json_t *detail);

/*
 * The end of the transaction: commits when code is KITH_OK, and tells a running
 * hub; else rolls back. A command that wrote no row of the audit trail gets one
 * without target. Returns what the command is to return.
 */
enum kith_code database_end(struct call *call, enum kith_code code);

/*
 * For what was changed outside of a transaction: a row of the audit trail in
 * one of its own. A COMMAND_AS_ROOT verb may call it too: a child process then
 * becomes the database's owner and writes it. Where there is no database there
 * is no trail. The change has happened, so a failure is only told as talk.
 * detail is taken.
 */
void database_audit_outside(
    struct call *call, const char *target, json_t *detail);

void database_close(struct call *call);

/*
 * Finds a user by exact name or by "id:N"; deleted ones are not found.
 * KITH_MALFORMED (usage) for what is neither.
 */
enum kith_code database_find_user(
    struct call *call, const char *selector, struct store_user *user_r);

/* "id:N"; false when it is not of that form. */
bool database_read_id(const char *selector, int64_t *id_r);

/* A value that describes the server, a new string; NULL: never set, or there is
 * no open database. */
char *database_meta(struct call *call, enum store_meta key);

/* Where the hub's control socket is, or would be. The caller frees it. */
char *database_control_path(struct call *call);

/*
 * The fault for what a store function answered: the database's own sentence
 * when it is the database that failed, else the given one, which says what was
 * not found, is so already, and so on. Returns code.
 */
enum kith_code database_fault(struct call *call, enum kith_code code,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
