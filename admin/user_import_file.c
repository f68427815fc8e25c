/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * user import: the file, CSV by libcsv or JSON by jansson. Takes rows apart and
 * judges nothing of what stands in them.
 */
#include <csv.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "user_import.h"

#define CSV_COLUMNS_MAX 64
#define CSV_CHUNK       16384 /* bytes that are read at once */

static const char *const field_names[IMPORT_FIELD_COUNT] = {
	[IMPORT_NAME] = "name",
	[IMPORT_DISPLAY_NAME] = "display_name",
	[IMPORT_STATE] = "state",
	[IMPORT_REASON] = "reason",
	[IMPORT_UNTIL] = "until",
	[IMPORT_CREATED] = "created",
	[IMPORT_LAST_SEEN] = "last_seen",
	[IMPORT_HASH] = "password_hash",
	[IMPORT_FRIENDS] = "friends",
};

#define FIELD_NAMES                                                      \
	"name, display_name, state, reason, until, created, last_seen, " \
	"password_hash, friends"

enum import_field
import_find_field(const char *name)
{
	int field = 0;

	while (field < IMPORT_FIELD_COUNT &&
	    strcasecmp(field_names[field], name) != 0)
		field++;
	return (enum import_field)field;
}

/* ---- CSV -------------------------------------------------------------- */

struct csv_reader {
	struct import *im;
	struct csv_parser parser;
	unsigned long line;  /* that is being read */
	unsigned long begun; /* where the row began */
	size_t row_bytes;
	enum import_field columns[CSV_COLUMNS_MAX]; /* COUNT: empty heading */
	int column_count;
	bool heading_read;
	int column; /* the next one of this row */
	struct import_row *row;
	bool stopped; /* the fault is in the call, or a problem was told */
};

static void
stop(struct csv_reader *r)
{
	r->stopped = true;
}

/* Nothing of a row that has no end can be judged. */
static void
stop_in_row(struct csv_reader *r, const char *why)
{
	import_problem(r->im, r->begun, "%s", why);
	if (r->row != NULL)
		r->row->broken = true;
	stop(r);
}

static void
take_heading(struct csv_reader *r, const char *name)
{
	enum import_field field = import_find_field(name);

	if (r->column_count == CSV_COLUMNS_MAX) {
		import_problem(r->im, r->line, "There are over %d columns.",
		    CSV_COLUMNS_MAX);
		stop(r);
		return;
	}
	if (field == IMPORT_FIELD_COUNT && name[0] != '\0') {
		import_problem(r->im, r->line,
		    "There is no column \"%.40s\"; there are %s.", name,
		    FIELD_NAMES);
		stop(r);
	}
	for (int i = 0; i < r->column_count; i++) {
		if (field == IMPORT_FIELD_COUNT || r->columns[i] != field)
			continue;
		import_problem(r->im, r->line,
		    "The column \"%s\" is there twice.", field_names[field]);
		stop(r);
	}
	r->columns[r->column_count++] = field;
}

static void
take_value(struct csv_reader *r, const char *value)
{
	enum import_field field;

	if (r->column == 0)
		r->row = import_add_row(r->im, r->begun);
	if (r->row == NULL) {
		stop(r);
		return;
	}
	if (r->column++ >= r->column_count || value[0] == '\0')
		return;
	field = r->columns[r->column - 1];
	if (field == IMPORT_FIELD_COUNT) {
		import_problem(r->im, r->begun,
		    "\"%.40s\" stands in a column without a heading.", value);
		r->row->broken = true;
	} else {
		r->row->fields[field] = mem_dup_string(value);
	}
}

static void
take_field(void *bytes, size_t length, void *context)
{
	struct csv_reader *r = context;
	const char *value = bytes != NULL ? bytes : "";

	if (r->stopped)
		return;
	if (strlen(value) != length) {
		import_problem(r->im, r->line,
		    "There is a NUL byte in it; save the file as UTF-8.");
		stop(r);
	} else if (!r->heading_read) {
		take_heading(r, value);
	} else {
		take_value(r, value);
	}
}

