/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a link says of this server. */
#include "server_link.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "database.h"
#include "host.h"

#define LISTEN_SEPARATORS " ,\t"

static bool
is_wildcard(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 ||
	    strcmp(host, "*") == 0 || host[0] == '\0';
}

/*
 * The first of the addresses that kithd listens on: its port belongs into the
 * link, and its host where that is one that others can name.
 */
static bool
first_listen(struct call *call, struct address *address)
{
	char *listen = database_meta(call, STORE_META_LISTEN);
	char *rest = listen, *word = NULL;
	bool found;

	while (rest != NULL && (word = strsep(&rest, LISTEN_SEPARATORS)) &&
	    *word == '\0')
		;
	found = word != NULL && address_parse(word, address, NULL) == KITH_OK;
	free(listen);
	return found;
}

/* From outside, "chat" is found only as "chat.example.org". */
static void
add_domain(struct address *address)
{
	size_t length = strlen(address->host);
	struct address known;
	char *full;

	if (strchr(address->host, '.') != NULL ||
	    address_is_numeric(address->host))
		return;
	full = host_full_name();
	if (full != NULL && strncasecmp(full, address->host, length) == 0 &&
	    full[length] == '.' && address_parse(full, &known, NULL) == KITH_OK)
		memcpy(address->host, known.host, sizeof(address->host));
	free(full);
}

static bool
named_address(
    struct call *call, const struct address *listen, struct address *address)
{
	char *name = database_meta(call, STORE_META_SERVER_NAME);
	bool found =
	    name != NULL && address_parse(name, address, NULL) == KITH_OK;

	free(name);
	if (!found && listen->host[0] != '\0' && !is_wildcard(listen->host)) {
		*address = *listen;
		found = true;
	}
	if (!found) {
		name = host_name();
		found = name != NULL &&
		    address_parse(name, address, NULL) == KITH_OK;
		free(name);
	}
	if (found)
		add_domain(address);
	return found;
}

/* What a person far away types to come here. */
static enum kith_code
find_address(struct call *call, struct address *address)
{
	const char *wanted = call_option(call, "host");
	struct address listen = { .port = ADDRESS_PORT_DEFAULT };

	if (wanted != NULL) {
		if (address_parse(wanted, address, &call->fault) == KITH_OK)
			return KITH_OK;
		return call_usage(
		    call, "\"%s\" is not a HOST or HOST:PORT.", wanted);
	}
	first_listen(call, &listen);
	if (!named_address(call, &listen, address))
		return call_usage(call,
		    "The server's name is not known; give it with --host.");
	if (address->port == ADDRESS_PORT_DEFAULT)
		address->port = listen.port;
	return KITH_OK;
}

enum kith_code
server_link(struct call *call, struct invite_link *link_r)
{
	struct invite_link link = { .invite = "" };
	enum kith_code code = find_address(call, &link.address);
	char *pin;

	if (code != KITH_OK)
		return code;
	pin = database_meta(call, STORE_META_PUBLIC_KEY_PIN);
	if (pin_valid(pin))
		memcpy(link.pin, pin, PIN_SIZE);
	free(pin);
	*link_r = link;
	return KITH_OK;
}
