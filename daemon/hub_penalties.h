/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "hub_throttle.h"
#include "ipc.h"
#include "ipc.pb-c.h"

/* The hub's own part of what kith-admin asks about penalties (ipc.proto). */

/* One page, ready to be packed: rows points into the others. */
struct penalty_page {
	struct throttle_row held[IPC_PENALTIES_PAGE];
	Kith__Ipc__Penalty packed[IPC_PENALTIES_PAGE];
	Kith__Ipc__Penalty *rows[IPC_PENALTIES_PAGE];
	size_t count;
	bool more; /* perhaps */
};

/*
 * Of accounts or networks, above the key `after` (empty: the first page).
 * KITH_MALFORMED: that is no key, or the kind is not the hub's.
 */
enum kith_code penalty_page_fill(struct penalty_page *page_r,
    const struct throttle *throttle,
    const Kith__Ipc__ControlRequest__ListPenalties *asked, int64_t now_ms);

/* KITH_MALFORMED: both an account and a network, or no such network. */
enum kith_code penalty_forgive(struct throttle *throttle,
    const Kith__Ipc__Forgive *forgive, int64_t now_ms,
    Kith__Ipc__ControlReply__Forgiven *forgiven_r);
