/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frame decoder, fed in pieces as a socket would. The first byte chooses
 * the size of the pieces.
 */
#include "fuzz.h"

#include <string.h>

#include "frame.h"

#define MAXIMUM 300u /* small, so that short inputs reach it */

/* Takes all frames that are there; false when the stream cannot go on. */
static bool
drain(struct buf *b, size_t *taken)
{
	const uint8_t *body;
	size_t length, missing;

	for (;;) {
		missing = frame_missing(b, MAXIMUM);
		switch (frame_peek(b, MAXIMUM, &body, &length)) {
		case KITH_OK:
			PROMISE(missing == 0);
			PROMISE(length > 0 && length <= MAXIMUM);
			PROMISE(body == buf_peek(b) + FRAME_HEADER_SIZE);
			frame_consume(b);
			*taken += FRAME_HEADER_SIZE + length;
			break;
		case KITH_AGAIN:
			PROMISE(missing > 0 && missing <= buf_room(b));
			return true;
		case KITH_TOO_LARGE:
		case KITH_MALFORMED:
			PROMISE(missing == 0);
			return false;
		default:
			abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buf *b = buf_new(FRAME_HEADER_SIZE + MAXIMUM);
	size_t fed = 0, taken = 0, piece;
	bool goes_on = true;

	if (length > 0) {
		piece = 1 + bytes[0] % 64;
		bytes++;
		length--;
		while (goes_on && fed < length) {
			size_t n = length - fed < piece ? length - fed : piece;

			if (n > buf_room(b))
				n = buf_room(b);
			PROMISE(n > 0);
			PROMISE(buf_put(b, bytes + fed, n) == KITH_OK);
			fed += n;
			goes_on = drain(b, &taken);
		}
		PROMISE(taken + buf_length(b) == fed);
	}
	buf_free(&b);
	return 0;
}
