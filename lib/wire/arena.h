/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

/*
 * Memory for one unpacked message: handed out in order, freed and wiped as a
 * whole, never more than a limit. The first thing taken from an arena leads
 * back to it.
 */
struct arena;

/* limit: bytes of all its memory; expected: what will probably be enough. */
struct arena *arena_new(size_t limit, size_t expected);

/* For protobuf-c: allocates here, and frees nothing. Borrowed. */
ProtobufCAllocator *arena_allocator(struct arena *a);

/* The arena whose first allocation this is. */
struct arena *arena_of(void *first);

/* Bytes that it occupies, for the tests. */
size_t arena_size(const struct arena *a);

/* Wipes and frees everything taken from it. NULL is allowed. */
void arena_free(struct arena **a);
