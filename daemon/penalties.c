/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The listener's memory of networks. Must stay small whoever connects: an
 * entry lives while it has connections or a penalty, and when the table is
 * full those without connections are forgotten first.
 */
#include "penalties.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "mem.h"

/* What an outcome costs. As the big SSH daemons do it: a crash of ours may be
 * an attack on the address layout and costs most. */
#define PENALTY_CRASH_MS     90000
#define PENALTY_MALFORMED_MS 10000
#define PENALTY_LATE_MS      10000
#define PENALTY_REFUSED_MS   5000
#define PENALTY_LEFT_MS      1000

struct key {
	uint8_t length;
	uint8_t prefix[PENALTIES_PREFIX_MAX];
};

struct entry {
	struct key key;
	unsigned connections;
	int64_t until_ms; /* of the penalty; in the past: none */
	UT_hash_handle hh;
};

struct penalties {
	struct entry *entries;
};

struct penalties *
penalties_new(void)
{
	return MEM_NEW(struct penalties);
}

void
penalties_free(struct penalties **penalties)
{
	struct entry *e, *next;

	if (*penalties == NULL)
		return;
	HASH_ITER (hh, (*penalties)->entries, e, next) {
		HASH_DEL((*penalties)->entries, e);
		free(e);
	}
	free(*penalties);
	*penalties = NULL;
}

/* ---- networks --------------------------------------------------------- */

static void
set_v4(struct network *n, const uint8_t *bytes)
{
	n->length = 4;
	memcpy(n->prefix, bytes, 4);
	n->loopback = bytes[0] == 127;
}

struct network
network_of(const struct sockaddr *address)
{
	struct network n = { .length = 0 };
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET) {
		set_v4(&n, (const uint8_t *)&v4->sin_addr);
	} else if (address->sa_family == AF_INET6) {
		const uint8_t *bytes = v6->sin6_addr.s6_addr;

		if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
			set_v4(&n, bytes + 12);
		} else {
			n.length = 8;
			memcpy(n.prefix, bytes, 8);
			n.loopback = IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
		}
	}
	return n;
}

struct network
network_from(const uint8_t *prefix, size_t length)
{
	static const uint8_t zero[PENALTIES_PREFIX_MAX];
	struct network n = { .length = 0 };

	if (length == 4) {
		set_v4(&n, prefix);
	} else if (length == 8) {
		n.length = 8;
		memcpy(n.prefix, prefix, 8);
		/* nothing else of ::/64 connects */
		n.loopback = memcmp(prefix, zero, 8) == 0;
	}
	return n;
}

static struct entry *
find(const struct penalties *p, const struct network *network)
{
	struct key key = { .length = network->length };
	struct entry *e;

	memcpy(key.prefix, network->prefix, sizeof(key.prefix));
	HASH_FIND(hh, p->entries, &key, sizeof(key), e);
	return e;
}

/* Forgets one that has no connections; uthash keeps the oldest first. */
static void
forget_one(struct penalties *p)
{
	struct entry *e, *next;

	HASH_ITER (hh, p->entries, e, next) {
		if (e->connections > 0)
			continue;
		HASH_DEL(p->entries, e);
		free(e);
		return;
	}
}

static struct entry *
find_or_add(struct penalties *p, const struct network *network)
{
	struct entry *e = find(p, network);

	if (e != NULL)
		return e;
	if (HASH_COUNT(p->entries) >= PENALTIES_NETWORKS_MAX)
		forget_one(p);
	e = MEM_NEW(struct entry);
	e->key.length = network->length;
	memcpy(e->key.prefix, network->prefix, sizeof(e->key.prefix));
	HASH_ADD(hh, p->entries, key, sizeof(e->key), e);
	return e;
}

/* ---- counting --------------------------------------------------------- */

unsigned
penalties_connections(
    const struct penalties *penalties, const struct network *network)
{
	const struct entry *e = find(penalties, network);

	return e != NULL ? e->connections : 0;
}

void
penalties_connected(struct penalties *penalties, const struct network *network)
{
	find_or_add(penalties, network)->connections++;
}

void
penalties_disconnected(
    struct penalties *penalties, const struct network *network)
{
	struct entry *e = find(penalties, network);

	if (e == NULL || e->connections == 0)
		return;
	e->connections--;
	if (e->connections == 0 && e->until_ms == 0) {
		HASH_DEL(penalties->entries, e);
		free(e);
	}
}

/* ---- penalties -------------------------------------------------------- */

static int64_t
cost_ms(bool crashed, enum session_outcome outcome)
{
	if (crashed)
		return PENALTY_CRASH_MS;
	switch (outcome) {
	case SESSION_MALFORMED:
		return PENALTY_MALFORMED_MS;
	case SESSION_LATE:
		return PENALTY_LATE_MS;
	case SESSION_REFUSED:
		return PENALTY_REFUSED_MS;
	/* No TLS may be a client that does not trust us, again and again. */
	case SESSION_NO_TLS:
	case SESSION_LEFT:
		return PENALTY_LEFT_MS;
	default:
		return 0;
	}
}

