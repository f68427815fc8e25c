/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "call.h"

/*
 * Passwords and questions. A password is never taken from the command line or
 * the environment.
 */

/* The options that prompt_new_password() reads; begin a command's list. */
#define PROMPT_PASSWORD_OPTIONS                                              \
	{ "password-stdin", NULL,                                            \
		"read the password from the first line of standard input" }, \
	    { "password-fd", "N",                                            \
		    "read it from the first line of this open descriptor" }, \
	{                                                                    \
		"generate", NULL, "make a password up and print it once"     \
	}

/*
 * A new password for the account `name`: asked for twice on the terminal, or
 * as the options say; prepared and found good enough (text.h). The caller
 * wipes it with secret_free(). A generated one is left for
 * prompt_show_generated(), to be called when all is done.
 */
enum kith_code prompt_new_password(
    struct call *call, const char *name, char **password_r);

/* "abcd-efgh-…": 100 bits, and readable over a telephone. */
#define PROMPT_GENERATED_SIZE 25u /* bytes, with the NUL */
void prompt_make_password(char password_r[PROMPT_GENERATED_SIZE]);

/* Shows the password if it was a generated one. */
void prompt_show_generated(struct call *call, const char *password);

/*
 * Asks a question that yes or no answers; anything but yes, and an end of the
 * input, is no. True at once with --yes, which the command must declare.
 */
bool prompt_confirm(struct call *call, const char *question);

/* As above, but the answer must be this number. */
bool prompt_confirm_number(
    struct call *call, const char *question, int64_t number);
