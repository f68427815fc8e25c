/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "command.h"
#include "listing.h"
#include "store_user.h"

/* What the files of the noun "friend" share. */

/* The people whom the first two arguments name; never one and the same. */
enum kith_code friend_find_pair(
    struct call *call, struct store_user *a_r, struct store_user *b_r);

/* Inside the transaction: a row of the audit trail about both. detail: taken. */
enum kith_code friend_audit(struct call *call, const struct store_user *a,
    const struct store_user *b, json_t *detail);

/* Two cells of the newest row: who has this id. */
enum kith_code friend_set_person(struct call *call, struct listing *l,
    int id_column, int name_column, int64_t id);

/* friend_list.c */
extern const struct column friend_list_columns[];
enum kith_code friend_list(struct call *call);

/* friend_request.c */
extern const struct column friend_request_columns[];
enum kith_code friend_ask(struct call *call); /* "friend add --request" */
enum kith_code friend_requests(struct call *call);
enum kith_code friend_accept(struct call *call);
enum kith_code friend_reject(struct call *call);
