/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rules for names, passwords and text. Pure functions over UTF-8; what
 * they know of Unicode is libunistring's. Nothing here allocates more than a
 * few times the length that it was given.
 */
#include "text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "mem.h"

#define REPLACEMENT     0xfffdu
#define ELLIPSIS        "\xe2\x80\xa6"
#define ELLIPSIS_LENGTH 3u

/*
 * The commonest passwords of at least TEXT_PASSWORD_MIN characters, as public
 * lists of leaked passwords have them at their top; compared without case.
 */
static const char *const common_passwords[] = {
	"00000000",
	"11111111",
	"111222333",
	"11223344",
	"12121212",
	"12341234",
	"123123123",
	"123321123",
	"12344321",
	"12345678",
	"123456789",
	"1234567890",
	"123456789a",
	"12345678a",
	"123456abc",
	"12345qwert",
	"123qweasd",
	"123qwe123",
	"147258369",
	"1q2w3e4r",
	"1q2w3e4r5t",
	"1qaz2wsx",
	"1qazxsw2",
	"22222222",
	"55555555",
	"66666666",
	"77777777",
	"87654321",
	"88888888",
	"987654321",
	"99999999",
	"a1234567",
	"a12345678",
	"a123456789",
	"aa123456",
	"aaaaaaaa",
	"abc12345",
	"abcd1234",
	"abcdefgh",
	"access14",
	"administrator",
	"admin123",
	"alexander",
	"asdf1234",
	"asdfasdf",
	"asdfghjk",
	"asdfghjkl",
	"babygirl",
	"baseball",
	"basketball",
	"battlefield",
	"blink182",
	"butterfly",
	"changeme",
	"charlie1",
	"chocolate",
	"computer",
	"corvette",
	"danielle",
	"dragon123",
	"einstein",
	"elephant",
	"facebook",
	"football",
	"football1",
	"hello123",
	"hellohello",
	"hunter22",
	"iloveyou",
	"iloveyou1",
	"internet",
	"jennifer",
	"jordan23",
	"kithkith",
	"letmein1",
	"liverpool",
	"login123",
	"love1234",
	"master123",
	"maverick",
	"mercedes",
	"metallica",
	"michael1",
	"michelle",
	"midnight",
	"monkey123",
	"mustang1",
	"october1",
	"p@ssw0rd",
	"p@ssword",
	"passw0rd",
	"passwort",
	"password",
	"password!",
	"password1",
	"password12",
	"password123",
	"password1234",
	"pokemon1",
	"princess",
	"princess1",
	"q1w2e3r4",
	"q1w2e3r4t5",
	"qazwsxedc",
	"qwer1234",
	"qwerasdf",
	"qwert123",
	"qwerty12",
	"qwerty123",
	"qwerty1234",
	"qwertyui",
	"qwertyuiop",
	"samantha",
	"secret123",
	"snoopy123",
	"sunshine",
	"sunshine1",
	"superman",
	"superman1",
	"starwars",
	"test1234",
	"testtest",
	"trustno1",
	"victoria",
	"welcome1",
	"welcome123",
	"whatever",
	"william1",
	"yankees1",
	"zaq12wsx",
	"zaqxswcde",
	"zxcvbnm1",
	"zxcvbnm123",
};

/* What a walk over a string has seen. */
struct walk {
	bool visible; /* something that is neither white nor invisible */
	size_t marks; /* combining marks since the last base character */
};

static bool
is_mark(ucs4_t c)
{
	return uc_is_general_category_withtable(
	    c, UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Mc | UC_CATEGORY_MASK_Me);
}

static bool
is_ascii(ucs4_t c)
{
	return c < 0x80; /* most text: decided here without Unicode's tables */
}

