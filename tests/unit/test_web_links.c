/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gui/web-links: what becomes a link, and what does not. That the markup shows
 * the text as it was is asked of GLib's own parser.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "web-links.h"

struct reading {
	GString *shown;
	GString *links; /* each target in brackets */
	char *target;   /* of the link that is open */
	gsize begun;    /* where its text begins in shown */
};

static void
start_element(GMarkupParseContext *context, const char *element,
    const char **names, const char **values, gpointer data, GError **error)
{
	struct reading *r = data;

	(void)context;
	(void)error;
	if (strcmp(element, "a") != 0)
		return;
	assert_string_equal(names[0], "href");
	assert_null(names[1]);
	r->target = g_strdup(values[0]);
	r->begun = r->shown->len;
}

static void
end_element(GMarkupParseContext *context, const char *element, gpointer data,
    GError **error)
{
	struct reading *r = data;

	(void)context;
	(void)error;
	if (strcmp(element, "a") != 0)
		return;
	/* Where it leads is what is read. */
	assert_string_equal(r->shown->str + r->begun, r->target);
	g_string_append_printf(r->links, "[%s]", r->target);
	g_clear_pointer(&r->target, g_free);
}

static void
text(GMarkupParseContext *context, const char *words, gsize length,
    gpointer data, GError **error)
{
	struct reading *r = data;

	(void)context;
	(void)error;
	g_string_append_len(r->shown, words, (gssize)length);
}

/* The links of a text, each in brackets; its markup must show the text. */
static char *
links_of(const char *plain)
{
	static const GMarkupParser parser = {
		.start_element = start_element,
		.end_element = end_element,
		.text = text,
	};
	struct reading r = { g_string_new(NULL), g_string_new(NULL), NULL, 0 };
	char *markup = web_links_to_markup(plain);
	char *whole = g_strdup_printf("<markup>%s</markup>", markup);
	GMarkupParseContext *context;

	if (markup != NULL) {
		context = g_markup_parse_context_new(&parser, 0, &r, NULL);
		assert_true(
		    g_markup_parse_context_parse(context, whole, -1, NULL));
		assert_true(g_markup_parse_context_end_parse(context, NULL));
		g_markup_parse_context_free(context);
		assert_string_equal(r.shown->str, plain);
		assert_true(r.links->len > 0);
	}
	g_free(whole);
	g_free(markup);
	g_string_free(r.shown, TRUE);
	return g_string_free(r.links, FALSE);
}

static void
assert_links(const char *plain, const char *expected)
{
	char *links = links_of(plain);

	if (strcmp(links, expected) != 0)
		fail_msg("of '%s': %s instead of %s", plain, links, expected);
	g_free(links);
}

static void
test_addresses_are_found(void **state)
{
	assert_links("https://example.org", "[https://example.org]");
	assert_links("HTTP://example.org/", "[HTTP://example.org/]");
	assert_links("see http://localhost:8080/a?b=c&d=e#f now",
	    "[http://localhost:8080/a?b=c&d=e#f]");
	assert_links("https://a.org\nhttps://b.org\thttps://c.org",
	    "[https://a.org][https://b.org][https://c.org]");
	assert_links("http://[2001:db8::1]:80/x and http://192.0.2.1",
	    "[http://[2001:db8::1]:80/x][http://192.0.2.1]");
	assert_links("https://medium.example/@somebody",
	    "[https://medium.example/@somebody]");
	assert_links("https://de.example.org/wiki/K\u00e4se_\u4e2d",
	    "[https://de.example.org/wiki/K\u00e4se_\u4e2d]");
}

static void
test_only_two_schemes(void **state)
{
	assert_links("javascript:alert(1) file:///etc/passwd", "");
	assert_links("ftp://example.org kith://example.org", "");
	assert_links("xhttp://example.org git+https://example.org", "");
	assert_links("www.example.org mailto:a@example.org", "");
	assert_links("http:/example.org https//example.org http:", "");
}

