/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Back-off for guessing, rates for everything else. Holds two bounded tables
 * in memory only; never a password (guesses arrive as keyed hashes), never a
 * lock-out.
 */
#include "hub_throttle.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* uthash ends the program where memory ends, as mem.h does. */
#include <uthash.h>

#include "mem.h"
#include "text.h"

#define KEY_SIZE THROTTLE_NAME_SIZE

struct entry {
	char key[KEY_SIZE]; /* a name, or family and prefix of a network */
	uint32_t failures;
	uint32_t pending;       /* admitted, not yet decided */
	int64_t forgiven_at_ms; /* when failures was last brought down */
	int64_t not_before_ms;
	uint64_t seen[THROTTLE_SEEN_MAX];
	uint32_t seen_count; /* ever; the ring holds the last of them */
	struct throttle_bucket bucket;  /* sign-ups */
	struct throttle_bucket repeats; /* of wrong passwords */
	UT_hash_handle hh;
};

struct throttle {
	struct entry *accounts;
	struct entry *networks;
};

struct throttle *
throttle_new(void)
{
	return MEM_NEW(struct throttle);
}

static void
table_free(struct entry **table)
{
	struct entry *e, *next;

	HASH_ITER (hh, *table, e, next) {
		HASH_DEL(*table, e);
		free(e);
	}
}

void
throttle_free(struct throttle **t)
{
	if (*t == NULL)
		return;
	table_free(&(*t)->accounts);
	table_free(&(*t)->networks);
	free(*t);
	*t = NULL;
}

/* Makes room by dropping the entry unused longest that nobody waits for. */
static void
table_trim(struct entry **table)
{
	struct entry *e, *next;

	if (HASH_COUNT(*table) < THROTTLE_ENTRIES_MAX)
		return;
	HASH_ITER (hh, *table, e, next) {
		if (e->pending != 0)
			continue;
		HASH_DEL(*table, e);
		free(e);
		return;
	}
}

/* How many steps of forgiving are due, and what they leave of the failures. */
static uint32_t
failures_left(const struct entry *e, int64_t now_ms, int64_t *steps_r)
{
	int64_t steps = (now_ms - e->forgiven_at_ms) / THROTTLE_FORGIVE_MS;

	*steps_r = steps;
	if (steps <= 0)
		return e->failures;
	return steps >= (int64_t)e->failures ? 0
					     : e->failures - (uint32_t)steps;
}

static void
forgive(struct entry *e, int64_t now_ms)
{
	int64_t steps;
	uint32_t left = failures_left(e, now_ms, &steps);

	if (steps <= 0)
		return;
	e->failures = left;
	e->forgiven_at_ms += steps * THROTTLE_FORGIVE_MS;
	if (e->failures == 0)
		e->seen_count = 0;
}

static struct entry *
table_find(struct entry **table, const char key[KEY_SIZE], int64_t now_ms)
{
	struct entry *e;

	HASH_FIND(hh, *table, key, KEY_SIZE, e);
	if (e != NULL)
		forgive(e, now_ms);
	return e;
}

/* Finds or makes the entry and moves it to the young end of its table. */
static struct entry *
table_touch(struct entry **table, const char key[KEY_SIZE], int64_t now_ms)
{
	struct entry *e;

	HASH_FIND(hh, *table, key, KEY_SIZE, e);
	if (e != NULL) {
		HASH_DEL(*table, e);
	} else {
		table_trim(table);
		e = MEM_NEW(struct entry);
		memcpy(e->key, key, KEY_SIZE);
		e->forgiven_at_ms = now_ms;
	}
	HASH_ADD(hh, *table, key, KEY_SIZE, e);
	forgive(e, now_ms);
	return e;
}