/* Counts c; false when it is one mark too many on its base. */
static bool
walk_over(struct walk *w, ucs4_t c)
{
	if (is_ascii(c)) {
		w->marks = 0;
		w->visible = w->visible || (c > ' ' && c != 0x7f);
		return true;
	}
	if (is_mark(c)) {
		if (++w->marks > TEXT_MARKS_MAX)
			return false;
	} else if (!uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cf)) {
		/* joiners and the like do not begin a new base */
		w->marks = 0;
	}
	if (!uc_is_property_white_space(c) &&
	    !uc_is_property_default_ignorable_code_point(c))
		w->visible = true;
	return true;
}

static bool
breaks_a_line(ucs4_t c)
{
	if (is_ascii(c))
		return c < ' ' || c == 0x7f;
	return uc_is_general_category_withtable(
	    c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp);
}

static bool
allowed_in_a_line(ucs4_t c)
{
	return !breaks_a_line(c) &&
	    (is_ascii(c) || !uc_is_property_bidi_control(c));
}

static bool
allowed_in_a_message(ucs4_t c)
{
	if (is_ascii(c))
		return c == '\n' || c == '\t' || !breaks_a_line(c);
	return !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc);
}

static enum kith_code
check(const char *text, size_t length, bool (*allowed)(ucs4_t), struct walk *w)
{
	const uint8_t *p = (const uint8_t *)text;
	const uint8_t *end = p + length;

	if (u8_check(p, length) != NULL)
		return KITH_BAD_TEXT;
	while (p < end) {
		ucs4_t c;

		if (is_ascii(*p))
			c = *p++;
		else
			p += u8_mbtouc_unsafe(&c, p, (size_t)(end - p));
		if (c == 0 || !allowed(c) || !walk_over(w, c))
			return KITH_BAD_TEXT;
	}
	return KITH_OK;
}

static bool
is_white(const uint8_t *p, size_t length)
{
	ucs4_t c;

	u8_mbtouc(&c, p, length);
	return uc_is_property_white_space(c);
}

static bool
is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

enum kith_code
text_check_name(const char *name)
{
	size_t length = strlen(name);

	if (length < TEXT_NAME_MIN || length > TEXT_NAME_MAX)
		return KITH_BAD_NAME;
	if (!is_lower(name[0]))
		return KITH_BAD_NAME;
	for (size_t i = 1; i < length; i++) {
		char c = name[i];

		if (!is_lower(c) && !is_digit(c) && c != '.' && c != '_' &&
		    c != '-')
			return KITH_BAD_NAME;
	}
	if (!is_lower(name[length - 1]) && !is_digit(name[length - 1]))
		return KITH_BAD_NAME;
	return KITH_OK;
}

bool
text_is_server_name(const char *name)
{
	return name[0] == ':' && text_check_name(name + 1) == KITH_OK;
}

static enum kith_code
check_line(const char *text, size_t maximum)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t length = strlen(text);
	const uint8_t *last;
	struct walk w = { 0 };

	if (length > maximum)
		return KITH_TOO_LARGE;
	if (length == 0)
		return KITH_OK;
	if (check(text, length, allowed_in_a_line, &w) != KITH_OK || !w.visible)
		return KITH_BAD_TEXT;
	last = p + length - 1;
	while (last > p && (*last & 0xc0) == 0x80)
		last--;
	if (is_white(p, length) || is_white(last, length - (size_t)(last - p)))
		return KITH_BAD_TEXT;
	return KITH_OK;
}

enum kith_code
text_check_display_name(const char *name)
{
	return check_line(name, TEXT_DISPLAY_NAME_MAX);
}

enum kith_code
text_check_device(const char *name)
{
	return check_line(name, TEXT_DEVICE_MAX);
}

enum kith_code
text_check_message(const char *text, size_t length)
{
	struct walk w = { 0 };
	enum kith_code code;

	if (length > TEXT_MESSAGE_MAX)
		return KITH_TOO_LARGE;
	code = check(text, length, allowed_in_a_message, &w);
	if (code == KITH_OK && !w.visible)
		code = KITH_BAD_TEXT;
	return code;
}

