/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "listing.h"

/* The verbs of the noun db, each in the file of its kind; the table: db.c. */

enum kith_code db_backup(struct call *call);
enum kith_code db_backup_prepare(struct call *call);
enum kith_code db_migrate(struct call *call);
enum kith_code db_restore(struct call *call);
enum kith_code db_rollback(struct call *call);
enum kith_code db_size(struct call *call);
enum kith_code db_vacuum(struct call *call);
enum kith_code db_verify(struct call *call);

/* Of the FILE that a verb is given: is it call->database itself? */
bool db_file_is_database(const struct call *call);
/* REFUSED when there is a log beside it, unless it is. */
enum kith_code db_file_prepare(struct call *call);

/* What --columns of the reading verbs chooses from. */
extern const struct column db_backup_columns[];
extern const struct column db_size_columns[];
extern const struct column db_verify_columns[];
