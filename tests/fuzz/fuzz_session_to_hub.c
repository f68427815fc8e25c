/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the hub makes of a session that was taken over. */
#include "fuzz.h"

#include "arena.h"
#include "envelope.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct envelope_verdict verdict;
	Kith__Ipc__SessionToHub *m = NULL;
	enum kith_code code =
	    envelope_unpack_session_to_hub(bytes, length, &m, &verdict);

	PROMISE(code == verdict.fault.code);
	if (code != KITH_OK) {
		PROMISE(m == NULL);
		return 0;
	}
	PROMISE(m->request != NULL);
	PROMISE(verdict.request == m->request->request);
	PROMISE(arena_size(arena_of(m)) <= ENVELOPE_ARENA_LIMIT(length));
	envelope_free_session_to_hub(&m);
	return 0;
}
