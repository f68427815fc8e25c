/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "invite_link.h"

/*
 * The link to this server, without an invite: its address as the option --host
 * has it (which the command must declare), or as its name, the addresses that
 * it listens on and the machine's name tell; and its key ("" where kithd has never
 * told it).
 * The database must be open. A fault of usage when there is no address.
 */
enum kith_code server_link(struct call *call, struct invite_link *link_r);
