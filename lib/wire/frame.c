/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame.h"

#include <assert.h>

/*
 * KITH_OK with the body's length, KITH_AGAIN without a whole header, or why
 * the stream cannot go on.
 */
static enum kith_code
read_header(const struct buf *b, size_t maximum, uint32_t *length_r)
{
	uint32_t length;
	enum kith_code code = buf_peek_u32be(b, &length);

	if (code != KITH_OK)
		return code;
	if (length == 0)
		return KITH_MALFORMED;
	if (length > maximum)
		return KITH_TOO_LARGE;
	*length_r = length;
	return KITH_OK;
}

enum kith_code
frame_peek(const struct buf *b, size_t maximum, const uint8_t **body_r,
    size_t *length_r)
{
	uint32_t length;
	enum kith_code code = read_header(b, maximum, &length);

	if (code != KITH_OK)
		return code;
	if (buf_length(b) - FRAME_HEADER_SIZE < length)
		return KITH_AGAIN;
	*body_r = buf_peek(b) + FRAME_HEADER_SIZE;
	*length_r = length;
	return KITH_OK;
}

void
frame_consume(struct buf *b)
{
	uint32_t length = 0;
	enum kith_code code = buf_peek_u32be(b, &length);

	assert(code == KITH_OK);
	(void)code;
	buf_consume(b, FRAME_HEADER_SIZE + (size_t)length);
}

size_t
frame_missing(const struct buf *b, size_t maximum)
{
	uint32_t length;
	size_t has = buf_length(b);
	size_t needs;

	switch (read_header(b, maximum, &length)) {
	case KITH_OK:
		needs = FRAME_HEADER_SIZE + (size_t)length;
		return has < needs ? needs - has : 0;
	case KITH_AGAIN:
		return FRAME_HEADER_SIZE - has;
	default:
		return 0;
	}
}

enum kith_code
frame_put(struct buf *b, size_t maximum, const void *body, size_t length)
{
	if (length == 0)
		return KITH_MALFORMED;
	if (length > maximum || length > UINT32_MAX)
		return KITH_TOO_LARGE;
	if (buf_room(b) < FRAME_HEADER_SIZE + length)
		return KITH_BUSY;
	buf_put_u32be(b, (uint32_t)length);
	return buf_put(b, body, length);
}
