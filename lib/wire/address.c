/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63u /* characters, RFC 1035 */

/* AF_INET or AF_INET6 and the bytes, the rest zero; 0: it is neither. */
static int
family_of(const char *host, struct in6_addr *bytes_r)
{
	memset(bytes_r, 0, sizeof(*bytes_r));
	if (inet_pton(AF_INET, host, bytes_r) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, host, bytes_r) == 1 ? AF_INET6 : 0;
}

bool
address_is_numeric(const char *host)
{
	struct in6_addr any;

	return family_of(host, &any) != 0;
}

bool
address_overlaps(const struct address *a, const struct address *b)
{
	static const struct in6_addr all;
	struct in6_addr a_bytes, b_bytes;
	int family = family_of(a->host, &a_bytes);

	return family != 0 && family == family_of(b->host, &b_bytes) &&
	    a->port == b->port &&
	    (memcmp(&a_bytes, &b_bytes, sizeof(all)) == 0 ||
		memcmp(&a_bytes, &all, sizeof(all)) == 0 ||
		memcmp(&b_bytes, &all, sizeof(all)) == 0);
}

static bool
is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

/* A DNS name in ASCII, lower case: labels of 1 to 63, no hyphen at an end. */
static bool
is_name(const char *host)
{
	const char *label = host;

	for (;;) {
		size_t length = strcspn(label, ".");

		if (length == 0 || length > LABEL_MAX || label[0] == '-' ||
		    label[length - 1] == '-')
			return false;
		for (size_t i = 0; i < length; i++) {
			if (!is_name_character(label[i]))
				return false;
		}
		if (label[length] == '\0')
			break;
		label += length + 1;
	}
	/* what ends in digits is a broken IPv4 address, never a name */
	return strspn(label, "0123456789") != strlen(label);
}

static enum kith_code
parse_port(const char *text, uint16_t *port_r, struct fault *f)
{
	uint32_t port = 0;
	size_t length = strlen(text);

	if (length == 0 || length > 5 || strspn(text, "0123456789") != length)
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("The port is not a number from 1 to 65535"));
	for (; *text != '\0'; text++)
		port = port * 10 + (uint32_t)(*text - '0');
	if (port == 0 || port > UINT16_MAX)
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("The port is not a number from 1 to 65535"));
	*port_r = (uint16_t)port;
	return KITH_OK;
}

/*
 * Finds the host and, behind its colon, the port; *port_r is NULL without one.
 * A text with several colons and no brackets is an IPv6 address as a whole.
 */
static enum kith_code
split(const char *text, const char **host_r, size_t *length_r,
    const char **port_r)
{
	const char *colon = strchr(text, ':');

	*port_r = NULL;
	if (text[0] == '[') {
		const char *close = strchr(text, ']');

		if (close == NULL || (close[1] != '\0' && close[1] != ':'))
			return KITH_MALFORMED;
		*host_r = text + 1;
		*length_r = (size_t)(close - text - 1);
		if (close[1] == ':')
			*port_r = close + 2;
		return KITH_OK;
	}
	*host_r = text;
	*length_r = strlen(text);
	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*length_r = (size_t)(colon - text);
		*port_r = colon + 1;
	}
	return KITH_OK;
}

enum kith_code
address_parse(const char *text, struct address *address_r, struct fault *f)
{
	struct address a = { .port = ADDRESS_PORT_DEFAULT };
	struct in6_addr any;
	const char *host, *port;
	size_t length;
	enum kith_code code;

	if (split(text, &host, &length, &port) != KITH_OK || length == 0 ||
	    length > ADDRESS_HOST_MAX)
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("This is not the address of a server"));
	for (size_t i = 0; i < length; i++) {
		char c = host[i];

		a.host[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	if (text[0] == '[' && inet_pton(AF_INET6, a.host, &any) != 1)
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE("There is no IPv6 address between the brackets"));
	if (!address_is_numeric(a.host) && !is_name(a.host))
		return fault_set(f, KITH_MALFORMED,
		    SENTENCE(
			"This is neither a host name nor a numeric address"));
	if (port != NULL) {
		code = parse_port(port, &a.port, f);
		if (code != KITH_OK)
			return code;
	}
	*address_r = a;
	return KITH_OK;
}

static void
format(const struct address *a, bool with_port, char text_r[ADDRESS_TEXT_SIZE])
{
	bool bracketed = strchr(a->host, ':') != NULL;
	int used = snprintf(text_r, ADDRESS_TEXT_SIZE, "%s%s%s",
	    bracketed ? "[" : "", a->host, bracketed ? "]" : "");

	if (with_port)
		snprintf(text_r + used, ADDRESS_TEXT_SIZE - (size_t)used, ":%u",
		    (unsigned)a->port);
}

void
address_format(const struct address *a, char text_r[ADDRESS_TEXT_SIZE])
{
	format(a, true, text_r);
}

void
address_format_short(const struct address *a, char text_r[ADDRESS_TEXT_SIZE])
{
	format(a, a->port != ADDRESS_PORT_DEFAULT, text_r);
}
