/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/*
 * UUID version 7 (RFC 9562, section 5.7): the ids of operations. They rise
 * with time, so that the index over them grows at its end.
 */

#define UUID_SIZE 16u /* bytes */

/*
 * Each is greater than the one before in this process, also when the clock
 * goes back; may be called from several threads. A forked child never repeats
 * an id of its parent: 62 bits of each are drawn anew.
 */
void uuid_new(uint8_t id_r[UUID_SIZE]);
