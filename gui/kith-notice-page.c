/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What shows before there is anything to show, and when kith cannot start.
 */
#include "kith-notice-page.h"

#include <glib/gi18n.h>
#include <handy.h>

struct _KithNoticePage {
  GtkBox parent_instance;

  HdyStatusPage *status_page;
};

G_DEFINE_TYPE (KithNoticePage, kith_notice_page, GTK_TYPE_BOX)

static void
kith_notice_page_class_init (KithNoticePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  gtk_widget_class_set_template_from_resource (
      widget_class, "/chat/kith/Kith/kith-notice-page.ui");
  gtk_widget_class_bind_template_child (widget_class, KithNoticePage,
                                        status_page);
}

static void
kith_notice_page_init (KithNoticePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
kith_notice_page_set_problem (KithNoticePage *self, const char *sentence)
{
  /* The description of a status page is markup. */
  g_autofree char *plain = g_markup_escape_text (sentence, -1);
  AtkObject *accessible;

  g_return_if_fail (KITH_IS_NOTICE_PAGE (self));
  hdy_status_page_set_title (self->status_page, _ ("kith cannot start"));
  hdy_status_page_set_description (self->status_page, plain);
  /* The page's own labels are not there for a screen reader. */
  accessible = gtk_widget_get_accessible (GTK_WIDGET (self->status_page));
  atk_object_set_name (accessible, _ ("kith cannot start"));
  atk_object_set_description (accessible, sentence);
  gtk_widget_show (GTK_WIDGET (self->status_page));
}
