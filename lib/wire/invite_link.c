/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "invite_link.h"

#include <string.h>
#include <strings.h>

#include "mem.h"

#define SCHEME    "kith://"
#define VALUE_MAX 256u /* bytes of a parameter, decoded */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Percent-decodes length characters. False for a broken escape, an encoded
 * NUL, or more than VALUE_MAX bytes.
 */
static bool
decode(const char *from, size_t length, char to_r[VALUE_MAX + 1])
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		char c = from[i];

		if (c == '%') {
			int high, low;

			if (length - i < 3)
				return false;
			high = hex_digit(from[i + 1]);
			low = hex_digit(from[i + 2]);
			if (high < 0 || low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (used == VALUE_MAX)
			return false;
		to_r[used++] = c;
	}
	to_r[used] = '\0';
	return true;
}

static bool
is_code(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= INVITE_CODE_MAX &&
	    strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789_-") == length;
}

/* One name=value of the query. */
static enum kith_code
take_parameter(
    const char *text, size_t length, struct invite_link *l, struct fault *f)
{
	const char *equals = memchr(text, '=', length);
	size_t name_length = equals != NULL ? (size_t)(equals - text) : length;
	bool is_invite = name_length == 6 && memcmp(text, "invite", 6) == 0;
	bool is_key = name_length == 3 && memcmp(text, "key", 3) == 0;
	char value[VALUE_MAX + 1];

	if (!is_invite && !is_key)
		return KITH_OK;
	if (equals == NULL ||
	    !decode(equals + 1, length - name_length - 1, value))
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("A part of the link cannot be read"));
	if (is_invite) {
		if (l->invite[0] != '\0' || !is_code(value))
			return fault_set(f, KITH_MALFORMED,
			    SENTENCE("The link's invite is not valid"));
		memcpy(l->invite, value, strlen(value) + 1);
	} else {
		if (l->pin[0] != '\0' || !pin_valid(value))
			return fault_set(f, KITH_MALFORMED,
			    SENTENCE("The link's key is not valid"));
		memcpy(l->pin, value, PIN_SIZE);
	}
	return KITH_OK;
}

static enum kith_code
take_query(const char *query, struct invite_link *l, struct fault *f)
{
	enum kith_code code = KITH_OK;
	const char *end = query + strcspn(query, "#");

	while (query < end && code == KITH_OK) {
		const char *next = memchr(query, '&', (size_t)(end - query));
		size_t length = (size_t)((next != NULL ? next : end) - query);

		code = take_parameter(query, length, l, f);
		query += length + (next != NULL ? 1 : 0);
	}
	return code;
}

enum kith_code
invite_link_parse(const char *text, struct invite_link *link_r, struct fault *f)
{
	struct invite_link l = { 0 };
	char host[ADDRESS_TEXT_SIZE] = "";
	const char *rest;
	size_t length;
	enum kith_code code;

	if (strnlen(text, INVITE_LINK_MAX + 1) > INVITE_LINK_MAX)
		return fault_set(
		    f, KITH_TOO_LARGE, SENTENCE("The link is too long"));
	if (strncasecmp(text, SCHEME, strlen(SCHEME)) != 0)
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("A link to a kith server begins with kith://"));
	text += strlen(SCHEME);
	length = strcspn(text, "/?#");
	if (length >= sizeof(host))
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("This is not the address of a server"));
	memcpy(host, text, length);
	code = address_parse(host, &l.address, f);
	if (code != KITH_OK)
		return code;
	rest = text + length;
	if (*rest == '/')
		rest++;
	if (*rest == '?')
		code = take_query(rest + 1, &l, f);
	else if (*rest != '\0' && *rest != '#')
		code = fault_set(f, KITH_MALFORMED,
		    SENTENCE("The link has a path, which kith does not know"));
	if (code == KITH_OK)
		*link_r = l;
	return code;
}

/* Neither a code nor a pin has a character that needs to be encoded. */
char *
invite_link_format(const struct invite_link *l)
{
	char where[ADDRESS_TEXT_SIZE];

	address_format_short(&l->address, where);
	return mem_format(SCHEME "%s/%s%s%s%s%s", where,
	    l->invite[0] != '\0' || l->pin[0] != '\0' ? "?" : "",
	    l->invite[0] != '\0' ? "invite=" : "", l->invite,
	    l->pin[0] == '\0'          ? ""
		: l->invite[0] != '\0' ? "&key="
				       : "key=",
	    l->pin);
}
