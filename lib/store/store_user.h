/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"
#include "text.h"

/* People with an account. */

#define STORE_PHC_MAX    256u /* bytes of a stored password hash, with NUL */
#define STORE_REASON_MAX 257u /* bytes, with the NUL */

/* On disk: append only. */
enum store_user_state {
	STORE_USER_ACTIVE = 1,
	STORE_USER_PENDING = 2, /* waits for an administrator's approval */
	STORE_USER_LOCKED = 3,
	STORE_USER_DELETED = 4, /* a tombstone that messages refer to */
};

struct store_user {
	int64_t id;
	char name[TEXT_NAME_MAX + 1]; /* "deleted:ID" once deleted */
	char display_name[TEXT_DISPLAY_NAME_MAX + 1]; /* may be empty */
	char phc[STORE_PHC_MAX]; /* empty: no password signs this one in */
	enum store_user_state state;
	int64_t state_us;              /* since when */
	char reason[STORE_REASON_MAX]; /* of the lock; or the sign-up's note */
	int64_t created_us;
};

/*
 * NAME_TAKEN. Names and display names are checked here too (BAD_NAME, BAD_TEXT,
 * TOO_LARGE). state is ACTIVE or PENDING; phc and display_name may be "".
 */
struct store_user_new {
	const char *name;
	const char *display_name;
	const char *phc;
	enum store_user_state state;
	const char *note; /* or NULL */
	int64_t now_us;
};
enum kith_code store_user_add(
    struct store *s, const struct store_user_new *new, int64_t *id_r);

/* NOT_FOUND. Deleted ones are found by id only. */
enum kith_code store_user_find(
    struct store *s, int64_t id, struct store_user *user_r);
enum kith_code store_user_find_name(
    struct store *s, const char *name, struct store_user *user_r);

/* By name, those with a name above `after` ("" for the first). */
enum kith_code store_user_each(struct store *s, const char *after,
    uint32_t limit, bool (*each)(void *context, const struct store_user *user),
    void *context);

/*
 * The changes. NOT_FOUND also for a deleted one. Each writes its events: those
 * that a person's clients see (user_changed, to the person and to everybody
 * with whom a conversation is shared), and those that only the hub looks at
 * (user_locked, password_changed, user_deleted).
 */
enum kith_code store_user_set_display_name(
    struct store *s, int64_t id, const char *display_name, int64_t now_us);

/*
 * With end_sessions all devices are removed and a password_changed event makes
 * the hub end the sessions; without it (a rehash at sign-in) nothing is told.
 */
enum kith_code store_user_set_password(struct store *s, int64_t id,
    const char *phc, bool end_sessions, int64_t now_us);

/* ALREADY where it is so already. Devices are kept: unlocking restores. */
enum kith_code store_user_lock(
    struct store *s, int64_t id, const char *reason, int64_t now_us);
/* Also approves a pending one. */
enum kith_code store_user_unlock(struct store *s, int64_t id, int64_t now_us);

/*
 * Removes devices, friend links, friend requests, the password and the names;
 * invites make nobody a friend any more; messages stay, and the row as what they refer to. The name is free again.
 */
enum kith_code store_user_delete(struct store *s, int64_t id, int64_t now_us);

/* How many there are that are not deleted. */
enum kith_code store_user_count(struct store *s, int64_t *count_r);
