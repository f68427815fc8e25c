/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads kithd.conf with libinih and checks it against one table. Holds no
 * state; must never log, and never look at what a path points to.
 */
#include "settings.h"

#include <errno.h>
#include <ini.h>
#include <libgen.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "password.h"
#include "text.h"

#define SETTINGS_NUMBER_DIGITS 9
#define SETTINGS_ROWS_MAX      32u
#define MIB_IN_KIB             1024u

static const char *const sign_up_words[] = { "closed", "invite", "approval",
	"open", NULL };
static const char *const sandbox_words[] = { "full", "seccomp", "off", NULL };
static const char *const log_words[] = { "error", "warning", "info", "debug",
	NULL };

#define AT(field) offsetof(struct settings, field)
#define TEXT(key, field, fallback, reload)                                  \
	{                                                                   \
		key, SETTINGS_TEXT, AT(field), fallback, 0, 0, NULL, reload \
	}
#define PATH(key, field, fallback, reload)                                  \
	{                                                                   \
		key, SETTINGS_PATH, AT(field), fallback, 0, 0, NULL, reload \
	}
#define WORD(key, field, words, fallback, reload)                            \
	{                                                                    \
		key, SETTINGS_WORD, AT(field), fallback, 0, 0, words, reload \
	}
#define NUMBER(key, field, fallback, least, most, reload)                     \
	{                                                                     \
		key, SETTINGS_NUMBER, AT(field), fallback, least, most, NULL, \
		    reload                                                    \
	}

#define RELOAD  true
#define RESTART false

/* clang-format off */
const struct settings_row settings_rows[] = {
	TEXT("listen", listen, "0.0.0.0:5484, [::]:5484", RESTART),
	PATH("certificate", certificate, "/etc/kith/certificate.pem", RELOAD),
	PATH("private-key", private_key, "/etc/kith/private-key.pem", RELOAD),
	PATH("next-public-key", next_public_key,
	    "/etc/kith/next-public-key.pem", RELOAD),
	TEXT("server-name", server_name, "", RELOAD),
	WORD("sign-up", sign_up, sign_up_words, "invite", RELOAD),
	PATH("database", database, "/var/lib/kith/kith.db", RESTART),
	PATH("run-directory", run_directory, "/run/kith", RESTART),
	WORD("sandbox", sandbox, sandbox_words, "full", RESTART),
	NUMBER("max-connections", max_connections, "4096", 1, 100000, RELOAD),
	NUMBER("max-connections-per-address", max_connections_per_address,
	    "100", 1, 100000, RELOAD),
	NUMBER("sessions-per-process", sessions_per_process, "1", 1, 1000,
	    RESTART),
	NUMBER("sign-in-timeout", sign_in_timeout_s, "60", 5, 600, RELOAD),
	NUMBER("idle-timeout", idle_timeout_s, "300", 30, 86400, RELOAD),
	NUMBER("messages-per-minute", messages_per_minute, "240", 0, 1000000,
	    RELOAD),
	NUMBER("friend-requests-per-hour", friend_requests_per_hour, "60", 0,
	    1000000, RELOAD),
	NUMBER("argon2-memory", argon2_memory_mib, "64", 7, 1024, RELOAD),
	NUMBER("argon2-passes", argon2_passes, "3", 1, 10, RELOAD),
	NUMBER("argon2-lanes", argon2_lanes, "1", 1, 4, RELOAD),
	NUMBER("auth-workers", auth_workers, "0", 0, 16, RESTART),
	WORD("log-level", log_level, log_words, "info", RELOAD),
};
/* clang-format on */
const size_t settings_row_count =
    sizeof(settings_rows) / sizeof(settings_rows[0]);

static char **
text_of(const struct settings_row *row, const struct settings *settings)
{
	return (void *)((char *)settings + row->offset);
}

static uint32_t *
number_of(const struct settings_row *row, const struct settings *settings)
{
	return (void *)((char *)settings + row->offset);
}

static bool
is_text(const struct settings_row *row)
{
	return row->kind == SETTINGS_TEXT || row->kind == SETTINGS_PATH;
}

/* ---- one value ------------------------------------------------------- */

static enum kith_code
set_number(const struct settings_row *row, const char *value,
    struct settings *settings, struct fault *fault)
{
	size_t length = strlen(value);
	unsigned long number;

	if (length == 0 || length > SETTINGS_NUMBER_DIGITS ||
	    strspn(value, "0123456789") != length)
		return fault_set(fault, KITH_MALFORMED,
		    "%s must be a whole number from %u to %u, not \"%.40s\"",
		    row->key, row->least, row->most, value);
	number = strtoul(value, NULL, 10);
	if (number < row->least || number > row->most)
		return fault_set(fault, KITH_MALFORMED,
		    "%s must be from %u to %u, not %lu", row->key, row->least,
		    row->most, number);
	*number_of(row, settings) = (uint32_t)number;
	return KITH_OK;
}

