/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"
#include "text.h"

/*
 * What a person is signed in with: each has a token of its own, of which only
 * the SHA-256 is here.
 */

#define STORE_TOKEN_HASH_LENGTH 32u
#define STORE_DEVICES_MAX       64u /* of one person; a new one ends the stalest */

struct store_device {
	int64_t id;
	int64_t user_id;
	char name[TEXT_DEVICE_MAX + 1];
	int64_t created_us;
	int64_t last_seen_us;
};

/* name: cut at TEXT_DEVICE_MAX bytes, never refused. */
enum kith_code store_device_add(struct store *s, int64_t user_id,
    const uint8_t token_hash[STORE_TOKEN_HASH_LENGTH], const char *name,
    int64_t now_us, int64_t *id_r);

enum kith_code store_device_find_token(struct store *s,
    const uint8_t token_hash[STORE_TOKEN_HASH_LENGTH],
    struct store_device *device_r);

/* It was used now, and its user seen. No event. */
enum kith_code store_device_touch(struct store *s, int64_t id, int64_t now_us);

/*
 * Writes a device_revoked event, so that the hub ends its sessions. NOT_FOUND
 * when it is not this user's.
 */
enum kith_code store_device_remove(
    struct store *s, int64_t user_id, int64_t id, int64_t now_us);

/* Every one of a person, each with its event. NOT_FOUND when there is none. */
enum kith_code store_device_remove_all(
    struct store *s, int64_t user_id, int64_t now_us, uint32_t *removed_r);

/* NOT_FOUND. */
enum kith_code store_device_find(
    struct store *s, int64_t id, struct store_device *device_r);

/* Those of one person, by id: never more than STORE_DEVICES_MAX. */
enum kith_code store_device_each(struct store *s, int64_t user_id,
    bool (*each)(void *context, const struct store_device *device),
    void *context);

/* Everybody's, by id, those above page.from. */
enum kith_code store_device_all(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_device *device),
    void *context);
