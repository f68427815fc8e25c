/* SPDX-License-Identifier: GPL-3.0-or-later */
/* kithd.conf: what it may say, what is told about what it may not, and that
 * the manual page says the same as the table. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "ipc.pb-c.h"
#include "settings.h"

#define PROBLEMS_MAX 16
#define PAGE_MAX     65536

struct told {
	int count;
	int line[PROBLEMS_MAX];
	char sentence[PROBLEMS_MAX][FAULT_SENTENCE_MAX];
};

static void
report(int line, const char *sentence, void *context)
{
	struct told *told = context;

	assert_in_range(told->count, 0, PROBLEMS_MAX - 1);
	told->line[told->count] = line;
	snprintf(
	    told->sentence[told->count], FAULT_SENTENCE_MAX, "%s", sentence);
	told->count++;
}

/* Loads a file of these bytes. */
static enum kith_code
load(const char *text, struct settings **settings_r, struct told *told_r)
{
	char path[] = "/tmp/kith-settings-XXXXXX";
	int fd = mkstemp(path);
	enum kith_code code;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	memset(told_r, 0, sizeof(*told_r));
	code = settings_load(path, settings_r, report, told_r);
	unlink(path);
	return code;
}

static void
test_empty_file_is_the_defaults(void **state)
{
	struct settings *s = NULL;
	struct told told;

	assert_int_equal(load("", &s, &told), KITH_OK);
	assert_string_equal(s->database, "/var/lib/kith/kith.db");
	assert_int_equal(s->sign_up, KITH__SIGN_UP_MODE__SIGN_UP_INVITE);
	assert_int_equal(s->sessions_per_process, 1);
	assert_int_equal(s->argon2_memory_mib, 64);
	settings_free(&s);
	assert_null(s);
}

static void
test_values_comments_and_blanks(void **state)
{
	struct settings *s = NULL;
	struct told told;

	assert_int_equal(load("# a comment\n"
			      "\n"
			      "  listen=127.0.0.1 , [::1]:99\n"
			      "; another\n"
			      "sign-up = open ; and one behind\n"
			      "max-connections = 7\r\n"
			      "server-name = Die Müllers",
			     &s, &told),
	    KITH_OK);
	assert_int_equal(s->sign_up, KITH__SIGN_UP_MODE__SIGN_UP_OPEN);
	assert_int_equal(s->max_connections, 7);
	assert_string_equal(s->server_name, "Die Müllers");
	settings_free(&s);
}

static void
test_addresses(void **state)
{
	struct address addresses[SETTINGS_LISTEN_MAX];
	struct settings *s = NULL;
	struct told told;
	struct fault fault;
	size_t count = 0;

	assert_int_equal(
	    load("listen = 127.0.0.1, [::1]:99\n", &s, &told), KITH_OK);
	assert_int_equal(
	    settings_addresses(s, addresses, &count, &fault), KITH_OK);
	assert_int_equal(count, 2);
	assert_string_equal(addresses[0].host, "127.0.0.1");
	assert_int_equal(addresses[0].port, 5484);
	assert_string_equal(addresses[1].host, "::1");
	assert_int_equal(addresses[1].port, 99);
	settings_free(&s);
}

static void
test_every_problem_is_told_with_its_line(void **state)
{
	struct settings *s = NULL;
	struct told told;

	assert_int_equal(load("sign-up = perhaps\n"
			      "colour = blue\n"
			      "max-connections = 0\n"
			      "max-connections = 5\n"
			      "hello\n"
			      "[section]\n"
			      "database = kith.db\n"
			      "idle-timeout = 99999999999999999999\n",
			     &s, &told),
	    KITH_MALFORMED);
	assert_null(s);
	assert_int_equal(told.count, 8);
	for (int i = 0; i < 8; i++)
		assert_int_equal(told.line[i], i + 1);
	assert_non_null(strstr(told.sentence[0], "invite"));
	assert_non_null(strstr(told.sentence[1], "colour"));
	assert_non_null(strstr(told.sentence[2], "1 to 100000"));
	assert_non_null(strstr(told.sentence[3], "line 3"));
}

static void
test_what_only_the_whole_shows(void **state)
{
	struct settings *s = NULL;
	struct told told;

	assert_int_equal(
	    load("\nlisten = example.org\n", &s, &told), KITH_MALFORMED);
	assert_int_equal(told.line[0], 2);
	/* one that could not be listened on beside another */
	assert_int_equal(load("sign-up = open\nlisten = 127.0.0.1:99, "
			      "[::1], 127.0.0.1:99\n",
			     &s, &told),
	    KITH_MALFORMED);
	assert_int_equal(told.line[0], 2);
	assert_string_equal(told.sentence[0], "listen has 127.0.0.1:99 twice");
	assert_int_equal(load("listen = [::1]:99, [0:0::1]:99\n", &s, &told),
	    KITH_MALFORMED);
	assert_int_equal(
	    load("listen = 127.0.0.1, 0.0.0.0\n", &s, &told), KITH_MALFORMED);
	assert_string_equal(told.sentence[0],
	    "listen: 127.0.0.1:5484 and 0.0.0.0:5484 are in each other's way");
	/* each within its range, together under the floor */
	assert_int_equal(
	    load("argon2-passes = 1\nargon2-memory = 8\n", &s, &told),
	    KITH_MALFORMED);
	assert_int_equal(told.line[0], 2);
	/* in the units of the keys */
	assert_non_null(strstr(told.sentence[0], "8 MiB and 1 pass are"));
	assert_int_equal(
	    settings_load("/nonexistent/kithd.conf", &s, report, &told),
	    KITH_MALFORMED);
}

