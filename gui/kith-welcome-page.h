/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithWelcomePage: the first run: sign in to a server or make an account.
 *
 * Signal: untrusted (string server, string pin)
 *     No CA vouches for the server; the person must compare its key. Go on
 *     with kith_welcome_page_trust().
 */
#define KITH_TYPE_WELCOME_PAGE (kith_welcome_page_get_type ())
G_DECLARE_FINAL_TYPE (KithWelcomePage, kith_welcome_page, KITH, WELCOME_PAGE,
                      GtkBox)

/* Once. */
void kith_welcome_page_set_engine (KithWelcomePage *self, KithEngine *engine);

/* Fills in what a kith: link says. */
void kith_welcome_page_use_link (KithWelcomePage *self, const char *link);

/* The person has compared this key: once more with it. */
void kith_welcome_page_trust (KithWelcomePage *self, const char *pin);

/* A sentence below the form, such as why one was signed out; NULL: none. */
void kith_welcome_page_set_error (KithWelcomePage *self, const char *sentence);

/* Forgets what was typed. */
void kith_welcome_page_clear (KithWelcomePage *self);

G_END_DECLS
