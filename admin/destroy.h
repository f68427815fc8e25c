/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "call.h"

/*
 * What every COMMAND_DESTRUCTIVE verb does before it takes something away:
 * says what will go, asks (unless --yes), takes a snapshot (unless
 * --no-snapshot). Call it before database_begin(), with the database open.
 */

/* "3 friend links"; in JSON "friend_links": 3. */
struct destroy_loss {
	const char *key;
	const char *one;
	const char *many;
	int64_t count;
};

struct destroy {
	const char *question; /* "Delete alice (id:3)"; several: "Delete 12
				  accounts" */
	const char *victim;   /* "account": what is counted by victims */
	int64_t victims;      /* more than one: the number must be typed */
	const struct destroy_loss *losses; /* closed by {}; NULL: none */
	const char *remark; /* "The messages stay."; NULL: none */
};

/*
 * *go_r: may the change begin? Not with --dry-run, which has then said all and
 * put "dry_run": true and "would": {counts} into the answer; the command returns
 * KITH_OK. A no is KITH_REFUSED, and nothing was changed. The snapshot's path is
 * told as talk and as "snapshot" in the answer.
 */
enum kith_code destroy_confirm(
    struct call *call, const struct destroy *d, bool *go_r);