static void
network_key(const char *address, char key_r[KEY_SIZE])
{
	struct in6_addr v6;
	struct in_addr v4;

	memset(key_r, 0, KEY_SIZE);
	if (inet_pton(AF_INET, address, &v4) == 1) {
		key_r[0] = '4';
		memcpy(key_r + 1, &v4, sizeof(v4));
	} else if (inet_pton(AF_INET6, address, &v6) == 1) {
		if (IN6_IS_ADDR_V4MAPPED(&v6)) {
			key_r[0] = '4';
			memcpy(key_r + 1, v6.s6_addr + 12, sizeof(v4));
		} else {
			key_r[0] = '6';
			memcpy(key_r + 1, v6.s6_addr, 8);
		}
	}
}

static void
account_key(const char *name, char key_r[KEY_SIZE])
{
	memset(key_r, 0, KEY_SIZE);
	memcpy(key_r, name, strnlen(name, KEY_SIZE - 1));
}

static struct entry *
account_of(struct throttle *t, const struct throttle_try *try, int64_t now_ms)
{
	char key[KEY_SIZE];

	if (try->name[0] == '\0')
		return NULL;
	account_key(try->name, key);
	return table_touch(&t->accounts, key, now_ms);
}

static struct entry *
network_of(struct throttle *t, const char *address, int64_t now_ms)
{
	char key[KEY_SIZE];

	network_key(address, key);
	return table_touch(&t->networks, key, now_ms);
}

/*
 * Past the free ones they are tried one at a time, so that a hundred
 * connections at once do not get a hundred guesses.
 */
static uint32_t
account_wait_ms(const struct entry *e, int64_t now_ms)
{
	if (e == NULL)
		return 0;
	if (e->not_before_ms > now_ms)
		return (uint32_t)(e->not_before_ms - now_ms);
	return e->pending > 0 &&
		e->failures + e->pending >= THROTTLE_ACCOUNT_FREE
	    ? THROTTLE_DELAY_FIRST_MS
	    : 0;
}

/*
 * People behind one address sign in at the same moment after an outage: their
 * attempts in flight are not held against the network as guesses. But no
 * network may fill the queue of auth.
 */
static uint32_t
network_wait_ms(const struct entry *e, int64_t now_ms)
{
	if (e == NULL)
		return 0;
	if (e->not_before_ms > now_ms)
		return (uint32_t)(e->not_before_ms - now_ms);
	return e->pending >= THROTTLE_NETWORK_PENDING_MAX
	    ? THROTTLE_DELAY_FIRST_MS
	    : 0;
}

uint32_t
throttle_admit(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms)
{
	char name[KEY_SIZE], network[KEY_SIZE];
	uint32_t wait_ms;

	/* Only looked for: what is refused makes no entry. */
	account_key(try->name, name);
	network_key(try->address, network);
	wait_ms =
	    account_wait_ms(table_find(&t->accounts, name, now_ms), now_ms);
	if (wait_ms == 0)
		wait_ms = network_wait_ms(
		    table_find(&t->networks, network, now_ms), now_ms);
	if (wait_ms != 0)
		return wait_ms;
	if (try->name[0] != '\0')
		table_touch(&t->accounts, name, now_ms)->pending++;
	table_touch(&t->networks, network, now_ms)->pending++;
	return 0;
}

static bool
entry_saw(const struct entry *e, uint64_t guess)
{
	uint32_t held = e->seen_count < THROTTLE_SEEN_MAX ? e->seen_count
							  : THROTTLE_SEEN_MAX;

	for (uint32_t i = 0; i < held; i++)
		if (e->seen[i] == guess)
			return true;
	return false;
}

static void
entry_decided(struct entry *e)
{
	if (e != NULL && e->pending > 0)
		e->pending--;
}

static void
entry_waits(struct entry *e, int64_t until_ms)
{
	if (e->not_before_ms < until_ms)
		e->not_before_ms = until_ms;
}

/* Those in flight may have made more of it than the burst allows. */
static void
network_repeated(struct entry *e, int64_t now_ms)
{
	const int64_t room_ms =
	    (int64_t)THROTTLE_REPEATS_BURST * THROTTLE_REPEAT_INTERVAL_MS;

	if (e->repeats.empty_at_ms < now_ms)
		e->repeats.empty_at_ms = now_ms;
	e->repeats.empty_at_ms += THROTTLE_REPEAT_INTERVAL_MS;
	entry_waits(e, e->repeats.empty_at_ms - room_ms);
}

