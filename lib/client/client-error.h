/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "kith-client-error.h"

/* How the engine itself makes the errors of kith-client-error.h. */

/* (transfer full): sentence, in the person's language; NULL or empty: the
 * code's own. */
GError *client_error_new (enum kith_code code, const char *sentence);
/* (transfer full): the same for what lib/wire or a server says in English. */
GError *client_error_translate (enum kith_code code, const char *english);
/* (transfer full): KITH_IO, for what GIO says when nothing was reached. */
GError *client_error_not_connected (const char *host, const GError *failure);

void client_error_set_pin (GError *error, const char *pin);
void client_error_set_retry_after_ms (GError *error, guint retry_after_ms);

gboolean client_error_is (const GError *error, enum kith_code code);
