/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The throttle's tables as messages. Holds nothing; what it fills in is
 * borrowed from the page.
 */
#include "hub_penalties.h"

#include <string.h>

static void
pack_row(Kith__Ipc__Penalty *to, struct throttle_row *from,
    Kith__Ipc__Penalty__Kind kind)
{
	kith__ipc__penalty__init(to);
	to->key.data = (uint8_t *)from->key;
	to->key.len = sizeof(from->key);
	to->kind = kind;
	to->whom = from->whom;
	to->failures = from->failures;
	to->left_ms = from->wait_ms;
	to->sign_up_left_ms = from->sign_up_wait_ms;
}

enum kith_code
penalty_page_fill(struct penalty_page *page_r, const struct throttle *throttle,
    const Kith__Ipc__ControlRequest__ListPenalties *asked, int64_t now_ms)
{
	enum throttle_table table = THROTTLE_ACCOUNTS;

	if (asked->kind == KITH__IPC__PENALTY__KIND__NETWORK)
		table = THROTTLE_NETWORKS;
	else if (asked->kind != KITH__IPC__PENALTY__KIND__ACCOUNT)
		return KITH_MALFORMED;
	if (asked->after.len != 0 && asked->after.len != THROTTLE_NAME_SIZE)
		return KITH_MALFORMED;
	page_r->count = throttle_page(throttle, table,
	    asked->after.len > 0 ? (const char *)asked->after.data : NULL,
	    now_ms, page_r->held, IPC_PENALTIES_PAGE);
	page_r->more = page_r->count == IPC_PENALTIES_PAGE;
	for (size_t i = 0; i < page_r->count; i++) {
		pack_row(&page_r->packed[i], &page_r->held[i], asked->kind);
		page_r->rows[i] = &page_r->packed[i];
	}
	return KITH_OK;
}

enum kith_code
penalty_forgive(struct throttle *throttle, const Kith__Ipc__Forgive *forgive,
    int64_t now_ms, Kith__Ipc__ControlReply__Forgiven *forgiven_r)
{
	const ProtobufCBinaryData *network = &forgive->network;
	bool account = forgive->account[0] != '\0';

	if (network->len != 0 &&
	    (account || (network->len != 4 && network->len != 8)))
		return KITH_MALFORMED;
	if (account) {
		forgiven_r->accounts = throttle_forgive_account(
		    throttle, forgive->account, now_ms);
	} else if (network->len > 0) {
		forgiven_r->networks = throttle_forgive_network(
		    throttle, network->data, network->len, now_ms);
	} else {
		forgiven_r->accounts =
		    throttle_forgive_all(throttle, THROTTLE_ACCOUNTS, now_ms);
		forgiven_r->networks =
		    throttle_forgive_all(throttle, THROTTLE_NETWORKS, now_ms);
	}
	return KITH_OK;
}
