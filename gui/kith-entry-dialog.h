/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/* KithEntryDialog: a sentence, one entry and one button that does something
 * with it through the engine. Stays open with the reason when that fails, and
 * destroys itself when it is done or given up. What is asked, and what is done
 * with the answer, is a subclass's. */
#define KITH_TYPE_ENTRY_DIALOG (kith_entry_dialog_get_type ())
G_DECLARE_DERIVABLE_TYPE (KithEntryDialog, kith_entry_dialog, KITH,
                          ENTRY_DIALOG, GtkDialog)

struct _KithEntryDialogClass {
  GtkDialogClass parent_class;

  /* Can the button do something with what stands in the entry? */
  gboolean (*accepts) (const char *text);
  /* The call of the engine, as its two halves. */
  void (*start) (KithEngine *engine, const char *text,
                 GCancellable *cancellable, GAsyncReadyCallback callback,
                 gpointer data);
  gboolean (*finish) (KithEngine *engine, GAsyncResult *result, GError **error);
  /* (nullable): why it failed in words of this dialog; (transfer full)
   * (nullable): the error's own sentence says it best. */
  char *(*explain) (KithEngine *engine, const char *text, const GError *error);
};

/* A dialog of a subclass; its words and its entry are set by these. */
GtkWidget *kith_entry_dialog_new (GType type, GtkWindow *parent,
                                  KithEngine *engine);
void kith_entry_dialog_set_words (KithEntryDialog *self, const char *title,
                                  const char *hint, const char *verb);
/* name: how the entry is called to those who do not see it. */
GtkEntry *kith_entry_dialog_set_entry (KithEntryDialog *self, const char *name,
                                       const char *placeholder, int length_max);

G_END_DECLS
