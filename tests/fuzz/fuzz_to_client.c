/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a client makes of a server's bytes: nothing unknown is left in them. */
#include "fuzz.h"

#include <string.h>

#include "arena.h"
#include "envelope.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	Kith__ToClient *m = NULL;
	struct fault f;
	uint8_t *packed;
	size_t packed_length;
	enum kith_code code = envelope_unpack_to_client(bytes, length, &m, &f);

	if (code != KITH_OK) {
		PROMISE(m == NULL && code == f.code);
		return 0;
	}
	PROMISE(arena_size(arena_of(m)) <= ENVELOPE_ARENA_LIMIT(length));
	/* the strict scan refuses every unknown field at every depth */
	packed = envelope_pack(&m->base, &packed_length);
	PROMISE(packed_length <= 2 * length); /* enums below 0 grow */
	PROMISE(envelope_scan(&kith__to_client__descriptor, packed,
		    packed_length) == KITH_OK);
	free(packed);
	envelope_free_to_client(&m);
	return 0;
}
