/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kith-entry-dialog.h"

typedef struct {
  GtkLabel *hint_label;
  GtkEntry *entry;
  GtkLabel *error_label;
  GtkButton *ok_button;

  KithEngine *engine;
  GCancellable *cancellable;
} KithEntryDialogPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (KithEntryDialog, kith_entry_dialog,
                                     GTK_TYPE_DIALOG)

static KithEntryDialogPrivate *
private_of (KithEntryDialog *self)
{
  return kith_entry_dialog_get_instance_private (self);
}

static void
set_error (KithEntryDialog *self, const char *sentence)
{
  KithEntryDialogPrivate *p = private_of (self);

  gtk_label_set_text (p->error_label, sentence ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (p->error_label), sentence != NULL);
}

static void
set_busy (KithEntryDialog *self, gboolean busy)
{
  KithEntryDialogPrivate *p = private_of (self);

  gtk_widget_set_sensitive (GTK_WIDGET (p->entry), !busy);
  gtk_widget_set_sensitive (GTK_WIDGET (p->ok_button), !busy);
}

static void
changed_cb (KithEntryDialog *self)
{
  KithEntryDialogPrivate *p = private_of (self);
  const char *text = gtk_entry_get_text (p->entry);

  gtk_widget_set_sensitive (GTK_WIDGET (p->ok_button),
                            KITH_ENTRY_DIALOG_GET_CLASS (self)->accepts (text));
  set_error (self, NULL);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (KithEntryDialog) self = data;
  KithEntryDialogPrivate *p = private_of (self);
  KithEntryDialogClass *klass = KITH_ENTRY_DIALOG_GET_CLASS (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *why = NULL;
  gboolean done = klass->finish (KITH_ENGINE (source), result, &error);

  if (g_cancellable_is_cancelled (p->cancellable))
    return;
  if (done) {
    gtk_widget_destroy (GTK_WIDGET (self));
    return;
  }
  set_busy (self, FALSE);
  if (klass->explain)
    why = klass->explain (p->engine, gtk_entry_get_text (p->entry), error);
  set_error (self, why ? why : error->message);
  gtk_widget_grab_focus (GTK_WIDGET (p->entry));
}

static void
kith_entry_dialog_response (GtkDialog *dialog, int response)
{
  KithEntryDialog *self = KITH_ENTRY_DIALOG (dialog);
  KithEntryDialogPrivate *p = private_of (self);

  if (response != GTK_RESPONSE_OK) {
    gtk_widget_destroy (GTK_WIDGET (self));
    return;
  }
  set_busy (self, TRUE);
  set_error (self, NULL);
  KITH_ENTRY_DIALOG_GET_CLASS (self)->start (
      p->engine, gtk_entry_get_text (p->entry), p->cancellable, done_cb,
      g_object_ref (self));
}

static void
kith_entry_dialog_dispose (GObject *object)
{
  KithEntryDialogPrivate *p = private_of (KITH_ENTRY_DIALOG (object));

  g_cancellable_cancel (p->cancellable);
  g_clear_object (&p->engine);
  G_OBJECT_CLASS (kith_entry_dialog_parent_class)->dispose (object);
}

static void
kith_entry_dialog_finalize (GObject *object)
{
  g_object_unref (private_of (KITH_ENTRY_DIALOG (object))->cancellable);
  G_OBJECT_CLASS (kith_entry_dialog_parent_class)->finalize (object);
}

#define BIND(child)                                                            \
  gtk_widget_class_bind_template_child_private (widget_class, KithEntryDialog, \
                                                child)

static void
kith_entry_dialog_class_init (KithEntryDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = kith_entry_dialog_dispose;
  G_OBJECT_CLASS (klass)->finalize = kith_entry_dialog_finalize;
  GTK_DIALOG_CLASS (klass)->response = kith_entry_dialog_response;
  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-entry-dialog.ui");
  BIND (hint_label);
  BIND (entry);
  BIND (error_label);
  BIND (ok_button);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
}

static void
kith_entry_dialog_init (KithEntryDialog *self)
{
  KithEntryDialogPrivate *p = private_of (self);

  gtk_widget_init_template (GTK_WIDGET (self));
  p->cancellable = g_cancellable_new ();
  gtk_style_context_add_class (
      gtk_widget_get_style_context (GTK_WIDGET (p->ok_button)),
      GTK_STYLE_CLASS_SUGGESTED_ACTION);
}

GtkWidget *
kith_entry_dialog_new (GType type, GtkWindow *parent, KithEngine *engine)
{
  KithEntryDialog *self = g_object_new (type, "transient-for", parent,
                                        "use-header-bar", TRUE, NULL);

  private_of (self)->engine = g_object_ref (engine);
  return GTK_WIDGET (self);
}

void
kith_entry_dialog_set_words (KithEntryDialog *self, const char *title,
                             const char *hint, const char *verb)
{
  KithEntryDialogPrivate *p = private_of (self);

  gtk_window_set_title (GTK_WINDOW (self), title);
  gtk_label_set_text (p->hint_label, hint);
  gtk_button_set_label (p->ok_button, verb);
}

GtkEntry *
kith_entry_dialog_set_entry (KithEntryDialog *self, const char *name,
                             const char *placeholder, int length_max)
{
  KithEntryDialogPrivate *p = private_of (self);

  gtk_entry_set_placeholder_text (p->entry, placeholder);
  gtk_entry_set_max_length (p->entry, length_max);
  atk_object_set_name (gtk_widget_get_accessible (GTK_WIDGET (p->entry)), name);
  return p->entry;
}
