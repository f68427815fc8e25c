/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithKeyChangedPage: the server shows another key than the pinned one. There
 * is no button past it: only a link or fingerprint that the person got from
 * the administrator goes on.
 */
#define KITH_TYPE_KEY_CHANGED_PAGE (kith_key_changed_page_get_type ())
G_DECLARE_FINAL_TYPE (KithKeyChangedPage, kith_key_changed_page, KITH,
                      KEY_CHANGED_PAGE, GtkBox)

/* Once. */
void kith_key_changed_page_set_engine (KithKeyChangedPage *self,
                                       KithEngine *engine);

/* Writes which server it is about, and empties the entry. */
void kith_key_changed_page_refresh (KithKeyChangedPage *self);

G_END_DECLS
