/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define BUF_FIRST_CAPACITY 256u

struct buf {
	uint8_t *bytes;
	size_t start;    /* of what has not been consumed */
	size_t end;      /* start <= end <= capacity */
	size_t capacity; /* of bytes */
	size_t maximum;  /* end - start never exceeds it */
};

struct buf *
buf_new(size_t maximum)
{
	struct buf *b = MEM_NEW(struct buf);

	b->maximum = maximum;
	return b;
}

void
buf_free(struct buf **b)
{
	if (*b == NULL)
		return;
	if ((*b)->bytes != NULL)
		explicit_bzero((*b)->bytes, (*b)->capacity);
	free((*b)->bytes);
	free(*b);
	*b = NULL;
}

size_t
buf_length(const struct buf *b)
{
	return b->end - b->start;
}

size_t
buf_room(const struct buf *b)
{
	return b->maximum - buf_length(b);
}

static void
grow(struct buf *b, size_t wanted)
{
	size_t capacity = b->capacity > 0 ? b->capacity : BUF_FIRST_CAPACITY;
	uint8_t *bytes;

	while (capacity < wanted)
		capacity *= 2;
	/* not realloc(): the old bytes may be secret and must be wiped */
	bytes = mem_new(capacity, 1);
	if (b->bytes != NULL) {
		memcpy(bytes, b->bytes + b->start, buf_length(b));
		explicit_bzero(b->bytes, b->capacity);
		free(b->bytes);
	}
	b->end -= b->start;
	b->start = 0;
	b->bytes = bytes;
	b->capacity = capacity;
}

uint8_t *
buf_reserve(struct buf *b, size_t length)
{
	if (length > buf_room(b))
		return NULL;
	if (b->bytes == NULL || b->capacity - b->end < length) {
		size_t wanted = buf_length(b) + length;

		if (wanted <= b->capacity && b->start >= b->capacity / 2) {
			memmove(b->bytes, b->bytes + b->start, buf_length(b));
			b->end -= b->start;
			b->start = 0;
		} else {
			grow(b, wanted);
		}
	}
	return b->bytes + b->end;
}

void
buf_commit(struct buf *b, size_t length)
{
	assert(length <= b->capacity - b->end);
	b->end += length;
}

enum kith_code
buf_put(struct buf *b, const void *bytes, size_t length)
{
	uint8_t *to = buf_reserve(b, length);

	if (to == NULL)
		return KITH_TOO_LARGE;
	if (length > 0)
		memcpy(to, bytes, length);
	buf_commit(b, length);
	return KITH_OK;
}

enum kith_code
buf_put_u32be(struct buf *b, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24),
		(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value };

	return buf_put(b, bytes, sizeof(bytes));
}

const uint8_t *
buf_peek(const struct buf *b)
{
	return b->bytes + b->start;
}

enum kith_code
buf_peek_u32be(const struct buf *b, uint32_t *value_r)
{
	const uint8_t *p;

	if (buf_length(b) < 4)
		return KITH_AGAIN;
	p = buf_peek(b);
	*value_r = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3];
	return KITH_OK;
}

void
buf_consume(struct buf *b, size_t length)
{
	assert(length <= buf_length(b));
	if (length > 0)
		explicit_bzero(b->bytes + b->start, length);
	b->start += length;
	if (b->start == b->end)
		b->start = b->end = 0;
}
