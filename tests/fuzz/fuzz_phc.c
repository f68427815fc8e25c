/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stored password hashes. What passes the bounds but is cheap is also given to
 * libargon2, to see that the two readers agree on what is well-formed enough.
 */
#include "fuzz.h"

#include <string.h>

#include "mem.h"
#include "password.h"

#define CHEAP_KIB 64u

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *phc = mem_new(length + 1, 1);
	struct password_cost cost = { 0 };
	struct fault f;

	if (length > 0)
		memcpy(phc, bytes, length);
	if (password_read_cost(phc, &cost) == KITH_OK) {
		PROMISE(cost.memory_kib <= PASSWORD_MEMORY_MAX_KIB);
		PROMISE(cost.passes >= 1 && cost.passes <= PASSWORD_PASSES_MAX);
		PROMISE(cost.lanes >= 1 && cost.lanes <= PASSWORD_LANES_MAX);
		PROMISE(!password_needs_rehash(phc, &cost));
		if (cost.memory_kib <= CHEAP_KIB && cost.lanes == 1)
			password_verify(phc, "password", 8, &f);
	} else {
		PROMISE(password_needs_rehash(phc, &cost));
		PROMISE(password_verify(phc, "x", 1, &f) == KITH_INTEGRITY);
	}
	free(phc);
	return 0;
}
