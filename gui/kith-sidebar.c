/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Friend requests and conversations. The rows of conversations are kept by
 * object and only sorted anew when one moves up, so that the keyboard's focus
 * and the selection stay where they are.
 */
#include "kith-sidebar.h"

#include <glib/gi18n.h>

#include "kith-connection-bar.h"
#include "kith-conversation-row.h"
#include "kith-request-row.h"
#include "kith-self-title.h"
#include "list-focus.h"

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
  GtkListBox *conversation_list;
  GtkWidget *first_friend_button;

  KithEngine *engine;
  GHashTable *rows;         /* KithConversation → its row, borrowed both */
  GHashTable *positions;    /* KithConversation → position in the model */
  gboolean selecting;       /* the program, not the person, selects */
  KithConversation *chosen; /* (nullable): whose row is to be selected */
  guint sync_source;        /* 0: the rows are as the model is */
  guint resize_source;      /* 0: the header bar has the size it asks for */
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

static KithConversation *
conversation_of (GtkListBoxRow *row)
{
  return kith_conversation_row_get_conversation (KITH_CONVERSATION_ROW (row));
}

static guint
position_of (KithSidebar *self, GtkListBoxRow *row)
{
  return GPOINTER_TO_UINT (
      g_hash_table_lookup (self->positions, conversation_of (row)));
}

static int
compare_rows (GtkListBoxRow *a, GtkListBoxRow *b, gpointer data)
{
  guint position_a = position_of (data, a);
  guint position_b = position_of (data, b);

  return (position_a > position_b) - (position_a < position_b);
}

static gboolean
filter_row (GtkListBoxRow *row, gpointer data)
{
  KithSidebar *self = data;
  g_autofree char *words
      = g_strstrip (g_strdup (gtk_entry_get_text (self->search_entry)));

  return kith_conversation_row_matches (KITH_CONVERSATION_ROW (row), words);
}

/* Rows whose conversation has left the model go. */
static void
drop_rows (KithSidebar *self)
{
  GHashTableIter iter;
  gpointer conversation, row;

  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, &conversation, &row)) {
    if (g_hash_table_contains (self->positions, conversation))
      continue;
    g_hash_table_iter_remove (&iter);
    gtk_widget_destroy (row);
  }
}

static void
add_rows (KithSidebar *self, GListModel *conversations)
{
  guint n = g_list_model_get_n_items (conversations);

  for (guint i = 0; i < n; i++) {
    g_autoptr (KithConversation) conversation
        = g_list_model_get_item (conversations, i);
    GtkWidget *row;

    if (g_hash_table_contains (self->rows, conversation))
      continue;
    row = kith_conversation_row_new (conversation);
    g_hash_table_insert (self->rows, conversation, row);
    gtk_container_add (GTK_CONTAINER (self->conversation_list), row);
  }
}

static void
select_chosen (KithSidebar *self)
{
  GtkListBoxRow *row = NULL;

  if (self->chosen)
    row = g_hash_table_lookup (self->rows, self->chosen);
  self->selecting = TRUE;
  gtk_list_box_select_row (self->conversation_list, row);
  self->selecting = FALSE;
}

/* A row that gets the keyboard is chosen by the list; that alone is no reason
 * to open a conversation, which tells its peer that it was read. */
static void
focus_row (KithSidebar *self, GtkListBoxRow *row)
{
  self->selecting = TRUE;
  gtk_widget_grab_focus (GTK_WIDGET (row));
  self->selecting = FALSE;
  select_chosen (self);
}

/* Brings a row into sight. */
static void
scroll_to_row (KithSidebar *self, GtkWidget *row)
{
  GtkAdjustment *adjustment
      = gtk_list_box_get_adjustment (self->conversation_list);
  GtkAllocation place;

  gtk_widget_get_allocation (row, &place);
  if (adjustment)
    gtk_adjustment_clamp_page (adjustment, place.y, place.y + place.height);
}

