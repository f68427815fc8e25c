/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * Web addresses in what people write. The text is somebody else's, so only what
 * cannot mislead becomes a link:
 *
 * - http:// and https://, written out; where it leads is what is read;
 * - a host in ASCII or a number, without a user before it: the letters of other
 *   alphabets can pass for ASCII's, and "https://bank.com@evil.org" for a bank;
 * - no character that does not show or that runs from right to left in it, and
 *   none that turns letters around anywhere in the text.
 *
 * Punctuation at the end and brackets around an address are not part of it.
 */
#define WEB_LINKS_MAX 64u           /* in one text; the rest is only text */
#define WEB_LINKS_ADDRESS_MAX 2048u /* bytes */

/*
 * (transfer full) (nullable): the text as markup for a label, in which each
 * address is a link to itself. It shows exactly the text. NULL: no address is
 * in it. text: UTF-8.
 */
char *web_links_to_markup (const char *text);

/* Is this one address, as above, and nothing else? */
gboolean web_links_is_address (const char *text);

G_END_DECLS
