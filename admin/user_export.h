/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"

/*
 * Everything that is stored about one person, for that person, as JSON on
 * standard output. Written page by page, each read in a transaction of its own;
 * so what comes and goes meanwhile may be in it or not.
 */
enum kith_code user_export_person(struct call *call, const char *selector);
