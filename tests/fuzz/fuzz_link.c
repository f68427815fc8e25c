/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parsers of links and addresses: what they take comes back unchanged. */
#include "fuzz.h"

#include <string.h>

#include "invite_link.h"
#include "mem.h"

static void
try_link(const char *text)
{
	struct invite_link l, again;
	struct fault f;
	char *formatted;

	if (invite_link_parse(text, &l, &f) != KITH_OK)
		return;
	PROMISE(l.pin[0] == '\0' || pin_valid(l.pin));
	formatted = invite_link_format(&l);
	PROMISE(invite_link_parse(formatted, &again, &f) == KITH_OK);
	PROMISE(strcmp(l.address.host, again.address.host) == 0);
	PROMISE(l.address.port == again.address.port);
	PROMISE(strcmp(l.invite, again.invite) == 0);
	PROMISE(strcmp(l.pin, again.pin) == 0);
	free(formatted);
}

static void
try_address(const char *text)
{
	struct address a, again;
	char formatted[ADDRESS_TEXT_SIZE];
	struct fault f;

	if (address_parse(text, &a, &f) != KITH_OK)
		return;
	address_format(&a, formatted);
	PROMISE(address_parse(formatted, &again, &f) == KITH_OK);
	PROMISE(strcmp(a.host, again.host) == 0 && a.port == again.port);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = mem_new(length + 1, 1);

	if (length > 0)
		memcpy(text, bytes, length);
	try_link(text);
	try_address(text);
	free(text);
	return 0;
}
