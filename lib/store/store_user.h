/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"
#include "text.h"

/* People with an account. Lists of them are in store_user_list.h. */

#define STORE_PHC_MAX    256u /* bytes of a stored password hash, with NUL */
#define STORE_REASON_MAX 257u /* bytes, with the NUL */
#define STORE_DUE_MAX    16u  /* people that one store_user_due() deals with */

/* The account that announcements come from. No person can be called that. */
#define STORE_SYSTEM_NAME ":server"

/* On disk: append only. */
enum store_user_state {
	STORE_USER_ACTIVE = 1,
	STORE_USER_PENDING = 2, /* waits for an administrator's approval */
	STORE_USER_LOCKED = 3,
	STORE_USER_DELETED = 4, /* a tombstone that messages refer to */
	/* Cannot sign in, everything is still there, purged at until_us. */
	STORE_USER_DELETING = 5,
	/*
	 * STORE_SYSTEM_NAME. Found by id and by store_user_find_system() only;
	 * every change is KITH_FORBIDDEN but store_user_name_system().
	 */
	STORE_USER_SYSTEM = 6,
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
	/* LOCKED: when it ends by itself; DELETING: when purged. 0: never. */
	int64_t until_us;
	/*
	 * LOCKED, DELETING: what unlocking or restoring gives back; else 0. Of
	 * databases older than this field also 0, which means ACTIVE.
	 */
	enum store_user_state state_before;
	/* The last sign-in or use of a device, to an hour; 0: never. */
	int64_t last_seen_us;
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

/*
 * For moving accounts here: everything that an export told of one. Call it for
 * each in one write transaction; it costs two statements and no event, because
 * nobody knows these people yet. Refusals as store_user_add(), and leave the
 * transaction usable, so that all rows can be tried and told of (a dry run is
 * that and store_rollback()). MALFORMED when state is not ACTIVE, PENDING or
 * LOCKED, or a time is negative. That the hash is one is the caller's to check.
 */
struct store_user_import {
	const char *name;
	const char *display_name; /* or "" */
	const char *phc;          /* or "": nobody signs in until it is set */
	enum store_user_state state;
	const char *reason;   /* or NULL */
	int64_t until_us;     /* of a lock, else 0 */
	int64_t created_us;   /* 0: now */
	int64_t last_seen_us; /* 0: never */
};
enum kith_code store_user_import(struct store *s,
    const struct store_user_import *row, int64_t now_us, int64_t *id_r);

/*
 * NOT_FOUND. Deleted ones are found by id only, those that wait for being
 * purged by their name too.
 */
enum kith_code store_user_find(
    struct store *s, int64_t id, struct store_user *user_r);
enum kith_code store_user_find_name(
    struct store *s, const char *name, struct store_user *user_r);
/*
 * Somebody, the same for the same choice (not negative) while nobody comes or
 * goes; those who are deleted too. NOT_FOUND: there is nobody.
 */
enum kith_code store_user_find_some(
    struct store *s, int64_t choice, struct store_user *user_r);
/* NOT_FOUND before the first announcement. */
enum kith_code store_user_find_system(
    struct store *s, struct store_user *user_r);

/*
 * By name, those with a name above `after` ("" for the first); neither deleted
 * ones nor the system's.
 */
enum kith_code store_user_each(struct store *s, const char *after,
    uint32_t limit, bool (*each)(void *context, const struct store_user *user),
    void *context);

/*
 * The changes. NOT_FOUND also for a deleted one, FORBIDDEN for the system's.
 * Each writes its events: those that a person's clients see (user_changed, to
 * the person and to everybody with whom a conversation is shared), and those
 * that only the hub looks at (user_locked, password_changed, user_deleted).
 */
enum kith_code store_user_set_display_name(
    struct store *s, int64_t id, const char *display_name, int64_t now_us);

/* The one change of the system's account: the server has another name. */
enum kith_code store_user_name_system(
    struct store *s, const char *display_name, int64_t now_us);

/*
 * With end_sessions all devices are removed and a password_changed event makes
 * the hub end the sessions; without it (a rehash at sign-in) nothing is told.
 */
enum kith_code store_user_set_password(struct store *s, int64_t id,
    const char *phc, bool end_sessions, int64_t now_us);

/*
 * Ends the sessions; devices are kept, so that unlocking restores. until_us: 0,
 * or when store_user_due() unlocks. One who is locked already gets the new
 * reason (NULL: keeps what there is) and end (STORE_USER_UNTIL_KEEP); ALREADY
 * where both are the same. CONFLICT for one who is being deleted. TOO_LARGE:
 * the reason.
 */
#define STORE_USER_UNTIL_KEEP (-1)
enum kith_code store_user_lock(struct store *s, int64_t id, const char *reason,
    int64_t until_us, int64_t now_us);

/*
 * Gives a locked one the state before the lock, approves a pending one. ALREADY
 * when active, CONFLICT when being deleted.
 */
enum kith_code store_user_unlock(struct store *s, int64_t id, int64_t now_us);

/*
 * Disables: ends the sessions as a lock does, keeps everything, name included,
 * and lets store_user_due() purge at purge_us (above 0). A lock's end is given
 * up for it. ALREADY when it waits for that already.
 */
enum kith_code store_user_delete(
    struct store *s, int64_t id, int64_t purge_us, int64_t now_us);

/*
 * Takes back store_user_delete(): the state from before, everything as it was.
 * ALREADY when it does not wait to be purged.
 */
enum kith_code store_user_restore(struct store *s, int64_t id, int64_t now_us);

/*
 * For good, from whatever state. Removes devices, friend links, friend
 * requests, the password and the names; invites make nobody a friend any more;
 * messages stay, and the row as what they refer to. The name is free again.
 */
enum kith_code store_user_purge(struct store *s, int64_t id, int64_t now_us);

/*
 * Unlocks and purges whose time has come by now_us, the oldest first, at most
 * STORE_DUE_MAX; each with an audit row of STORE_AUDIT_KITHD. *done_r: how
 * many; when it is STORE_DUE_MAX there may be more.
 */
enum kith_code store_user_due(
    struct store *s, int64_t now_us, uint32_t *done_r);
/* When the next one's time comes. NOT_FOUND: nobody waits. One index look. */
enum kith_code store_user_next_due(struct store *s, int64_t *due_us_r);

/* How many there are that are neither deleted nor the system's. */
enum kith_code store_user_count(struct store *s, int64_t *count_r);

/* ---- what belongs to one ---------------------------------------------- */

/*
 * What a purge removes (devices, friends, friend requests, invites that make
 * somebody a friend), what it leaves, and how busy the account is. Costs a look
 * for each of its conversations.
 */
struct store_user_activity {
	uint32_t devices;
	uint32_t friends;
	uint32_t requests_sent; /* friend requests that wait */
	uint32_t requests_received;
	uint32_t invites;         /* that make people this one's friend */
	uint32_t conversations;   /* announcements' included */
	int64_t messages_sent;    /* ever */
	int64_t first_message_us; /* of those kept; 0: none */
	int64_t last_message_us;
};
enum kith_code store_user_activity(
    struct store *s, int64_t id, struct store_user_activity *activity_r);
