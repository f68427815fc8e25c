/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "call.h"

/*
 * "kith-admin complete -- WORD...": what the last of the words, which may be
 * empty, could become, a line each. For shells; shown nowhere. A line with a tab
 * before "file" asks the shell to complete the name of a file. Quick, bounded,
 * and silent: who may not read the database is offered nothing out of it.
 * words[0] is "complete".
 */
enum kith_code complete_run(struct call *call, int count, char **words);

#define COMPLETE_MAX 200 /* candidates out of the database */
