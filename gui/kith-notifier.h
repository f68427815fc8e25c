/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "kith-engine.h"

G_BEGIN_DECLS

/*
 * KithNotifier: tells the desktop of messages and friend requests that the
 * person does not see, and takes the note back once they have been seen.
 */
#define KITH_TYPE_NOTIFIER (kith_notifier_get_type ())
G_DECLARE_FINAL_TYPE (KithNotifier, kith_notifier, KITH, NOTIFIER, GObject)

/* Keeps no reference on application, which outlives it. */
KithNotifier *kith_notifier_new (GApplication *application, KithEngine *engine);

/* Which conversation is before the person's eyes now; NULL: none. Of that one
 * nothing is told. */
void kith_notifier_set_seen (KithNotifier *self,
                             KithConversation *conversation);

G_END_DECLS
