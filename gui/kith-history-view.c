/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The messages of one conversation: which of them are loaded, what has been
 * seen, where the unread line stands. That nothing jumps under the reader's
 * eyes is KithScrollPlace's part.
 */
#include "kith-history-view.h"

#include <glib/gi18n.h>
#include <handy.h>

#include "kith-message-row.h"
#include "kith-scroll-place.h"
#include "list-focus.h"

#define UNREAD_TOP_PX 48 /* room over the unread line when opening there */
#define NOTHING_UNREAD G_MAXUINT64

struct _KithHistoryView {
  GtkOverlay parent_instance;

  GtkScrolledWindow *scrolled_window;
  GtkListBox *message_list;
  GtkLabel *top_label;
  GtkSpinner *spinner;
  GtkRevealer *typing_revealer;
  GtkLabel *typing_label;
  GtkRevealer *bottom_revealer;

  KithEngine *engine;
  KithConversation *conversation; /* (nullable) */
  GSignalGroup *conversation_signals;
  GCancellable *cancellable; /* of what was asked for this conversation */

  guint64 unread_after;    /* the unread line stands above what is higher */
  KithMessage *unread_row; /* the message under the line; only compared */

  gboolean active;  /* the window has the focus */
  gboolean opened;  /* the engine has filled the window of messages */
  gboolean loading; /* a page is on its way */
  gboolean stuck;   /* older ones need a connection that is not there */

  KithScrollPlace *place;
  guint check_source;
};

G_DEFINE_TYPE (KithHistoryView, kith_history_view, GTK_TYPE_OVERLAY)

/* ---- what has been seen ---------------------------------------------- */

static void
update_bottom_button (KithHistoryView *self)
{
  gboolean away = self->conversation && self->opened
                  && kith_scroll_place_get_settled (self->place)
                  && !kith_scroll_place_at_end (self->place);

  gtk_revealer_set_reveal_child (self->bottom_revealer, away);
}

