/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows are kept by object and only sorted anew when one moves up, so that
 * the keyboard's focus and the selection stay where they are.
 */
#include "kith-conversation-list.h"

#include "kith-conversation-row.h"
#include "list-focus.h"

struct _KithConversationList {
  GtkListBox parent_instance;

  KithEngine *engine;
  char *words;              /* what a name has to have to show; "": nothing */
  GHashTable *rows;         /* KithConversation → its row, borrowed both */
  GHashTable *positions;    /* KithConversation → position in the model */
  gboolean selecting;       /* the program, not the person, selects */
  KithConversation *chosen; /* (nullable): whose row is to be selected */
  guint sync_source;        /* 0: the rows are as the model is */
};

G_DEFINE_TYPE (KithConversationList, kith_conversation_list, GTK_TYPE_LIST_BOX)

enum {
  CONVERSATION_PICKED,
  ARRANGED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* ---- rows ------------------------------------------------------------ */

static KithConversation *
conversation_of (GtkListBoxRow *row)
{
  return kith_conversation_row_get_conversation (KITH_CONVERSATION_ROW (row));
}

static guint
position_of (KithConversationList *self, GtkListBoxRow *row)
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
  KithConversationList *self = data;

  return kith_conversation_row_matches (KITH_CONVERSATION_ROW (row),
                                        self->words);
}

/* Rows whose conversation has left the model go. */
static void
drop_rows (KithConversationList *self)
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
add_rows (KithConversationList *self, GListModel *conversations)
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
    gtk_container_add (GTK_CONTAINER (GTK_LIST_BOX (self)), row);
  }
}

static void
select_chosen (KithConversationList *self)
{
  GtkListBoxRow *row = NULL;

  if (self->chosen)
    row = g_hash_table_lookup (self->rows, self->chosen);
  self->selecting = TRUE;
  gtk_list_box_select_row (GTK_LIST_BOX (self), row);
  self->selecting = FALSE;
}

/* A row that gets the keyboard is chosen by the list; that alone is no reason
 * to open a conversation, which tells its peer that it was read. */
static void
focus_row (KithConversationList *self, GtkListBoxRow *row)
{
  self->selecting = TRUE;
  gtk_widget_grab_focus (GTK_WIDGET (row));
  self->selecting = FALSE;
  select_chosen (self);
}

/* Brings a row into sight. */
static void
scroll_to_row (KithConversationList *self, GtkWidget *row)
{
  GtkAdjustment *adjustment = gtk_list_box_get_adjustment (GTK_LIST_BOX (self));
  GtkAllocation place;

  gtk_widget_get_allocation (row, &place);
  if (adjustment)
    gtk_adjustment_clamp_page (adjustment, place.y, place.y + place.height);
}

static gboolean
sync_cb (gpointer data)
{
  KithConversationList *self = data;
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
  gtk_list_box_invalidate_sort (GTK_LIST_BOX (self));
  self->selecting = FALSE;
  select_chosen (self);
  g_signal_emit (self, signals[ARRANGED], 0);
  return G_SOURCE_REMOVE;
}

/* A conversation that moves up leaves the model and comes back: the rows are
 * looked at only after both, else its row, with the focus and the selection,
 * would go for a moment. */
static void
conversations_changed_cb (KithConversationList *self)
{
  if (!self->sync_source)
    self->sync_source
        = g_idle_add_full (G_PRIORITY_HIGH_IDLE, sync_cb, self, NULL);
}

/* Not filtered out by the search. */
static gboolean
row_shows (GtkListBoxRow *row)
{
  return gtk_widget_get_child_visible (GTK_WIDGET (row));
}

static GtkListBoxRow *
first_shown_row (KithConversationList *self)
{
  GtkListBoxRow *row;

  for (int i = 0;
       (row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self), i)); i++)
    if (row_shows (row))
      return row;
  return NULL;
}

/* ---- class ----------------------------------------------------------- */

static void
kith_conversation_list_row_activated (GtkListBox *list, GtkListBoxRow *row)
{
  g_signal_emit (list, signals[CONVERSATION_PICKED], 0, conversation_of (row),
                 TRUE);
}

static void
kith_conversation_list_row_selected (GtkListBox *list, GtkListBoxRow *row)
{
  KithConversationList *self = KITH_CONVERSATION_LIST (list);

  if (!row || self->selecting)
    return;
  g_set_object (&self->chosen, conversation_of (row));
  g_signal_emit (self, signals[CONVERSATION_PICKED], 0, conversation_of (row),
                 FALSE);
}

/* Tab comes in where the selection is. */
static gboolean
focus_cb (KithConversationList *self)
{
  return !gtk_container_get_focus_child (GTK_CONTAINER (self))
         && kith_conversation_list_focus_selected (self);
}

static void
kith_conversation_list_dispose (GObject *object)
{
  KithConversationList *self = KITH_CONVERSATION_LIST (object);

  g_clear_handle_id (&self->sync_source, g_source_remove);
  g_hash_table_remove_all (self->rows);
  g_clear_object (&self->chosen);
  g_clear_object (&self->engine);
  G_OBJECT_CLASS (kith_conversation_list_parent_class)->dispose (object);
}

