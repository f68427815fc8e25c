/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * UUID version 7 (RFC 9562, section 5.7): the ids of operations. They rise
 * with time, so that the index over them grows at its end.
 */

#define UUID_SIZE      16u /* bytes */
#define UUID_TEXT_SIZE 37u /* 8-4-4-4-12 hexadecimal digits and a NUL */

/*
 * Each is greater than the one before in this process, also when the clock
 * goes back; may be called from several threads. A forked child never repeats
 * an id of its parent: 62 bits of each are drawn anew.
 */
void uuid_new(uint8_t id_r[UUID_SIZE]);

/* Has it the version and variant bits of version 7? */
bool uuid_is_v7(const uint8_t id[UUID_SIZE]);

/* The milliseconds since 1970 that it carries. */
int64_t uuid_time_ms(const uint8_t id[UUID_SIZE]);

void uuid_format(const uint8_t id[UUID_SIZE], char text_r[UUID_TEXT_SIZE]);
