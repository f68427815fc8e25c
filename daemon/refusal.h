/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "fault.h"
#include "kith.pb-c.h"

/*
 * How the daemon says no: the one place where kith_code meets Refusal.Code. The
 * hub makes its refusals here; a session, which has a few of its own, asks only
 * how long to wait.
 */

/* What a client is told to wait where nobody knows better, milliseconds. */
#define REFUSAL_BUSY_RETRY_MS  500u
#define REFUSAL_LATER_RETRY_MS 1000u
#define REFUSAL_FULL_RETRY_MS  5000u

/*
 * The code on the wire. What a client has no name for (an I/O error, say) is
 * INTERNAL: its details are for the log and not for strangers.
 */
Kith__Refusal__Code refusal_code(enum kith_code code);

/* What a client is told to wait by this code alone; 0: waiting does not help. */
uint32_t refusal_retry_ms(enum kith_code code);

/*
 * Fills *refusal_r. sentence: NULL or "" for the code's own. The strings stay
 * the caller's and must outlive the refusal. retry_after_ms: 0 for the code's
 * own, refusal_retry_ms().
 */
void refusal_init(Kith__Refusal *refusal_r, enum kith_code code,
    const char *sentence, uint32_t retry_after_ms);
