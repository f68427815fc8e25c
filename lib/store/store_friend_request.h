/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * Friend requests that wait for an answer. An answered one is gone; that it
 * ended, and how, is an event. Events go to both people.
 */

#define STORE_FRIEND_REQUESTS_MAX 500u /* waiting, sent by one person */

/* On disk: append only. The same as FriendRequestEnded.Outcome + 1. */
enum store_outcome {
	STORE_OUTCOME_ACCEPTED = 1,
	STORE_OUTCOME_REJECTED = 2,
	STORE_OUTCOME_CANCELLED = 3,
};

struct store_friend_request {
	int64_t id; /* never used again */
	int64_t from_id;
	int64_t to_id;
	int64_t time_us;
};

/*
 * request_r->id is 0 when the other had asked already: they are friends now and
 * there is no request. FORBIDDEN to oneself and by the system's account;
 * NOT_FOUND when who asks is deleted, or the other is not there, deleted or
 * about to be, pending or the system's; ALREADY when they are friends or it is
 * asked already; TOO_LARGE over STORE_FRIEND_REQUESTS_MAX.
 */
enum kith_code store_friend_request_send(struct store *s, int64_t from_id,
    int64_t to_id, int64_t now_us, struct store_friend_request *request_r);

/*
 * By the one who was asked (accept, reject) or who asked (cancel); for anybody
 * else it is NOT_FOUND.
 */
enum kith_code store_friend_request_accept(
    struct store *s, int64_t id, int64_t user_id, int64_t now_us);
enum kith_code store_friend_request_reject(
    struct store *s, int64_t id, int64_t user_id, int64_t now_us);
enum kith_code store_friend_request_cancel(
    struct store *s, int64_t id, int64_t user_id, int64_t now_us);

enum kith_code store_friend_request_find(
    struct store *s, int64_t id, struct store_friend_request *request_r);

/* Those from or to this person with an id above page.from, oldest first. */
enum kith_code store_friend_request_each(struct store *s, int64_t user_id,
    struct store_page page,
    bool (*each)(void *context, const struct store_friend_request *request),
    void *context);

/* Everybody's, oldest first, those with an id above page.from. */
enum kith_code store_friend_request_all(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_friend_request *request),
    void *context);

/* NOT_FOUND when this one has not asked the other. */
enum kith_code store_friend_request_find_pair(struct store *s, int64_t from_id,
    int64_t to_id, struct store_friend_request *request_r);
