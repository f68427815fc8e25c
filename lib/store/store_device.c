/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The table device. Tokens never come here, only their hashes. */

#include "store_device.h"

#include <string.h>

#include "store_private.h"

static void
device_from_row(sqlite3_stmt *st, struct store_device *device)
{
	memset(device, 0, sizeof(*device));
	device->id = sqlite3_column_int64(st, 0);
	device->user_id = sqlite3_column_int64(st, 1);
	column_text(st, 2, device->name, sizeof(device->name));
	device->created_us = sqlite3_column_int64(st, 3);
	device->last_seen_us = sqlite3_column_int64(st, 4);
}

/* Cuts at `room` bytes, but never inside a character. */
static void
copy_cut(char *to, size_t room, const char *from)
{
	size_t length = strnlen(from, room - 1);

	if (from[length] != '\0')
		while (
		    length > 0 && ((unsigned char)from[length] & 0xc0) == 0x80)
			length--;
	memcpy(to, from, length);
	to[length] = '\0';
}

static enum kith_code
user_seen(struct store *s, int64_t user_id, int64_t now_us)
{
	return statement_run(
	    s, STATEMENT_USER_SEEN, VALUES(INTEGER(user_id), INTEGER(now_us)));
}

/* A person's devices do not grow without end: the stalest makes room. */
static enum kith_code
make_room(struct store *s, int64_t user_id, int64_t now_us)
{
	int64_t stalest;
	enum kith_code code = statement_integer(s, STATEMENT_DEVICE_STALEST,
	    VALUES(INTEGER(user_id), INTEGER(STORE_DEVICES_MAX)), &stalest);

	if (code == KITH_NOT_FOUND)
		return KITH_OK;
	if (code != KITH_OK)
		return code;
	return store_device_remove(s, user_id, stalest, now_us);
}

enum kith_code
store_device_add(struct store *s, int64_t user_id,
    const uint8_t token_hash[STORE_TOKEN_HASH_LENGTH], const char *name,
    int64_t now_us, int64_t *id_r)
{
	char short_name[TEXT_DEVICE_MAX + 1];
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = make_room(s, user_id, now_us);
	if (code != KITH_OK)
		return code;
	code = user_seen(s, user_id, now_us);
	if (code != KITH_OK)
		return code;
	copy_cut(short_name, sizeof(short_name), name);
	return statement_integer(s, STATEMENT_DEVICE_ADD,
	    VALUES(INTEGER(user_id), BLOB(token_hash, STORE_TOKEN_HASH_LENGTH),
		TEXT(short_name), INTEGER(now_us)),
	    id_r);
}

static enum kith_code
find_one(struct store *s, sqlite3_stmt *st, struct store_device *device_r)
{
	enum kith_code code = statement_next(s, st);

	if (code != KITH_OK)
		return code;
	device_from_row(st, device_r);
	statement_end(st);
	return KITH_OK;
}

enum kith_code
store_device_find(struct store *s, int64_t id, struct store_device *device_r)
{
	return find_one(s,
	    statement_start(s, STATEMENT_DEVICE_FIND, VALUES(INTEGER(id))),
	    device_r);
}

enum kith_code
store_device_find_token(struct store *s,
    const uint8_t token_hash[STORE_TOKEN_HASH_LENGTH],
    struct store_device *device_r)
{
	return find_one(s,
	    statement_start(s, STATEMENT_DEVICE_FIND_TOKEN,
		VALUES(BLOB(token_hash, STORE_TOKEN_HASH_LENGTH))),
	    device_r);
}

enum kith_code
store_device_touch(struct store *s, int64_t id, int64_t now_us)
{
	int64_t user_id;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = statement_integer(s, STATEMENT_DEVICE_TOUCH,
		    VALUES(INTEGER(id), INTEGER(now_us)), &user_id);
	return code == KITH_OK ? user_seen(s, user_id, now_us) : code;
}

enum kith_code
store_device_remove(
    struct store *s, int64_t user_id, int64_t id, int64_t now_us)
{
	int64_t removed;
	enum kith_code code = store_may_change(s);

	if (code == KITH_OK)
		code = statement_integer(s, STATEMENT_DEVICE_REMOVE,
		    VALUES(INTEGER(user_id), INTEGER(id)), &removed);
	if (code != KITH_OK)
		return code;
	return event_append(s,
	    &(struct event_new){ .audience = -user_id,
		.kind = STORE_EVENT_DEVICE_REVOKED,
		.time_us = now_us,
		.user_id = user_id,
		.number = id },
	    NULL);
}

enum kith_code
device_remove_all(struct store *s, int64_t user_id)
{
	return statement_run(
	    s, STATEMENT_DEVICE_REMOVE_ALL, VALUES(INTEGER(user_id)));
}

static bool
take_first(void *context, const struct store_device *device)
{
	*(int64_t *)context = device->id;
	return false;
}

/* Each turn removes the first, so that the end comes by itself. */
enum kith_code
store_device_remove_all(
    struct store *s, int64_t user_id, int64_t now_us, uint32_t *removed_r)
{
	uint32_t removed = 0;
	int64_t id;
	enum kith_code code = store_may_change(s);

	while (code == KITH_OK) {
		id = 0;
		code = store_device_each(s, user_id, take_first, &id);
		if (code != KITH_OK || id == 0)
			break;
		code = store_device_remove(s, user_id, id, now_us);
		removed++;
	}
	if (code == KITH_OK && removed == 0)
		return KITH_NOT_FOUND;
	if (code == KITH_OK)
		*removed_r = removed;
	return code;
}

/* ---- reading --------------------------------------------------------- */

static enum kith_code
hand_out(struct store *s, sqlite3_stmt *st,
    bool (*each)(void *context, const struct store_device *device),
    void *context)
{
	struct store_device device;
	enum kith_code code;

	while ((code = statement_next(s, st)) == KITH_OK) {
		device_from_row(st, &device);
		if (!each(context, &device)) {
			statement_end(st);
			return KITH_OK;
		}
	}
	return code == KITH_NOT_FOUND ? KITH_OK : code;
}

enum kith_code
store_device_each(struct store *s, int64_t user_id,
    bool (*each)(void *context, const struct store_device *device),
    void *context)
{
	return hand_out(s,
	    statement_start(s, STATEMENT_DEVICE_EACH, VALUES(INTEGER(user_id))),
	    each, context);
}

enum kith_code
store_device_all(struct store *s, struct store_page page,
    bool (*each)(void *context, const struct store_device *device),
    void *context)
{
	return hand_out(s,
	    statement_start(s, STATEMENT_DEVICE_ALL,
		VALUES(
		    INTEGER(page.from), INTEGER(store_page_limit(page.limit)))),
	    each, context);
}
