/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "ipc.pb-c.h"
#include "session.h"

/*
 * Who is connected how often and who has misbehaved, by network: an IPv4
 * address by itself, an IPv6 address by its /64. Loopback is counted and never
 * penalised: behind a local proxy or an onion service everybody has it.
 *
 * Times are monotonic milliseconds, given by the caller.
 */

#define PENALTIES_NETWORKS_MAX 65536u /* that are remembered at once */
#define PENALTIES_ENFORCE_MS   15000  /* less than this is forgiven */
#define PENALTIES_MOST_MS      600000

#define PENALTIES_PREFIX_MAX 8u

struct penalties;

struct network {
	uint8_t length; /* 4 or 8, or 0: neither IPv4 nor IPv6 */
	uint8_t prefix[PENALTIES_PREFIX_MAX];
	bool loopback;
};

struct penalties *penalties_new(void);
void penalties_free(struct penalties **penalties);

/* An IPv4 address inside IPv6 counts as IPv4. */
struct network network_of(const struct sockaddr *address);

/* The same network from bytes that penalties_save() has made. */
struct network network_from(const uint8_t *prefix, size_t length);

unsigned penalties_connections(
    const struct penalties *penalties, const struct network *network);
void penalties_connected(
    struct penalties *penalties, const struct network *network);
void penalties_disconnected(
    struct penalties *penalties, const struct network *network);

/* Milliseconds for which connections are refused; 0: welcome. */
int64_t penalties_left_ms(const struct penalties *penalties,
    const struct network *network, int64_t now_ms);

/* Adds what this outcome costs; returns that. crashed: it died by a signal. */
int64_t penalties_add(struct penalties *penalties,
    const struct network *network, bool crashed, enum session_outcome outcome,
    int64_t now_ms);

/* Adds so much, as a predecessor had it. */
void penalties_restore(struct penalties *penalties,
    const struct network *network, int64_t left_ms, int64_t now_ms);

/*
 * Fills rows with those that count at now_ms, at most so many; the prefixes
 * are borrowed. Returns how many.
 */
size_t penalties_save(const struct penalties *penalties,
    Kith__Ipc__ListenerState__Penalty *rows_r, size_t most, int64_t now_ms);

/* ---- for kith-admin ------------------------------------------------------ */

#define PENALTIES_TEXT_SIZE 50u /* an IPv6 network with "/64" */
#define PENALTIES_KEY_SIZE  (1u + PENALTIES_PREFIX_MAX)

struct penalties_row {
	uint8_t key[PENALTIES_KEY_SIZE]; /* where the next page begins */
	char network[PENALTIES_TEXT_SIZE];
	unsigned connections;
	int64_t penalty_ms; /* what has added up and is not over */
	int64_t left_ms;    /* for which connections are refused; 0: welcome */
};

/*
 * Those with a penalty whose keys are above `after` (NULL: all), in the order
 * of keys, at most so many. Returns how many. Looks at the whole table.
 */
size_t penalties_page(const struct penalties *penalties, const uint8_t *after,
    int64_t now_ms, struct penalties_row *rows_r, size_t most);

/* Returns how many had a penalty. network NULL: all of them. */
uint32_t penalties_forgive(
    struct penalties *penalties, const struct network *network, int64_t now_ms);