static enum kith_code
set_word(const struct settings_row *row, const char *value,
    struct settings *settings, struct fault *fault)
{
	char list[80] = "";
	uint32_t i;

	for (i = 0; row->words[i] != NULL; i++) {
		size_t used = strlen(list);

		if (strcmp(value, row->words[i]) == 0) {
			*number_of(row, settings) = i;
			return KITH_OK;
		}
		snprintf(list + used, sizeof(list) - used, "%s%s",
		    i > 0 ? ", " : "", row->words[i]);
	}
	return fault_set(fault, KITH_MALFORMED,
	    "%s must be one of %s, not \"%.40s\"", row->key, list, value);
}

static enum kith_code
set_value(const struct settings_row *row, const char *value,
    struct settings *settings, struct fault *fault)
{
	if (row->kind == SETTINGS_NUMBER)
		return set_number(row, value, settings, fault);
	if (row->kind == SETTINGS_WORD)
		return set_word(row, value, settings, fault);
	if (row->kind == SETTINGS_PATH && value[0] != '/')
		return fault_set(fault, KITH_MALFORMED,
		    "%s must be an absolute path, not \"%.80s\"", row->key,
		    value);
	free(*text_of(row, settings));
	*text_of(row, settings) = mem_dup_string(value);
	return KITH_OK;
}

/* ---- the file -------------------------------------------------------- */

struct reading {
	FILE *file;
	struct settings *settings;
	settings_report *report;
	void *context;
	int line;
	int problems;
	int set_on[SETTINGS_ROWS_MAX]; /* line of each row, 0: not written */
};

