/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user import: judges every row before anything is changed, so that somebody
 * who mends a file sees all that is wrong with it at once.
 */
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "mem.h"
#include "user.h"
#include "user_import.h"

#define CHECKS_A_READ     1000 /* rows that are looked up in one go */
#define FRIEND_SEPARATORS " ,;\t\r\n"

/* ---- one row by itself ------------------------------------------------ */

static void
check_name(struct import *im, struct import_row *row)
{
	const char *name = row->fields[IMPORT_NAME];
	const json_t *other;
	size_t at = (size_t)(row - im->rows);

	if (name == NULL) {
		import_problem(im, row->place, "There is no name.");
		return;
	}
	if (text_check_name(name) != KITH_OK) {
		import_problem(im, row->place, "\"%.40s\": %s", name,
		    kith_code_sentence(KITH_BAD_NAME));
		return;
	}
	other = json_object_get(im->index, name);
	if (other != NULL)
		import_problem(im, row->place, "%s is there twice: see %s %lu.",
		    name, im->unit, im->rows[json_integer_value(other)].place);
	else
		json_object_set_new(
		    im->index, name, json_integer((json_int_t)at));
}

static void
check_texts(struct import *im, struct import_row *row)
{
	const char *display_name = row->fields[IMPORT_DISPLAY_NAME];
	const char *reason = row->fields[IMPORT_REASON];

	if (display_name != NULL &&
	    !text_is_utf8(display_name, strlen(display_name)))
		import_problem(im, row->place,
		    "The display name is not UTF-8; save the whole file as "
		    "UTF-8.");
	else if (display_name != NULL &&
	    text_check_display_name(display_name) != KITH_OK)
		import_problem(im, row->place,
		    "\"%.40s\" cannot be a display name: that is one line of "
		    "at most %u bytes that shows something.",
		    display_name, TEXT_DISPLAY_NAME_MAX);
	if (reason != NULL &&
	    (strlen(reason) >= STORE_REASON_MAX ||
		!text_is_utf8(reason, strlen(reason))))
		import_problem(im, row->place,
		    "A reason is text of at most %u bytes.",
		    STORE_REASON_MAX - 1);
}

static void
check_state(struct import *im, struct import_row *row)
{
	const char *word = row->fields[IMPORT_STATE];

	row->state = STORE_USER_ACTIVE;
	if (word != NULL &&
	    (!user_read_state(word, &row->state) ||
		(row->state != STORE_USER_ACTIVE &&
		    row->state != STORE_USER_PENDING &&
		    row->state != STORE_USER_LOCKED)))
		import_problem(im, row->place,
		    "The state \"%.40s\" is none of active, pending and "
		    "locked.",
		    word);
	else if (row->fields[IMPORT_UNTIL] != NULL &&
	    row->state != STORE_USER_LOCKED)
		import_problem(
		    im, row->place, "\"until\" is for those who are locked.");
}

static void
check_time(struct import *im, struct import_row *row, enum import_field field,
    enum format_direction direction, int64_t *when_us)
{
	const char *text = row->fields[field];
	struct fault f;

	if (text != NULL &&
	    format_read_when(text, direction, format_now_us(), when_us, &f) !=
		KITH_OK)
		import_problem(im, row->place, "%s", f.sentence);
}

static void
check_hash(struct import *im, struct import_row *row)
{
	const char *phc = row->fields[IMPORT_HASH];
	struct password_cost cost;

	if (phc != NULL && password_read_cost(phc, &cost) != KITH_OK)
		import_problem(im, row->place,
		    "The password_hash is not an Argon2id hash "
		    "(\"$argon2id$v=19$m=...\") whose cost is within the "
		    "limits.");
	else if (phc == NULL && !im->generate && !im->without_passwords)
		import_problem(im, row->place,
		    "There is no password_hash; --generate makes passwords, "
		    "--without-passwords does without.");
}

static void
check_row(struct import *im, struct import_row *row)
{
	if (row->broken)
		return;
	check_name(im, row);
	check_texts(im, row);
	check_state(im, row);
	check_time(im, row, IMPORT_UNTIL, FORMAT_WHENEVER, &row->until_us);
	check_time(im, row, IMPORT_CREATED, FORMAT_AGO, &row->created_us);
	check_time(im, row, IMPORT_LAST_SEEN, FORMAT_AGO, &row->last_seen_us);
	check_hash(im, row);
}

/* ---- rows beside what is there ---------------------------------------- */

