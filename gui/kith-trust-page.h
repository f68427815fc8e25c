/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/*
 * KithTrustPage: no CA vouches for a server: shows the fingerprint of its key
 * for comparing, once.
 *
 * Signals: trusted (string pin), declined ().
 */
#define KITH_TYPE_TRUST_PAGE (kith_trust_page_get_type ())
G_DECLARE_FINAL_TYPE (KithTrustPage, kith_trust_page, KITH, TRUST_PAGE, GtkBox)

void kith_trust_page_show_key (KithTrustPage *self, const char *server,
                               const char *pin);

G_END_DECLS
