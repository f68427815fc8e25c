/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdio.h>

#include "fault.h"

/*
 * Draws text as a QR code (ISO/IEC 18004, byte mode, level M) with half-block
 * characters, two modules a cell, in the quiet zone that cameras need: black on
 * white on a terminal. Where colours are not wanted (no terminal, or NO_COLOR)
 * the light modules are drawn, which is right on a dark ground.
 * KITH_TOO_LARGE when the text is too long for any code.
 */
enum kith_code qr_draw(FILE *to, const char *text);
