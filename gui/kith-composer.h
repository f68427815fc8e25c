/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/*
 * KithComposer: where a message is written. Return sends, Shift+Return breaks
 * the line.
 *
 * Signals:
 *   send (string)         Return or the button; the text is not empty and within
 *                         the limit. The composer empties itself before.
 *   edited (string)       the person changed the text; "" when it is sent
 *   scroll-page (boolean) Page Up (TRUE) or Page Down was pressed
 */
#define KITH_TYPE_COMPOSER (kith_composer_get_type ())
G_DECLARE_FINAL_TYPE (KithComposer, kith_composer, KITH, COMPOSER, GtkBox)

/* Puts a text in, such as a draft, without "edited". */
void kith_composer_set_text (KithComposer *self, const char *text);

/* TRUE when there is nothing in it. */
gboolean kith_composer_is_empty (KithComposer *self);

/* Whether one can write here; if not, why (nullable) is shown instead. */
void kith_composer_set_writable (KithComposer *self, gboolean writable,
                                 const char *why);

/* A sentence below, such as why the last text was refused; NULL: none. It
 * leaves when the text is edited. */
void kith_composer_set_note (KithComposer *self, const char *note);

void kith_composer_focus (KithComposer *self);

G_END_DECLS