int64_t
penalties_left_ms(const struct penalties *penalties,
    const struct network *network, int64_t now_ms)
{
	const struct entry *e = find(penalties, network);
	int64_t left_ms = e != NULL ? e->until_ms - now_ms : 0;

	return left_ms >= PENALTIES_ENFORCE_MS ? left_ms : 0;
}

void
penalties_restore(struct penalties *penalties, const struct network *network,
    int64_t left_ms, int64_t now_ms)
{
	struct entry *e;

	if (left_ms <= 0 || network->loopback || network->length == 0)
		return;
	e = find_or_add(penalties, network);
	if (e->until_ms < now_ms)
		e->until_ms = now_ms;
	e->until_ms += left_ms;
	if (e->until_ms > now_ms + PENALTIES_MOST_MS)
		e->until_ms = now_ms + PENALTIES_MOST_MS;
}

int64_t
penalties_add(struct penalties *penalties, const struct network *network,
    bool crashed, enum session_outcome outcome, int64_t now_ms)
{
	int64_t cost = cost_ms(crashed, outcome);

	penalties_restore(penalties, network, cost, now_ms);
	return network->loopback ? 0 : cost;
}

size_t
penalties_save(const struct penalties *penalties,
    Kith__Ipc__ListenerState__Penalty *rows_r, size_t most, int64_t now_ms)
{
	struct entry *e, *next;
	size_t count = 0;

	HASH_ITER (hh, penalties->entries, e, next) {
		if (e->until_ms <= now_ms)
			continue;
		if (count == most)
			break;
		kith__ipc__listener_state__penalty__init(&rows_r[count]);
		rows_r[count].prefix.data = e->key.prefix;
		rows_r[count].prefix.len = e->key.length;
		rows_r[count].left_ms = (uint32_t)(e->until_ms - now_ms);
		count++;
	}
	return count;
}

/* ---- for kith-admin ------------------------------------------------------ */

_Static_assert(sizeof(struct key) == PENALTIES_KEY_SIZE, "a key is its bytes");

static void
network_text(const struct key *key, char text_r[PENALTIES_TEXT_SIZE])
{
	char address[INET6_ADDRSTRLEN] = "";
	uint8_t bytes[16] = { 0 };

	memcpy(bytes, key->prefix, sizeof(key->prefix));
	if (key->length == 4)
		inet_ntop(AF_INET, bytes, text_r, PENALTIES_TEXT_SIZE);
	else if (inet_ntop(AF_INET6, bytes, address, sizeof(address)) != NULL)
		snprintf(text_r, PENALTIES_TEXT_SIZE, "%s/64", address);
}

static void
fill_row(const struct entry *e, int64_t now_ms, struct penalties_row *row)
{
	*row = (struct penalties_row){ .connections = e->connections,
		.penalty_ms = e->until_ms - now_ms };
	if (row->penalty_ms >= PENALTIES_ENFORCE_MS)
		row->left_ms = row->penalty_ms - PENALTIES_ENFORCE_MS + 1;
	memcpy(row->key, &e->key, sizeof(row->key));
	network_text(&e->key, row->network);
}

size_t
penalties_page(const struct penalties *penalties, const uint8_t *after,
    int64_t now_ms, struct penalties_row *rows_r, size_t most)
{
	const struct entry *e;
	size_t count = 0, at;

	for (e = penalties->entries; e != NULL; e = e->hh.next) {
		if (e->until_ms <= now_ms ||
		    (after != NULL &&
			memcmp(&e->key, after, PENALTIES_KEY_SIZE) <= 0))
			continue;
		at = count;
		while (at > 0 &&
		    memcmp(rows_r[at - 1].key, &e->key, sizeof(e->key)) > 0)
			at--;
		if (at == most)
			continue;
		if (count == most)
			count--;
		memmove(&rows_r[at + 1], &rows_r[at],
		    (count - at) * sizeof(*rows_r));
		fill_row(e, now_ms, &rows_r[at]);
		count++;
	}
	return count;
}

static uint32_t
forgive(struct penalties *p, struct entry *e, int64_t now_ms)
{
	uint32_t had = e->until_ms > now_ms;

	e->until_ms = 0;
	if (e->connections == 0) {
		HASH_DEL(p->entries, e);
		free(e);
	}
	return had;
}

uint32_t
penalties_forgive(
    struct penalties *penalties, const struct network *network, int64_t now_ms)
{
	struct entry *e, *next;
	uint32_t count = 0;

	if (network != NULL) {
		e = find(penalties, network);
		return e != NULL ? forgive(penalties, e, now_ms) : 0;
	}
	HASH_ITER (hh, penalties->entries, e, next)
		count += forgive(penalties, e, now_ms);
	return count;
}
