/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The left side of the window. Answers friend requests and ties the search to
 * the list of conversations.
 */
#include "kith-sidebar.h"

#include <glib/gi18n.h>

#include "kith-connection-bar.h"
#include "kith-conversation-list.h"
#include "kith-request-row.h"
#include "kith-self-title.h"

#define NATURAL_WIDTH_PX 290

struct _KithSidebar {
  GtkBox parent_instance;

  HdyHeaderBar *header_bar;
  KithSelfTitle *self_title;
  GtkWidget *menu_button;
  KithConnectionBar *connection_bar;
  HdySearchBar *search_bar;
  GtkEntry *search_entry;
  GtkRevealer *requests_revealer;
  GtkListBox *request_list;
  GtkStack *stack;
  KithConversationList *conversation_list;
  GtkWidget *first_friend_button;

  KithEngine *engine;
  guint resize_source; /* 0: the header bar has the size it asks for */
};

G_DEFINE_TYPE (KithSidebar, kith_sidebar, GTK_TYPE_BOX)

enum {
  CONVERSATION_PICKED,
  PROBLEM,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- friend requests ------------------------------------------------- */

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithSidebar) self = data;
  g_autoptr (GError) error = NULL;

  if (!kith_engine_answer_friend_request_finish (KITH_ENGINE (source), result,
                                                 &error))
    g_signal_emit (self, signals[PROBLEM], 0, error->message);
}

static void
request_answered_cb (KithSidebar *self, int answer, KithRequestRow *row)
{
  kith_engine_answer_friend_request_async (
      self->engine, kith_request_row_get_request (row), (KithAnswer)answer,
      answered_cb, g_object_ref (self));
}

static GtkWidget *
create_request_row (gpointer item, gpointer data)
{
  GtkWidget *row = kith_request_row_new (item);

  g_signal_connect_object (row, "answered", G_CALLBACK (request_answered_cb),
                           data, G_CONNECT_SWAPPED);
  return row;
}

static void
requests_changed_cb (KithSidebar *self)
{
  GListModel *requests = kith_engine_get_friend_requests (self->engine);

  gtk_revealer_set_reveal_child (self->requests_revealer,
                                 g_list_model_get_n_items (requests) > 0);
}

/* ---- conversations --------------------------------------------------- */

/* Conversations, or the page that says that there are none. The focus does not
 * stay on what is gone. */
static void
arranged_cb (KithSidebar *self)
{
  gboolean any = !kith_conversation_list_is_empty (self->conversation_list);
  gboolean focused = gtk_widget_is_focus (self->first_friend_button);

  gtk_stack_set_visible_child_name (self->stack, any ? "list" : "empty");
  if (any && focused)
    kith_sidebar_focus_list (self);
}

static void
conversation_picked_cb (KithSidebar *self, KithConversation *conversation,
                        gboolean activated)
{
  g_signal_emit (self, signals[CONVERSATION_PICKED], 0, conversation,
                 activated);
}

/* ---- search ---------------------------------------------------------- */

static void
search_changed_cb (KithSidebar *self)
{
  kith_conversation_list_filter (self->conversation_list,
                                 gtk_entry_get_text (self->search_entry));
}

static void
search_activate_cb (KithSidebar *self)
{
  KithConversation *first
      = kith_conversation_list_get_first (self->conversation_list);

  if (!first)
    return;
  kith_sidebar_end_search (self);
  conversation_picked_cb (self, first, TRUE);
}

static void
search_stop_cb (KithSidebar *self)
{
  kith_sidebar_end_search (self);
}

static gboolean
search_key_cb (KithSidebar *self, GdkEventKey *event)
{
  return event->keyval == GDK_KEY_Down
         && kith_conversation_list_focus_first (self->conversation_list);
}

/* ---- the header bar -------------------------------------------------- */

static gboolean
resize_cb (gpointer data)
{
  KithSidebar *self = data;

  self->resize_source = 0;
  gtk_widget_queue_resize (GTK_WIDGET (self->header_bar));
  return G_SOURCE_REMOVE;
}

/* A header bar that loses the window's buttons does not give their room back,
 * and loses them while sizes are given out, when no other can be asked for. */
static void
decoration_changed_cb (KithSidebar *self)
{
  if (!self->resize_source)
    self->resize_source
        = g_idle_add_full (G_PRIORITY_HIGH_IDLE, resize_cb, self, NULL);
}

/* ---- class ----------------------------------------------------------- */

static void
kith_sidebar_dispose (GObject *object)
{
  KithSidebar *self = KITH_SIDEBAR (object);

  g_clear_handle_id (&self->resize_source, g_source_remove);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_sidebar_parent_class)->dispose (object);
}

