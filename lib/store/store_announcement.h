/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

#include "store.h"

/*
 * Messages from the administrator. Each recipient gets one as a direct message
 * of STORE_SYSTEM_NAME, in a conversation of the two that is made where there
 * is none; nobody can write back, because they are not friends.
 */

#define STORE_ANNOUNCEMENT_ACTOR_MAX 128u /* bytes, without the NUL */

/* Strings handed out are valid until the callback returns. */
struct store_announcement {
	int64_t id;
	int64_t time_us;
	const char *actor; /* as in the audit */
	const char *body;
	uint32_t recipients;
};

/*
 * BAD_TEXT, TOO_LARGE as text_check_message() and text_check_display_name()
 * say. user_ids NULL: to everybody who is active or locked. Else one to
 * each of these, whatever the order; NOT_FOUND when one is not there, deleted or about
 * to be, pending, or the system's own; *missing_id_r (may be NULL) says which.
 * NOT_FOUND with 0 when there is nobody to tell it to.
 *
 * After anything but KITH_OK roll back. One transaction, some 20 µs a recipient,
 * and the hub stores nothing meanwhile.
 */
struct store_announcement_new {
	const char *body;
	const char *actor;
	const char *server_name; /* what people see as the sender */
	const int64_t *user_ids;
	size_t user_count;
	int64_t now_us;
};
enum kith_code store_announce(struct store *s,
    const struct store_announcement_new *new,
    struct store_announcement *announcement_r, int64_t *missing_id_r);

/* How many would get it, for user_ids NULL. */
enum kith_code store_announcement_audience(struct store *s, int64_t *count_r);

/* NEWEST FIRST, ids BELOW page.from (0: from the newest). */
enum kith_code store_announcement_each(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_announcement *announcement),
    void *context);
