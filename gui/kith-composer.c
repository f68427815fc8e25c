/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a message is written. Knows no conversation: it says what was typed,
 * and its owner does what is to be done.
 */
#include "kith-composer.h"

#include <glib/gi18n.h>
#include <gspell/gspell.h>

#include "text.h"

#define LINES_MAX 6
/* From here on the room that is left is told. */
#define NEAR_LIMIT_BYTES (TEXT_MESSAGE_MAX - 256)

struct _KithComposer {
  GtkBox parent_instance;

  GtkWidget *frame;
  GtkScrolledWindow *scrolled_window;
  GtkTextView *text_view;
  GtkWidget *placeholder_label;
  GtkWidget *emoji_button;
  GtkWidget *send_button;
  GtkLabel *note_label;

  gboolean writable;
  gboolean composing; /* an input method holds letters that are not in yet */
  gboolean quiet;     /* the program, not the person, changes the text */
};

G_DEFINE_TYPE (KithComposer, kith_composer, GTK_TYPE_BOX)

enum {
  SEND,
  EDITED,
  SCROLL_PAGE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static GtkTextBuffer *
buffer_of (KithComposer *self)
{
  return gtk_text_view_get_buffer (self->text_view);
}

static char *
whole_text (KithComposer *self)
{
  GtkTextIter start, end;

  gtk_text_buffer_get_bounds (buffer_of (self), &start, &end);
  return gtk_text_buffer_get_text (buffer_of (self), &start, &end, FALSE);
}

/* (transfer full): as it would be sent. */
static char *
text_to_send (KithComposer *self)
{
  return g_strchomp (whole_text (self));
}

static void
update_placeholder (KithComposer *self)
{
  gtk_widget_set_visible (self->placeholder_label,
                          self->writable && kith_composer_is_empty (self)
                              && !self->composing);
}

static void
update_buttons (KithComposer *self, const char *text)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text));
  gsize length = strlen (text);
  g_autofree char *note = NULL;

  update_placeholder (self);
  gtk_widget_set_sensitive (self->send_button,
                            self->writable && *trimmed
                                && length <= TEXT_MESSAGE_MAX);
  if (length > TEXT_MESSAGE_MAX)
    note = g_strdup_printf (ngettext ("This message is %u byte too long.",
                                      "This message is %u bytes too long.",
                                      (guint)(length - TEXT_MESSAGE_MAX)),
                            (guint)(length - TEXT_MESSAGE_MAX));
  else if (length > NEAR_LIMIT_BYTES)
    note = g_strdup_printf (ngettext ("Room for %u more byte.",
                                      "Room for %u more bytes.",
                                      (guint)(TEXT_MESSAGE_MAX - length)),
                            (guint)(TEXT_MESSAGE_MAX - length));
  if (self->writable)
    kith_composer_set_note (self, note);
}

static void
buffer_changed_cb (KithComposer *self)
{
  g_autofree char *text = whole_text (self);

  update_buttons (self, text);
  if (!self->quiet)
    g_signal_emit (self, signals[EDITED], 0, text);
}

static void
preedit_changed_cb (KithComposer *self, const char *preedit)
{
  self->composing = *preedit != '\0';
  update_placeholder (self);
}

static void
send_clicked_cb (KithComposer *self)
{
  g_autofree char *text = text_to_send (self);

  if (!gtk_widget_get_sensitive (self->send_button))
    return;
  gtk_text_buffer_set_text (buffer_of (self), "", 0);
  g_signal_emit (self, signals[SEND], 0, text);
  kith_composer_focus (self);
}

static void
emoji_clicked_cb (KithComposer *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
  g_signal_emit_by_name (self->text_view, "insert-emoji");
}

static gboolean
key_press_cb (KithComposer *self, GdkEventKey *event)
{
  GdkModifierType held = event->state & gtk_accelerator_get_default_mod_mask ();

  switch (event->keyval) {
  case GDK_KEY_Return:
  case GDK_KEY_KP_Enter:
  case GDK_KEY_ISO_Enter:
    if (held)
      return GDK_EVENT_PROPAGATE; /* the text view breaks the line */
    /* An input method may want the key to end what it composes. */
    if (gtk_text_view_im_context_filter_keypress (self->text_view, event))
      return GDK_EVENT_STOP;
    send_clicked_cb (self);
    return GDK_EVENT_STOP;
  case GDK_KEY_Page_Up:
  case GDK_KEY_Page_Down:
    if (held)
      return GDK_EVENT_PROPAGATE;
    g_signal_emit (self, signals[SCROLL_PAGE], 0,
                   event->keyval == GDK_KEY_Page_Up);
    return GDK_EVENT_STOP;
  default:
    return GDK_EVENT_PROPAGATE;
  }
}

