/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Refusals. Holds the table from kith_code to Refusal.Code and nothing else;
 * never lets a code through that is not meant for clients.
 */
#include "refusal.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A row for each code that may reach a client. The codes have the same names
 * on both sides, but nothing promises the same numbers.
 */
static const struct {
	Kith__Refusal__Code wire;
	bool known;
} refusal_table[KITH_CODE_COUNT] = {
#define ROW(NAME) [KITH_##NAME] = { KITH__REFUSAL__CODE__##NAME, true }
	ROW(MALFORMED),
	ROW(TOO_LARGE),
	ROW(NOT_NOW),
	ROW(UNSUPPORTED),
	ROW(BAD_CREDENTIALS),
	ROW(LOCKED),
	ROW(SIGN_UP_CLOSED),
	ROW(BAD_INVITE),
	ROW(NAME_TAKEN),
	ROW(BAD_NAME),
	ROW(BAD_PASSWORD),
	ROW(BAD_TEXT),
	ROW(NOT_FOUND),
	ROW(NOT_FRIENDS),
	ROW(ALREADY),
	ROW(CONFLICT),
	ROW(FORBIDDEN),
	ROW(TRY_LATER),
	ROW(BUSY),
	ROW(STORAGE_FULL),
	ROW(STOPPING),
	ROW(INTERNAL),
	ROW(PENDING),
#undef ROW
};

Kith__Refusal__Code
refusal_code(enum kith_code code)
{
	if ((size_t)code < KITH_CODE_COUNT && refusal_table[code].known)
		return refusal_table[code].wire;
	return KITH__REFUSAL__CODE__INTERNAL;
}

uint32_t
refusal_retry_ms(enum kith_code code)
{
	switch (code) {
	case KITH_TRY_LATER:
		return REFUSAL_LATER_RETRY_MS;
	case KITH_BUSY:
	case KITH_STOPPING:
		return REFUSAL_BUSY_RETRY_MS;
	case KITH_STORAGE_FULL:
		return REFUSAL_FULL_RETRY_MS;
	default:
		return 0;
	}
}

void
refusal_init(Kith__Refusal *refusal_r, enum kith_code code,
    const char *sentence, uint32_t retry_after_ms)
{
	kith__refusal__init(refusal_r);
	refusal_r->code = refusal_code(code);
	if (refusal_r->code == KITH__REFUSAL__CODE__INTERNAL)
		sentence = NULL;
	if (sentence == NULL || sentence[0] == '\0')
		sentence = kith_code_sentence(
		    refusal_r->code == KITH__REFUSAL__CODE__INTERNAL
			? KITH_INTERNAL
			: code);
	/* protobuf-c never writes through a string that it packs. */
	refusal_r->sentence = (char *)(uintptr_t)sentence;
	refusal_r->retry_after_ms =
	    retry_after_ms != 0 ? retry_after_ms : refusal_retry_ms(code);
}
