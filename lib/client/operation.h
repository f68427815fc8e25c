/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "records.h"

/* A new UUID version 7 (RFC 9562 section 5.7): the machine's time in
 * milliseconds, then random bits of the kernel's. */
void operation_make (guint8 operation_r[RECORD_OPERATION_SIZE]);