static void
test_the_first_problem_stands_for_all(void **state)
{
	char path[] = "/tmp/kith-settings-XXXXXX", sentence[200];
	struct settings *s = NULL;
	struct fault fault;
	FILE *file = fdopen(mkstemp(path), "w");

	assert_non_null(file);
	fputs("sign-up = open\ncolour = blue\nshape = round\n", file);
	fclose(file);
	assert_int_equal(settings_load_brief(path, &s, &fault), KITH_MALFORMED);
	snprintf(sentence, sizeof(sentence),
	    "%s:2: There is no key \"colour\", and 1 more", path);
	assert_string_equal(fault.sentence, sentence);
	unlink(path);
	/* what concerns the whole file has no line */
	settings_load_brief(path, &s, &fault);
	snprintf(sentence, sizeof(sentence),
	    "%s: Cannot open it: No such file or directory", path);
	assert_string_equal(fault.sentence, sentence);
	assert_null(s);
}

static void
test_long_line(void **state)
{
	struct settings *s = NULL;
	struct told told;
	char text[400] = "server-name = ";

	memset(text + strlen(text), 'x', 300);
	assert_int_equal(load(text, &s, &told), KITH_MALFORMED);
	assert_int_equal(told.count, 1);
	assert_int_equal(told.line[0], 1);
}

static void
test_restart_keys(void **state)
{
	struct settings *old = NULL, *new = NULL;
	struct told told;
	char names[200];

	assert_int_equal(load("database = /a/b.db\n", &old, &told), KITH_OK);
	assert_int_equal(load("database = /c/d.db\n"
			      "auth-workers = 2\n"
			      "sign-up = open\n",
			     &new, &told),
	    KITH_OK);
	assert_int_equal(
	    settings_restart_keys(old, new, names, sizeof(names)), 2);
	assert_string_equal(names, "database, auth-workers");
	settings_keep_restart_keys(old, new);
	assert_string_equal(new->database, "/a/b.db");
	assert_int_equal(new->auth_workers, 0);
	assert_int_equal(new->sign_up, KITH__SIGN_UP_MODE__SIGN_UP_OPEN);
	settings_free(&old);
	settings_free(&new);
}

static void
test_key_file(void **state)
{
	char path[] = "/tmp/kith-key-XXXXXX";
	struct fault fault;
	uint8_t *bytes = NULL;
	size_t length = 0;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(settings_read_pem(path, true, &bytes, &length, &fault),
	    KITH_MALFORMED); /* empty */
	assert_int_equal(write(fd, "PEM", 3), 3);
	assert_int_equal(
	    settings_read_pem(path, true, &bytes, &length, &fault), KITH_OK);
	assert_int_equal(length, 3);
	free(bytes);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(settings_read_pem(path, true, &bytes, &length, &fault),
	    KITH_REFUSED);
	assert_non_null(strstr(fault.sentence, "everybody"));
	close(fd);
	unlink(path);
	assert_int_equal(
	    settings_read_pem("/tmp", false, &bytes, &length, &fault),
	    KITH_REFUSED);
}

/* ---- the manual page -------------------------------------------------- */

static char *
read_page(void)
{
	const char *folder = getenv("srcdir") != NULL ? getenv("srcdir") : "..";
	char *page = calloc(1, PAGE_MAX);
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/daemon/kithd.conf.5", folder);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(page);
	assert_true(fread(page, 1, PAGE_MAX - 1, file) > 0);
	fclose(file);
	return page;
}

static void
assert_says(const char *entry, const char *key, const char *text)
{
	if (strstr(entry, text) == NULL)
		fail_msg("kithd.conf.5 does not say \"%s\" of %s", text, key);
}

static void
test_manual_page_says_the_same(void **state)
{
	char *page = read_page();
	size_t i, entries = 0;
	const char *at;

	for (i = 0; i < settings_row_count; i++) {
		const struct settings_row *row = &settings_rows[i];
		char heading[80], text[160], *entry, *end;

		snprintf(heading, sizeof(heading), "\n.It Ic %s\n", row->key);
		entry = strstr(page, heading);
		if (entry == NULL) {
			fail_msg("kithd.conf.5 does not have %s", row->key);
			return; /* cmocka does not say that it never does */
		}
		end = strstr(entry + 1, "\n.It Ic ");
		entry = strndup(
		    entry, end != NULL ? (size_t)(end - entry) : strlen(entry));
		snprintf(text, sizeof(text), "Change: %s.",
		    row->reload ? "reload" : "restart");
		assert_says(entry, row->key, text);
		if (row->fallback[0] != '\0')
			snprintf(text, sizeof(text), "Default:\n.Ql %s .",
			    row->fallback);
		else
			snprintf(text, sizeof(text), "Default:\nempty.");
		assert_says(entry, row->key, text);
		if (row->kind == SETTINGS_NUMBER) {
			snprintf(text, sizeof(text), "from %u to %u.",
			    row->least, row->most);
			assert_says(entry, row->key, text);
		}
		free(entry);
	}
	for (at = page; (at = strstr(at, "\n.It Ic ")) != NULL; at++)
		entries++;
	assert_int_equal(entries, settings_row_count);
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_file_is_the_defaults),
		cmocka_unit_test(test_values_comments_and_blanks),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_every_problem_is_told_with_its_line),
		cmocka_unit_test(test_what_only_the_whole_shows),
		cmocka_unit_test(test_the_first_problem_stands_for_all),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_restart_keys),
		cmocka_unit_test(test_key_file),
		cmocka_unit_test(test_manual_page_says_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