static void problem(struct reading *r, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
problem(struct reading *r, int line, const char *format, ...)
{
	char sentence[FAULT_SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	r->problems++;
	r->report(line, sentence, r->context);
}

/* libinih tells of the first bad line only, so lines are looked at here. */
static bool
line_is_odd(struct reading *r, const char *line)
{
	size_t length = strcspn(line, "\n");

	if (length == 0 || *line == '#' || *line == ';')
		return false;
	if (*line == '[')
		problem(r, r->line, "kithd.conf has no sections: keys only");
	else if (memchr(line, '=', length) == NULL)
		problem(r, r->line, "This is not a key, \"=\" and its value");
	else
		return false;
	return true;
}

/*
 * For ini_parse_stream(): one line, without the white space before it (which
 * would continue the line above); an odd one is reported and left out.
 */
static char *
next_line(char *to, int size, void *stream)
{
	struct reading *r = stream;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length = getline(&line, &capacity, r->file);
	const char *start = line;

	if (length < 0) {
		free(line);
		return NULL;
	}
	r->line++;
	while (*start == ' ' || *start == '\t' || *start == '\r')
		start++;
	to[0] = '\n';
	to[1] = '\0';
	if (strlen(start) != (size_t)(line + length - start))
		problem(r, r->line, "The line has a NUL byte");
	else if (strlen(start) + 1 > (size_t)size ||
	    strlen(start) > SETTINGS_LINE_MAX)
		problem(r, r->line, "The line is longer than %u bytes",
		    SETTINGS_LINE_MAX);
	else if (!line_is_odd(r, start))
		memcpy(to, start, strlen(start) + 1);
	free(line);
	return to;
}

static int
on_key(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	struct fault fault = { .code = KITH_OK };
	size_t i;

	for (i = 0; i < settings_row_count; i++)
		if (strcmp(key, settings_rows[i].key) == 0)
			break;
	if (i == settings_row_count) {
		problem(r, r->line, "There is no key \"%.60s\"", key);
	} else if (r->set_on[i] != 0) {
		problem(r, r->line, "%s is already set on line %d", key,
		    r->set_on[i]);
	} else {
		r->set_on[i] = r->line;
		if (set_value(&settings_rows[i], value, r->settings, &fault) !=
		    KITH_OK)
			problem(r, r->line, "%s", fault.sentence);
	}
	return 1;
}

static int
line_of(const struct reading *r, const char *key)
{
	size_t i;

	for (i = 0; i < settings_row_count; i++)
		if (strcmp(key, settings_rows[i].key) == 0)
			return r->set_on[i];
	return 0;
}

/* What one value alone does not show. */
static void
check_whole(struct reading *r)
{
	struct settings *s = r->settings;
	struct password_cost cost = { .memory_kib =
					  s->argon2_memory_mib * MIB_IN_KIB,
		.passes = s->argon2_passes,
		.lanes = s->argon2_lanes };
	struct address addresses[SETTINGS_LISTEN_MAX];
	struct fault fault = { .code = KITH_OK };
	size_t count;

	if (settings_addresses(s, addresses, &count, &fault) != KITH_OK)
		problem(r, line_of(r, "listen"), "%s", fault.sentence);
	if (text_check_display_name(s->server_name) != KITH_OK)
		problem(r, line_of(r, "server-name"),
		    "server-name must be at most %u bytes of plain text",
		    TEXT_DISPLAY_NAME_MAX);
	if (password_check_cost(&cost, NULL) != KITH_OK) {
		int line = line_of(r, "argon2-memory");

		problem(r, line > 0 ? line : line_of(r, "argon2-passes"),
		    "argon2-memory and argon2-passes: %u MiB and %u pass%s "
		    "are too weak together; kithd.conf(5) says what is enough",
		    s->argon2_memory_mib, s->argon2_passes,
		    s->argon2_passes == 1 ? "" : "es");
	}
}

enum kith_code
settings_load(const char *path, struct settings **settings_r,
    settings_report *report, void *context)
{
	struct reading r = { .report = report, .context = context };
	size_t i;

	r.file = fopen(path, "re");
	if (r.file == NULL) {
		problem(&r, 0, "Cannot open it: %s", strerror(errno));
		return KITH_MALFORMED;
	}
	r.settings = MEM_NEW(struct settings);
	for (i = 0; i < settings_row_count; i++)
		set_value(&settings_rows[i], settings_rows[i].fallback,
		    r.settings, NULL);
	if (ini_parse_stream(next_line, &r, on_key, &r) != 0 && r.problems == 0)
		problem(&r, 0, "It cannot be read as key = value lines");
	if (ferror(r.file))
		problem(&r, 0, "Cannot read it: %s", strerror(errno));
	fclose(r.file);
	if (r.problems == 0)
		check_whole(&r);
	if (r.problems > 0) {
		settings_free(&r.settings);
		return KITH_MALFORMED;
	}
	*settings_r = r.settings;
	return KITH_OK;
}

struct first_problem {
	int count;
	int line;
	char sentence[FAULT_SENTENCE_MAX];
};

static void
keep_first(int line, const char *sentence, void *context)
{
	struct first_problem *first = context;

	if (first->count++ > 0)
		return;
	first->line = line;
	snprintf(first->sentence, sizeof(first->sentence), "%s", sentence);
}

enum kith_code
settings_load_brief(
    const char *path, struct settings **settings_r, struct fault *fault)
{
	struct first_problem first = { .count = 0 };
	char line[16] = "", more[32] = "";
	enum kith_code code =
	    settings_load(path, settings_r, keep_first, &first);

	if (code == KITH_OK)
		return code;
	if (first.line > 0)
		snprintf(line, sizeof(line), ":%d", first.line);
	if (first.count > 1)
		snprintf(more, sizeof(more), ", and %d more", first.count - 1);
	return fault_set(
	    fault, code, "%s%s: %s%s", path, line, first.sentence, more);
}

void
settings_free(struct settings **settings)
{
	size_t i;

	if (*settings == NULL)
		return;
	for (i = 0; i < settings_row_count; i++)
		if (is_text(&settings_rows[i]))
			free(*text_of(&settings_rows[i], *settings));
	free(*settings);
	*settings = NULL;
}

/* ---- what is made of it ---------------------------------------------- */

static bool
differs(const struct settings_row *row, const struct settings *a,
    const struct settings *b)
{
	if (is_text(row))
		return strcmp(*text_of(row, a), *text_of(row, b)) != 0;
	return *number_of(row, a) != *number_of(row, b);
}

size_t
settings_restart_keys(const struct settings *old, const struct settings *new,
    char *names_r, size_t size)
{
	size_t i, used = 0, count = 0;

	names_r[0] = '\0';
	for (i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		if (row->reload || !differs(row, old, new))
			continue;
		if (used < size)
			used += (size_t)snprintf(names_r + used, size - used,
			    "%s%s", count > 0 ? ", " : "", row->key);
		count++;
	}
	return count;
}

void
settings_keep_restart_keys(const struct settings *old, struct settings *new)
{
	size_t i;

	for (i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];

		if (row->reload)
			continue;
		if (!is_text(row)) {
			*number_of(row, new) = *number_of(row, old);
			continue;
		}
		free(*text_of(row, new));
		*text_of(row, new) = mem_dup_string(*text_of(row, old));
	}
}

char *
settings_database_folder(const struct settings *settings)
{
	char *copy = mem_dup_string(settings->database);
	char *folder = mem_dup_string(dirname(copy));

	free(copy);
	return folder;
}