/* A long name is cut; it must not make the list wide. */
static void
kith_sidebar_get_preferred_width (GtkWidget *widget, int *minimum_r,
                                  int *natural_r)
{
  GTK_WIDGET_CLASS (kith_sidebar_parent_class)
      ->get_preferred_width (widget, minimum_r, natural_r);
  *natural_r = MAX (*minimum_r, NATURAL_WIDTH_PX);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithSidebar, child)

static void
bind_template (GtkWidgetClass *widget_class)
{
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-sidebar.ui");
  BIND (header_bar);
  BIND (self_title);
  BIND (menu_button);
  BIND (connection_bar);
  BIND (search_bar);
  BIND (search_entry);
  BIND (requests_revealer);
  BIND (request_list);
  BIND (stack);
  BIND (conversation_list);
  BIND (first_friend_button);
  gtk_widget_class_bind_template_callback (widget_class, arranged_cb);
  gtk_widget_class_bind_template_callback (widget_class,
                                           conversation_picked_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_stop_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_key_cb);
}

static void
kith_sidebar_class_init (KithSidebarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = kith_sidebar_dispose;
  GTK_WIDGET_CLASS (klass)->get_preferred_width
      = kith_sidebar_get_preferred_width;
  signals[CONVERSATION_PICKED] = g_signal_new (
      "conversation-picked", KITH_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL,
      NULL, NULL, G_TYPE_NONE, 2, KITH_TYPE_CONVERSATION, G_TYPE_BOOLEAN);
  signals[PROBLEM]
      = g_signal_new ("problem", KITH_TYPE_SIDEBAR, G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  bind_template (GTK_WIDGET_CLASS (klass));
}

static void
kith_sidebar_init (KithSidebar *self)
{
  g_type_ensure (KITH_TYPE_CONNECTION_BAR);
  g_type_ensure (KITH_TYPE_CONVERSATION_LIST);
  g_type_ensure (KITH_TYPE_SELF_TITLE);
  gtk_widget_init_template (GTK_WIDGET (self));
  hdy_search_bar_connect_entry (self->search_bar, self->search_entry);
  g_signal_connect_object (self->header_bar, "notify::decoration-layout",
                           G_CALLBACK (decoration_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

void
kith_sidebar_set_engine (KithSidebar *self, KithEngine *engine)
{
  GListModel *requests;

  g_return_if_fail (KITH_IS_SIDEBAR (self) && !self->engine);
  self->engine = g_object_ref (engine);
  requests = kith_engine_get_friend_requests (engine);
  kith_connection_bar_set_engine (self->connection_bar, engine);
  gtk_list_box_bind_model (self->request_list, requests, create_request_row,
                           self, NULL);
  g_signal_connect_object (requests, "items-changed",
                           G_CALLBACK (requests_changed_cb), self,
                           G_CONNECT_SWAPPED);
  kith_self_title_set_engine (self->self_title, engine);
  requests_changed_cb (self);
  kith_conversation_list_set_engine (self->conversation_list, engine);
}

void
kith_sidebar_select (KithSidebar *self, KithConversation *conversation)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  kith_conversation_list_select (self->conversation_list, conversation);
}

KithConversation *
kith_sidebar_neighbour (KithSidebar *self, int step, gboolean unread)
{
  g_return_val_if_fail (KITH_IS_SIDEBAR (self), NULL);
  return kith_conversation_list_neighbour (self->conversation_list, step,
                                           unread);
}

void
kith_sidebar_focus_search (KithSidebar *self)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  hdy_search_bar_set_search_mode (self->search_bar, TRUE);
  /* The bar comes with the next frame; what is typed before is not lost. */
  gtk_widget_realize (GTK_WIDGET (self->search_entry));
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}

gboolean
kith_sidebar_end_search (KithSidebar *self)
{
  g_return_val_if_fail (KITH_IS_SIDEBAR (self), FALSE);
  if (!hdy_search_bar_get_search_mode (self->search_bar))
    return FALSE;
  gtk_entry_set_text (self->search_entry, "");
  hdy_search_bar_set_search_mode (self->search_bar, FALSE);
  return TRUE;
}

void
kith_sidebar_focus_list (KithSidebar *self)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  if (!kith_conversation_list_focus_selected (self->conversation_list))
    gtk_widget_grab_focus (self->first_friend_button);
}

void
kith_sidebar_open_menu (KithSidebar *self)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->menu_button), TRUE);
}

void
kith_sidebar_set_folded (KithSidebar *self, gboolean folded)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  gtk_widget_set_visible (GTK_WIDGET (self->connection_bar), folded);
}

void
kith_sidebar_refresh_days (KithSidebar *self)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  kith_conversation_list_refresh_days (self->conversation_list);
}

HdyHeaderBar *
kith_sidebar_get_header_bar (KithSidebar *self)
{
  g_return_val_if_fail (KITH_IS_SIDEBAR (self), NULL);
  return self->header_bar;
}
