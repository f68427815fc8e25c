/* SPDX-License-Identifier: GPL-3.0-or-later */
/* user devices and revoke: what people are signed in with. */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "mem.h"
#include "output.h"
#include "store_device.h"
#include "user.h"

enum {
	DEVICE_ID,
	DEVICE_NAME,
	DEVICE_CREATED,
	DEVICE_LAST_SEEN,
};

const struct column user_device_columns[] = {
	[DEVICE_ID] = { "id", "ID", COLUMN_NUMBER },
	[DEVICE_NAME] = { "name", "NAME", COLUMN_TEXT },
	[DEVICE_CREATED] = { "created", "SIGNED IN", COLUMN_TIME },
	[DEVICE_LAST_SEEN] = { "last_seen", "LAST SEEN", COLUMN_TIME },
	{},
};

static bool
add_device(void *context, const struct store_device *device)
{
	struct listing *l = context;

	listing_add_row(l);
	listing_set_number(l, DEVICE_ID, device->id);
	listing_set_text(l, DEVICE_NAME, device->name);
	listing_set_time(l, DEVICE_CREATED, device->created_us);
	listing_set_time(l, DEVICE_LAST_SEEN, device->last_seen_us);
	return !listing_full(l);
}

enum kith_code
user_devices(struct call *call)
{
	struct listing *l;
	struct store_user user;
	enum kith_code code = database_open_read(call);

	if (code == KITH_OK)
		code = database_find_user(call, call_argument(call, 0), &user);
	if (code != KITH_OK) {
		database_end_read(call);
		return code;
	}
	l = listing_begin(call, "devices", user_device_columns);
	code = store_device_each(call->store, user.id, add_device, l);
	database_end_read(call);
	if (code != KITH_OK)
		database_fault(call, code, "The devices cannot be listed.");
	return listing_end(&l, code);
}

/* ---- revoke ----------------------------------------------------------- */

static enum kith_code
find_device(struct call *call, const struct store_user *user,
    struct store_device *device)
{
	const char *word = call_argument(call, 1);
	enum kith_code code;
	char *selector;
	int64_t id;
	bool read;

	/* "id:7", as everywhere, or what stands in the column */
	selector = strncmp(word, "id:", strlen("id:")) == 0
	    ? mem_dup_string(word)
	    : mem_format("id:%s", word);
	read = database_read_id(selector, &id);
	free(selector);
	if (!read)
		return call_usage(call,
		    "\"%s\" is not a device's number; \"user devices %s\" "
		    "lists them.",
		    word, user->name);
	code = store_device_find(call->store, id, device);
	if (code == KITH_OK && device->user_id != user->id)
		code = KITH_NOT_FOUND;
	return code == KITH_OK
	    ? code
	    : database_fault(call, code, "%s has no device %lld.", user->name,
		  (long long)id);
}

static enum kith_code
revoke_one(struct call *call, const struct store_user *user, json_t *devices)
{
	struct store_device device;
	enum kith_code code = find_device(call, user, &device);

	if (code != KITH_OK)
		return code;
	code = store_device_remove(
	    call->store, user->id, device.id, format_now_us());
	if (code != KITH_OK)
		return user_fault(
		    call, code, user, "has no such device any more.");
	json_array_append_new(devices,
	    json_pack("{s:I, s:s}", "id", (json_int_t)device.id, "name",
		device.name));
	return KITH_OK;
}

static bool
note_device(void *context, const struct store_device *device)
{
	json_array_append_new(context,
	    json_pack("{s:I, s:s}", "id", (json_int_t)device->id, "name",
		device->name));
	return true;
}

static enum kith_code
revoke_all(struct call *call, const struct store_user *user, json_t *devices)
{
	uint32_t removed;
	enum kith_code code =
	    store_device_each(call->store, user->id, note_device, devices);

	if (code == KITH_OK)
		code = store_device_remove_all(
		    call->store, user->id, format_now_us(), &removed);
	if (code == KITH_NOT_FOUND)
		return call_fail(
		    call, code, "%s is not signed in anywhere.", user->name);
	return code == KITH_OK
	    ? code
	    : user_fault(call, code, user, "cannot be signed out.");
}

static enum kith_code
revoke(struct call *call, struct store_user *user, json_t *devices)
{
	enum kith_code code =
	    database_find_user(call, call_argument(call, 0), user);

	if (code == KITH_OK)
		code = call_flag(call, "all") ? revoke_all(call, user, devices)
					      : revoke_one(call, user, devices);
	if (code != KITH_OK)
		return code;
	return database_audit_user(
	    call, user, json_pack("{s:O}", "devices", devices));
}

static void
answer_revoked(
    struct call *call, const struct store_user *user, json_t *devices)
{
	json_t *device;
	size_t i;

	json_array_foreach(devices, i, device)
	{
		char *name = output_clean(
		    json_string_value(json_object_get(device, "name")));

		output_talk(call, "%s is signed out on \"%s\" (device %lld).",
		    user->name, name,
		    json_integer_value(json_object_get(device, "id")));
		free(name);
	}
	json_object_set_new(call->answer, "user",
	    json_pack(
		"{s:I, s:s}", "id", (json_int_t)user->id, "name", user->name));
	json_object_set(call->answer, "devices", devices);
}

enum kith_code
user_revoke(struct call *call)
{
	bool one = call_argument(call, 1) != NULL;
	json_t *devices;
	struct store_user user;
	enum kith_code code;

	if (one == call_flag(call, "all"))
		return call_usage(
		    call, "user revoke needs either a DEVICE or --all.");
	code = database_open(call, false);
	if (code == KITH_OK)
		code = database_begin(call);
	if (code != KITH_OK)
		return code;
	devices = json_array();
	code = database_end(call, revoke(call, &user, devices));
	if (code == KITH_OK)
		answer_revoked(call, &user, devices);
	json_decref(devices);
	return code;
}
