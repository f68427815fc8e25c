/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Asking a person. Holds passwords only for as long as their caller needs
 * them and wipes every copy that it made.
 */
#include "prompt.h"

#include <errno.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mem.h"
#include "output.h"
#include "text.h"
#include "token.h"

#define PASSWORD_LINE_MAX (TEXT_PASSWORD_MAX + 2) /* a byte too many, NUL */
#define ANSWER_MAX        64
#define GENERATED_GROUPS  5
#define GENERATED_GROUP   4
#define DESCRIPTOR_MAX    1023

static enum kith_code
ask(struct call *call, const char *question, char line[PASSWORD_LINE_MAX])
{
	if (readpassphrase(question, line, PASSWORD_LINE_MAX,
		RPP_ECHO_OFF | RPP_REQUIRE_TTY) != NULL)
		return KITH_OK;
	if (errno == ENOTTY || errno == ENXIO || errno == ENOENT)
		return call_usage(call,
		    "There is no terminal to ask for the password; use "
		    "--password-stdin, --password-fd or --generate.");
	return fault_set_errno(&call->fault, KITH_IO, errno,
	    "Cannot read the password from the terminal");
}

static enum kith_code
ask_twice(struct call *call, char line[PASSWORD_LINE_MAX])
{
	char again[PASSWORD_LINE_MAX];
	enum kith_code code = ask(call, "New password: ", line);

	if (code != KITH_OK)
		return code;
	if (line[0] == '\0')
		return call_fail(call, KITH_BAD_PASSWORD,
		    "No password was typed; nothing was changed.");
	code = ask(call, "The same again: ", again);
	if (code == KITH_OK && strcmp(line, again) != 0)
		code = call_fail(call, KITH_BAD_PASSWORD,
		    "The two passwords differ; nothing was changed.");
	explicit_bzero(again, sizeof(again));
	return code;
}

/*
 * One byte at a time: what stands behind the first line may be meant for
 * somebody else, and stdio would keep a copy of the password in its buffer.
 */
static enum kith_code
read_line(struct call *call, int fd, char line[PASSWORD_LINE_MAX])
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, line + used, 1)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_set_errno(&call->fault, KITH_IO, errno,
			    "Cannot read the password");
		if (line[used] == '\n')
			break;
		if (line[used] == '\0' || used == PASSWORD_LINE_MAX - 2)
			return call_fail(call, KITH_BAD_PASSWORD, "%s",
			    kith_code_sentence(KITH_BAD_PASSWORD));
		used++;
	}
	line[used] = '\0';
	if (used == 0)
		return call_fail(
		    call, KITH_BAD_PASSWORD, "There is no password to read.");
	return KITH_OK;
}

_Static_assert(
    PROMPT_GENERATED_SIZE == GENERATED_GROUPS * (GENERATED_GROUP + 1),
    "groups, what stands between them, NUL");
_Static_assert(PROMPT_GENERATED_SIZE <= PASSWORD_LINE_MAX, "it fits");

void
prompt_make_password(char password_r[PROMPT_GENERATED_SIZE])
{
	char *p = password_r;

	for (int i = 0; i < GENERATED_GROUPS; i++) {
		if (i > 0)
			*p++ = '-';
		random_text(p, GENERATED_GROUP);
		p += GENERATED_GROUP;
	}
}

static enum kith_code
prepare(
    struct call *call, const char *name, const char *line, char **password_r)
{
	char *prepared = NULL;
	enum kith_code code = text_prepare_password(line, &prepared);

	if (code == KITH_OK)
		code = text_check_new_password(prepared, name);
	if (code != KITH_OK) {
		secret_free(&prepared);
		return call_fail(call, code, "%s", kith_code_sentence(code));
	}
	*password_r = prepared;
	return KITH_OK;
}

/* Where the options say that the password comes from. */
static enum kith_code
obtain(struct call *call, char line[PASSWORD_LINE_MAX])
{
	bool from_stdin = call_flag(call, "password-stdin");
	bool from_fd = call_option(call, "password-fd") != NULL;
	bool made_up = call_flag(call, "generate");
	int64_t fd = STDIN_FILENO;

	if (from_stdin + from_fd + made_up > 1)
		return call_usage(call,
		    "Only one of --password-stdin, --password-fd and "
		    "--generate.");
	if (call_option_number(call, "password-fd", 0, DESCRIPTOR_MAX, &fd) !=
	    KITH_OK)
		return KITH_MALFORMED;
	if (made_up) {
		prompt_make_password(line);
		return KITH_OK;
	}
	return from_stdin || from_fd ? read_line(call, (int)fd, line)
				     : ask_twice(call, line);
}

enum kith_code
prompt_new_password(struct call *call, const char *name, char **password_r)
{
	char line[PASSWORD_LINE_MAX];
	enum kith_code code = obtain(call, line);

	if (code == KITH_OK)
		code = prepare(call, name, line, password_r);
	explicit_bzero(line, sizeof(line));
	return code;
}

void
prompt_show_generated(struct call *call, const char *password)
{
	if (!call_flag(call, "generate"))
		return;
	if (call->json)
		json_object_set_new(
		    call->answer, "password", json_string(password));
	else
		puts(password);
}

/* A line of what a person types; false at the end of the input. */
static bool
read_answer(const char *question, const char *how, char answer[ANSWER_MAX])
{
	char *clean = output_clean(question);

	fprintf(stderr, "%s%s ", clean, how);
	free(clean);
	if (fgets(answer, ANSWER_MAX, stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	return true;
}

bool
prompt_confirm(struct call *call, const char *question)
{
	char answer[ANSWER_MAX];

	if (call_flag(call, "yes"))
		return true;
	return read_answer(question, " [y/N]", answer) &&
	    (strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0);
}

bool
prompt_confirm_number(struct call *call, const char *question, int64_t number)
{
	char answer[ANSWER_MAX], *wanted;
	bool same;

	if (call_flag(call, "yes"))
		return true;
	wanted = mem_format("%lld", (long long)number);
	same = read_answer(question, "\nType their number to go on:", answer) &&
	    strcmp(answer, wanted) == 0;
	free(wanted);
	return same;
}
