/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program. Owns the engine; ends only after what was typed is on disk.
 */
#include "kith-application.h"

#include <glib/gi18n.h>
#include <handy.h>

#include "kith-engine.h"
#include "kith-notifier.h"
#include "kith-settings.h"
#include "kith-style.h"
#include "kith-window.h"

#define APPLICATION_ID "chat.kith.Kith"

struct _KithApplication {
  GtkApplication parent_instance;

  char *profile; /* the folder */
  KithEngine *engine;
  KithSettings *settings;
  KithNotifier *notifier;
  GtkWidget *window; /* weak */
  KithStyle *style;
  gboolean ending;
};

G_DEFINE_TYPE (KithApplication, kith_application, GTK_TYPE_APPLICATION)

static const struct {
  const char *action;
  const char *accels[3];
} shortcuts[] = {
  { "app.quit", { "<Primary>q" } },
  { "win.add-friend", { "<Primary>n" } },
  { "win.search", { "<Primary>k", "<Primary>f" } },
  { "win.menu", { "F10" } },
  { "win.back", { "Escape" } },
  { "win.next", { "<Primary>Page_Down", "<Alt>Down" } },
  { "win.previous", { "<Primary>Page_Up", "<Alt>Up" } },
  { "win.next-unread", { "<Primary><Shift>Page_Down" } },
  { "win.previous-unread", { "<Primary><Shift>Page_Up" } },
  { "win.newest", { "<Primary>End" } },
  { "win.close-conversation", { "<Primary>w" } },
  { "win.show-help-overlay", { "<Primary>question", "<Primary>F1" } },
};

/* ---- actions --------------------------------------------------------- */

static void
present (KithApplication *self)
{
  if (self->window)
    gtk_window_present (GTK_WINDOW (self->window));
}

static void
dark_changed_cb (KithApplication *self, GVariant *value, GSimpleAction *action)
{
  gboolean dark = g_variant_get_boolean (value);

  g_simple_action_set_state (action, value);
  kith_settings_set_dark (self->settings, dark);
  kith_style_use_dark (dark);
}

static void
about_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithApplication *self = data;
  const char *authors[] = { _ ("The kith developers"), NULL };

  gtk_show_about_dialog (GTK_WINDOW (self->window), "program-name", "kith",
                         "version", PACKAGE_VERSION, "comments",
                         _ ("Private chat for people who run their own server"),
                         "logo-icon-name", APPLICATION_ID, "license-type",
                         GTK_LICENSE_GPL_3_0, "authors", authors,
                         /* Translators: your name, so that you are named. */
                         "translator-credits", _ ("translator-credits"), NULL);
}

static void
show_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  present (data);
}

static void
show_conversation_action (GSimpleAction *action, GVariant *parameter,
                          gpointer data)
{
  KithApplication *self = data;
  KithConversation *conversation = kith_engine_find_conversation (
      self->engine, g_variant_get_uint64 (parameter));

  present (self);
  if (conversation && self->window)
    kith_window_open_conversation (KITH_WINDOW (self->window), conversation);
}

/* (transfer full) (nullable) */
static KithFriendRequest *
find_friend_request (KithApplication *self, guint64 id)
{
  GListModel *requests = kith_engine_get_friend_requests (self->engine);
  guint n = g_list_model_get_n_items (requests);

  for (guint i = 0; i < n; i++) {
    g_autoptr (KithFriendRequest) request = g_list_model_get_item (requests, i);

    if (kith_friend_request_get_id (request) == id)
      return g_steal_pointer (&request);
  }
  return NULL;
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  /* What was pressed outside of the window is told there. */
  if (!kith_engine_answer_friend_request_finish (KITH_ENGINE (source), result,
                                                 &error))
    g_signal_emit_by_name (source, "notice", error->message);
}

static void
answer_friend_request (KithApplication *self, GVariant *id, KithAnswer answer)
{
  g_autoptr (KithFriendRequest) request
      = find_friend_request (self, g_variant_get_uint64 (id));

  if (request)
    kith_engine_answer_friend_request_async (self->engine, request, answer,
                                             answered_cb, NULL);
}

static void
accept_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  answer_friend_request (data, parameter, KITH_ANSWER_ACCEPT);
}

static void
reject_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  answer_friend_request (data, parameter, KITH_ANSWER_REJECT);
}

/* ---- start and end --------------------------------------------------- */

static void
shut_down_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithApplication) self = data;

  kith_engine_shutdown_finish (KITH_ENGINE (source), result);
  kith_settings_save (self->settings);
  g_application_release (G_APPLICATION (self));
  if (self->window)
    gtk_widget_destroy (self->window);
}

/* The window leaves at once; the program when all is on disk. */
static void
end (KithApplication *self)
{
  if (self->ending)
    return;
  self->ending = TRUE;
  g_application_hold (G_APPLICATION (self));
  if (self->window)
    gtk_widget_hide (self->window);
  kith_engine_shutdown_async (self->engine, shut_down_cb, g_object_ref (self));
}

static void
quit_action (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  KithApplication *self = data;

  if (self->window)
    gtk_window_close (GTK_WINDOW (self->window));
  else
    end (self);
}

static gboolean
window_closed_cb (KithApplication *self)
{
  end (self);
  return GDK_EVENT_STOP;
}

