/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one window: composes, and carries what one part says to another. What
 * the parts do is in their own files.
 */
#include "kith-window-private.h"

#include <glib/gi18n.h>

#include "time-text.h"
#include "unread-text.h"

#define DAY_CHECK_S 30

G_DEFINE_TYPE (KithWindow, kith_window, HDY_TYPE_APPLICATION_WINDOW)

enum {
  PROP_0,
  PROP_SEEN,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* ---- the leaflet ----------------------------------------------------- */

static gboolean
conversation_shows (KithWindow *self)
{
  return !hdy_leaflet_get_folded (self->leaflet)
         || hdy_leaflet_get_visible_child (self->leaflet)
                == GTK_WIDGET (self->conversation_view);
}

/* What is shown or the window's focus has changed. */
static void
update_seen (KithWindow *self)
{
  gboolean active = gtk_window_is_active (GTK_WINDOW (self));

  kith_conversation_view_set_active (self->conversation_view,
                                     active && conversation_shows (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SEEN]);
}

static void
update_actions (KithWindow *self)
{
  KithConversation *conversation
      = kith_conversation_view_get_conversation (self->conversation_view);
  GAction *remove
      = g_action_map_lookup_action (G_ACTION_MAP (self), "remove-friend");
  gboolean online = kith_engine_get_state (self->engine) == KITH_ENGINE_ONLINE;

  g_simple_action_set_enabled (
      G_SIMPLE_ACTION (remove),
      online && conversation && kith_conversation_get_friends (conversation));
}

void
kith_window_take_focus (KithWindow *self)
{
  if (conversation_shows (self)
      && kith_conversation_view_focus_composer (self->conversation_view))
    return;
  if (!hdy_leaflet_get_folded (self->leaflet)
      || hdy_leaflet_get_visible_child (self->leaflet)
             == GTK_WIDGET (self->sidebar))
    kith_sidebar_focus_list (self->sidebar);
}

void
kith_window_show_conversation (KithWindow *self, KithConversation *conversation,
                               gboolean activated)
{
  kith_conversation_view_set_conversation (self->conversation_view,
                                           conversation);
  g_signal_group_set_target (self->shown_signals, conversation);
  kith_sidebar_select (self->sidebar, conversation);
  if (activated) {
    hdy_leaflet_set_visible_child (self->leaflet,
                                   GTK_WIDGET (self->conversation_view));
    kith_window_take_focus (self);
  }
  update_actions (self);
  update_seen (self);
}

void
kith_window_close_conversation (KithWindow *self)
{
  kith_conversation_view_set_conversation (self->conversation_view, NULL);
  g_signal_group_set_target (self->shown_signals, NULL);
  kith_sidebar_select (self->sidebar, NULL);
  hdy_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->sidebar));
  if (kith_window_chatting (self))
    kith_window_take_focus (self);
  update_actions (self);
  update_seen (self);
}

static void
conversation_picked_cb (KithWindow *self, KithConversation *conversation,
                        gboolean activated)
{
  /* In a narrow window, moving over the rows does not leave the list. */
  if (activated || !hdy_leaflet_get_folded (self->leaflet))
    kith_window_show_conversation (self, conversation, activated);
}

static void
folded_cb (KithWindow *self)
{
  gboolean folded = hdy_leaflet_get_folded (self->leaflet);

  kith_sidebar_set_folded (self->sidebar, folded);
  kith_conversation_view_set_folded (self->conversation_view, folded);
  hdy_header_group_set_decorate_all (self->header_group, folded);
}

static void
visible_child_cb (KithWindow *self)
{
  /* The template sets it before there is an engine. */
  if (self->engine)
    update_seen (self);
}

static gboolean
check_shown_cb (gpointer data)
{
  KithWindow *self = data;
  KithConversation *shown
      = kith_conversation_view_get_conversation (self->conversation_view);

  KithConversation *present
      = shown ? kith_engine_find_present (self->engine, shown) : NULL;

  self->check_source = 0;
  if (shown && !present)
    kith_window_close_conversation (self);
  else if (present != shown)
    kith_window_show_conversation (self, present, FALSE);
  update_actions (self);
  return G_SOURCE_REMOVE;
}

/* A conversation may have gone from the server, be another object after a restore
 * of the server, or only be moving up: which of them is known when the model is
 * at rest. */
static void
conversations_changed_cb (KithWindow *self)
{
  if (!self->check_source)
    self->check_source = g_idle_add (check_shown_cb, self);
}

/* ---- pages ----------------------------------------------------------- */

static gboolean
page_shows (KithWindow *self, const char *page)
{
  return g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), page) == 0;
}

gboolean
kith_window_chatting (KithWindow *self)
{
  return page_shows (self, "chat");
}

static void
untrusted_cb (KithWindow *self, const char *server, const char *pin)
{
  kith_trust_page_show_key (self->trust_page, server, pin);
  gtk_stack_set_visible_child_name (self->stack, "trust");
}

static void
trusted_cb (KithWindow *self, const char *pin)
{
  gtk_stack_set_visible_child_name (self->stack, "welcome");
  kith_welcome_page_trust (self->welcome_page, pin);
}