static gboolean
focus_changed_cb (KithComposer *self, GdkEventFocus *event)
{
  GtkStyleContext *context = gtk_widget_get_style_context (self->frame);

  if (event->in)
    gtk_style_context_add_class (context, "focused");
  else
    gtk_style_context_remove_class (context, "focused");
  return GDK_EVENT_PROPAGATE;
}

/* The height of LINES_MAX lines in the font that the text has now. */
static void
limit_height (KithComposer *self)
{
  PangoContext *context
      = gtk_widget_get_pango_context (GTK_WIDGET (self->text_view));
  PangoFontMetrics *metrics = pango_context_get_metrics (context, NULL, NULL);
  int line = PANGO_PIXELS_CEIL (pango_font_metrics_get_ascent (metrics)
                                + pango_font_metrics_get_descent (metrics));

  pango_font_metrics_unref (metrics);
  gtk_scrolled_window_set_max_content_height (self->scrolled_window,
                                              LINES_MAX * line);
}

static void
kith_composer_style_updated (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kith_composer_parent_class)->style_updated (widget);
  limit_height (KITH_COMPOSER (widget));
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithComposer, child)

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-composer.ui");
  BIND (frame);
  BIND (scrolled_window);
  BIND (text_view);
  BIND (placeholder_label);
  BIND (emoji_button);
  BIND (send_button);
  BIND (note_label);
  gtk_widget_class_bind_template_callback (widget_class, send_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, emoji_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, key_press_cb);
  gtk_widget_class_bind_template_callback (widget_class, preedit_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, focus_changed_cb);
}

static void
kith_composer_class_init (KithComposerClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->style_updated = kith_composer_style_updated;
  signals[SEND]
      = g_signal_new ("send", KITH_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[EDITED]
      = g_signal_new ("edited", KITH_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SCROLL_PAGE]
      = g_signal_new ("scroll-page", KITH_TYPE_COMPOSER, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  bind_template (widget_class);
}

static void
kith_composer_init (KithComposer *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->writable = TRUE;
  gspell_text_view_basic_setup (
      gspell_text_view_get_from_gtk_text_view (self->text_view));
  g_signal_connect_object (buffer_of (self), "changed",
                           G_CALLBACK (buffer_changed_cb), self,
                           G_CONNECT_SWAPPED);
  limit_height (self);
}

void
kith_composer_set_text (KithComposer *self, const char *text)
{
  GtkTextIter end;

  g_return_if_fail (KITH_IS_COMPOSER (self));
  self->quiet = TRUE;
  gtk_text_buffer_set_text (buffer_of (self), text, -1);
  gtk_text_buffer_get_end_iter (buffer_of (self), &end);
  gtk_text_buffer_place_cursor (buffer_of (self), &end);
  self->quiet = FALSE;
}

gboolean
kith_composer_is_empty (KithComposer *self)
{
  g_return_val_if_fail (KITH_IS_COMPOSER (self), TRUE);
  return gtk_text_buffer_get_char_count (buffer_of (self)) == 0;
}

void
kith_composer_set_writable (KithComposer *self, gboolean writable,
                            const char *why)
{
  g_autofree char *text = NULL;

  g_return_if_fail (KITH_IS_COMPOSER (self));
  self->writable = writable;
  gtk_widget_set_sensitive (GTK_WIDGET (self->text_view), writable);
  gtk_widget_set_sensitive (self->emoji_button, writable);
  kith_composer_set_note (self, writable ? NULL : why);
  text = whole_text (self);
  update_buttons (self, text);
}

void
kith_composer_set_note (KithComposer *self, const char *note)
{
  g_return_if_fail (KITH_IS_COMPOSER (self));
  gtk_label_set_text (self->note_label, note ? note : "");
  gtk_widget_set_visible (GTK_WIDGET (self->note_label), note != NULL);
}

void
kith_composer_focus (KithComposer *self)
{
  g_return_if_fail (KITH_IS_COMPOSER (self));
  if (self->writable)
    gtk_widget_grab_focus (GTK_WIDGET (self->text_view));
}
