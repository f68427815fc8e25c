/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/*
 * KithSettings: what the window remembers between two runs, in the file
 * "window.ini" of the profile: its size and the style. Nothing of it matters
 * enough to fail for: what cannot be read is as at first, what cannot be
 * written is forgotten.
 */
#define KITH_TYPE_SETTINGS (kith_settings_get_type ())
G_DECLARE_FINAL_TYPE (KithSettings, kith_settings, KITH, SETTINGS, GObject)

/* Reads the file, a few hundred bytes. */
KithSettings *kith_settings_new (const char *folder);

gboolean kith_settings_get_dark (KithSettings *self);
void kith_settings_set_dark (KithSettings *self, gboolean dark);

/* In pixels; 0 when it is not known. */
void kith_settings_get_size (KithSettings *self, int *width_r, int *height_r,
                             gboolean *maximized_r);
void kith_settings_set_size (KithSettings *self, int width, int height,
                             gboolean maximized);

/* Writes the file if something has changed. */
void kith_settings_save (KithSettings *self);

G_END_DECLS