static void
mark_seen (KithHistoryView *self)
{
  if (!self->conversation || !self->opened || !self->active
      || !kith_scroll_place_get_settled (self->place)
      || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  if (kith_scroll_place_at_end (self->place))
    kith_engine_mark_seen (self->engine, self->conversation);
}

/* ---- rows ------------------------------------------------------------ */

static void
retry_cb (KithHistoryView *self, KithMessageRow *row)
{
  kith_engine_retry_message (self->engine, self->conversation,
                             kith_message_row_get_message (row));
}

static void
discard_cb (KithHistoryView *self, KithMessageRow *row)
{
  kith_engine_delete_message (self->engine, self->conversation,
                              kith_message_row_get_message (row));
}

static GtkWidget *
create_row (gpointer item, gpointer data)
{
  KithHistoryView *self = data;
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  GtkWidget *row = kith_message_row_new (item, kith_user_get_title (peer));

  g_signal_connect_object (row, "retry", G_CALLBACK (retry_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (row, "discard", G_CALLBACK (discard_cb), self,
                           G_CONNECT_SWAPPED);
  return row;
}

/* (nullable): the first message above the unread line's number. None when the
 * line stands somewhere above the window. */
static KithMessage *
find_first_unread (KithHistoryView *self, GListModel *messages, guint *index_r)
{
  guint n = g_list_model_get_n_items (messages);

  if (self->unread_after == NOTHING_UNREAD)
    return NULL;
  for (guint i = 0; i < n; i++) {
    g_autoptr (KithMessage) message = g_list_model_get_item (messages, i);

    if (kith_message_get_outgoing (message)
        || kith_message_get_number (message) <= self->unread_after)
      continue;
    if (i == 0 && kith_conversation_get_has_older (self->conversation)
        && kith_message_get_number (message) > self->unread_after + 1)
      return NULL;
    *index_r = i;
    return message; /* the model holds it */
  }
  return NULL;
}

static void
update_contexts (KithHistoryView *self, guint from, guint to)
{
  GListModel *messages = kith_conversation_get_messages (self->conversation);
  guint n = g_list_model_get_n_items (messages);

  for (guint i = from; i < MIN (to, n); i++) {
    GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->message_list, i);
    g_autoptr (KithMessage) before
        = i > 0 ? g_list_model_get_item (messages, i - 1) : NULL;
    g_autoptr (KithMessage) after = g_list_model_get_item (messages, i + 1);
    KithMessage *message;

    if (!row)
      return;
    message = kith_message_row_get_message (KITH_MESSAGE_ROW (row));
    kith_message_row_set_context (KITH_MESSAGE_ROW (row), before, after,
                                  message == self->unread_row);
  }
}

static void
update_top_label (KithHistoryView *self)
{
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  gboolean older = kith_conversation_get_has_older (self->conversation);
  g_autofree char *text = NULL;

  if (!older)
    text = g_strdup_printf (
        kith_user_get_is_server (peer)
            ? _ ("The announcements of %s begin here.")
            : _ ("This is the beginning of your conversation with %s."),
        kith_user_get_title (peer));
  else if (self->stuck)
    text = g_strdup (_ ("Older messages come when you are online again."));
  if (text)
    gtk_label_set_text (self->top_label, text);
  gtk_widget_set_visible (GTK_WIDGET (self->top_label),
                          text != NULL && self->opened);
}

static void
items_changed_cb (KithHistoryView *self, guint position, guint removed,
                  guint added, GListModel *messages)
{
  KithMessage *unread;
  guint index = 0;

  kith_scroll_place_unsettle (self->place);
  unread = find_first_unread (self, messages, &index);
  if (unread != self->unread_row) {
    self->unread_row = unread;
    update_contexts (self, 0, G_MAXUINT);
  } else {
    update_contexts (self, position ? position - 1 : 0, position + added + 1);
  }
  update_top_label (self);
}

/* Moves the unread line; NOTHING_UNREAD takes it away. */
static void
set_unread_after (KithHistoryView *self, guint64 number)
{
  GListModel *messages;
  guint index = 0;

  if (self->unread_after == number)
    return;
  self->unread_after = number;
  if (!self->conversation)
    return;
  messages = kith_conversation_get_messages (self->conversation);
  self->unread_row = find_first_unread (self, messages, &index);
  update_contexts (self, 0, G_MAXUINT);
}

/* ---- pages ----------------------------------------------------------- */

static void
set_loading (KithHistoryView *self, gboolean loading)
{
  self->loading = loading;
  gtk_widget_set_visible (GTK_WIDGET (self->spinner), loading);
  g_object_set (self->spinner, "active", loading, NULL);
}

static void queue_check (KithHistoryView *self);

static void
older_loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean done
      = kith_engine_load_older_finish (KITH_ENGINE (source), result, &error);
  KithHistoryView *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = data;
  set_loading (self, FALSE);
  self->stuck = !done;
  update_top_label (self);
  queue_check (self);
}

static void
newer_loaded_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  gboolean done
      = kith_engine_load_newer_finish (KITH_ENGINE (source), result, &error);
  KithHistoryView *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = data;
  set_loading (self, FALSE);
  if (done)
    queue_check (self);
}

/* Asks for more where the reader comes near to an end. */
static void
check_ends (KithHistoryView *self)
{
  if (!self->conversation || !self->opened || self->loading
      || !kith_scroll_place_get_settled (self->place))
    return;
  if (kith_scroll_place_near_top (self->place) && !self->stuck
      && kith_conversation_get_has_older (self->conversation)) {
    set_loading (self, TRUE);
    kith_engine_load_older_async (self->engine, self->conversation,
                                  self->cancellable, older_loaded_cb, self);
  } else if (kith_scroll_place_near_bottom (self->place)
             && kith_conversation_get_has_newer (self->conversation)) {
    set_loading (self, TRUE);
    kith_engine_load_newer_async (self->engine, self->conversation,
                                  self->cancellable, newer_loaded_cb, self);
  }
}

static gboolean
check_cb (gpointer data)
{
  KithHistoryView *self = data;

  self->check_source = 0;
  update_bottom_button (self);
  mark_seen (self);
  check_ends (self);
  return G_SOURCE_REMOVE;
}

static void
queue_check (KithHistoryView *self)
{
  if (!self->check_source)
    self->check_source = g_idle_add (check_cb, self);
}

/* ---- opening --------------------------------------------------------- */