static void
show_welcome (KithWindow *self)
{
  const char *status = kith_engine_get_status (self->engine);

  /* Back from a sign-in that failed: the pages of the first run know. */
  if (page_shows (self, "trust"))
    return;
  kith_window_close_conversation (self);
  gtk_stack_set_visible_child_name (self->stack, "welcome");
  if (status && *status)
    kith_welcome_page_set_error (self->welcome_page, status);
  if (self->pending_link)
    kith_welcome_page_use_link (self->welcome_page, self->pending_link);
  g_clear_pointer (&self->pending_link, g_free);
}

static void
show_chat (KithWindow *self)
{
  if (kith_window_chatting (self))
    return;
  gtk_stack_set_visible_child_name (self->stack, "chat");
  kith_window_take_focus (self);
}

void
kith_window_leave_trust_page (KithWindow *self)
{
  if (page_shows (self, "trust"))
    gtk_stack_set_visible_child_name (self->stack, "welcome");
}

static void
state_changed_cb (KithWindow *self)
{
  KithEngineState state = kith_engine_get_state (self->engine);

  if (state == self->state)
    return;
  self->state = state;
  switch (state) {
  case KITH_ENGINE_CLOSED:
  case KITH_ENGINE_STARTING:
    break;
  case KITH_ENGINE_SIGNED_OUT:
    show_welcome (self);
    break;
  case KITH_ENGINE_KEY_CHANGED:
    kith_key_changed_page_refresh (self->key_changed_page);
    gtk_stack_set_visible_child_name (self->stack, "key-changed");
    break;
  case KITH_ENGINE_NEEDS_PASSWORD:
    show_chat (self);
    kith_window_ask_password (self);
    break;
  case KITH_ENGINE_CONNECTING:
    /* While signing in for the first time the form stays. */
    if (!kith_engine_get_self_user (self->engine))
      break;
    show_chat (self);
    break;
  case KITH_ENGINE_SYNCING:
  case KITH_ENGINE_ONLINE:
  case KITH_ENGINE_OFFLINE:
  default:
    show_chat (self);
  }
  update_actions (self);
}

void
kith_window_say (KithWindow *self, const char *sentence)
{
  if (self->toast)
    kith_toast_say (self->toast, sentence);
}

/* What one sees of the window when it is behind others. */
static void
update_title (KithWindow *self)
{
  guint unread = kith_engine_get_unread (self->engine);
  g_autofree char *title = unread_text_title (unread);
  g_autofree char *count = unread_text_words (unread);
  g_autofree char *words = g_strdup_printf ("kith, %s", count);

  gtk_window_set_title (GTK_WINDOW (self), title);
  atk_object_set_name (gtk_widget_get_accessible (GTK_WIDGET (self)),
                       unread ? words : title);
}

/* ---- time and size --------------------------------------------------- */

