/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first run. Holds what is typed until the server has taken it; a password
 * leaves the form as soon as it was of use.
 */
#include "kith-welcome-page.h"

#include <glib/gi18n.h>

#include "text.h"

struct _KithWelcomePage {
  GtkBox parent_instance;

  GtkToggleButton *sign_in_mode;
  GtkToggleButton *sign_up_mode;
  GtkWidget *form;
  GtkWidget *server_hint_label;
  GtkEntry *server_entry;
  GtkEntry *name_entry;
  GtkEntry *password_entry;
  GtkEntry *repeat_entry;
  GtkEntry *display_entry;
  GtkEntry *invite_entry;
  GtkWidget *repeat_label;
  GtkWidget *display_label;
  GtkWidget *invite_label;
  GtkWidget *pin_label;
  GtkLabel *error_label;
  GtkWidget *go_button;
  GtkWidget *busy_box;
  GtkWidget *cancel_button;

  KithEngine *engine;
  GCancellable *cancellable; /* (nullable): while the server is asked */
  char *pin;                 /* (nullable): the key to trust */
  char *pin_host;            /* (nullable): of which server it is */
  gboolean filling;          /* the program, not the person, edits */
  gsize server_length;       /* of what stood in the server's field */
};

G_DEFINE_TYPE (KithWelcomePage, kith_welcome_page, GTK_TYPE_BOX)

static guint untrusted_signal;

static gboolean
signing_up (KithWelcomePage *self)
{
  return gtk_toggle_button_get_active (self->sign_up_mode);
}

static void
set_pin (KithWelcomePage *self, const char *pin, const char *host)
{
  g_free (self->pin);
  g_free (self->pin_host);
  self->pin = g_strdup (pin);
  self->pin_host = g_strdup (host);
  gtk_widget_set_visible (self->pin_label, pin != NULL);
}

/* ---- the form -------------------------------------------------------- */

static gboolean
form_complete (KithWelcomePage *self)
{
  const char *password = gtk_entry_get_text (self->password_entry);

  if (!*gtk_entry_get_text (self->server_entry) || !*password
      || !*gtk_entry_get_text (self->name_entry))
    return FALSE;
  return !signing_up (self)
         || g_str_equal (password, gtk_entry_get_text (self->repeat_entry));
}

static void
form_changed_cb (KithWelcomePage *self)
{
  const char *repeat = gtk_entry_get_text (self->repeat_entry);
  gboolean differs = signing_up (self) && *repeat
                     && !g_str_has_prefix (
                         gtk_entry_get_text (self->password_entry), repeat);

  gtk_widget_set_sensitive (self->go_button, form_complete (self));
  kith_welcome_page_set_error (
      self, differs ? _ ("The two passwords are not the same.") : NULL);
}

/* Takes a link that stands in the server's field apart. */
static gboolean
absorb_link (KithWelcomePage *self)
{
  g_autofree char *text = g_strdup (gtk_entry_get_text (self->server_entry));

  if (!g_str_has_prefix (text, "kith:"))
    return FALSE;
  kith_welcome_page_use_link (self, text);
  return TRUE;
}

static void
server_changed_cb (KithWelcomePage *self)
{
  const char *text = gtk_entry_get_text (self->server_entry);
  gsize before = self->server_length;

  self->server_length = strlen (text);
  gtk_widget_set_visible (self->server_hint_label, *text == '\0');
  if (self->filling)
    return;
  /* A link that is being typed is not whole before Return is pressed; one
   * that comes in one piece is. */
  if (self->server_length > before + 1 && absorb_link (self))
    return;
  /* A key belongs to the server that it came for. */
  if (self->pin && g_strcmp0 (text, self->pin_host) != 0)
    set_pin (self, NULL, NULL);
  form_changed_cb (self);
}

static void
mode_toggled_cb (KithWelcomePage *self)
{
  gboolean new_account = signing_up (self);
  GtkWidget *const only_new[] = {
    GTK_WIDGET (self->repeat_entry),  self->repeat_label,
    GTK_WIDGET (self->display_entry), self->display_label,
    GTK_WIDGET (self->invite_entry),  self->invite_label,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (only_new); i++)
    gtk_widget_set_visible (only_new[i], new_account);
  gtk_button_set_label (GTK_BUTTON (self->go_button),
                        new_account ? _ ("_Create Account") : _ ("Sign _In"));
  form_changed_cb (self);
}

