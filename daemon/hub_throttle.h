/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Slows down guessing and flooding; never locks anybody out.
 *
 * Guessing is counted for an account (existing or not: both look alike) and
 * for a network (an IPv4 address, or the /64 of an IPv6 one). Only different
 * wrong passwords count: a forgotten client that repeats its old password
 * delays nobody, unless it does so all the time. After a few free ones each
 * further guess must wait, a longer time each, up to a maximum; time forgives.
 * A sign-in by device token is not asked for here at all, so an attacker cannot
 * hold up known devices.
 *
 * Times are monotonic milliseconds. Both tables are bounded; what was unused
 * longest makes room, but only for an attempt that is let through: what is
 * refused costs nothing, and could displace everybody.
 */

#define THROTTLE_ACCOUNT_FREE        5u /* wrong passwords before any delay */
#define THROTTLE_NETWORK_FREE        20u
#define THROTTLE_NETWORK_PENDING_MAX 32u   /* half of what auth takes */
#define THROTTLE_DELAY_FIRST_MS      1000u /* doubles with each further one */
#define THROTTLE_DELAY_MAX_MS        15000u
#define THROTTLE_FORGIVE_MS          60000  /* one wrong password is forgiven */
#define THROTTLE_ENTRIES_MAX         32768u /* in each of the two tables */
#define THROTTLE_SEEN_MAX            16u /* wrong passwords told apart, an entry */
#define THROTTLE_NAME_SIZE           33u
#define THROTTLE_WHOM_SIZE           50u /* an IPv6 network with "/64" */
/*
 * Wrong passwords that one network may repeat, though they count as one: auth
 * has the same work each time. A forgotten client never comes near that.
 */
#define THROTTLE_REPEATS_BURST      60u
#define THROTTLE_REPEAT_INTERVAL_MS 1000u
/*
 * Accounts that one network may make, and names that it may find taken, where
 * no invite is asked for: a school behind one address may come at once, a
 * script gets no further for long.
 */
#define THROTTLE_SIGN_UP_BURST       300u
#define THROTTLE_SIGN_UP_INTERVAL_MS 60000u

struct throttle;

/* One attempt to sign in or up with a password, or to use an invite. */
struct throttle_try {
	char name[THROTTLE_NAME_SIZE]; /* "" : count for the network only */
	char address[46];              /* numeric; odd ones share one entry */
	uint64_t guess;                /* keyed hash of what was guessed */
};

struct throttle *throttle_new(void);
void throttle_free(struct throttle **t);

/*
 * May this be tried now? 0: yes, and exactly one of the three below must
 * follow. Otherwise how many milliseconds to wait, and nothing was counted.
 */
uint32_t throttle_admit(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms);

void throttle_failed(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms);
/* It was right: the account's count begins anew, the network's stays. */
void throttle_passed(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms);
/* Nobody found out (busy, the connection ended). */
void throttle_abandoned(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms);

/* A token bucket: how often one person may do one thing. Zero-initialise. */
struct throttle_bucket {
	int64_t empty_at_ms; /* when its debt will have been worked off */
};

/*
 * Takes one token from a bucket that holds `burst` and regains one every
 * interval_ms. 0: taken; otherwise the milliseconds until there is one.
 */
uint32_t throttle_take(struct throttle_bucket *bucket, uint32_t burst,
    uint32_t interval_ms, int64_t now_ms);
/* Gives one back: what it was taken for did not happen. */
void throttle_give_back(struct throttle_bucket *bucket, uint32_t interval_ms);

/* A bucket of the network of address, for sign-ups. Never NULL; valid until
 * the next call on t. */
struct throttle_bucket *throttle_network_bucket(
    struct throttle *t, const char *address, int64_t now_ms);

/* ---- what is held against whom, for kith-admin ---------------------------- */

enum throttle_table { THROTTLE_ACCOUNTS, THROTTLE_NETWORKS };

struct throttle_row {
	char key[THROTTLE_NAME_SIZE];  /* bytes: where the next page begins */
	char whom[THROTTLE_WHOM_SIZE]; /* empty: it is no name, no address */
	uint32_t failures;             /* that time has not forgiven */
	uint32_t wait_ms;              /* before another password is tried */
	uint32_t sign_up_wait_ms;      /* before another account is made */
};

/*
 * The rows of everybody against whom anything is held, with keys above `after`
 * (NULL: all), in the order of keys: at most so many. Returns how many. Looks
 * at the whole table, whatever page it is.
 */
size_t throttle_page(const struct throttle *t, enum throttle_table table,
    const char *after, int64_t now_ms, struct throttle_row *rows_r,
    size_t most);

/*
 * Forgives; attempts that are being decided stay counted as such. Returns
 * against how many anything was held. The network is given by 4 bytes of an
 * IPv4 address or the first 8 of an IPv6 one, and is nobody's otherwise.
 */
uint32_t throttle_forgive_account(
    struct throttle *t, const char *name, int64_t now_ms);
uint32_t throttle_forgive_network(
    struct throttle *t, const uint8_t *prefix, size_t length, int64_t now_ms);
uint32_t throttle_forgive_all(
    struct throttle *t, enum throttle_table table, int64_t now_ms);
