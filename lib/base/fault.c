/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *word;
	const char *sentence;
} codes[KITH_CODE_COUNT] = {
	[KITH_OK] = { "ok", SENTENCE("Everything is in order.") },
	[KITH_MALFORMED] = { "malformed",
	    SENTENCE("The request is not valid.") },
	[KITH_TOO_LARGE] = { "too_large",
	    SENTENCE("That is longer than allowed.") },
	[KITH_NOT_NOW] = { "not_now",
	    SENTENCE("This cannot be asked for at this point.") },
	[KITH_UNSUPPORTED] = { "unsupported",
	    SENTENCE("This is not supported here.") },
	[KITH_BAD_CREDENTIALS] = { "bad_credentials",
	    SENTENCE("The name or the password is wrong.") },
	[KITH_LOCKED] = { "locked", SENTENCE("This account is locked.") },
	[KITH_SIGN_UP_CLOSED] = { "sign_up_closed",
	    SENTENCE("This server does not accept new accounts.") },
	[KITH_BAD_INVITE] = { "bad_invite",
	    SENTENCE("The invite is unknown, used up or expired.") },
	[KITH_NAME_TAKEN] = { "name_taken",
	    SENTENCE("That name is already taken.") },
	[KITH_BAD_NAME] = { "bad_name",
	    SENTENCE(
		"A name has 2 to 32 of a-z, 0-9, '.', '_' and '-', begins with a "
		"letter and ends with a letter or a digit.") },
	[KITH_BAD_PASSWORD] = { "bad_password",
	    SENTENCE(
		"A password has at least 8 characters, at most 1,024 bytes, and is "
		"not one of the commonest.") },
	[KITH_BAD_TEXT] = { "bad_text",
	    SENTENCE(
		"The text is empty or has characters that are not allowed.") },
	[KITH_NOT_FOUND] = { "not_found", SENTENCE("There is no such thing.") },
	[KITH_NOT_FRIENDS] = { "not_friends",
	    SENTENCE("You can write only to your friends.") },
	[KITH_ALREADY] = { "already", SENTENCE("It is so already.") },
	[KITH_CONFLICT] = { "conflict",
	    SENTENCE("This operation was already used for something else.") },
	[KITH_FORBIDDEN] = { "forbidden", SENTENCE("This is not allowed.") },
	[KITH_TRY_LATER] = { "try_later",
	    SENTENCE("Too often; try again later.") },
	[KITH_BUSY] = { "busy", SENTENCE("The server is busy; try again.") },
	[KITH_STORAGE_FULL] = { "storage_full",
	    SENTENCE("The server's disk is full; nothing was stored.") },
	[KITH_STOPPING] = { "stopping", SENTENCE("The server is stopping.") },
	[KITH_INTERNAL] = { "internal",
	    SENTENCE("Something went wrong on the server.") },
	[KITH_PENDING] = { "pending",
	    SENTENCE("This account waits for the administrator's approval.") },
	[KITH_AGAIN] = { "again", SENTENCE("Not ready yet.") },
	[KITH_CLOSED] = { "closed", SENTENCE("The connection was closed.") },
	[KITH_IO] = { "io", SENTENCE("Reading or writing failed.") },
	[KITH_TLS] = { "tls", SENTENCE("The secure connection failed.") },
	[KITH_UNTRUSTED] = { "untrusted",
	    SENTENCE("The server's key is not trusted.") },
	[KITH_INTEGRITY] = { "integrity",
	    SENTENCE("The database is damaged.") },
	[KITH_NEWER] = { "newer",
	    SENTENCE("The database was made by a newer version of kith.") },
	[KITH_FOREIGN] = { "foreign",
	    SENTENCE("The file is not a kith database.") },
	[KITH_REFUSED] = { "refused", SENTENCE("This is refused for now.") },
	[KITH_OFFLINE] = { "offline",
	    SENTENCE("There is no connection to the server.") },
	[KITH_TIMEOUT] = { "timeout",
	    SENTENCE("The server did not answer in time.") },
	[KITH_KEY_CHANGED] = { "key_changed",
	    SENTENCE("The server shows another key than before.") },
};

static void
append_errno(struct fault *f, int errno_value)
{
	char text[96];
	size_t used = strlen(f->sentence);
	const char *reason = strerror_r(errno_value, text, sizeof(text));

	snprintf(
	    f->sentence + used, sizeof(f->sentence) - used, ": %s", reason);
}

enum kith_code
fault_set(struct fault *f, enum kith_code code, const char *format, ...)
{
	va_list args;

	if (f == NULL)
		return code;
	f->code = code;
	va_start(args, format);
	vsnprintf(f->sentence, sizeof(f->sentence), format, args);
	va_end(args);
	return code;
}

enum kith_code
fault_set_errno(struct fault *f, enum kith_code code, int errno_value,
    const char *format, ...)
{
	va_list args;

	if (f == NULL)
		return code;
	f->code = code;
	va_start(args, format);
	vsnprintf(f->sentence, sizeof(f->sentence), format, args);
	va_end(args);
	append_errno(f, errno_value);
	return code;
}

const char *
kith_code_word(enum kith_code code)
{
	return (unsigned)code < KITH_CODE_COUNT ? codes[code].word : "unknown";
}

const char *
kith_code_sentence(enum kith_code code)
{
	return (unsigned)code < KITH_CODE_COUNT
	    ? codes[code].sentence
	    : SENTENCE("Something went wrong.");
}
