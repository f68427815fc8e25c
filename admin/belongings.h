/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "call.h"

/* What hangs on an account, in numbers: for showing and before deleting. */
struct belongings {
	int64_t friends;
	int64_t requests; /* friend requests that wait, from or to */
	int64_t devices;
	int64_t last_seen_us; /* of the device seen last; 0: never */
};

/* Of one state of the database. Leaves a sentence in the call's fault. */
enum kith_code belongings_count(
    struct call *call, int64_t user_id, struct belongings *belongings_r);