/* Conversations, or the page that says that there are none. The focus does not
 * stay on what is gone. */
static void
show_list (KithSidebar *self, gboolean any)
{
  gboolean focused = gtk_widget_is_focus (self->first_friend_button);

  gtk_stack_set_visible_child_name (self->stack, any ? "list" : "empty");
  if (any && focused)
    kith_sidebar_focus_list (self);
}

static gboolean
sync_cb (gpointer data)
{
  KithSidebar *self = data;
  GListModel *conversations = kith_engine_get_conversations (self->engine);
  guint n = g_list_model_get_n_items (conversations);

  self->sync_source = 0;
  g_hash_table_remove_all (self->positions);
  for (guint i = 0; i < n; i++) {
    g_autoptr (KithConversation) conversation
        = g_list_model_get_item (conversations, i);

    g_hash_table_insert (self->positions, conversation, GUINT_TO_POINTER (i));
  }
  self->selecting = TRUE;
  drop_rows (self);
  add_rows (self, conversations);
  gtk_list_box_invalidate_sort (self->conversation_list);
  self->selecting = FALSE;
  select_chosen (self);
  show_list (self, n > 0);
  return G_SOURCE_REMOVE;
}

/* A conversation that moves up leaves the model and comes back: the rows are
 * looked at only after both, else its row, with the focus and the selection,
 * would go for a moment. */
static void
conversations_changed_cb (KithSidebar *self)
{
  if (!self->sync_source)
    self->sync_source
        = g_idle_add_full (G_PRIORITY_HIGH_IDLE, sync_cb, self, NULL);
}

static void
row_activated_cb (KithSidebar *self, GtkListBoxRow *row)
{
  g_signal_emit (self, signals[CONVERSATION_PICKED], 0, conversation_of (row),
                 TRUE);
}

static void
row_selected_cb (KithSidebar *self, GtkListBoxRow *row)
{
  if (!row || self->selecting)
    return;
  g_set_object (&self->chosen, conversation_of (row));
  g_signal_emit (self, signals[CONVERSATION_PICKED], 0, conversation_of (row),
                 FALSE);
}

/* ---- search ---------------------------------------------------------- */

static void
search_changed_cb (KithSidebar *self)
{
  gtk_list_box_invalidate_filter (self->conversation_list);
}

static GtkListBoxRow *
first_shown_row (KithSidebar *self)
{
  GtkListBoxRow *row;

  for (int i = 0;
       (row = gtk_list_box_get_row_at_index (self->conversation_list, i)); i++)
    if (gtk_widget_get_child_visible (GTK_WIDGET (row)))
      return row;
  return NULL;
}

static void
search_activate_cb (KithSidebar *self)
{
  GtkListBoxRow *row = first_shown_row (self);

  if (!row)
    return;
  kith_sidebar_end_search (self);
  row_activated_cb (self, row);
}

static void
search_stop_cb (KithSidebar *self)
{
  kith_sidebar_end_search (self);
}

static gboolean
list_focus_cb (KithSidebar *self)
{
  if (gtk_container_get_focus_child (GTK_CONTAINER (self->conversation_list))
      || !first_shown_row (self))
    return FALSE;
  kith_sidebar_focus_list (self);
  return TRUE;
}

static gboolean
search_key_cb (KithSidebar *self, GdkEventKey *event)
{
  GtkListBoxRow *row = first_shown_row (self);

  if (event->keyval != GDK_KEY_Down || !row)
    return GDK_EVENT_PROPAGATE;
  focus_row (self, row);
  return GDK_EVENT_STOP;
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

  g_clear_handle_id (&self->sync_source, g_source_remove);
  g_clear_handle_id (&self->resize_source, g_source_remove);
  g_hash_table_remove_all (self->rows);
  g_clear_object (&self->chosen);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_sidebar_parent_class)->dispose (object);
}

