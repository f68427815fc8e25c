/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kith, the client with the window.
 */
#include <glib/gi18n.h>
#include <locale.h>

#include "kith-application.h"

#define TRANSLATIONS_VARIABLE "KITH_LOCALEDIR"

int
main (int argc, char **argv)
{
  g_autoptr (KithApplication) application = NULL;
  const char *translations = g_getenv (TRANSLATIONS_VARIABLE);

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE,
                  translations != NULL ? translations : LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  application = kith_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
