/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Another key than the pinned one. Never shows the new key as something to
 * copy, and never fills it in: what is easier than asking would be done
 * instead of asking.
 */
#include "kith-key-changed-page.h"

#include <glib/gi18n.h>

struct _KithKeyChangedPage {
  GtkBox parent_instance;

  GtkLabel *explanation_label;
  GtkLabel *expected_label;
  GtkEntry *pin_entry;
  GtkWidget *use_button;
  GtkLabel *error_label;

  KithEngine *engine;
};

G_DEFINE_TYPE (KithKeyChangedPage, kith_key_changed_page, GTK_TYPE_BOX)

static void
set_error (KithKeyChangedPage *self, const char *sentence)
{
  gtk_label_set_text (self->error_label, sentence ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), sentence != NULL);
}

static void
pin_changed_cb (KithKeyChangedPage *self)
{
  gtk_widget_set_sensitive (self->use_button,
                            *gtk_entry_get_text (self->pin_entry) != '\0');
  set_error (self, NULL);
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithKeyChangedPage) self = data;
  g_autoptr (GError) error = NULL;

  if (!kith_engine_change_pin_finish (KITH_ENGINE (source), result, &error))
    set_error (self, error->message);
}

static void
use_clicked_cb (KithKeyChangedPage *self)
{
  const char *pin = gtk_entry_get_text (self->pin_entry);

  if (*pin)
    kith_engine_change_pin_async (self->engine, pin, NULL, changed_cb,
                                  g_object_ref (self));
}

static void
kith_key_changed_page_dispose (GObject *object)
{
  g_clear_object (&KITH_KEY_CHANGED_PAGE (object)->engine);
  G_OBJECT_CLASS (kith_key_changed_page_parent_class)->dispose (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithKeyChangedPage, child)

static void
kith_key_changed_page_class_init (KithKeyChangedPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_key_changed_page_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-key-changed-page.ui");
  BIND (explanation_label);
  BIND (expected_label);
  BIND (pin_entry);
  BIND (use_button);
  BIND (error_label);
  gtk_widget_class_bind_template_callback (widget_class, pin_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, use_clicked_cb);
}

static void
kith_key_changed_page_init (KithKeyChangedPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_key_changed_page_set_engine (KithKeyChangedPage *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_KEY_CHANGED_PAGE (self) && !self->engine);
  self->engine = g_object_ref (engine);
}

void
kith_key_changed_page_refresh (KithKeyChangedPage *self)
{
  const char *server, *pin;
  g_autofree char *explanation = NULL;
  g_autofree char *reading = NULL;

  g_return_if_fail (KITH_IS_KEY_CHANGED_PAGE (self));
  server = kith_engine_get_server_address (self->engine);
  pin = kith_engine_get_pin (self->engine);
  explanation = g_strdup_printf (
      _ ("Who answers at %s does not have the key that your account trusts. "
         "Somebody may be standing between you and your server. The trusted "
         "key has this fingerprint:"),
      server ? server : "");
  gtk_label_set_text (self->explanation_label, explanation);
  if (pin)
    reading = kith_pin_for_reading (pin);
  gtk_label_set_text (self->expected_label, reading ? reading : "");
  gtk_widget_set_visible (GTK_WIDGET (self->expected_label), pin != NULL);
  gtk_entry_set_text (self->pin_entry, "");
  set_error (self, NULL);
}
