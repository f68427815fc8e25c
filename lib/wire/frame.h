/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "fault.h"

/*
 * Frames: a 4-byte big-endian length, then that many bytes, which are one
 * packed envelope. Stateless: the buffer is the state.
 */

#define FRAME_HEADER_SIZE        4u     /* bytes */
#define FRAME_MAX_BEFORE_SIGN_IN 4096u  /* bytes of a body */
#define FRAME_MAX                65536u /* bytes of a body, once signed in */

/*
 * The body of the first frame in b, borrowed until b changes. KITH_AGAIN when
 * it is not whole yet, KITH_TOO_LARGE as soon as its length says that it is
 * over maximum, KITH_MALFORMED for an empty body. After the last two the
 * stream cannot go on. b's own maximum must hold a frame of maximum bytes.
 */
enum kith_code frame_peek(const struct buf *b, size_t maximum,
    const uint8_t **body_r, size_t *length_r);

/* Drops the frame that frame_peek() has shown, and wipes it. */
void frame_consume(struct buf *b);

/* How many more bytes frame_peek() needs at least; 0 when it has an answer. */
size_t frame_missing(const struct buf *b, size_t maximum);

/*
 * Appends a frame. KITH_TOO_LARGE when the body is over maximum, KITH_BUSY
 * when the buffer has no room for it at present; both change nothing.
 */
enum kith_code frame_put(
    struct buf *b, size_t maximum, const void *body, size_t length);
