/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"

/*
 * Copies of the database that verbs take before they remove much. They stand
 * in DATABASE.snapshots/, named by time and reason; "kith-admin db restore"
 * puts one back.
 */

#define SNAPSHOTS_MAX    10 /* kept; then the oldest goes */
#define SNAPSHOTS_SUFFIX ".snapshots"
#define SNAPSHOT_WHY_MAX 40 /* bytes of a reason in a name, with the NUL */

/*
 * Copies the call's database (store_backup.h: nobody waits for it), tells where
 * to on standard error and as "snapshot" in the answer. `why` is two or three
 * words such as "user purge". Opens the database when it is not open yet and
 * leaves it open; no transaction may be open. Where there is no database
 * nothing is done, and it is KITH_OK. Anything else means that there is no
 * copy, with the sentence in the call's fault: whoever wants one stops there.
 */
enum kith_code database_snapshot(struct call *call, const char *why);

/*
 * For verbs that set the old database aside themselves instead of copying it:
 * a path in the folder, which is made when it is not there; NULL with the
 * call's fault when it cannot be. Then snapshot_done() tells and removes what
 * is over SNAPSHOTS_MAX. The caller frees it.
 */
char *snapshot_new_path(struct call *call, const char *why);
void snapshot_done(struct call *call, const char *path);

/* The folder of the call's snapshots; it need not exist. The caller frees it. */
char *snapshot_folder(const struct call *call);

/* Now, as it stands in names: "20261122T201614Z". The caller frees it. */
char *snapshot_time_name(void);