/* The first look: at the unread line if there is one, else at the end. */
static void
choose_place (KithHistoryView *self)
{
  GListModel *messages = kith_conversation_get_messages (self->conversation);
  GtkListBoxRow *row;
  guint index = 0;

  kith_scroll_place_follow (self->place);
  if (!find_first_unread (self, messages, &index))
    return;
  row = gtk_list_box_get_row_at_index (self->message_list, index);
  if (row)
    kith_scroll_place_stay_at (self->place, row, UNREAD_TOP_PX);
}

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  KithHistoryView *self;

  kith_engine_open_conversation_finish (KITH_ENGINE (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = data;
  set_loading (self, FALSE);
  self->opened = TRUE;
  choose_place (self);
  update_top_label (self);
  /* An empty conversation changes nothing in the list and needs no layout. */
  if (g_list_model_get_n_items (
          kith_conversation_get_messages (self->conversation))
      == 0)
    kith_scroll_place_settle (self->place);
  gtk_widget_queue_resize (GTK_WIDGET (self->message_list));
}

static void
open_window (KithHistoryView *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  set_loading (self, FALSE);
  self->loading = TRUE; /* without a spinner: it comes from this disk */
  self->stuck = FALSE;
  kith_engine_open_conversation_async (self->engine, self->conversation,
                                       self->cancellable, opened_cb, self);
}

static void
close_conversation (KithHistoryView *self)
{
  GListModel *messages;

  if (!self->conversation)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  messages = kith_conversation_get_messages (self->conversation);
  g_signal_handlers_disconnect_by_func (messages, items_changed_cb, self);
  gtk_list_box_bind_model (self->message_list, NULL, NULL, NULL, NULL);
  g_signal_group_set_target (self->conversation_signals, NULL);
  kith_engine_close_conversation (self->engine, self->conversation);
  set_loading (self, FALSE);
  self->opened = FALSE;
  self->stuck = FALSE;
  self->unread_row = NULL;
  self->unread_after = NOTHING_UNREAD;
  g_clear_object (&self->conversation);
}

static void
bottom_clicked_cb (KithHistoryView *self)
{
  kith_history_view_go_to_newest (self);
}

/* ---- what else happens in the conversation --------------------------- */

static void
typing_changed_cb (KithHistoryView *self)
{
  KithUser *peer = kith_conversation_get_peer (self->conversation);
  gboolean typing = kith_conversation_get_typing (self->conversation);
  g_autofree char *text = NULL;

  if (typing) {
    text = g_strdup_printf (_ ("%s is typing…"), kith_user_get_title (peer));
    gtk_label_set_text (self->typing_label, text);
  }
  gtk_revealer_set_reveal_child (self->typing_revealer, typing);
}

static void
window_changed_cb (KithHistoryView *self)
{
  kith_scroll_place_set_more_below (
      self->place, kith_conversation_get_has_newer (self->conversation));
  update_top_label (self);
  queue_check (self);
}

/* A screen reader reads what comes in the conversation that is looked at. */
static void
message_received_cb (KithHistoryView *self, KithConversation *conversation,
                     KithMessage *message)
{
  AtkObject *list = gtk_widget_get_accessible (GTK_WIDGET (self->message_list));
  g_autofree char *words = NULL;

  if (conversation != self->conversation || !self->active)
    return;
  /* Translators: for the screen reader: name, text. */
  words = g_strdup_printf (
      _ ("%s: %s"),
      kith_user_get_title (kith_conversation_get_peer (conversation)),
      kith_message_get_text (message));
  g_signal_emit_by_name (list, "announcement", words);
}

static void
engine_state_cb (KithHistoryView *self)
{
  if (kith_engine_get_state (self->engine) != KITH_ENGINE_ONLINE)
    return;
  self->stuck = FALSE;
  if (self->conversation)
    window_changed_cb (self);
}

/* Tab comes in where one reads: neither end of the list is moved into sight. */
static gboolean
list_focus_cb (KithHistoryView *self)
{
  GtkListBoxRow *row = kith_scroll_place_get_last_row (self->place);

  if (!row
      || gtk_container_get_focus_child (GTK_CONTAINER (self->message_list)))
    return FALSE;
  gtk_widget_grab_focus (GTK_WIDGET (row));
  return TRUE;
}

/* ---- class ----------------------------------------------------------- */

static void
kith_history_view_dispose (GObject *object)
{
  KithHistoryView *self = KITH_HISTORY_VIEW (object);

  close_conversation (self);
  g_clear_handle_id (&self->check_source, g_source_remove);
  g_clear_object (&self->conversation_signals);
  g_clear_object (&self->engine);
  g_clear_object (&self->place);
  G_OBJECT_CLASS (kith_history_view_parent_class)->dispose (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithHistoryView, child)

static void
kith_history_view_class_init (KithHistoryViewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_history_view_dispose;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-history-view.ui");
  BIND (scrolled_window);
  BIND (message_list);
  BIND (top_label);
  BIND (spinner);
  BIND (typing_revealer);
  BIND (typing_label);
  BIND (bottom_revealer);
  gtk_widget_class_bind_template_callback (widget_class, bottom_clicked_cb);
}

static void
connect_conversation (KithHistoryView *self)
{
  self->conversation_signals = g_signal_group_new (KITH_TYPE_CONVERSATION);
  g_signal_group_connect_swapped (self->conversation_signals, "notify::typing",
                                  G_CALLBACK (typing_changed_cb), self);
  g_signal_group_connect_swapped (self->conversation_signals,
                                  "notify::has-older",
                                  G_CALLBACK (window_changed_cb), self);
  g_signal_group_connect_swapped (self->conversation_signals,
                                  "notify::has-newer",
                                  G_CALLBACK (window_changed_cb), self);
  g_signal_group_connect_swapped (self->conversation_signals, "notify::unread",
                                  G_CALLBACK (queue_check), self);
}

static void
kith_history_view_init (KithHistoryView *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->unread_after = NOTHING_UNREAD;
  connect_conversation (self);
  self->place
      = kith_scroll_place_new (self->scrolled_window, self->message_list);
  g_signal_connect_object (self->place, "moved", G_CALLBACK (queue_check), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self, "map", G_CALLBACK (queue_check), NULL);
  list_focus_tab_leaves (self->message_list);
  g_signal_connect_object (self->message_list, "focus",
                           G_CALLBACK (list_focus_cb), self, G_CONNECT_SWAPPED);
}

void
kith_history_view_set_engine (KithHistoryView *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self) && !self->engine);
  self->engine = g_object_ref (engine);
  g_signal_connect_object (engine, "notify::state",
                           G_CALLBACK (engine_state_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (engine, "message-received",
                           G_CALLBACK (message_received_cb), self,
                           G_CONNECT_SWAPPED);
}

void
kith_history_view_set_conversation (KithHistoryView *self,
                                    KithConversation *conversation)
{
  GListModel *messages;

  g_return_if_fail (KITH_IS_HISTORY_VIEW (self) && self->engine);
  if (self->conversation == conversation)
    return;
  close_conversation (self);
  if (!conversation)
    return;
  self->conversation = g_object_ref (conversation);
  if (kith_conversation_get_unread (conversation) > 0)
    self->unread_after = kith_conversation_get_read_number (conversation);
  kith_scroll_place_follow (self->place);
  kith_scroll_place_set_more_below (
      self->place, kith_conversation_get_has_newer (conversation));
  messages = kith_conversation_get_messages (conversation);
  gtk_list_box_bind_model (self->message_list, messages, create_row, self,
                           NULL);
  /* After bind_model(), so that the rows are there when it is called. */
  g_signal_connect_object (messages, "items-changed",
                           G_CALLBACK (items_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_group_set_target (self->conversation_signals, conversation);
  typing_changed_cb (self);
  update_top_label (self);
  open_window (self);
}

void
kith_history_view_set_active (KithHistoryView *self, gboolean active)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self));
  self->active = active;
  if (!self->conversation)
    return;
  /* What comes while the person looks elsewhere is under a line later. */
  if (!active && kith_conversation_get_unread (self->conversation) == 0)
    set_unread_after (self,
                      kith_conversation_get_read_number (self->conversation));
  queue_check (self);
}

void
kith_history_view_refresh_days (KithHistoryView *self)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self));
  if (self->conversation)
    update_contexts (self, 0, G_MAXUINT);
}

void
kith_history_view_go_to_newest (KithHistoryView *self)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self));
  if (!self->conversation)
    return;
  set_unread_after (self, NOTHING_UNREAD);
  kith_scroll_place_follow (self->place);
  if (kith_conversation_get_has_newer (self->conversation))
    open_window (self);
  queue_check (self);
}

void
kith_history_view_scroll_page (KithHistoryView *self, gboolean up)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self));
  kith_scroll_place_page (self->place, up);
}
