/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "listing.h"
#include "store_user.h"

/*
 * The verbs of the noun user, each in the file of its kind; the table is in
 * user.c. What several of them share stands below.
 */

enum kith_code user_add(struct call *call);
enum kith_code user_passwd(struct call *call);
enum kith_code user_list(struct call *call);
enum kith_code user_show(struct call *call);
enum kith_code user_lock(struct call *call);
enum kith_code user_unlock(struct call *call);
enum kith_code user_delete(struct call *call);

/* What they show. */
extern const struct column user_list_columns[];
extern const struct column user_show_columns[];

/* "active", "locked" ...: in tables, JSON and CSV alike. Static. */
const char *user_state_word(enum store_user_state state);

/* Shows one account as "user show" does. */
enum kith_code user_answer(struct call *call, const struct store_user *user);

/* Says "NAME is DONE", and in JSON shows the account as it is now. */
enum kith_code user_answer_changed(
    struct call *call, int64_t id, const char *done);
