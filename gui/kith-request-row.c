/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One friend request with the buttons that answer it. Says what was pressed;
 * the answering is done by whoever listens.
 */
#include "kith-request-row.h"

#include <glib/gi18n.h>

#include "kith-engine.h"
#include "kith-presence-avatar.h"

struct _KithRequestRow {
  GtkListBoxRow parent_instance;

  KithPresenceAvatar *avatar;
  GtkLabel *name_label;
  GtkLabel *detail_label;
  GtkWidget *accept_button;
  GtkWidget *reject_button;
  GtkWidget *cancel_button;
  AtkObject *accept_accessible;
  AtkObject *reject_accessible;
  AtkObject *cancel_accessible;

  KithFriendRequest *request;
};

G_DEFINE_TYPE (KithRequestRow, kith_request_row, GTK_TYPE_LIST_BOX_ROW)

static guint answered_signal;

static void
accept_clicked_cb (KithRequestRow *self)
{
  g_signal_emit (self, answered_signal, 0, KITH_ANSWER_ACCEPT);
}

static void
reject_clicked_cb (KithRequestRow *self)
{
  g_signal_emit (self, answered_signal, 0, KITH_ANSWER_REJECT);
}

static void
cancel_clicked_cb (KithRequestRow *self)
{
  g_signal_emit (self, answered_signal, 0, KITH_ANSWER_CANCEL);
}

static void
update_busy (KithRequestRow *self)
{
  gboolean rest = !kith_friend_request_get_busy (self->request);

  gtk_widget_set_sensitive (self->accept_button, rest);
  gtk_widget_set_sensitive (self->reject_button, rest);
  gtk_widget_set_sensitive (self->cancel_button, rest);
}

/* Says whose request a button answers, for those who do not see the row.
 * words: (transfer full) */
static void
describe_button (AtkObject *accessible, char *words)
{
  atk_object_set_description (accessible, words);
  g_free (words);
}

static void
update_person (KithRequestRow *self)
{
  KithUser *user = kith_friend_request_get_user (self->request);
  const char *title = kith_user_get_title (user);
  gboolean incoming = kith_friend_request_get_incoming (self->request);
  gboolean both = g_strcmp0 (title, kith_user_get_name (user)) != 0;
  g_autofree char *detail = NULL;

  if (!incoming)
    detail = g_strdup (_ ("Has not answered yet"));
  else if (both)
    /* Translators: %s is a user name, below the name that friends see. */
    detail = g_strdup_printf (_ ("%s wants to be friends"),
                              kith_user_get_name (user));
  else
    detail = g_strdup (_ ("Wants to be friends"));
  gtk_label_set_text (self->name_label, title);
  gtk_label_set_text (self->detail_label, detail);
  kith_presence_avatar_set_text (self->avatar, title);
  gtk_widget_set_visible (self->accept_button, incoming);
  gtk_widget_set_visible (self->reject_button, incoming);
  gtk_widget_set_visible (self->cancel_button, !incoming);
  describe_button (self->accept_accessible,
                   g_strdup_printf (_ ("Become friends with %s"), title));
  describe_button (self->reject_accessible,
                   g_strdup_printf (_ ("Reject the request of %s"), title));
  describe_button (self->cancel_accessible,
                   g_strdup_printf (_ ("Withdraw the request to %s"), title));
  atk_object_set_name (gtk_widget_get_accessible (GTK_WIDGET (self)), title);
  atk_object_set_description (gtk_widget_get_accessible (GTK_WIDGET (self)),
                              detail);
}

static void
kith_request_row_dispose (GObject *object)
{
  KithRequestRow *self = KITH_REQUEST_ROW (object);

  g_clear_object (&self->request);
  G_OBJECT_CLASS (kith_request_row_parent_class)->dispose (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child (widget_class, KithRequestRow, child)

static void
kith_request_row_class_init (KithRequestRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_request_row_dispose;
  answered_signal
      = g_signal_new ("answered", KITH_TYPE_REQUEST_ROW, G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-request-row.ui");
  BIND (avatar);
  BIND (name_label);
  BIND (detail_label);
  BIND (accept_button);
  BIND (reject_button);
  BIND (cancel_button);
  BIND (accept_accessible);
  BIND (reject_accessible);
  BIND (cancel_accessible);
  gtk_widget_class_bind_template_callback (widget_class, accept_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, reject_clicked_cb);
  gtk_widget_class_bind_template_callback (widget_class, cancel_clicked_cb);
}

static void
kith_request_row_init (KithRequestRow *self)
{
  g_type_ensure (KITH_TYPE_PRESENCE_AVATAR);
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
kith_request_row_new (KithFriendRequest *request)
{
  KithRequestRow *self = g_object_new (KITH_TYPE_REQUEST_ROW, NULL);

  self->request = g_object_ref (request);
  g_signal_connect_object (request, "notify::busy", G_CALLBACK (update_busy),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (kith_friend_request_get_user (request),
                           "notify::title", G_CALLBACK (update_person), self,
                           G_CONNECT_SWAPPED);
  update_person (self);
  update_busy (self);
  return GTK_WIDGET (self);
}

KithFriendRequest *
kith_request_row_get_request (KithRequestRow *self)
{
  g_return_val_if_fail (KITH_IS_REQUEST_ROW (self), NULL);
  return self->request;
}
