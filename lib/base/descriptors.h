/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

/*
 * First in main(): fills those of the descriptors 0, 1 and 2 that the starter
 * has closed. Else the next file to be opened, a lock or a database, would take
 * the place, and what is printed would be written into it. Reading and writing
 * what was filled fails with EBADF, as it would have. false: it cannot be done.
 */
bool descriptors_fill(void);
