/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "store.h"
#include "store_user.h"

/*
 * The call's database: opened late, changed in one transaction, closed by
 * main.c. Each function leaves its sentence in the call's fault.
 */

/*
 * Opens it; with `create` a new one where there is none. An older database is
 * refused, never migrated.
 */
enum kith_code database_open(struct call *call, bool create);

/*
 * Opens it to read one state of it, however many pages that takes. Gather, end
 * the read, then show: nothing may wait for a terminal while it is open.
 */
enum kith_code database_open_read(struct call *call);
void database_end_read(struct call *call);

/* Waits for other writers as long as --wait says. */
enum kith_code database_begin(struct call *call);

/*
 * The end of the transaction: commits when code is KITH_OK, and tells a running
 * hub; else rolls back. Returns what the command is to return.
 */
enum kith_code database_end(struct call *call, enum kith_code code);

void database_close(struct call *call);

/*
 * Finds a user by exact name or by "id:N"; deleted ones are not found.
 * KITH_MALFORMED (usage) for what is neither.
 */
enum kith_code database_find_user(
    struct call *call, const char *selector, struct store_user *user_r);

/* "id:N"; false when it is not of that form. */
bool database_read_id(const char *selector, int64_t *id_r);

/* A value that describes the server, a new string; NULL: never set. */
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