static void
test_what_stands_around_is_left_out(void **state)
{
	assert_links("Is it https://a.org/x?", "[https://a.org/x]");
	assert_links("https://a.org/x, https://b.org/y.",
	    "[https://a.org/x][https://b.org/y]");
	assert_links("https://a.org... https://b.org:",
	    "[https://a.org][https://b.org]");
	assert_links("(https://a.org/x) [https://b.org/y] <https://c.org/z>",
	    "[https://a.org/x][https://b.org/y][https://c.org/z]");
	assert_links("(see https://a.org/wiki/Kith_(word)).",
	    "[https://a.org/wiki/Kith_(word)]");
	assert_links("[words](https://a.org/x)and", "[https://a.org/x]");
	assert_links("'https://a.org', \"https://b.org\"",
	    "[https://a.org][https://b.org]");
	assert_links("\u201ehttps://a.org/\u201c \u00abhttps://b.org\u00bb",
	    "[https://a.org/][https://b.org]");
	assert_links("https://a.org/\u3002https://b.org\u2026",
	    "[https://a.org/][https://b.org]");
	assert_links("https://a.org\U0001f600", "[https://a.org]");
}

static void
test_what_could_mislead_is_only_text(void **state)
{
	/* Another host than the one that is read first. */
	assert_links("https://bank.com@evil.org/", "");
	assert_links("https://bank.com:pass@evil.org/", "");
	assert_links("https://bank.com%2f@evil.org/", "");
	assert_links("https://\u0430pple.com/", "");
	assert_links("https://bank.com\u30ce.evil.org/", "");
	/* Letters that do not show, or that show elsewhere. */
	assert_links("https://a.org/\u200bx", "");
	assert_links("https://a.org/x\u00ady", "");
	assert_links("https://a.org/\u3164x", "");
	assert_links("https://a.org/\u202egro.live", "");
	assert_links("\u202ehttps://a.org/", "");
	assert_links("\u2067words\u2069 https://a.org/", "");
	assert_links("https://a.org/\u05d0\u05d1/x", "");
	assert_links("https://a.org/\u0663", "");
	assert_links("https://a.org/\x01x", "");
	/* The next one is none the worse for it. */
	assert_links("https://a@b.org https://c.org", "[https://c.org]");
	/* Hebrew beside an address does not change how that one reads. */
	assert_links("\u05d0\u05d1 https://a.org/x", "[https://a.org/x]");
}

static void
test_no_host_no_link(void **state)
{
	assert_links("https:// http://. http:///x https://-a", "");
	assert_links("http://a:/ http://a:123456/ http://a:b/", "");
	assert_links("http://[]/ http://[::1 http://[g]/", "");
	assert_links("https://a.org,b", "");
}

static void
test_markup_in_the_text_stays_text(void **state)
{
	assert_null(web_links_to_markup("<b>no</b> & address"));
	assert_links("<b>&amp;</b> https://a.org/?a=1&amp=2&b='x' <i>",
	    "[https://a.org/?a=1&amp=2&b='x]");
	assert_links("<a href=\"https://a.org\">https://b.org</a>",
	    "[https://a.org][https://b.org]");
}

static void
test_an_address_is_nothing_else(void **state)
{
	assert_true(web_links_is_address("https://a.org/x"));
	assert_false(web_links_is_address(""));
	assert_false(web_links_is_address("https://a.org/x "));
	assert_false(web_links_is_address(" https://a.org/x"));
	assert_false(web_links_is_address("https://a.org https://b.org"));
	assert_false(web_links_is_address("file:///etc/passwd"));
	assert_false(web_links_is_address("https://a@b.org"));
}

static void
test_there_are_limits(void **state)
{
	GString *many = g_string_new(NULL);
	GString *long_one = g_string_new("https://a.org/");
	char *links;
	guint n = 0;

	for (guint i = 0; i < WEB_LINKS_MAX + 1; i++)
		g_string_append(many, "http://a ");
	links = links_of(many->str);
	for (const char *p = links; *p != '\0'; p++)
		n += *p == '[';
	assert_int_equal(n, WEB_LINKS_MAX);
	g_free(links);
	while (long_one->len < WEB_LINKS_ADDRESS_MAX)
		g_string_append_c(long_one, 'x');
	assert_true(web_links_is_address(long_one->str));
	g_string_append_c(long_one, 'x');
	assert_links(long_one->str, "");
	g_string_free(many, TRUE);
	g_string_free(long_one, TRUE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_are_found),
		cmocka_unit_test(test_only_two_schemes),
		cmocka_unit_test(test_what_stands_around_is_left_out),
		cmocka_unit_test(test_what_could_mislead_is_only_text),
		cmocka_unit_test(test_no_host_no_link),
		cmocka_unit_test(test_markup_in_the_text_stays_text),
		cmocka_unit_test(test_an_address_is_nothing_else),
		cmocka_unit_test(test_there_are_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
