/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the window remembers between two runs.
 */
#include "kith-settings.h"

#define GROUP "window"
#define SIZE_MAX_PX 16384

struct _KithSettings {
  GObject parent_instance;

  GKeyFile *file;
  char *path;
  gboolean changed;
};

G_DEFINE_TYPE (KithSettings, kith_settings, G_TYPE_OBJECT)

static void
kith_settings_finalize (GObject *object)
{
  KithSettings *self = KITH_SETTINGS (object);

  g_key_file_unref (self->file);
  g_free (self->path);
  G_OBJECT_CLASS (kith_settings_parent_class)->finalize (object);
}

static void
kith_settings_class_init (KithSettingsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = kith_settings_finalize;
}

static void
kith_settings_init (KithSettings *self)
{
  self->file = g_key_file_new ();
}

KithSettings *
kith_settings_new (const char *folder)
{
  KithSettings *self = g_object_new (KITH_TYPE_SETTINGS, NULL);

  self->path = g_build_filename (folder, "window.ini", NULL);
  g_key_file_load_from_file (self->file, self->path, G_KEY_FILE_NONE, NULL);
  return self;
}

gboolean
kith_settings_get_dark (KithSettings *self)
{
  g_return_val_if_fail (KITH_IS_SETTINGS (self), FALSE);
  return g_key_file_get_boolean (self->file, GROUP, "dark", NULL);
}

void
kith_settings_set_dark (KithSettings *self, gboolean dark)
{
  g_return_if_fail (KITH_IS_SETTINGS (self));
  g_key_file_set_boolean (self->file, GROUP, "dark", dark);
  self->changed = TRUE;
}

void
kith_settings_get_size (KithSettings *self, int *width_r, int *height_r,
                        gboolean *maximized_r)
{
  g_return_if_fail (KITH_IS_SETTINGS (self));
  *width_r = CLAMP (g_key_file_get_integer (self->file, GROUP, "width", NULL),
                    0, SIZE_MAX_PX);
  *height_r = CLAMP (g_key_file_get_integer (self->file, GROUP, "height", NULL),
                     0, SIZE_MAX_PX);
  *maximized_r = g_key_file_get_boolean (self->file, GROUP, "maximized", NULL);
}

void
kith_settings_set_size (KithSettings *self, int width, int height,
                        gboolean maximized)
{
  g_return_if_fail (KITH_IS_SETTINGS (self));
  g_key_file_set_boolean (self->file, GROUP, "maximized", maximized);
  if (!maximized) {
    g_key_file_set_integer (self->file, GROUP, "width", width);
    g_key_file_set_integer (self->file, GROUP, "height", height);
  }
  self->changed = TRUE;
}

void
kith_settings_save (KithSettings *self)
{
  g_return_if_fail (KITH_IS_SETTINGS (self));
  if (self->changed)
    g_key_file_save_to_file (self->file, self->path, NULL);
  self->changed = FALSE;
}
