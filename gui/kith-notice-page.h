/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* KithNoticePage: stands while the profile is read; says so when it could not
 * be. */
#define KITH_TYPE_NOTICE_PAGE (kith_notice_page_get_type ())
G_DECLARE_FINAL_TYPE (KithNoticePage, kith_notice_page, KITH, NOTICE_PAGE,
                      GtkBox)

void kith_notice_page_set_problem (KithNoticePage *self, const char *sentence);

G_END_DECLS
