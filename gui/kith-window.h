/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <handy.h>

#include "kith-engine.h"
#include "kith-settings.h"

G_BEGIN_DECLS

/*
 * KithWindow: the one window. Composes the pages and shows the one that the
 * engine's state asks for.
 *
 * Property: seen (KithConversation, read-only, nullable, notify): what is
 * before the person's eyes.
 */
#define KITH_TYPE_WINDOW (kith_window_get_type ())
G_DECLARE_FINAL_TYPE (KithWindow, kith_window, KITH, WINDOW,
                      HdyApplicationWindow)

GtkWidget *kith_window_new (GtkApplication *application, KithEngine *engine,
                            KithSettings *settings);

/* (transfer none) (nullable) */
KithConversation *kith_window_get_seen (KithWindow *self);

void kith_window_open_conversation (KithWindow *self,
                                    KithConversation *conversation);

/* A kith: link was clicked somewhere. */
void kith_window_open_link (KithWindow *self, const char *link);

/* The profile cannot be used. */
void kith_window_set_problem (KithWindow *self, const char *sentence);

G_END_DECLS