static const GActionEntry actions[] = {
  { "quit", quit_action },
  { "about", about_action },
  { "show", show_action },
  { "show-conversation", show_conversation_action, "t" },
  { "accept-friend-request", accept_action, "t" },
  { "reject-friend-request", reject_action, "t" },
};

static void
started_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithApplication) self = data;
  g_autoptr (GError) error = NULL;

  if (!kith_engine_start_finish (KITH_ENGINE (source), result, &error)
      && self->window && !self->ending)
    kith_window_set_problem (KITH_WINDOW (self->window), error->message);
}

static void
seen_changed_cb (KithApplication *self, GParamSpec *pspec, KithWindow *window)
{
  kith_notifier_set_seen (self->notifier, kith_window_get_seen (window));
}

static void
open_window (KithApplication *self)
{
  GtkWidget *window;

  if (self->window || self->ending)
    return;
  window
      = kith_window_new (GTK_APPLICATION (self), self->engine, self->settings);
  g_set_weak_pointer (&self->window, window);
  g_signal_connect_object (window, "notify::seen", G_CALLBACK (seen_changed_cb),
                           self, G_CONNECT_SWAPPED);
  /* After the window's own handler, which notes its size. */
  g_signal_connect_object (window, "delete-event",
                           G_CALLBACK (window_closed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

static void
add_dark_action (KithApplication *self)
{
  gboolean dark = kith_settings_get_dark (self->settings);
  g_autoptr (GSimpleAction) action = g_simple_action_new_stateful (
      "dark", NULL, g_variant_new_boolean (dark));

  g_signal_connect_object (action, "change-state", G_CALLBACK (dark_changed_cb),
                           self, G_CONNECT_SWAPPED);
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (action));
  kith_style_use_dark (dark);
}

static void
kith_application_startup (GApplication *application)
{
  KithApplication *self = KITH_APPLICATION (application);
  g_autoptr (KithSecrets) secrets = kith_secrets_new_libsecret ();

  G_APPLICATION_CLASS (kith_application_parent_class)->startup (application);
  hdy_init ();
  g_set_application_name ("kith");
  gtk_window_set_default_icon_name (APPLICATION_ID);
  self->settings = kith_settings_new (self->profile);
  self->engine = kith_engine_new (self->profile, secrets);
  self->notifier = kith_notifier_new (application, self->engine);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions,
                                   G_N_ELEMENTS (actions), self);
  add_dark_action (self);
  self->style = kith_style_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_application_set_accels_for_action (
        GTK_APPLICATION (self), shortcuts[i].action, shortcuts[i].accels);
  kith_engine_start_async (self->engine, NULL, started_cb, g_object_ref (self));
}

static void
kith_application_activate (GApplication *application)
{
  open_window (KITH_APPLICATION (application));
  present (KITH_APPLICATION (application));
}

static void
kith_application_open (GApplication *application, GFile **files, int n_files,
                       const char *hint)
{
  KithApplication *self = KITH_APPLICATION (application);
  g_autofree char *uri = n_files > 0 ? g_file_get_uri (files[0]) : NULL;

  g_application_activate (application);
  if (uri && self->window)
    kith_window_open_link (KITH_WINDOW (self->window), uri);
}

static int
kith_application_handle_local_options (GApplication *application,
                                       GVariantDict *options)
{
  KithApplication *self = KITH_APPLICATION (application);
  g_autofree char *profile = NULL;

  if (g_variant_dict_contains (options, "version")) {
    g_print ("kith %s\n", PACKAGE_VERSION);
    return 0;
  }
  if (g_variant_dict_lookup (options, "profile", "^ay", &profile)) {
    g_free (self->profile);
    self->profile = g_canonicalize_filename (profile, NULL);
    g_application_set_flags (application, g_application_get_flags (application)
                                              | G_APPLICATION_NON_UNIQUE);
  }
  return -1; /* go on */
}

static void
kith_application_finalize (GObject *object)
{
  KithApplication *self = KITH_APPLICATION (object);

  g_clear_weak_pointer (&self->window);
  g_clear_object (&self->notifier);
  g_clear_object (&self->engine);
  g_clear_object (&self->settings);
  g_clear_object (&self->style);
  g_free (self->profile);
  G_OBJECT_CLASS (kith_application_parent_class)->finalize (object);
}

static void
kith_application_class_init (KithApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = kith_application_finalize;
  application_class->startup = kith_application_startup;
  application_class->activate = kith_application_activate;
  application_class->open = kith_application_open;
  application_class->handle_local_options
      = kith_application_handle_local_options;
}

static void
kith_application_init (KithApplication *self)
{
  static const GOptionEntry options[] = {
    { "profile", 0, 0, G_OPTION_ARG_FILENAME, NULL,
      N_ ("Keep everything in this folder, and run beside other windows"),
      N_ ("FOLDER") },
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version"),
      NULL },
    { NULL },
  };

  self->profile = g_build_filename (g_get_user_data_dir (), "kith", NULL);
  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self),
                                                     _ ("[kith:LINK]"));
}

KithApplication *
kith_application_new (void)
{
  return g_object_new (KITH_TYPE_APPLICATION, "application-id", APPLICATION_ID,
                       "flags", G_APPLICATION_HANDLES_OPEN, NULL);
}
