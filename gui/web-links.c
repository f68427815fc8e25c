/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Looks once at each character. Knows GLib and Unicode, and no widget.
 */
#include "web-links.h"

#include <string.h>
#include <unictype.h>

#define PORT_DIGITS_MAX 5

/* What RFC 3986 knows beside letters and digits. */
#define ADDRESS_SIGNS "-._~:/?#[]@!$&'()*+,;=%"
#define ENDS_A_SENTENCE ".,:;!?'*(["
/* After these an address does not begin: they belong to a longer scheme. */
#define SCHEME_SIGNS "+-."

typedef struct {
  const char *start;
  const char *end;
} Span;

typedef enum {
  ROLE_PART,
  ROLE_END,
  ROLE_MISLEADS,
} Role;

static Role
ascii_role (gunichar c)
{
  if (c == '\n' || c == '\t' || c == '\0')
    return ROLE_END;
  if (g_ascii_iscntrl ((char)c))
    return ROLE_MISLEADS;
  return g_ascii_isalnum ((char)c) || strchr (ADDRESS_SIGNS, (int)c) ? ROLE_PART
                                                                     : ROLE_END;
}

/* What a character would be in an address. */
static Role
role_of (gunichar c)
{
  if (c < 0x80)
    return ascii_role (c);
  if (uc_is_property_default_ignorable_code_point (c)
      || uc_is_general_category_withtable (c, UC_CATEGORY_MASK_C))
    return ROLE_MISLEADS;
  if (!uc_is_general_category_withtable (
          c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M | UC_CATEGORY_MASK_N))
    return ROLE_END;
  switch (uc_bidi_class (c)) {
  case UC_BIDI_L:
  case UC_BIDI_EN:
  case UC_BIDI_NSM:
    return ROLE_PART;
  default:
    return ROLE_MISLEADS;
  }
}

/* Embeddings, overrides and isolates: they reach to the end of a paragraph. */
static gboolean
turns_letters_around (const char *text)
{
  for (const char *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
      return TRUE;
  }
  return FALSE;
}

/* 0: no address begins here. */
static gsize
scheme_length (const char *text, const char *p)
{
  static const char *const schemes[] = { "https://", "http://" };

  if (p > text && (g_ascii_isalnum (p[-1]) || strchr (SCHEME_SIGNS, p[-1])))
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strncasecmp (p, schemes[i], strlen (schemes[i])) == 0)
      return strlen (schemes[i]);
  return 0;
}

/* Does this bracket close one that was opened outside of the address? */
static gboolean
closes_outside (char c, int *round, int *square)
{
  *round += (c == '(') - (c == ')');
  *square += (c == '[') - (c == ']');
  return *round < 0 || *square < 0;
}

/* Where that ends which could be an address; *misleads_r: it is none. */
static const char *
find_end (const char *p, gboolean *misleads_r)
{
  int round = 0, square = 0;

  *misleads_r = FALSE;
  for (; *p; p = g_utf8_next_char (p)) {
    Role role = role_of (g_utf8_get_char (p));

    if (role == ROLE_END || closes_outside (*p, &round, &square))
      break;
    if (role == ROLE_MISLEADS)
      *misleads_r = TRUE;
  }
  return p;
}

/* (nullable): behind a host that is written as a name or as numbers. */
static const char *
skip_host (const char *p, const char *end)
{
  const char *start = p;

  if (p < end && *p == '[') {
    for (p++; p < end && (g_ascii_isxdigit (*p) || strchr (":.", *p)); p++)
      ;
    return p < end && *p == ']' && p > start + 1 ? p + 1 : NULL;
  }
  while (p < end && (g_ascii_isalnum (*p) || strchr ("-._", *p)))
    p++;
  return p > start && g_ascii_isalnum (*start) ? p : NULL;
}

/* Is there a host and perhaps a port, and then nothing or a path? */
static gboolean
names_a_host (const char *p, const char *end)
{
  int digits = 0;

  p = skip_host (p, end);
  if (!p)
    return FALSE;
  if (p < end && *p == ':') {
    for (p++; p < end && g_ascii_isdigit (*p); p++)
      digits++;
    if (digits < 1 || digits > PORT_DIGITS_MAX)
      return FALSE;
  }
  return p == end || strchr ("/?#", *p);
}

/* The next address at or after *p, which moves on behind it. */
static gboolean
find_next (const char *text, const char **p, Span *span_r)
{
  while (**p) {
    const char *start = *p;
    gsize scheme = scheme_length (text, start);
    const char *end;
    gboolean misleads;

    if (scheme == 0) {
      *p = g_utf8_next_char (*p);
      continue;
    }
    end = find_end (start + scheme, &misleads);
    *p = end;
    while (end > start + scheme && strchr (ENDS_A_SENTENCE, end[-1]))
      end--;
    if (misleads || (gsize)(end - start) > WEB_LINKS_ADDRESS_MAX
        || !names_a_host (start + scheme, end))
      continue;
    *p = end;
    *span_r = (Span){ start, end };
    return TRUE;
  }
  return FALSE;
}

static void
append_escaped (GString *markup, const char *start, const char *end)
{
  g_autofree char *escaped = g_markup_escape_text (start, end - start);

  g_string_append (markup, escaped);
}

char *
web_links_to_markup (const char *text)
{
  const char *p = text;
  const char *written = text;
  GString *markup;
  Span span;

  g_return_val_if_fail (text, NULL);
  if (turns_letters_around (text))
    return NULL;
  markup = g_string_new (NULL);
  for (guint n = 0; n < WEB_LINKS_MAX && find_next (text, &p, &span); n++) {
    append_escaped (markup, written, span.start);
    g_string_append (markup, "<a href=\"");
    append_escaped (markup, span.start, span.end);
    g_string_append (markup, "\">");
    append_escaped (markup, span.start, span.end);
    g_string_append (markup, "</a>");
    written = span.end;
  }
  if (written > text)
    append_escaped (markup, written, written + strlen (written));
  return g_string_free (markup, written == text);
}

gboolean
web_links_is_address (const char *text)
{
  const char *p = text;
  Span span;

  g_return_val_if_fail (text, FALSE);
  return !turns_letters_around (text) && find_next (text, &p, &span)
         && span.start == text && *span.end == '\0';
}