static void
kith_sidebar_finalize (GObject *object)
{
  KithSidebar *self = KITH_SIDEBAR (object);

  g_hash_table_unref (self->rows);
  g_hash_table_unref (self->positions);
  G_OBJECT_CLASS (kith_sidebar_parent_class)->finalize (object);
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
  gtk_widget_class_bind_template_callback (widget_class, row_activated_cb);
  gtk_widget_class_bind_template_callback (widget_class, row_selected_cb);
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
  object_class->finalize = kith_sidebar_finalize;
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
  g_type_ensure (KITH_TYPE_SELF_TITLE);
  gtk_widget_init_template (GTK_WIDGET (self));
  self->rows = g_hash_table_new (NULL, NULL);
  self->positions = g_hash_table_new (NULL, NULL);
  hdy_search_bar_connect_entry (self->search_bar, self->search_entry);
  g_signal_connect_object (self->header_bar, "notify::decoration-layout",
                           G_CALLBACK (decoration_changed_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_list_box_set_sort_func (self->conversation_list, compare_rows, self,
                              NULL);
  gtk_list_box_set_filter_func (self->conversation_list, filter_row, self,
                                NULL);
  list_focus_tab_leaves (self->conversation_list);
  g_signal_connect_object (self->conversation_list, "focus",
                           G_CALLBACK (list_focus_cb), self, G_CONNECT_SWAPPED);
}

void
kith_sidebar_set_engine (KithSidebar *self, KithEngine *engine)
{
  GListModel *requests, *conversations;

  g_return_if_fail (KITH_IS_SIDEBAR (self) && !self->engine);
  self->engine = g_object_ref (engine);
  requests = kith_engine_get_friend_requests (engine);
  conversations = kith_engine_get_conversations (engine);
  kith_connection_bar_set_engine (self->connection_bar, engine);
  gtk_list_box_bind_model (self->request_list, requests, create_request_row,
                           self, NULL);
  g_signal_connect_object (requests, "items-changed",
                           G_CALLBACK (requests_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (conversations, "items-changed",
                           G_CALLBACK (conversations_changed_cb), self,
                           G_CONNECT_SWAPPED);
  kith_self_title_set_engine (self->self_title, engine);
  requests_changed_cb (self);
  sync_cb (self);
}

void
kith_sidebar_select (KithSidebar *self, KithConversation *conversation)
{
  g_return_if_fail (KITH_IS_SIDEBAR (self));
  g_set_object (&self->chosen, conversation);
  select_chosen (self);
  if (conversation && g_hash_table_contains (self->rows, conversation))
    scroll_to_row (self, g_hash_table_lookup (self->rows, conversation));
}

KithConversation *
kith_sidebar_neighbour (KithSidebar *self, int step, gboolean unread)
{
  GtkListBoxRow *row;
  int i;

  g_return_val_if_fail (KITH_IS_SIDEBAR (self), NULL);
  row = gtk_list_box_get_selected_row (self->conversation_list);
  i = row ? gtk_list_box_row_get_index (row) : (step > 0 ? -1 : 1);
  do {
    i += step;
    row = i < 0 ? NULL
                : gtk_list_box_get_row_at_index (self->conversation_list, i);
  } while (row && unread
           && kith_conversation_get_unread (conversation_of (row)) == 0);
  return row ? conversation_of (row) : NULL;
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
  GtkListBoxRow *row;

  g_return_if_fail (KITH_IS_SIDEBAR (self));
  row = gtk_list_box_get_selected_row (self->conversation_list);
  if (!row || !gtk_widget_get_child_visible (GTK_WIDGET (row)))
    row = first_shown_row (self);
  if (row)
    focus_row (self, row);
  else
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
  GHashTableIter iter;
  gpointer row;

  g_return_if_fail (KITH_IS_SIDEBAR (self));
  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    kith_conversation_row_refresh_time (row);
}

HdyHeaderBar *
kith_sidebar_get_header_bar (KithSidebar *self)
{
  g_return_val_if_fail (KITH_IS_SIDEBAR (self), NULL);
  return self->header_bar;
}