static void
entry_failed(
    struct entry *e, uint32_t free_failures, uint64_t guess, int64_t now_ms)
{
	uint32_t over;
	uint32_t delay_ms = THROTTLE_DELAY_FIRST_MS;

	e->seen[e->seen_count++ % THROTTLE_SEEN_MAX] = guess;
	if (e->failures == 0)
		e->forgiven_at_ms = now_ms;
	e->failures++;
	if (e->failures <= free_failures)
		return;
	over = e->failures - free_failures;
	while (over-- > 1 && delay_ms < THROTTLE_DELAY_MAX_MS)
		delay_ms *= 2;
	if (delay_ms > THROTTLE_DELAY_MAX_MS)
		delay_ms = THROTTLE_DELAY_MAX_MS;
	entry_waits(e, now_ms + delay_ms);
}

void
throttle_failed(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms)
{
	struct entry *account = account_of(t, try, now_ms);
	struct entry *network = network_of(t, try->address, now_ms);

	entry_decided(account);
	entry_decided(network);
	if (account != NULL && !entry_saw(account, try->guess))
		entry_failed(
		    account, THROTTLE_ACCOUNT_FREE, try->guess, now_ms);
	if (entry_saw(network, try->guess))
		network_repeated(network, now_ms);
	else
		entry_failed(
		    network, THROTTLE_NETWORK_FREE, try->guess, now_ms);
}

void
throttle_passed(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms)
{
	struct entry *account = account_of(t, try, now_ms);

	entry_decided(account);
	entry_decided(network_of(t, try->address, now_ms));
	if (account != NULL) {
		account->failures = 0;
		account->seen_count = 0;
		account->not_before_ms = 0;
	}
}

void
throttle_abandoned(
    struct throttle *t, const struct throttle_try *try, int64_t now_ms)
{
	entry_decided(account_of(t, try, now_ms));
	entry_decided(network_of(t, try->address, now_ms));
}

uint32_t
throttle_take(struct throttle_bucket *bucket, uint32_t burst,
    uint32_t interval_ms, int64_t now_ms)
{
	int64_t debt_ms;
	int64_t room_ms = (int64_t)burst * interval_ms;

	if (bucket->empty_at_ms < now_ms)
		bucket->empty_at_ms = now_ms;
	debt_ms = bucket->empty_at_ms - now_ms + interval_ms;
	if (debt_ms > room_ms)
		return (uint32_t)(debt_ms - room_ms);
	bucket->empty_at_ms += interval_ms;
	return 0;
}

void
throttle_give_back(struct throttle_bucket *bucket, uint32_t interval_ms)
{
	bucket->empty_at_ms -= interval_ms;
}

struct throttle_bucket *
throttle_network_bucket(struct throttle *t, const char *address, int64_t now_ms)
{
	return &network_of(t, address, now_ms)->bucket;
}

/* ---- what is held against whom ------------------------------------------- */

static struct entry **
table_of(struct throttle *t, enum throttle_table table)
{
	return table == THROTTLE_ACCOUNTS ? &t->accounts : &t->networks;
}

/* How long throttle_take() would let one wait for another account. */
static uint32_t
sign_up_wait_ms(const struct throttle_bucket *bucket, int64_t now_ms)
{
	struct throttle_bucket copy = *bucket;

	return throttle_take(&copy, THROTTLE_SIGN_UP_BURST,
	    THROTTLE_SIGN_UP_INTERVAL_MS, now_ms);
}

