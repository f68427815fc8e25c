/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "fault.h"
#include "kith.pb-c.h"

/* What is asked of each kind of request: one row a kind. */

struct request_rule {
	Kith__ToServer__BodyCase body;
	const char *word; /* its name in kith.proto */
	bool changes;     /* needs an operation */
	/* the fields of its own; NULL: nothing to check */
	enum kith_code (*check)(const Kith__ToServer *m, struct fault *f);
};

/* NULL for BODY__NOT_SET and for what this build does not know. */
const struct request_rule *request_rule_of(Kith__ToServer__BodyCase body);