/* While the server is asked, the keyboard is where one can give up. */
static void
set_busy (KithWelcomePage *self, gboolean busy)
{
  gtk_widget_set_sensitive (self->form, !busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->sign_in_mode), !busy);
  gtk_widget_set_sensitive (GTK_WIDGET (self->sign_up_mode), !busy);
  gtk_widget_set_visible (self->busy_box, busy);
  gtk_widget_set_visible (self->go_button, !busy);
  if (busy)
    gtk_widget_grab_focus (self->cancel_button);
}

/* ---- asking the server ----------------------------------------------- */

static void
failed (KithWelcomePage *self, const GError *error)
{
  const char *pin = kith_client_error_get_pin (error);

  if (g_error_matches (error, KITH_CLIENT_ERROR, KITH_UNTRUSTED) && pin) {
    g_signal_emit (self, untrusted_signal, 0,
                   gtk_entry_get_text (self->server_entry), pin);
    return;
  }
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    kith_welcome_page_set_error (self, error->message);
  gtk_widget_grab_focus (GTK_WIDGET (self->password_entry));
}

static void
finished (KithWelcomePage *self, gboolean done, const GError *error)
{
  g_clear_object (&self->cancellable);
  if (!self->engine) /* the window has gone */
    return;
  set_busy (self, FALSE);
  if (done)
    kith_welcome_page_clear (self);
  else
    failed (self, error);
}

static void
signed_in_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithWelcomePage) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done
      = kith_engine_sign_in_finish (KITH_ENGINE (source), result, &error);

  finished (self, done, error);
}

static void
signed_up_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithWelcomePage) self = data;
  g_autoptr (GError) error = NULL;
  gboolean done
      = kith_engine_sign_up_finish (KITH_ENGINE (source), result, &error);

  finished (self, done, error);
}

/* A field that may be left empty. */
static const char *
optional_text (GtkEntry *entry)
{
  const char *text = gtk_entry_get_text (entry);

  return *text ? text : NULL;
}

static void
ask_server (KithWelcomePage *self, const KithAddress *address)
{
  KithSignInDetails details = {
    .host = address->host,
    .port = address->port,
    .name = gtk_entry_get_text (self->name_entry),
    .password = gtk_entry_get_text (self->password_entry),
    .pin = self->pin ? self->pin : address->pin,
  };

  self->cancellable = g_cancellable_new ();
  set_busy (self, TRUE);
  kith_welcome_page_set_error (self, NULL);
  if (!signing_up (self)) {
    kith_engine_sign_in_async (self->engine, &details, self->cancellable,
                               signed_in_cb, g_object_ref (self));
    return;
  }
  details.display_name = optional_text (self->display_entry);
  details.invite = optional_text (self->invite_entry);
  kith_engine_sign_up_async (self->engine, &details, self->cancellable,
                             signed_up_cb, g_object_ref (self));
}

static void
go_clicked_cb (KithWelcomePage *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KithAddress) address = NULL;

  absorb_link (self);
  if (self->cancellable || !form_complete (self))
    return;
  address
      = kith_address_parse (gtk_entry_get_text (self->server_entry), &error);
  if (address)
    ask_server (self, address);
  else
    kith_welcome_page_set_error (self, error->message);
}

/* Return: to the next empty field, or on. */
static void
entry_activate_cb (KithWelcomePage *self)
{
  GtkEntry *const order[] = { self->server_entry, self->name_entry,
                              self->password_entry, self->repeat_entry };

  absorb_link (self);
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (gtk_widget_get_visible (GTK_WIDGET (order[i]))
        && !*gtk_entry_get_text (order[i])) {
      gtk_widget_grab_focus (GTK_WIDGET (order[i]));
      return;
    }
  go_clicked_cb (self);
}

static void
cancel_clicked_cb (KithWelcomePage *self)
{
  g_cancellable_cancel (self->cancellable);
}

/* ---- class ----------------------------------------------------------- */

