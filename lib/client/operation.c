/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names for what a person wishes to be done once. */
#include "operation.h"

#include <sys/random.h>

void
operation_make (guint8 operation_r[RECORD_OPERATION_SIZE])
{
  const guint64 now_ms = (guint64)g_get_real_time () / 1000;

  /* 16 bytes never come short from getrandom() once it is seeded. */
  if (getrandom (operation_r, RECORD_OPERATION_SIZE, 0)
      != RECORD_OPERATION_SIZE)
    g_error ("The kernel gives no random bytes.");
  for (guint i = 0; i < 6; i++)
    operation_r[i] = (guint8)(now_ms >> (8 * (5 - i)));
  operation_r[6] = (guint8)((operation_r[6] & 0x0f) | 0x70);
  operation_r[8] = (guint8)((operation_r[8] & 0x3f) | 0x80);
}