static void
describe(const struct entry *e, enum throttle_table table, char *whom_r)
{
	char network[INET6_ADDRSTRLEN] = "";
	uint8_t address[16] = { 0 };

	whom_r[0] = '\0';
	if (table == THROTTLE_ACCOUNTS) {
		/* what is no name may be a password in the wrong field */
		if (text_check_name(e->key) == KITH_OK)
			memcpy(whom_r, e->key, KEY_SIZE);
		return;
	}
	memcpy(address, e->key + 1, 8);
	if (e->key[0] == '4')
		inet_ntop(AF_INET, address, whom_r, THROTTLE_WHOM_SIZE);
	else if (e->key[0] == '6' &&
	    inet_ntop(AF_INET6, address, network, sizeof(network)) != NULL)
		snprintf(whom_r, THROTTLE_WHOM_SIZE, "%s/64", network);
}

/* Is anything held against it? */
static bool
look_at(const struct entry *e, enum throttle_table table, int64_t now_ms,
    struct throttle_row *row_r)
{
	struct throttle_row row = { .failures = 0 };
	int64_t steps;

	row.failures = failures_left(e, now_ms, &steps);
	if (e->not_before_ms > now_ms)
		row.wait_ms = (uint32_t)(e->not_before_ms - now_ms);
	if (table == THROTTLE_NETWORKS)
		row.sign_up_wait_ms = sign_up_wait_ms(&e->bucket, now_ms);
	if (row.failures == 0 && row.wait_ms == 0 && row.sign_up_wait_ms == 0)
		return false;
	memcpy(row.key, e->key, KEY_SIZE);
	describe(e, table, row.whom);
	*row_r = row;
	return true;
}

/* Puts it where it belongs among those with the lowest keys. */
static size_t
insert_row(struct throttle_row *rows, size_t count, size_t most,
    const struct throttle_row *row)
{
	size_t at = count;

	while (at > 0 && memcmp(rows[at - 1].key, row->key, KEY_SIZE) > 0)
		at--;
	if (at == most)
		return count;
	if (count == most)
		count--;
	memmove(&rows[at + 1], &rows[at], (count - at) * sizeof(*rows));
	rows[at] = *row;
	return count + 1;
}

size_t
throttle_page(const struct throttle *t, enum throttle_table table,
    const char *after, int64_t now_ms, struct throttle_row *rows_r, size_t most)
{
	const struct entry *e =
	    table == THROTTLE_ACCOUNTS ? t->accounts : t->networks;
	struct throttle_row row;
	size_t count = 0;

	for (; e != NULL; e = e->hh.next) {
		if (after != NULL && memcmp(e->key, after, KEY_SIZE) <= 0)
			continue;
		if (look_at(e, table, now_ms, &row))
			count = insert_row(rows_r, count, most, &row);
	}
	return count;
}

static uint32_t
forgive_wholly(struct entry *e, enum throttle_table table, int64_t now_ms)
{
	struct throttle_row row;

	if (e == NULL || !look_at(e, table, now_ms, &row))
		return 0;
	e->failures = 0;
	e->seen_count = 0;
	e->not_before_ms = 0;
	e->bucket.empty_at_ms = 0;
	e->repeats.empty_at_ms = 0;
	return 1;
}

uint32_t
throttle_forgive_account(struct throttle *t, const char *name, int64_t now_ms)
{
	char key[KEY_SIZE];
	struct entry *e;

	account_key(name, key);
	HASH_FIND(hh, t->accounts, key, KEY_SIZE, e);
	return forgive_wholly(e, THROTTLE_ACCOUNTS, now_ms);
}

uint32_t
throttle_forgive_network(
    struct throttle *t, const uint8_t *prefix, size_t length, int64_t now_ms)
{
	char key[KEY_SIZE] = { 0 };
	struct entry *e;

	if (length != 4 && length != 8)
		return 0;
	key[0] = length == 4 ? '4' : '6';
	memcpy(key + 1, prefix, length);
	HASH_FIND(hh, t->networks, key, KEY_SIZE, e);
	return forgive_wholly(e, THROTTLE_NETWORKS, now_ms);
}

uint32_t
throttle_forgive_all(
    struct throttle *t, enum throttle_table table, int64_t now_ms)
{
	struct entry *e, *next;
	uint32_t count = 0;

	HASH_ITER (hh, *table_of(t, table), e, next)
		count += forgive_wholly(e, table, now_ms);
	return count;
}