static enum kith_code
check_existing(struct import *im, struct import_row *row)
{
	const char *name = row->fields[IMPORT_NAME];
	struct store_user user;
	enum kith_code code;

	if (row->broken || name == NULL || text_check_name(name) != KITH_OK)
		return KITH_OK;
	code = store_user_find_name(im->call->store, name, &user);
	if (code == KITH_NOT_FOUND)
		return KITH_OK;
	if (code != KITH_OK)
		return database_fault(
		    im->call, code, "The names cannot be looked up.");
	if (im->skip_existing) {
		row->skipped = true;
		row->id = user.id;
		im->skipped++;
		return KITH_OK;
	}
	import_problem(im, row->place, "The name %s exists already.", name);
	im->conflicts++;
	return KITH_OK;
}

static void
add_link(struct import *im, int64_t a, int64_t b)
{
	if (im->link_count == im->link_room) {
		im->link_room = im->link_room > 0 ? im->link_room * 2 : 256;
		im->links = mem_resize(
		    im->links, im->link_room, sizeof(struct import_link));
	}
	im->links[im->link_count++] =
	    (struct import_link){ a < b ? a : b, a < b ? b : a };
}

static enum kith_code
check_friend(struct import *im, struct import_row *row, const char *name)
{
	int64_t self = row - im->rows;
	const json_t *other = json_object_get(im->index, name);
	struct store_user user;
	enum kith_code code;

	if (strcmp(name, row->fields[IMPORT_NAME]) == 0) {
		import_problem(
		    im, row->place, "%s is not a friend of oneself.", name);
		return KITH_OK;
	}
	if (other != NULL && !im->rows[json_integer_value(other)].skipped) {
		add_link(im, self, json_integer_value(other));
		return KITH_OK;
	}
	code = text_check_name(name) == KITH_OK
	    ? store_user_find_name(im->call->store, name, &user)
	    : KITH_NOT_FOUND;
	if (code == KITH_OK)
		add_link(im, self, -user.id);
	else if (code == KITH_NOT_FOUND)
		import_problem(im, row->place,
		    "The friend \"%.40s\" is neither in the file nor here.",
		    name);
	else
		return database_fault(
		    im->call, code, "The names cannot be looked up.");
	return KITH_OK;
}

/* Whoever was here before keeps the friends of here. */
static enum kith_code
check_friends(struct import *im, struct import_row *row)
{
	char *names, *rest, *name;
	enum kith_code code = KITH_OK;

	if (row->broken || row->skipped ||
	    row->fields[IMPORT_FRIENDS] == NULL ||
	    row->fields[IMPORT_NAME] == NULL)
		return KITH_OK;
	rest = names = mem_dup_string(row->fields[IMPORT_FRIENDS]);
	while (code == KITH_OK &&
	    (name = strsep(&rest, FRIEND_SEPARATORS)) != NULL) {
		if (name[0] != '\0')
			code = check_friend(im, row, name);
	}
	free(names);
	return code;
}

/* Looks at all rows, in read transactions that are short. */
static enum kith_code
each_row(struct import *im, const char *doing,
    enum kith_code (*look)(struct import *im, struct import_row *row))
{
	enum kith_code code = KITH_OK;

	for (size_t i = 0; i < im->count && code == KITH_OK; i++) {
		if (i % CHECKS_A_READ == 0) {
			database_end_read(im->call);
			import_progress(im, doing, i, im->count);
			code = database_open_read(im->call);
		}
		if (code == KITH_OK)
			code = look(im, &im->rows[i]);
	}
	database_end_read(im->call);
	import_progress(im, doing, 0, 0);
	return code;
}

/* ---- all of it -------------------------------------------------------- */

static int
compare_links(const void *a, const void *b)
{
	const struct import_link *one = a, *other = b;

	if (one->low != other->low)
		return one->low < other->low ? -1 : 1;
	if (one->high != other->high)
		return one->high < other->high ? -1 : 1;
	return 0;
}

/* Each friendship is told by both; it is made once. */
static void
unite_links(struct import *im)
{
	size_t kept = 0;

	if (im->link_count == 0)
		return;
	qsort(im->links, im->link_count, sizeof(struct import_link),
	    compare_links);
	for (size_t i = 1; i < im->link_count; i++) {
		if (compare_links(&im->links[kept], &im->links[i]) != 0)
			im->links[++kept] = im->links[i];
	}
	im->link_count = kept + 1;
}

enum kith_code
import_check(struct import *im)
{
	enum kith_code code;

	for (size_t i = 0; i < im->count; i++)
		check_row(im, &im->rows[i]);
	code = each_row(im, "Looking up", check_existing);
	if (code == KITH_OK)
		code = each_row(im, "Looking up friends of", check_friends);
	unite_links(im);
	return code;
}
