/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/* How far each member is in each conversation. One row a member, from 0. */

struct store_mark {
	int64_t conversation_id;
	int64_t user_id;
	int64_t delivered; /* the highest number on one of the user's devices */
	int64_t read;      /* the highest number seen; never above delivered */
};

/*
 * Raises the marks to at least these numbers (read raises delivered too; 0
 * leaves as it is). *changed_r: false when they were there already, and then
 * there is no event. The event takes the place of the one of the mark before,
 * so that the log does not grow by it; it is for the conversation if the two
 * are friends, else for the user alone. NOT_FOUND when not a member or when
 * there is no such message yet.
 */
enum kith_code store_mark_raise(struct store *s, const struct store_mark *mark,
    int64_t now_us, bool *changed_r);

/* NOT_FOUND when not a member. */
enum kith_code store_mark_find(struct store *s, int64_t conversation_id,
    int64_t user_id, struct store_mark *mark_r);
