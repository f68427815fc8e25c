/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/* How much there is in the database: for an administrator's figures. */
struct store_figures {
	/* people by state, in the order of enum store_user_state */
	int64_t users_active;
	int64_t users_pending;
	int64_t users_locked;
	int64_t users_deleting;
	int64_t devices;
	int64_t friend_links;
	int64_t friend_requests;
	int64_t invites; /* that can still be used */
	int64_t conversations;
	int64_t messages;
	int64_t newest_us; /* when the newest event was; 0: none */
	int64_t schema_version;
	int64_t page_bytes;
	int64_t pages;
	int64_t free_pages;
};

/*
 * Of one state of the database, which takes no longer for many messages: they
 * are counted by conversations. now_us decides which invites have expired.
 */
enum kith_code store_figures_take(
    struct store *s, int64_t now_us, struct store_figures *figures_r);
