/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One message. Follows its KithMessage and the peer's name and changes nothing
 * of them.
 *
 * The text is another person's: it goes into labels as plain text, or as the
 * markup that web-links.h makes of it, in which all but the links is escaped.
 */
#include "kith-message-row.h"

#include <glib/gi18n.h>

#include "time-text.h"
#include "web-links.h"

/* Messages of one person that are closer than this close up to one group. */
#define GROUP_GAP_US (5 * 60 * G_TIME_SPAN_SECOND)

#define MARGIN_JOINED_PX 2
#define MARGIN_APART_PX 10

struct _KithMessageRow {
  GtkListBoxRow parent_instance;

  GtkLabel *day_label;
  GtkWidget *unread_line;
  GtkWidget *bubble;
  GtkLabel *text_label;
  GtkLabel *time_label;
  GtkImage *state_image;
  AtkObject *state_accessible;
  GtkWidget *failure_box;
  GtkLabel *failure_label;

  KithMessage *message;
  KithUser *peer;
};

G_DEFINE_TYPE (KithMessageRow, kith_message_row, GTK_TYPE_LIST_BOX_ROW)

enum {
  RETRY,
  DISCARD,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
retry_clicked_cb (KithMessageRow *self)
{
  g_signal_emit (self, signals[RETRY], 0);
}

static void
discard_clicked_cb (KithMessageRow *self)
{
  g_signal_emit (self, signals[DISCARD], 0);
}

/* The window opens it, and says so when that did not work. */
static gboolean
activate_link_cb (KithMessageRow *self, const char *address)
{
  GtkWidget *window = gtk_widget_get_toplevel (GTK_WIDGET (self));

  g_action_group_activate_action (G_ACTION_GROUP (window), "open-address",
                                  g_variant_new_string (address));
  return TRUE;
}

static const char *
state_words (KithMessageState state)
{
  switch (state) {
  case KITH_MESSAGE_PENDING:
    return _ ("Waiting to be sent");
  case KITH_MESSAGE_SENT:
    return _ ("Sent");
  case KITH_MESSAGE_DELIVERED:
    return _ ("Delivered");
  case KITH_MESSAGE_READ:
    return _ ("Read");
  case KITH_MESSAGE_FAILED:
    return _ ("Not sent");
  case KITH_MESSAGE_RECEIVED:
  default:
    return "";
  }
}

static const char *
state_icon (KithMessageState state)
{
  switch (state) {
  case KITH_MESSAGE_PENDING:
    return "kith-clock-symbolic";
  case KITH_MESSAGE_SENT:
    return "kith-tick-symbolic";
  case KITH_MESSAGE_DELIVERED:
  case KITH_MESSAGE_READ:
    return "kith-ticks-symbolic";
  case KITH_MESSAGE_FAILED:
    return "kith-failed-symbolic";
  case KITH_MESSAGE_RECEIVED:
  default:
    return NULL;
  }
}

static void
set_class (GtkWidget *widget, const char *name, gboolean on)
{
  GtkStyleContext *context = gtk_widget_get_style_context (widget);

  if (on)
    gtk_style_context_add_class (context, name);
  else
    gtk_style_context_remove_class (context, name);
}

static void
update_accessible (KithMessageRow *self)
{
  AtkObject *accessible = gtk_widget_get_accessible (GTK_WIDGET (self));
  const char *clock = gtk_label_get_text (self->time_label);
  const char *text = kith_message_get_text (self->message);
  KithMessageState state = kith_message_get_state (self->message);
  g_autofree char *name = NULL;

  if (kith_message_get_outgoing (self->message))
    /* Translators: for the screen reader: time, text, state. */
    name = g_strdup_printf (_ ("You at %s: %s. %s."), clock, text,
                            state_words (state));
  else
    /* Translators: for the screen reader: name, time, text. */
    name = g_strdup_printf (_ ("%s at %s: %s"),
                            kith_user_get_title (self->peer), clock, text);
  atk_object_set_name (accessible, name);
}

static void
update_state (KithMessageRow *self)
{
  KithMessageState state = kith_message_get_state (self->message);
  const char *icon = state_icon (state);
  const char *reason = kith_message_get_reason (self->message);
  gboolean failed = state == KITH_MESSAGE_FAILED;

  gtk_widget_set_visible (GTK_WIDGET (self->state_image), icon != NULL);
  if (icon) {
    gtk_image_set_from_icon_name (self->state_image, icon, GTK_ICON_SIZE_MENU);
    gtk_widget_set_tooltip_text (GTK_WIDGET (self->state_image),
                                 state_words (state));
    atk_object_set_name (self->state_accessible, state_words (state));
  }
  set_class (GTK_WIDGET (self->state_image), "read",
             state == KITH_MESSAGE_READ);
  set_class (self->bubble, "failed", failed);
  gtk_widget_set_visible (self->failure_box, failed);
  if (failed)
    gtk_label_set_text (self->failure_label,
                        reason ? reason : _ ("The server refused it."));
  update_accessible (self);
}

static void
update_time (KithMessageRow *self)
{
  g_autofree char *clock
      = time_text_clock (kith_message_get_time (self->message));

  gtk_label_set_text (self->time_label, clock);
  update_accessible (self);
}

static void
kith_message_row_dispose (GObject *object)
{
  KithMessageRow *self = KITH_MESSAGE_ROW (object);

  g_clear_object (&self->message);
  g_clear_object (&self->peer);
  G_OBJECT_CLASS (kith_message_row_parent_class)->dispose (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithMessageRow, child)

static void
kith_message_row_class_init (KithMessageRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_message_row_dispose;
  signals[RETRY]
      = g_signal_new ("retry", KITH_TYPE_MESSAGE_ROW, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[DISCARD]
      = g_signal_new ("discard", KITH_TYPE_MESSAGE_ROW, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-message-row.ui");
  BIND (day_label);
  BIND (unread_line);
  BIND (bubble);
  BIND (text_label);
  BIND (time_label);
  BIND (state_image);
  BIND (state_accessible);
  BIND (failure_box);
  BIND (failure_label);
  gtk_widget_class_bind_template_callback (widget_class, retry_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, discard_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, activate_link_cb);
}

/* GTK makes an object for each link of a label, and new ones now and then; it
 * gives them no names. */
static void
link_added_cb (AtkObject *label, guint index, gpointer child)
{
  g_autoptr (AtkHyperlink) link = NULL;
  g_autofree char *address = NULL;

  if (!ATK_IS_HYPERLINK_IMPL (child))
    return;
  link = atk_hyperlink_impl_get_hyperlink (child);
  address = atk_hyperlink_get_uri (link, 0);
  if (address)
    atk_object_set_name (child, address);
}

static void
kith_message_row_init (KithMessageRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (gtk_widget_get_accessible (GTK_WIDGET (self->text_label)),
                    "children-changed::add", G_CALLBACK (link_added_cb), NULL);
}

/* A word that is broken, as a long address is, gets no hyphen: it would be read
 * as a part of it. */
static void
show_text (KithMessageRow *self, const char *text)
{
  PangoAttrList *attributes = pango_attr_list_new ();
  g_autofree char *markup = web_links_to_markup (text);

  pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
  gtk_label_set_attributes (self->text_label, attributes);
  pango_attr_list_unref (attributes);
  if (markup)
    gtk_label_set_markup (self->text_label, markup);
  else
    gtk_label_set_text (self->text_label, text);
}

GtkWidget *
kith_message_row_new (KithMessage *message, KithUser *peer)
{
  KithMessageRow *self = g_object_new (KITH_TYPE_MESSAGE_ROW, NULL);
  gboolean own = kith_message_get_outgoing (message);

  self->message = g_object_ref (message);
  self->peer = g_object_ref (peer);
  show_text (self, kith_message_get_text (message));
  set_class (self->bubble, "own", own);
  gtk_widget_set_halign (self->bubble, own ? GTK_ALIGN_END : GTK_ALIGN_START);
  g_signal_connect_object (message, "notify::state", G_CALLBACK (update_state),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (message, "notify::reason", G_CALLBACK (update_state),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (message, "notify::time", G_CALLBACK (update_time),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (peer, "notify::title",
                           G_CALLBACK (update_accessible), self,
                           G_CONNECT_SWAPPED);
  update_time (self);
  update_state (self);
  return GTK_WIDGET (self);
}

KithMessage *
kith_message_row_get_message (KithMessageRow *self)
{
  g_return_val_if_fail (KITH_IS_MESSAGE_ROW (self), NULL);
  return self->message;
}

/* Whether b, which follows a, belongs to one group with it. */
static gboolean
joins (KithMessage *a, KithMessage *b)
{
  gint64 a_us, b_us;

  if (!a || !b
      || kith_message_get_sender_id (a) != kith_message_get_sender_id (b))
    return FALSE;
  a_us = kith_message_get_time (a);
  b_us = kith_message_get_time (b);
  return b_us - a_us < GROUP_GAP_US && time_text_same_day (a_us, b_us);
}

void
kith_message_row_set_context (KithMessageRow *self, KithMessage *before,
                              KithMessage *after, gboolean unread_line)
{
  gint64 time_us;
  gboolean new_day, above;
  g_autofree char *day = NULL;

  g_return_if_fail (KITH_IS_MESSAGE_ROW (self));
  time_us = kith_message_get_time (self->message);
  new_day = !before
            || !time_text_same_day (kith_message_get_time (before), time_us);
  if (new_day) {
    day = time_text_day (time_us, g_get_real_time ());
    gtk_label_set_text (self->day_label, day);
  }
  above = !unread_line && joins (before, self->message);
  gtk_widget_set_visible (GTK_WIDGET (self->day_label), new_day);
  gtk_widget_set_visible (self->unread_line, unread_line);
  set_class (self->bubble, "joins-above", above);
  set_class (self->bubble, "joins-below", joins (self->message, after));
  gtk_widget_set_margin_top (self->bubble,
                             above ? MARGIN_JOINED_PX : MARGIN_APART_PX);
}