static void
end_heading(struct csv_reader *r)
{
	r->heading_read = true;
	for (int i = 0; i < r->column_count; i++) {
		if (r->columns[i] == IMPORT_NAME)
			return;
	}
	import_problem(r->im, r->line,
	    "The first line must name the columns, and \"name\" among them.");
	stop(r);
}

static void
end_row(int end, void *context)
{
	struct csv_reader *r = context;

	(void)end;
	if (r->stopped)
		return;
	if (!r->heading_read) {
		end_heading(r);
	} else if (r->column != r->column_count) {
		import_problem(r->im, r->begun,
		    "The line has %d of the heading's %d values.", r->column,
		    r->column_count);
		r->row->broken = true;
	}
	r->column = 0;
	r->row = NULL;
	r->row_bytes = 0;
	r->begun = r->line + 1;
}

/* Spreadsheets write what their country separates lists with. */
static unsigned char
guess_separator(const char *heading, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (strchr(",;\t", heading[i]) != NULL && heading[i] != '\0')
			return (unsigned char)heading[i];
	}
	return ',';
}

/* A line or a part of one. */
static void
parse(struct csv_reader *r, const char *text, size_t length)
{
	if (!r->heading_read && r->row_bytes == 0)
		csv_set_delim(&r->parser, guess_separator(text, length));
	r->row_bytes += length;
	if (r->row_bytes > IMPORT_ROW_BYTES_MAX)
		stop_in_row(
		    r, "The line is too long; is a quotation mark missing?");
	else if (csv_parse(&r->parser, text, length, take_field, end_row, r) !=
		length &&
	    !r->stopped)
		stop_in_row(r, "The quotation marks do not fit together.");
}

/* Line by line, so that it is known where a row stands. */
static void
parse_lines(struct csv_reader *r, const char *text, size_t length)
{
	while (length > 0 && !r->stopped) {
		const char *end = memchr(text, '\n', length);
		size_t part = end != NULL ? (size_t)(end - text) + 1 : length;

		parse(r, text, part);
		text += part;
		length -= part;
		if (end == NULL)
			continue;
		/* libcsv passes over an empty line without a word */
		if (r->begun == r->line && r->row == NULL && r->column == 0)
			r->begun++;
		r->line++;
	}
}

