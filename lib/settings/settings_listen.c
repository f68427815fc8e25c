/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The addresses of "listen". Must never look a name up or open a socket: what
 * is in use on this machine is not for here.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "settings.h"

static enum kith_code
parse_one(char *text, struct address *address_r, struct fault *fault)
{
	char *end;

	while (isspace((unsigned char)*text))
		text++;
	end = text + strlen(text);
	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	if (address_parse(text, address_r, NULL) == KITH_OK &&
	    address_is_numeric(address_r->host))
		return KITH_OK;
	return fault_set(fault, KITH_MALFORMED,
	    "listen: \"%.60s\" is not a numeric address such "
	    "as 192.0.2.1:5484 or [2001:db8::1]:5484",
	    text);
}

/* The last of them must not want what another takes already. */
static enum kith_code
check_overlap(
    const struct address *addresses, size_t count, struct fault *fault)
{
	const struct address *last = &addresses[count - 1];
	char one[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];
	size_t i;

	for (i = 0; i < count - 1; i++)
		if (address_overlaps(&addresses[i], last))
			break;
	if (i == count - 1)
		return KITH_OK;
	address_format(&addresses[i], one);
	address_format(last, other);
	if (strcmp(one, other) == 0)
		return fault_set(
		    fault, KITH_CONFLICT, "listen has %s twice", one);
	return fault_set(fault, KITH_CONFLICT,
	    "listen: %s and %s are in each other's way", one, other);
}

enum kith_code
settings_addresses(const struct settings *settings, struct address *addresses_r,
    size_t *count_r, struct fault *fault)
{
	char *copy = mem_dup_string(settings->listen);
	char *rest = copy;
	enum kith_code code = KITH_OK;
	size_t count = 0;
	char *one;

	while (code == KITH_OK && (one = strsep(&rest, ",")) != NULL) {
		if (count == SETTINGS_LISTEN_MAX)
			code = fault_set(fault, KITH_TOO_LARGE,
			    "listen has more than %u addresses",
			    SETTINGS_LISTEN_MAX);
		else
			code = parse_one(one, &addresses_r[count++], fault);
		if (code == KITH_OK)
			code = check_overlap(addresses_r, count, fault);
	}
	free(copy);
	if (code == KITH_OK)
		*count_r = count;
	return code;
}
