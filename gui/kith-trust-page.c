/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * First contact with a server that no CA vouches for. The button that trusts
 * rests until the person says that the fingerprint was compared.
 */
#include "kith-trust-page.h"

#include <glib/gi18n.h>

#include "kith-address.h"

struct _KithTrustPage {
  GtkBox parent_instance;

  GtkLabel *explanation_label;
  GtkLabel *fingerprint_label;
  GtkToggleButton *compared_button;

  char *pin;
};

G_DEFINE_TYPE (KithTrustPage, kith_trust_page, GTK_TYPE_BOX)

enum {
  TRUSTED,
  DECLINED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void
trust_clicked_cb (KithTrustPage *self)
{
  g_signal_emit (self, signals[TRUSTED], 0, self->pin);
}

static void
back_clicked_cb (KithTrustPage *self)
{
  g_signal_emit (self, signals[DECLINED], 0);
}

/* What the page is about is read out first, and Tab goes on from there. */
static void
kith_trust_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (kith_trust_page_parent_class)->map (widget);
  gtk_widget_grab_focus (
      GTK_WIDGET (KITH_TRUST_PAGE (widget)->fingerprint_label));
}

static void
kith_trust_page_finalize (GObject *object)
{
  g_free (KITH_TRUST_PAGE (object)->pin);
  G_OBJECT_CLASS (kith_trust_page_parent_class)->finalize (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithTrustPage, child)

static void
kith_trust_page_class_init (KithTrustPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kith_trust_page_finalize;
  widget_class->map = kith_trust_page_map;
  signals[TRUSTED]
      = g_signal_new ("trusted", KITH_TYPE_TRUST_PAGE, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[DECLINED]
      = g_signal_new ("declined", KITH_TYPE_TRUST_PAGE, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-trust-page.ui");
  BIND (explanation_label);
  BIND (fingerprint_label);
  BIND (compared_button);
  gtk_widget_class_bind_template_callback (widget_class, trust_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, back_clicked_cb);
}

static void
kith_trust_page_init (KithTrustPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_trust_page_show_key (KithTrustPage *self, const char *server,
                          const char *pin)
{
  g_autofree char *reading = NULL;
  g_autofree char *explanation = NULL;

  g_return_if_fail (KITH_IS_TRUST_PAGE (self));
  g_free (self->pin);
  self->pin = g_strdup (pin);
  reading = kith_pin_for_reading (pin);
  explanation = g_strdup_printf (
      _ ("No authority that this computer knows vouches for %s. Before you "
         "give it your password, compare this fingerprint with the one that "
         "you got from its administrator:"),
      server);
  gtk_label_set_text (self->explanation_label, explanation);
  gtk_label_set_text (self->fingerprint_label, reading);
  gtk_toggle_button_set_active (self->compared_button, FALSE);
}