/* When the page comes up, one can begin to type. */
static void
kith_welcome_page_map (GtkWidget *widget)
{
  KithWelcomePage *self = KITH_WELCOME_PAGE (widget);
  gboolean server_known = *gtk_entry_get_text (self->server_entry) != '\0';

  GTK_WIDGET_CLASS (kith_welcome_page_parent_class)->map (widget);
  gtk_widget_grab_focus (
      GTK_WIDGET (server_known ? self->name_entry : self->server_entry));
}

static void
kith_welcome_page_dispose (GObject *object)
{
  KithWelcomePage *self = KITH_WELCOME_PAGE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->engine);
  g_clear_pointer (&self->pin, g_free);
  g_clear_pointer (&self->pin_host, g_free);
  G_OBJECT_CLASS (kith_welcome_page_parent_class)->dispose (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithWelcomePage, child)

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-welcome-page.ui");
  BIND (sign_in_mode);
  BIND (sign_up_mode);
  BIND (form);
  BIND (server_hint_label);
  BIND (server_entry);
  BIND (name_entry);
  BIND (password_entry);
  BIND (repeat_entry);
  BIND (display_entry);
  BIND (invite_entry);
  BIND (repeat_label);
  BIND (display_label);
  BIND (invite_label);
  BIND (pin_label);
  BIND (error_label);
  BIND (go_button);
  BIND (busy_box);
  BIND (cancel_button);
  gtk_widget_class_bind_template_callback (widget_class, form_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, server_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, mode_toggled_cb);
  gtk_widget_class_bind_template_callback (widget_class, entry_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, go_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_clicked_cb);
}

static void
kith_welcome_page_class_init (KithWelcomePageClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = kith_welcome_page_dispose;
  GTK_WIDGET_CLASS (klass)->map = kith_welcome_page_map;
  untrusted_signal = g_signal_new (
      "untrusted", KITH_TYPE_WELCOME_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
      NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
kith_welcome_page_init (KithWelcomePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_welcome_page_set_engine (KithWelcomePage *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_WELCOME_PAGE (self) && !self->engine);
  self->engine = g_object_ref (engine);
}

void
kith_welcome_page_use_link (KithWelcomePage *self, const char *link)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KithAddress) address = NULL;
  g_autofree char *server = NULL;

  g_return_if_fail (KITH_IS_WELCOME_PAGE (self));
  if (self->cancellable)
    return;
  address = kith_address_parse (link, &error);
  if (!address) {
    kith_welcome_page_set_error (self, error->message);
    gtk_widget_set_sensitive (self->go_button, FALSE);
    return;
  }
  server = kith_address_format (address->host, address->port);
  self->filling = TRUE;
  gtk_entry_set_text (self->server_entry, server);
  self->filling = FALSE;
  set_pin (self, address->pin, server);
  if (address->invite) {
    gtk_entry_set_text (self->invite_entry, address->invite);
    gtk_toggle_button_set_active (self->sign_up_mode, TRUE);
  }
  form_changed_cb (self);
  gtk_widget_grab_focus (GTK_WIDGET (self->name_entry));
}

void
kith_welcome_page_trust (KithWelcomePage *self, const char *pin)
{
  g_return_if_fail (KITH_IS_WELCOME_PAGE (self));
  set_pin (self, pin, gtk_entry_get_text (self->server_entry));
  /* What the label says is true of links only. */
  gtk_widget_hide (self->pin_label);
  go_clicked_cb (self);
}

void
kith_welcome_page_set_error (KithWelcomePage *self, const char *sentence)
{
  g_return_if_fail (KITH_IS_WELCOME_PAGE (self));
  gtk_label_set_text (self->error_label, sentence ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (self->error_label), sentence != NULL);
}

void
kith_welcome_page_clear (KithWelcomePage *self)
{
  GtkEntry *const all[]
      = { self->server_entry, self->name_entry,    self->password_entry,
          self->repeat_entry, self->display_entry, self->invite_entry };

  g_return_if_fail (KITH_IS_WELCOME_PAGE (self));
  self->filling = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (all); i++)
    gtk_entry_set_text (all[i], "");
  self->filling = FALSE;
  gtk_toggle_button_set_active (self->sign_in_mode, TRUE);
  set_pin (self, NULL, NULL);
}
