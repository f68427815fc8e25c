/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A calloc() that is there or the process is not. mbedTLS allocates with
 * calloc() only, and finds this one before libc's; its 2.28.3 goes on with
 * uninitialised bytes when an allocation fails while it checks a Finished
 * message (CVE-2025-27810). So every program that speaks TLS names this file
 * among its sources. It must never return NULL, and must never be part of an
 * AddressSanitizer build, which brings an allocator of its own (and stops at a
 * failed allocation by itself).
 */
#ifndef KITH_SANITIZERS

#include <stdlib.h>

extern void *__libc_calloc(size_t count, size_t size);

void *calloc(size_t count, size_t size) __attribute__((visibility("default")));

void *
calloc(size_t count, size_t size)
{
	void *memory = __libc_calloc(count, size);

	if (memory == NULL && count > 0 && size > 0)
		abort();
	return memory;
}

#else

typedef int abort_on_oom_is_left_out;

#endif