static gboolean
day_cb (gpointer data)
{
  KithWindow *self = data;
  gint64 now = g_get_real_time ();

  if (!time_text_same_day (now, self->day_us)) {
    self->day_us = now;
    kith_sidebar_refresh_days (self->sidebar);
    kith_conversation_view_refresh_days (self->conversation_view);
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
kith_window_delete_event (GtkWidget *widget, GdkEventAny *event)
{
  KithWindow *self = KITH_WINDOW (widget);
  int width, height;

  gtk_window_get_size (GTK_WINDOW (self), &width, &height);
  kith_settings_set_size (self->settings, width, height,
                          gtk_window_is_maximized (GTK_WINDOW (self)));
  return GDK_EVENT_PROPAGATE;
}

/* ---- class ----------------------------------------------------------- */

static void
kith_window_get_property (GObject *object, guint id, GValue *value,
                          GParamSpec *pspec)
{
  switch (id) {
  case PROP_SEEN:
    g_value_set_object (value, kith_window_get_seen (KITH_WINDOW (object)));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
kith_window_dispose (GObject *object)
{
  KithWindow *self = KITH_WINDOW (object);

  g_clear_handle_id (&self->day_source, g_source_remove);
  g_clear_handle_id (&self->check_source, g_source_remove);
  g_clear_weak_pointer (&self->password_dialog);
  g_clear_pointer (&self->pending_link, g_free);
  g_clear_object (&self->shown_signals);
  g_clear_object (&self->settings);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_window_parent_class)->dispose (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithWindow, child)

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-window.ui");
  BIND (stack);
  BIND (notice_page);
  BIND (welcome_page);
  BIND (trust_page);
  BIND (key_changed_page);
  BIND (leaflet);
  BIND (sidebar);
  BIND (conversation_view);
  BIND (toast);
  BIND (header_group);
  gtk_widget_class_bind_template_callback (widget_class, untrusted_cb);
  gtk_widget_class_bind_template_callback (widget_class, trusted_cb);
  gtk_widget_class_bind_template_callback_full (
      widget_class, "declined_cb", G_CALLBACK (kith_window_leave_trust_page));
  gtk_widget_class_bind_template_callback (widget_class, folded_cb);
  gtk_widget_class_bind_template_callback (widget_class, visible_child_cb);
  gtk_widget_class_bind_template_callback (widget_class,
                                           conversation_picked_cb);
}

static void
kith_window_class_init (KithWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = kith_window_get_property;
  object_class->dispose = kith_window_dispose;
  widget_class->delete_event = kith_window_delete_event;
  properties[PROP_SEEN]
      = g_param_spec_object ("seen", NULL, NULL, KITH_TYPE_CONVERSATION,
                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  bind_template (widget_class);
}

static void
kith_window_init (KithWindow *self)
{
  g_type_ensure (KITH_TYPE_NOTICE_PAGE);
  g_type_ensure (KITH_TYPE_WELCOME_PAGE);
  g_type_ensure (KITH_TYPE_TRUST_PAGE);
  g_type_ensure (KITH_TYPE_KEY_CHANGED_PAGE);
  g_type_ensure (KITH_TYPE_SIDEBAR);
  g_type_ensure (KITH_TYPE_CONVERSATION_VIEW);
  g_type_ensure (KITH_TYPE_TOAST);
  gtk_widget_init_template (GTK_WIDGET (self));
  kith_window_add_actions (self);
  /* One can remove only who is still a friend. */
  self->shown_signals = g_signal_group_new (KITH_TYPE_CONVERSATION);
  g_signal_group_connect_swapped (self->shown_signals, "notify::friends",
                                  G_CALLBACK (update_actions), self);
  hdy_header_group_add_header_bar (self->header_group,
                                   kith_sidebar_get_header_bar (self->sidebar));
  hdy_header_group_add_header_bar (
      self->header_group,
      kith_conversation_view_get_header_bar (self->conversation_view));
  g_signal_connect (self, "notify::is-active", G_CALLBACK (visible_child_cb),
                    NULL);
  g_signal_connect_object (self->sidebar, "problem",
                           G_CALLBACK (kith_window_say), self,
                           G_CONNECT_SWAPPED);
  self->day_us = g_get_real_time ();
  self->day_source = g_timeout_add_seconds (DAY_CHECK_S, day_cb, self);
}

static void
set_engine (KithWindow *self, KithEngine *engine)
{
  self->engine = g_object_ref (engine);
  kith_welcome_page_set_engine (self->welcome_page, engine);
  kith_key_changed_page_set_engine (self->key_changed_page, engine);
  kith_sidebar_set_engine (self->sidebar, engine);
  kith_conversation_view_set_engine (self->conversation_view, engine);
  g_signal_connect_object (engine, "notify::state",
                           G_CALLBACK (state_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "notify::unread", G_CALLBACK (update_title),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "notice", G_CALLBACK (kith_window_say), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (
      kith_engine_get_conversations (engine), "items-changed",
      G_CALLBACK (conversations_changed_cb), self, G_CONNECT_SWAPPED);
  folded_cb (self);
  update_title (self);
  update_actions (self);
  state_changed_cb (self);
}

GtkWidget *
kith_window_new (GtkApplication *application, KithEngine *engine,
                 KithSettings *settings)
{
  KithWindow *self
      = g_object_new (KITH_TYPE_WINDOW, "application", application, NULL);
  int width, height;
  gboolean maximized;

  self->settings = g_object_ref (settings);
  kith_settings_get_size (settings, &width, &height, &maximized);
  if (width > 0 && height > 0)
    gtk_window_set_default_size (GTK_WINDOW (self), width, height);
  if (maximized)
    gtk_window_maximize (GTK_WINDOW (self));
  set_engine (self, engine);
  return GTK_WIDGET (self);
}

KithConversation *
kith_window_get_seen (KithWindow *self)
{
  g_return_val_if_fail (KITH_IS_WINDOW (self), NULL);
  if (!gtk_window_is_active (GTK_WINDOW (self)) || !conversation_shows (self)
      || !kith_window_chatting (self))
    return NULL;
  return kith_conversation_view_get_conversation (self->conversation_view);
}

void
kith_window_open_conversation (KithWindow *self, KithConversation *conversation)
{
  g_return_if_fail (KITH_IS_WINDOW (self));
  kith_window_show_conversation (self, conversation, TRUE);
}

void
kith_window_open_link (KithWindow *self, const char *link)
{
  g_return_if_fail (KITH_IS_WINDOW (self));
  if (kith_engine_get_state (self->engine) == KITH_ENGINE_SIGNED_OUT) {
    gtk_stack_set_visible_child_name (self->stack, "welcome");
    kith_welcome_page_use_link (self->welcome_page, link);
  } else if (kith_window_chatting (self)) {
    kith_window_say (self, _ ("You have an account here already. Sign "
                              "out first to use this link."));
  } else {
    g_free (self->pending_link);
    self->pending_link = g_strdup (link);
  }
}

void
kith_window_set_problem (KithWindow *self, const char *sentence)
{
  g_return_if_fail (KITH_IS_WINDOW (self));
  kith_notice_page_set_problem (self->notice_page, sentence);
  gtk_stack_set_visible_child_name (self->stack, "notice");
}
