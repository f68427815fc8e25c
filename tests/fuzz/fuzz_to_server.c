/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a session makes of a client's bytes. */
#include "fuzz.h"

#include <string.h>

#include "arena.h"
#include "envelope.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct envelope_verdict verdict, again;
	Kith__ToServer *m = NULL, *second = NULL;
	uint8_t *packed;
	size_t packed_length;
	enum kith_code code =
	    envelope_unpack_to_server(bytes, length, &m, &verdict);

	PROMISE(code == verdict.fault.code);
	if (code != KITH_OK) {
		PROMISE(m == NULL && verdict.fault.sentence[0] != '\0');
		return 0;
	}
	PROMISE(!verdict.fatal && verdict.request == m->request);
	PROMISE(arena_size(arena_of(m)) <= ENVELOPE_ARENA_LIMIT(length));
	PROMISE(m->operation.len ==
	    (envelope_changes(m->body_case) ? ENVELOPE_OPERATION_SIZE : 0));
	PROMISE(m->base.n_unknown_fields == 0);
	/* what a session has accepted, the hub accepts too */
	packed = envelope_pack(&m->base, &packed_length);
	PROMISE(envelope_unpack_to_server(
		    packed, packed_length, &second, &again) == KITH_OK);
	PROMISE(second->body_case == m->body_case);
	free(packed);
	envelope_free_to_server(&second);
	envelope_free_to_server(&m);
	return 0;
}
