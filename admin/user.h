/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "listing.h"
#include "store_user_list.h"

/*
 * The verbs of the noun user, each in the file of its kind; the table is in
 * user.c. What several of them share stands below.
 */

enum kith_code user_activity(struct call *call);
enum kith_code user_add(struct call *call);
enum kith_code user_delete(struct call *call);
enum kith_code user_devices(struct call *call);
enum kith_code user_export(struct call *call);
enum kith_code user_import(struct call *call);
enum kith_code user_list(struct call *call);
enum kith_code user_lock(struct call *call);
enum kith_code user_passwd(struct call *call);
enum kith_code user_rename_display(struct call *call);
enum kith_code user_restore(struct call *call);
enum kith_code user_revoke(struct call *call);
enum kith_code user_show(struct call *call);
enum kith_code user_unlock(struct call *call);

/* What --columns of the reading verbs chooses from. */
extern const struct column user_activity_columns[];
extern const struct column user_device_columns[];
extern const struct column user_export_columns[];
extern const struct column user_list_columns[];
extern const struct column user_show_columns[];

/* ---- one account ------------------------------------------------------ */

/* "active", "locked" ...: in tables, JSON and CSV alike. Static. */
const char *user_state_word(enum store_user_state state);
/* The same backwards; false: there is no such state. */
bool user_read_state(const char *word, enum store_user_state *state_r);

/* The cells of the newest row, of user_list_columns or user_show_columns. */
void user_fill(struct listing *l, const struct store_user *user);

/* "bob (id:2) is DONE." and in JSON the account as it is now, as "user". */
enum kith_code user_answer_changed(
    struct call *call, int64_t id, const char *done);

/*
 * The fault for what a changing function of the store answered about `user`;
 * `otherwise` for a code that says no more than itself.
 */
enum kith_code user_fault(struct call *call, enum kith_code code,
    const struct store_user *user, const char *otherwise);

/* May somebody be called that? With a sentence that says what may not be. */
enum kith_code user_check_display_name(
    struct call *call, const char *display_name);

/* ---- which accounts --------------------------------------------------- */

#define USER_FILTER_OPTIONS                                                   \
	{ "active", NULL, "those who can sign in" },                          \
	    { "locked", NULL, "those who are locked" },                       \
	    { "pending", NULL, "those who wait for approval" },               \
	    { "deleted", NULL, "those who are deleted and not yet purged" },  \
	    { "inactive-since", "WHEN", "neither seen nor made since then" }, \
	{                                                                     \
		"name", "TEXT", "those with TEXT in the name or display name" \
	}

/*
 * What the options say; states that are asked for add up, all else must hold.
 * *given_r: was there any?
 */
enum kith_code user_read_filter(
    struct call *call, struct store_user_filter *filter_r, bool *given_r);

/* ---- passwords -------------------------------------------------------- */

#define USER_COST_OPTIONS                                         \
	{ "argon2-memory-kib", "N",                               \
		"memory of the password's hash; default 65536" }, \
	{                                                         \
		"argon2-passes", "N",                             \
		    "passes of the password's hash; default 3"    \
	}

struct password_cost;

/* Before anybody is asked for a password that would be thrown away. */
enum kith_code user_read_cost(struct call *call, struct password_cost *cost_r);
