/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/*
 * The rules for names, passwords and text, the same in every process and in
 * the client. All strings are UTF-8.
 */

#define TEXT_NAME_MIN         2u
#define TEXT_NAME_MAX         32u   /* characters and bytes: names are ASCII */
#define TEXT_DISPLAY_NAME_MAX 128u  /* bytes */
#define TEXT_DEVICE_MAX       64u   /* bytes */
#define TEXT_PASSWORD_MIN     8u    /* characters */
#define TEXT_PASSWORD_MAX     1024u /* bytes, before and after NFC */
#define TEXT_MESSAGE_MAX      4096u /* bytes */
#define TEXT_MARKS_MAX        8u    /* combining marks a base character */

/* [a-z0-9._-]{2,32}, first a letter, last a letter or digit. Else BAD_NAME. */
enum kith_code text_check_name(const char *name);

/*
 * Is it the name of the server itself (":server"): a colon and a name? No
 * person can be called that.
 */
bool text_is_server_name(const char *name);

/*
 * A person's free name: UTF-8, no control or bidirectional formatting
 * characters, no line breaks, at most TEXT_MARKS_MAX marks a base, no white
 * space at either end, something visible. May be empty. Else BAD_TEXT or
 * TOO_LARGE.
 */
enum kith_code text_check_display_name(const char *name);

/* What a device is called: as a display name, but at most TEXT_DEVICE_MAX. */
enum kith_code text_check_device(const char *name);

/* Is it UTF-8, whatever else it is? */
bool text_is_utf8(const char *text, size_t length);

/*
 * The text of a message: UTF-8 without NUL, 1 to TEXT_MESSAGE_MAX bytes, not
 * only white space or invisible characters, of the control characters only
 * newline and tab, at most TEXT_MARKS_MAX combining marks a base (Pango's layout time grows with the
 * square of them). Else BAD_TEXT or TOO_LARGE.
 */
enum kith_code text_check_message(const char *text, size_t length);

/*
 * A password as it was typed, in NFC and with plain spaces for all other kinds
 * of space (RFC 8265, OpaqueString): a new string that the caller wipes and frees. BAD_PASSWORD, and no string, when it is not
 * UTF-8 or over TEXT_PASSWORD_MAX bytes. For signing in: the length and the
 * list of common passwords are not checked.
 */
enum kith_code text_prepare_password(const char *typed, char **prepared_r);

/*
 * Is a prepared password good enough to be set? At least TEXT_PASSWORD_MIN
 * characters, not on the short list of the commonest, not the user's name.
 */
enum kith_code text_check_new_password(
    const char *prepared, const char *user_name);

/*
 * A copy that is fit to be shown on one line, of text that another program
 * wrote: bytes that are not UTF-8, control and bidirectional formatting
 * characters and line breaks become U+FFFD, combining marks over
 * TEXT_MARKS_MAX are dropped, and what is over maximum bytes (at least 4) is
 * cut and ends with "…". free() it. NULL is taken for "".
 */
char *text_clean_line(const char *text, size_t maximum);
