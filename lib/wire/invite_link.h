/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "address.h"
#include "fault.h"
#include "pin.h"

/*
 * kith://host[:port]/?invite=CODE&key=sha256:… : everything that a person
 * needs to come in, as text, click or QR code.
 */

#define INVITE_LINK_MAX 1024u /* characters */
#define INVITE_CODE_MAX 64u   /* characters, [A-Za-z0-9_-] */

struct invite_link {
	struct address address;
	char invite[INVITE_CODE_MAX + 1]; /* "" when there is none */
	char pin[PIN_SIZE];               /* "" : trust by CA */
};

/*
 * Percent-encoding is understood, unknown parameters are passed over, one
 * given twice is an error. KITH_MALFORMED or KITH_TOO_LARGE with a sentence.
 */
enum kith_code invite_link_parse(
    const char *text, struct invite_link *link_r, struct fault *f);

/* A new string; free() it. */
char *invite_link_format(const struct invite_link *l);
