/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * Who is friends with whom. Two people have one direct conversation for ever;
 * a link makes it writable, without one it can still be read.
 */

struct store_friend_link {
	int64_t low_id; /* of the two people, the lower id */
	int64_t high_id;
	int64_t since_us;
	int64_t conversation_id;
};

/*
 * Makes two people friends, ends requests between them (as accepted), and
 * tells both (friend_added). FORBIDDEN for one person twice or with the system's
 * account, NOT_FOUND, ALREADY.
 */
enum kith_code store_friend_link_add(struct store *s, int64_t a_id,
    int64_t b_id, int64_t now_us, int64_t *conversation_id_r);

/* Tells both (friend_removed). NOT_FOUND when they are not friends. */
enum kith_code store_friend_link_remove(
    struct store *s, int64_t a_id, int64_t b_id, int64_t now_us);

enum kith_code store_friend_link_find(struct store *s, int64_t a_id,
    int64_t b_id, struct store_friend_link *link_r);

/* The links of one person with a friend's id above page.from, by that id. */
enum kith_code store_friend_link_each(struct store *s, int64_t user_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_friend_link *link),
    void *context);

/* All links, by (low, high), above that of *after (NULL: all). */
enum kith_code store_friend_link_all(struct store *s,
    const struct store_friend_link *after, uint32_t limit,
    bool (*each)(void *context, const struct store_friend_link *link),
    void *context);
