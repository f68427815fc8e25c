/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/*
 * A growing byte queue with a hard maximum: written at its end, read from its
 * front. Everything that comes from or goes to the network passes through one.
 *
 * Invariant: buf_length() <= maximum, always.
 */
struct buf;

/* maximum: bytes that it may ever hold at once. Never NULL. */
struct buf *buf_new(size_t maximum);

/* Frees *b, wiping what it held, and sets it to NULL. */
void buf_free(struct buf **b);

size_t buf_length(const struct buf *b);
size_t buf_room(const struct buf *b); /* bytes until the maximum */

/* Appends a copy. KITH_TOO_LARGE, and no change, when it does not fit. */
enum kith_code buf_put(struct buf *b, const void *bytes, size_t length);
enum kith_code buf_put_u32be(struct buf *b, uint32_t value);

/*
 * Makes room for length bytes at the end and returns where to write them;
 * NULL when that is over the maximum. Follow with buf_commit(). The pointer is
 * valid until the next call on b.
 */
uint8_t *buf_reserve(struct buf *b, size_t length);
void buf_commit(struct buf *b, size_t length); /* <= what was reserved */

/* The front, borrowed until the next call that changes b. */
const uint8_t *buf_peek(const struct buf *b);

/* Reads without consuming. KITH_AGAIN when fewer than 4 bytes are there. */
enum kith_code buf_peek_u32be(const struct buf *b, uint32_t *value_r);

/* Drops length bytes (<= buf_length()) from the front and wipes them. */
void buf_consume(struct buf *b, size_t length);
