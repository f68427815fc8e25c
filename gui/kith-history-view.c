/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which messages are loaded, what has been seen, when the unread line moves.
 * The rows are KithMessageList's, and that nothing jumps under the reader's
 * eyes is KithScrollPlace's part.
 */
#include "kith-history-view.h"

#include <glib/gi18n.h>
#include <handy.h>

#include "kith-message-list.h"
#include "kith-scroll-place.h"

#define UNREAD_TOP_PX 48 /* room over the unread line when opening there */

struct _KithHistoryView {
  GtkOverlay parent_instance;

  GtkScrolledWindow *scrolled_window;
  KithMessageList *message_list;
  GtkLabel *top_label;
  GtkSpinner *spinner;
  GtkRevealer *typing_revealer;
  GtkLabel *typing_label;
  GtkRevealer *bottom_revealer;

  KithEngine *engine;
  KithConversation *conversation; /* (nullable) */
  GSignalGroup *conversation_signals;
  GSignalGroup *peer_signals;
  GCancellable *cancellable; /* of what was asked for this conversation */

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
messages_changed_cb (KithHistoryView *self)
{
  kith_scroll_place_unsettle (self->place);
  update_top_label (self);
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
  GtkListBoxRow *row = kith_message_list_get_first_unread (self->message_list);

  kith_scroll_place_follow (self->place);
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
  if (!self->conversation)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  kith_message_list_set_conversation (self->message_list, NULL);
  g_signal_group_set_target (self->conversation_signals, NULL);
  g_signal_group_set_target (self->peer_signals, NULL);
  kith_engine_close_conversation (self->engine, self->conversation);
  set_loading (self, FALSE);
  self->opened = FALSE;
  self->stuck = FALSE;
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
peer_renamed_cb (KithHistoryView *self)
{
  update_top_label (self);
  typing_changed_cb (self);
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
  if (conversation == self->conversation && self->active)
    kith_message_list_announce (self->message_list, message);
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
  g_clear_object (&self->peer_signals);
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
  gtk_widget_class_bind_template_callback (widget_class, messages_changed_cb);
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
  self->peer_signals = g_signal_group_new (KITH_TYPE_USER);
  g_signal_group_connect_swapped (self->peer_signals, "notify::title",
                                  G_CALLBACK (peer_renamed_cb), self);
}

static void
kith_history_view_init (KithHistoryView *self)
{
  g_type_ensure (KITH_TYPE_MESSAGE_LIST);
  gtk_widget_init_template (GTK_WIDGET (self));
  connect_conversation (self);
  self->place = kith_scroll_place_new (self->scrolled_window,
                                       GTK_LIST_BOX (self->message_list));
  g_signal_connect_object (self->place, "moved", G_CALLBACK (queue_check), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self, "map", G_CALLBACK (queue_check), NULL);
  g_signal_connect_object (self->message_list, "focus",
                           G_CALLBACK (list_focus_cb), self, G_CONNECT_SWAPPED);
}

void
kith_history_view_set_engine (KithHistoryView *self, KithEngine *engine)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self) && !self->engine);
  self->engine = g_object_ref (engine);
  kith_message_list_set_engine (self->message_list, engine);
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
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self) && self->engine);
  if (self->conversation == conversation)
    return;
  close_conversation (self);
  if (!conversation)
    return;
  self->conversation = g_object_ref (conversation);
  kith_scroll_place_follow (self->place);
  kith_scroll_place_set_more_below (
      self->place, kith_conversation_get_has_newer (conversation));
  kith_message_list_set_conversation (self->message_list, conversation);
  if (kith_conversation_get_unread (conversation) > 0)
    kith_message_list_set_unread_after (
        self->message_list, kith_conversation_get_read_number (conversation));
  g_signal_group_set_target (self->conversation_signals, conversation);
  g_signal_group_set_target (self->peer_signals,
                             kith_conversation_get_peer (conversation));
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
    kith_message_list_set_unread_after (
        self->message_list,
        kith_conversation_get_read_number (self->conversation));
  queue_check (self);
}

void
kith_history_view_refresh_days (KithHistoryView *self)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self));
  kith_message_list_refresh_days (self->message_list);
}

void
kith_history_view_go_to_newest (KithHistoryView *self)
{
  g_return_if_fail (KITH_IS_HISTORY_VIEW (self));
  if (!self->conversation)
    return;
  kith_message_list_set_unread_after (self->message_list,
                                      KITH_MESSAGE_LIST_NOTHING_UNREAD);
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
