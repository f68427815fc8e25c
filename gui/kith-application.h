/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/*
 * KithApplication: the program: its command line, its one window, the engine's
 * life from start to shutdown, the look.
 */
#define KITH_TYPE_APPLICATION (kith_application_get_type ())
G_DECLARE_FINAL_TYPE (KithApplication, kith_application, KITH, APPLICATION,
                      GtkApplication)

KithApplication *kith_application_new (void);

G_END_DECLS
