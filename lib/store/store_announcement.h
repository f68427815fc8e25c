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
/* People whom one transaction tells, of those who are not named: some 40 ms. */
#define STORE_ANNOUNCEMENT_PART 2000u

/* Strings handed out are valid until the callback returns. */
struct store_announcement {
	int64_t id;
	int64_t time_us;
	const char *actor; /* as in the audit */
	const char *body;
	uint32_t recipients; /* so far */
	bool more;           /* told by store_announce() only */
};

/*
 * BAD_TEXT, TOO_LARGE as text_check_message() and text_check_display_name()
 * say. user_ids NULL: to everybody who is active or locked. Else one to
 * each of these, whatever the order; NOT_FOUND when one is not there, deleted or about
 * to be, pending, or the system's own; *missing_id_r (may be NULL) says which.
 * NOT_FOUND with 0 when there is nobody to tell it to.
 *
 * After anything but KITH_OK roll back. The hub stores nothing meanwhile; so
 * only the first STORE_ANNOUNCEMENT_PART people of everybody are told, and
 * announcement_r->more says that there are others: they are for
 * store_announcement_advance(). What an earlier one has left is told before.
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

/*
 * The next part of the announcement that is on its way, if there is one, in a
 * write transaction. It goes on where the last part was committed, whoever did
 * that; once begun it reaches everybody who is still there. *more_r: this was
 * not the last.
 */
enum kith_code store_announcement_advance(struct store *s, bool *more_r);

/* Is one on its way? A look at one row. */
enum kith_code store_announcement_pending(struct store *s, bool *pending_r);

/* How many have got this one so far. */
enum kith_code store_announcement_recipients(
    struct store *s, int64_t id, uint32_t *count_r);

/* How many would get it, for user_ids NULL. */
enum kith_code store_announcement_audience(struct store *s, int64_t *count_r);

/* NEWEST FIRST, ids BELOW page.from (0: from the newest). */
enum kith_code store_announcement_each(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_announcement *announcement),
    void *context);
