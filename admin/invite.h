/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"
#include "listing.h"

/* What the files of the noun "invite" share. */

extern const struct column invite_columns[]; /* of the list */
enum kith_code invite_list(struct call *call);
enum kith_code invite_revoke(struct call *call);
