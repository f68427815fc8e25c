/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

#define CHUNK_MIN 4096u /* bytes */

struct chunk {
	struct chunk *next;
	size_t capacity;
	size_t used;
	max_align_t memory[];
};

struct arena {
	ProtobufCAllocator allocator;
	size_t limit;
	size_t size;         /* of all chunks together, never over the limit */
	struct chunk *later; /* the newest first */
	struct chunk first;  /* last member: its memory follows */
};

static void *
take(struct chunk *c, size_t size)
{
	void *memory;

	if (c->capacity - c->used < size)
		return NULL;
	memory = (uint8_t *)c->memory + c->used;
	c->used += size;
	return memory;
}

static struct chunk *
add_chunk(struct arena *a, size_t size)
{
	size_t capacity = size > CHUNK_MIN ? size : CHUNK_MIN;
	size_t room = a->limit - a->size;
	struct chunk *c;

	if (room < sizeof(*c) || room - sizeof(*c) < size)
		return NULL;
	if (capacity > room - sizeof(*c))
		capacity = room - sizeof(*c);
	c = mem_new(1, sizeof(*c) + capacity);
	c->capacity = capacity;
	c->next = a->later;
	a->later = c;
	a->size += sizeof(*c) + capacity;
	return c;
}

static void *
arena_alloc(void *data, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena *a = data;
	struct chunk *c = a->later != NULL ? a->later : &a->first;
	void *memory;

	if (size > a->limit)
		return NULL;
	size = (size + align - 1) / align * align;
	memory = take(c, size);
	if (memory == NULL) {
		c = add_chunk(a, size);
		if (c != NULL)
			memory = take(c, size);
	}
	return memory;
}

static void
arena_free_nothing(void *data, void *memory)
{
}

struct arena *
arena_new(size_t limit, size_t expected)
{
	struct arena *a;

	if (expected > limit)
		expected = limit;
	a = mem_new(1, sizeof(*a) + expected);
	a->allocator.alloc = arena_alloc;
	a->allocator.free = arena_free_nothing;
	a->allocator.allocator_data = a;
	a->limit = limit;
	a->size = expected;
	a->first.capacity = expected;
	return a;
}

ProtobufCAllocator *
arena_allocator(struct arena *a)
{
	return &a->allocator;
}

struct arena *
arena_of(void *first)
{
	void *a = (uint8_t *)first - offsetof(struct arena, first) -
	    offsetof(struct chunk, memory);

	return a;
}

size_t
arena_size(const struct arena *a)
{
	return a->size;
}

void
arena_free(struct arena **a)
{
	if (*a == NULL)
		return;
	while ((*a)->later != NULL) {
		struct chunk *c = (*a)->later;

		(*a)->later = c->next;
		explicit_bzero(c->memory, c->used);
		free(c);
	}
	explicit_bzero((*a)->first.memory, (*a)->first.used);
	free(*a);
	*a = NULL;
}