static void
kith_conversation_list_finalize (GObject *object)
{
  KithConversationList *self = KITH_CONVERSATION_LIST (object);

  g_hash_table_unref (self->rows);
  g_hash_table_unref (self->positions);
  g_free (self->words);
  G_OBJECT_CLASS (kith_conversation_list_parent_class)->finalize (object);
}

static void
kith_conversation_list_class_init (KithConversationListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkListBoxClass *list_class = GTK_LIST_BOX_CLASS (klass);

  object_class->dispose = kith_conversation_list_dispose;
  object_class->finalize = kith_conversation_list_finalize;
  list_class->row_activated = kith_conversation_list_row_activated;
  list_class->row_selected = kith_conversation_list_row_selected;
  signals[CONVERSATION_PICKED] = g_signal_new (
      "conversation-picked", KITH_TYPE_CONVERSATION_LIST, G_SIGNAL_RUN_LAST, 0,
      NULL, NULL, NULL, G_TYPE_NONE, 2, KITH_TYPE_CONVERSATION, G_TYPE_BOOLEAN);
  signals[ARRANGED]
      = g_signal_new ("arranged", KITH_TYPE_CONVERSATION_LIST,
                      G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
kith_conversation_list_init (KithConversationList *self)
{
  GtkListBox *list = GTK_LIST_BOX (self);

  self->words = g_strdup ("");
  self->rows = g_hash_table_new (NULL, NULL);
  self->positions = g_hash_table_new (NULL, NULL);
  gtk_list_box_set_sort_func (list, compare_rows, self, NULL);
  gtk_list_box_set_filter_func (list, filter_row, self, NULL);
  list_focus_tab_leaves (list);
  g_signal_connect (self, "focus", G_CALLBACK (focus_cb), NULL);
}

void
kith_conversation_list_set_engine (KithConversationList *self,
                                   KithEngine *engine)
{
  g_return_if_fail (KITH_IS_CONVERSATION_LIST (self) && !self->engine);
  self->engine = g_object_ref (engine);
  g_signal_connect_object (
      kith_engine_get_conversations (engine), "items-changed",
      G_CALLBACK (conversations_changed_cb), self, G_CONNECT_SWAPPED);
  sync_cb (self);
}

gboolean
kith_conversation_list_is_empty (KithConversationList *self)
{
  g_return_val_if_fail (KITH_IS_CONVERSATION_LIST (self), TRUE);
  return g_hash_table_size (self->rows) == 0;
}

void
kith_conversation_list_filter (KithConversationList *self, const char *words)
{
  g_return_if_fail (KITH_IS_CONVERSATION_LIST (self));
  g_free (self->words);
  self->words = g_strstrip (g_strdup (words));
  gtk_list_box_invalidate_filter (GTK_LIST_BOX (self));
}

void
kith_conversation_list_select (KithConversationList *self,
                               KithConversation *conversation)
{
  g_return_if_fail (KITH_IS_CONVERSATION_LIST (self));
  g_set_object (&self->chosen, conversation);
  select_chosen (self);
  if (conversation && g_hash_table_contains (self->rows, conversation))
    scroll_to_row (self, g_hash_table_lookup (self->rows, conversation));
}

KithConversation *
kith_conversation_list_neighbour (KithConversationList *self, int step,
                                  gboolean unread)
{
  GtkListBox *list = GTK_LIST_BOX (self);
  GtkListBoxRow *row;
  int i;

  g_return_val_if_fail (KITH_IS_CONVERSATION_LIST (self), NULL);
  row = gtk_list_box_get_selected_row (list);
  i = row ? gtk_list_box_row_get_index (row) : (step > 0 ? -1 : 1);
  do {
    i += step;
    row = i < 0 ? NULL : gtk_list_box_get_row_at_index (list, i);
  } while (row
           && (!row_shows (row)
               || (unread
                   && !kith_conversation_get_unread (conversation_of (row)))));
  return row ? conversation_of (row) : NULL;
}

KithConversation *
kith_conversation_list_get_first (KithConversationList *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (KITH_IS_CONVERSATION_LIST (self), NULL);
  row = first_shown_row (self);
  return row ? conversation_of (row) : NULL;
}

gboolean
kith_conversation_list_focus_first (KithConversationList *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (KITH_IS_CONVERSATION_LIST (self), FALSE);
  row = first_shown_row (self);
  if (row)
    focus_row (self, row);
  return row != NULL;
}

gboolean
kith_conversation_list_focus_selected (KithConversationList *self)
{
  GtkListBoxRow *row;

  g_return_val_if_fail (KITH_IS_CONVERSATION_LIST (self), FALSE);
  row = gtk_list_box_get_selected_row (GTK_LIST_BOX (self));
  if (!row || !row_shows (row))
    return kith_conversation_list_focus_first (self);
  focus_row (self, row);
  return TRUE;
}

void
kith_conversation_list_refresh_days (KithConversationList *self)
{
  GHashTableIter iter;
  gpointer row;

  g_return_if_fail (KITH_IS_CONVERSATION_LIST (self));
  g_hash_table_iter_init (&iter, self->rows);
  while (g_hash_table_iter_next (&iter, NULL, &row))
    kith_conversation_row_refresh_time (row);
}
