/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "uuid.h"

#include <stdatomic.h>
#include <time.h>

#include "token.h"

/*
 * The first 60 bits without the version: 48 of milliseconds, 12 of a counter
 * that begins anew at a random place of its lower half each millisecond (RFC
 * 9562, section 6.2, method 1). When the counter runs over, it carries into
 * the milliseconds, which then run ahead of the clock.
 */
static _Atomic uint64_t last_stamp;

#define COUNTER_BITS       12u
#define COUNTER_START_MASK 0x7ffu

static uint64_t
stamp_now(uint16_t start)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u)
	    << COUNTER_BITS |
	    (start & COUNTER_START_MASK);
}

static uint64_t
next_stamp(uint16_t start)
{
	uint64_t wanted = stamp_now(start);
	uint64_t last = atomic_load(&last_stamp);
	uint64_t next;

	do {
		next = wanted > last ? wanted : last + 1;
	} while (!atomic_compare_exchange_weak(&last_stamp, &last, next));
	return next;
}

void
uuid_new(uint8_t id_r[UUID_SIZE])
{
	uint16_t start;
	uint64_t stamp;

	random_bytes(&start, sizeof(start));
	random_bytes(id_r + 8, 8);
	stamp = next_stamp(start);
	for (unsigned i = 0; i < 6; i++)
		id_r[i] = (uint8_t)(stamp >> (52u - 8u * i));
	id_r[6] = (uint8_t)(0x70u | ((stamp >> 8) & 0x0fu));
	id_r[7] = (uint8_t)stamp;
	id_r[8] = (uint8_t)(0x80u | (id_r[8] & 0x3fu));
}
