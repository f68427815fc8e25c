/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

/* Host and port as people write them. Nothing is looked up. */

#define ADDRESS_PORT_DEFAULT 5484u
#define ADDRESS_HOST_MAX     253u /* characters, as DNS has it */
#define ADDRESS_TEXT_SIZE    (ADDRESS_HOST_MAX + 2u + 6u + 1u) /* "[host]:port" */

struct address {
	char host[ADDRESS_HOST_MAX + 1]; /* without brackets; lower case */
	uint16_t port;
};

/*
 * "name", "name:port", "192.0.2.1:5484", "2001:db8::1", "[2001:db8::1]:5484";
 * a port that is not written is ADDRESS_PORT_DEFAULT. KITH_MALFORMED with a
 * sentence for a host that is neither a DNS name nor a numeric address, or a
 * port outside 1 to 65535.
 */
enum kith_code address_parse(
    const char *text, struct address *address_r, struct fault *f);

/* "host:port", with brackets about an IPv6 address. */
void address_format(const struct address *a, char text_r[ADDRESS_TEXT_SIZE]);

/* The same, but without the port where it is ADDRESS_PORT_DEFAULT. */
void address_format_short(
    const struct address *a, char text_r[ADDRESS_TEXT_SIZE]);

bool address_is_numeric(const char *host); /* IPv4 or IPv6, no brackets */

/*
 * Would two sockets get in each other's way that listen on these numeric
 * addresses? One of all addresses (0.0.0.0, [::]) is in the way of each of its
 * kind with the same port.
 */
bool address_overlaps(const struct address *a, const struct address *b);
