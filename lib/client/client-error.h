/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-client-error.h"

/* How the engine itself makes the errors of kith-client-error.h. */

/* (transfer full): sentence NULL or empty: the code's own. */
GError *client_error_new (enum kith_code code, const char *sentence);

void client_error_set_pin (GError *error, const char *pin);
void client_error_set_retry_after_ms (GError *error, guint retry_after_ms);

gboolean client_error_is (const GError *error, enum kith_code code);
