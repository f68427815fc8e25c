/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QR_QUIET_MODULES 4 /* on each side, as the standard asks */
#define QR_DARK_BIT      1u

/* Black on white whatever the terminal's own colours are. */
#define QR_LINE_BEGIN "\033[38;5;16m\033[48;5;231m"
#define QR_LINE_END   "\033[0m\n"

static bool
is_dark(const QRcode *code, int x, int y)
{
	if (x < 0 || y < 0 || x >= code->width || y >= code->width)
		return false;
	return (code->data[y * code->width + x] & QR_DARK_BIT) != 0;
}

static bool
may_colour(FILE *to)
{
	const char *no_color = getenv("NO_COLOR");

	return isatty(fileno(to)) && (no_color == NULL || no_color[0] == '\0');
}

static const char *
cell(bool upper, bool lower)
{
	if (upper && lower)
		return "█";
	if (upper)
		return "▀";
	return lower ? "▄" : " ";
}

enum kith_code
qr_draw(FILE *to, const char *text)
{
	QRcode *code = QRcode_encodeData(
	    (int)strlen(text), (const unsigned char *)text, 0, QR_ECLEVEL_M);
	bool colour = may_colour(to);
	int end, x, y;

	if (code == NULL && errno == ENOMEM)
		abort();
	if (code == NULL)
		return KITH_TOO_LARGE;
	end = code->width + QR_QUIET_MODULES;
	for (y = -QR_QUIET_MODULES; y < end; y += 2) {
		if (colour)
			fputs(QR_LINE_BEGIN, to);
		for (x = -QR_QUIET_MODULES; x < end; x++)
			fputs(cell(is_dark(code, x, y) == colour,
				  is_dark(code, x, y + 1) == colour),
			    to);
		fputs(colour ? QR_LINE_END : "\n", to);
	}
	QRcode_free(code);
	return KITH_OK;
}
