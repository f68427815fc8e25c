/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the theme is dark is read from its colours: themes that are dark by
 * themselves, the inverse one of high contrast among them, do not say so.
 */
#include "kith-style.h"

#include <handy.h>

struct _KithStyle {
  GObject parent_instance;

  GtkStyleContext *context; /* of no widget: the theme alone */
  GtkCssProvider *css;
  GtkCssProvider *dark_css;
  gboolean dark;
};

G_DEFINE_TYPE (KithStyle, kith_style, G_TYPE_OBJECT)

/* From 0, black, to 1, white, as one sees it. */
static double
brightness (KithStyle *self, const char *name)
{
  GdkRGBA colour = { 0, 0, 0, 1 };

  gtk_style_context_lookup_color (self->context, name, &colour);
  return 0.299 * colour.red + 0.587 * colour.green + 0.114 * colour.blue;
}

static void
update_dark (KithStyle *self)
{
  GdkScreen *screen = gdk_screen_get_default ();
  GtkStyleProvider *provider = GTK_STYLE_PROVIDER (self->dark_css);
  gboolean dark = brightness (self, "theme_base_color")
                  < brightness (self, "theme_text_color");

  if (dark == self->dark)
    return;
  self->dark = dark;
  if (dark)
    gtk_style_context_add_provider_for_screen (
        screen, provider, GTK_STYLE_PROVIDER_PRIORITY_APPLICATION + 1);
  else
    gtk_style_context_remove_provider_for_screen (screen, provider);
}

static void
kith_style_dispose (GObject *object)
{
  KithStyle *self = KITH_STYLE (object);

  g_clear_object (&self->context);
  g_clear_object (&self->css);
  g_clear_object (&self->dark_css);
  G_OBJECT_CLASS (kith_style_parent_class)->dispose (object);
}

static void
kith_style_class_init (KithStyleClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kith_style_dispose;
}

static void
kith_style_init (KithStyle *self)
{
  static const char *const changes[]
      = { "notify::gtk-theme-name",
          "notify::gtk-application-prefer-dark-theme" };
  GtkSettings *settings = gtk_settings_get_default ();

  self->context = gtk_style_context_new ();
  self->css = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (self->css, "/chat/kith/Kith/kith.css");
  gtk_style_context_add_provider_for_screen (
      gdk_screen_get_default (), GTK_STYLE_PROVIDER (self->css),
      GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  self->dark_css = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (self->dark_css,
                                       "/chat/kith/Kith/kith-dark.css");
  /* Text of messages and fingerprints can be selected, and the keyboard comes
   * by it: that alone should not mark it all. */
  g_object_set (settings, "gtk-label-select-on-focus", FALSE, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    g_signal_connect_object (settings, changes[i], G_CALLBACK (update_dark),
                             self, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  update_dark (self);
}

KithStyle *
kith_style_new (void)
{
  return g_object_new (KITH_TYPE_STYLE, NULL);
}

void
kith_style_use_dark (gboolean dark)
{
  hdy_style_manager_set_color_scheme (hdy_style_manager_get_default (),
                                      dark ? HDY_COLOR_SCHEME_FORCE_DARK
                                           : HDY_COLOR_SCHEME_PREFER_LIGHT);
}
