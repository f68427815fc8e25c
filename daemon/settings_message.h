/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ipc.pb-c.h"
#include "settings.h"

/* Fills in all that comes from the file; every pointer is borrowed. */
void settings_to_message(
    const struct settings *settings, Kith__Ipc__Settings *message_r);