static enum kith_code
read_csv(struct import *im, FILE *file, unsigned long line)
{
	struct csv_reader r = { .im = im, .line = line, .begun = line };
	char text[CSV_CHUNK];
	size_t length;

	if (csv_init(
		&r.parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0)
		abort();
	while (!r.stopped && (length = fread(text, 1, sizeof(text), file)) > 0)
		parse_lines(&r, text, length);
	if (!r.stopped && csv_fini(&r.parser, take_field, end_row, &r) != 0)
		stop_in_row(
		    &r, "A quotation mark that begins here never ends.");
	csv_free(&r.parser);
	explicit_bzero(text, sizeof(text));
	return im->call->fault.code;
}

/* ---- JSON ------------------------------------------------------------- */

struct json_source {
	FILE *file;
	size_t bytes;
};

static size_t
read_json_bytes(void *buffer, size_t length, void *context)
{
	struct json_source *source = context;
	size_t got = fread(buffer, 1, length, source->file);

	source->bytes += got;
	return source->bytes > IMPORT_FILE_BYTES_MAX ? (size_t)-1 : got;
}

/* An array of names becomes what stands in CSV. */
static char *
join_names(struct import *im, struct import_row *row, const json_t *list)
{
	char *joined = mem_dup_string("");
	const json_t *name;
	size_t i, used = 0;

	json_array_foreach(list, i, name)
	{
		size_t length = json_string_length(name);

		if (!json_is_string(name)) {
			import_problem(im, row->place,
			    "\"friends\" takes an array of names.");
			row->broken = true;
			break;
		}
		joined = mem_resize(joined, used + length + 2, 1);
		memcpy(joined + used, json_string_value(name), length);
		used += length;
		joined[used++] = ' ';
		joined[used] = '\0';
	}
	return joined;
}

static void
take_member(struct import *im, struct import_row *row, const char *key,
    const json_t *value)
{
	enum import_field field = import_find_field(key);
	const char *text = json_string_value(value);

	if (field == IMPORT_FRIENDS && json_is_array(value)) {
		row->fields[field] = join_names(im, row, value);
	} else if (field == IMPORT_FIELD_COUNT) {
		import_problem(im, row->place,
		    "There is no member \"%.40s\"; there are %s.", key,
		    FIELD_NAMES);
		row->broken = true;
	} else if (text != NULL && text[0] != '\0' &&
	    row->fields[field] == NULL) {
		row->fields[field] = mem_dup_string(text);
	} else if (text == NULL && !json_is_null(value)) {
		import_problem(im, row->place, "\"%s\" takes a string.",
		    field_names[field]);
		row->broken = true;
	}
}

static enum kith_code
take_array(struct import *im, const json_t *list)
{
	const json_t *entry, *value;
	const char *key;
	size_t i;

	json_array_foreach(list, i, entry)
	{
		struct import_row *row = import_add_row(im, i + 1);

		if (row == NULL)
			return im->call->fault.code;
		row->broken = !json_is_object(entry);
		if (row->broken)
			import_problem(im, i + 1, "It is not an object.");
		json_object_foreach((json_t *)entry, key, value)
		    take_member(im, row, key, value);
	}
	return KITH_OK;
}

static enum kith_code
read_json(struct import *im, FILE *file)
{
	struct json_source source = { .file = file };
	json_error_t error;
	json_t *root = json_load_callback(
	    read_json_bytes, &source, JSON_REJECT_DUPLICATES, &error);
	const json_t *list = root;
	enum kith_code code;

	if (source.bytes > IMPORT_FILE_BYTES_MAX) {
		json_decref(root);
		return call_fail(im->call, KITH_TOO_LARGE,
		    "JSON of over %u MiB is too much; CSV may be larger.",
		    IMPORT_FILE_BYTES_MAX / (1024 * 1024));
	}
	if (root == NULL) {
		import_problem(
		    im, (unsigned long)error.line, "%s.", error.text);
		return KITH_OK;
	}
	im->unit = "entry";
	if (json_is_object(root))
		list = json_object_get(root, "users");
	code = json_is_array(list) ? take_array(im, list)
				   : call_fail(im->call, KITH_MALFORMED,
					 "The file has no array of accounts.");
	json_decref(root);
	return code;
}

/* ---- which of them ---------------------------------------------------- */

/* The first byte that counts, left to be read. */
static int
look_ahead(FILE *file, unsigned long *line)
{
	int c = getc(file);

	if (c == 0xef && getc(file) == 0xbb && getc(file) == 0xbf)
		c = getc(file); /* a byte order mark */
	while (c != EOF && isspace(c)) {
		if (c == '\n')
			++*line;
		c = getc(file);
	}
	if (c != EOF)
		ungetc(c, file);
	return c;
}

enum kith_code
import_read(struct import *im, FILE *file)
{
	unsigned long line = 1;
	int first = look_ahead(file, &line);
	enum kith_code code = KITH_OK;

	if (first == '{' || first == '[')
		code = read_json(im, file);
	else if (first != EOF)
		code = read_csv(im, file, line);
	if (ferror(file))
		return fault_set_errno(
		    &im->call->fault, KITH_IO, errno, "Cannot read the file");
	if (code == KITH_OK && im->problems == 0 && im->count == 0)
		return call_fail(im->call, KITH_MALFORMED,
		    "There is no account in the file.");
	return code;
}
