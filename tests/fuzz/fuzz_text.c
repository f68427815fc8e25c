/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules for text, and what is made fit to be shown. */
#include "fuzz.h"

#include <string.h>

#include "mem.h"
#include "text.h"

#define LINE_MAX_BYTES 40u

static void
try_line(const char *text)
{
	char *clean = text_clean_line(text, LINE_MAX_BYTES);
	char *again = text_clean_line(clean, LINE_MAX_BYTES);

	PROMISE(strlen(clean) <= LINE_MAX_BYTES);
	PROMISE(text_is_utf8(clean, strlen(clean)));
	PROMISE(strcmp(clean, again) == 0);
	PROMISE(strpbrk(clean, "\r\n\t\x1b") == NULL);
	free(clean);
	free(again);
}

static void
try_password(const char *typed)
{
	char *prepared = NULL, *again = NULL;

	if (text_prepare_password(typed, &prepared) != KITH_OK) {
		PROMISE(prepared == NULL);
		return;
	}
	PROMISE(strlen(prepared) <= TEXT_PASSWORD_MAX);
	PROMISE(text_prepare_password(prepared, &again) == KITH_OK);
	PROMISE(strcmp(prepared, again) == 0);
	text_check_new_password(prepared, "alice");
	free(prepared);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = mem_new(length + 1, 1);

	if (length > 0)
		memcpy(text, bytes, length);
	if (text_check_message(text, length) == KITH_OK)
		PROMISE(strlen(text) == length && text_is_utf8(text, length));
	if (text_check_display_name(text) == KITH_OK)
		PROMISE(strlen(text) <= TEXT_DISPLAY_NAME_MAX);
	if (text_check_name(text) == KITH_OK)
		PROMISE(text_check_display_name(text) == KITH_OK);
	try_line(text);
	try_password(text);
	free(text);
	return 0;
}