bool
text_is_utf8(const char *text, size_t length)
{
	return u8_check((const uint8_t *)text, length) == NULL;
}

/* A space that is not ASCII's becomes one (RFC 8265, section 4.2.2). */
static size_t
map_spaces(const uint8_t *from, size_t length, uint8_t *to)
{
	const uint8_t *end = from + length;
	size_t used = 0;

	while (from < end) {
		ucs4_t c;
		int n = u8_mbtouc_unsafe(&c, from, (size_t)(end - from));

		if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Zs)) {
			to[used++] = ' ';
		} else {
			memcpy(to + used, from, (size_t)n);
			used += (size_t)n;
		}
		from += n;
	}
	return used;
}

enum kith_code
text_prepare_password(const char *typed, char **prepared_r)
{
	size_t length = strlen(typed);
	uint8_t mapped[TEXT_PASSWORD_MAX];
	uint8_t *composed;
	size_t composed_length = 0;
	enum kith_code code = KITH_BAD_PASSWORD;

	if (length > TEXT_PASSWORD_MAX ||
	    u8_check((const uint8_t *)typed, length) != NULL)
		return KITH_BAD_PASSWORD;
	length = map_spaces((const uint8_t *)typed, length, mapped);
	composed =
	    u8_normalize(UNINORM_NFC, mapped, length, NULL, &composed_length);
	explicit_bzero(mapped, sizeof(mapped));
	if (composed == NULL)
		abort();
	if (composed_length <= TEXT_PASSWORD_MAX) {
		char *prepared = mem_new(composed_length + 1, 1);

		memcpy(prepared, composed, composed_length);
		*prepared_r = prepared;
		code = KITH_OK;
	}
	explicit_bzero(composed, composed_length);
	free(composed);
	return code;
}

enum kith_code
text_check_new_password(const char *prepared, const char *user_name)
{
	const uint8_t *p = (const uint8_t *)prepared;
	size_t length = strlen(prepared);
	size_t count = sizeof(common_passwords) / sizeof(common_passwords[0]);

	if (length > TEXT_PASSWORD_MAX || u8_check(p, length) != NULL)
		return KITH_BAD_PASSWORD;
	if (u8_mbsnlen(p, length) < TEXT_PASSWORD_MIN)
		return KITH_BAD_PASSWORD;
	if (user_name != NULL && strcasecmp(prepared, user_name) == 0)
		return KITH_BAD_PASSWORD;
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(prepared, common_passwords[i]) == 0)
			return KITH_BAD_PASSWORD;
	}
	return KITH_OK;
}

char *
text_clean_line(const char *text, size_t maximum)
{
	const uint8_t *p = (const uint8_t *)(text != NULL ? text : "");
	size_t left = strlen((const char *)p);
	uint8_t *clean = mem_new(maximum + 1, 1);
	size_t used = 0;
	size_t fits = 0; /* the longest prefix that leaves room for ELLIPSIS */
	struct walk w = { 0 };

	while (left > 0) {
		uint8_t one[6];
		ucs4_t c;
		int n =
		    u8_mbtouc(&c, p, left); /* U+FFFD for what is not UTF-8 */
		int size;

		p += n;
		left -= (size_t)n;
		if (!allowed_in_a_line(c))
			c = REPLACEMENT;
		if (!walk_over(&w, c))
			continue;
		size = u8_uctomb(one, c, sizeof(one));
		if (size < 0 || used + (size_t)size > maximum) {
			memcpy(clean + fits, ELLIPSIS, ELLIPSIS_LENGTH);
			used = fits + ELLIPSIS_LENGTH;
			break;
		}
		memcpy(clean + used, one, (size_t)size);
		used += (size_t)size;
		if (used + ELLIPSIS_LENGTH <= maximum)
			fits = used;
	}
	clean[used] = '\0';
	return (char *)clean;
}
