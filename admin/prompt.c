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
static enum kith_code
ask(struct call *call, const char *question, char line[PASSWORD_LINE_MAX])
{
	if (readpassphrase(question, line, PASSWORD_LINE_MAX,
		RPP_ECHO_OFF | RPP_REQUIRE_TTY) != NULL)
		return KITH_OK;
	if (errno == ENOTTY || errno == ENXIO || errno == ENOENT)
		return call_usage(call,
		    "There is no terminal to ask for the password; use "
		    "--password-stdin or --generate.");
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
read_stdin(struct call *call, char line[PASSWORD_LINE_MAX])
{
	size_t used = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, line + used, 1)) != 0) {
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
		return call_fail(call, KITH_BAD_PASSWORD,
		    "There is no password on standard input.");
	return KITH_OK;
}

/* "abcd-efgh-…": 100 bits, and readable over a telephone. */
static void
generate(char line[PASSWORD_LINE_MAX])
{
	char *p = line;

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

enum kith_code
prompt_new_password(struct call *call, const char *name, char **password_r)
{
	bool from_stdin = call_flag(call, "password-stdin");
	bool made_up = call_flag(call, "generate");
	char line[PASSWORD_LINE_MAX];
	enum kith_code code = KITH_OK;

	if (from_stdin && made_up)
		return call_usage(
		    call, "Either --password-stdin or --generate, not both.");
	if (made_up)
		generate(line);
	else if (from_stdin)
		code = read_stdin(call, line);
	else
		code = ask_twice(call, line);
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

bool
prompt_confirm(struct call *call, const char *question)
{
	char *clean, answer[ANSWER_MAX];
	bool yes;

	if (call_flag(call, "yes"))
		return true;
	clean = output_clean(question);
	fprintf(stderr, "%s [y/N] ", clean);
	free(clean);
	if (fgets(answer, sizeof(answer), stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	yes = strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
	return yes;
}
