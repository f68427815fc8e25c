/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * lib/client: what a person reads in a German desktop, whoever said it.
 */
#include <gio/gio.h>
#include <libintl.h>
#include <locale.h>
#include <stdlib.h>

#include "client-error.h"
#include "kith-address.h"

static void
assert_says(GError *error, enum kith_code code, const char *sentence)
{
	g_assert_error(error, KITH_CLIENT_ERROR, (gint)code);
	g_assert_cmpstr(error->message, ==, sentence);
	g_error_free(error);
}

static void
test_sentence_of_a_code(void)
{
	assert_says(client_error_new(KITH_BAD_CREDENTIALS, NULL),
	    KITH_BAD_CREDENTIALS, "Der Name oder das Passwort ist falsch.");
	assert_says(client_error_new(KITH_TIMEOUT, ""), KITH_TIMEOUT,
	    "Der Server hat nicht rechtzeitig geantwortet.");
	for (gint code = KITH_OK; code < KITH_CODE_COUNT; code++) {
		g_autoptr(GError) error =
		    client_error_new((enum kith_code)code, NULL);

		g_assert_cmpstr(error->message, !=,
		    kith_code_sentence((enum kith_code)code));
	}
}

static void
test_server_says_what_is_known(void)
{
	assert_says(client_error_translate(KITH_BAD_CREDENTIALS,
			"The password was changed; sign in again."),
	    KITH_BAD_CREDENTIALS,
	    "Das Passwort wurde geändert; melde dich neu an.");
	assert_says(client_error_translate(KITH_LOCKED, NULL), KITH_LOCKED,
	    "Dieses Konto ist gesperrt.");
	/* not the head of the catalogue */
	assert_says(client_error_translate(KITH_LOCKED, ""), KITH_LOCKED,
	    "Dieses Konto ist gesperrt.");
}

/* It is nobody's format, and it is not left out. */
static void
test_server_says_what_is_not_known(void)
{
	assert_says(client_error_translate(
			KITH_LOCKED, "Come back %n%s on Monday: %d."),
	    KITH_LOCKED,
	    "Dieses Konto ist gesperrt. (Come back %n%s on Monday: %d.)");
}

static void
test_server_says_until_when(void)
{
	assert_says(client_error_translate(
			KITH_LOCKED, "This account is locked until %s %n UTC."),
	    KITH_LOCKED, "Dieses Konto ist bis %s %n UTC gesperrt.");
	/* its words overlap */
	assert_says(client_error_translate(
			KITH_LOCKED, "This account is locked until UTC."),
	    KITH_LOCKED,
	    "Dieses Konto ist gesperrt. (This account is locked until UTC.)");
}

static void
test_what_is_not_an_address(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(kith_address_parse("host:0", &error));
	g_assert_cmpstr(
	    error->message, ==, "Der Port ist keine Zahl von 1 bis 65535");
}

static void
test_what_a_library_adds_stays(void)
{
	assert_says(
	    client_error_translate(KITH_IO, "The connection failed: so and so"),
	    KITH_IO, "Die Verbindung ist gescheitert: so and so");
}

static void
test_nobody_answers(void)
{
	g_autoptr(GError) refused = g_error_new_literal(
	    G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, "Refused");
	g_autoptr(GError) other =
	    g_error_new_literal(G_IO_ERROR, G_IO_ERROR_FAILED, "Strange");

	assert_says(client_error_not_connected("kith.example", refused),
	    KITH_IO,
	    "Keine Verbindung zu kith.example: Dort antwortet kein Server.");
	assert_says(client_error_not_connected("kith.example", other), KITH_IO,
	    "Strange");
}

static void
test_english(void)
{
	setlocale(LC_ALL, "C");
	assert_says(client_error_translate(KITH_LOCKED, "Until Monday."),
	    KITH_LOCKED, "Until Monday.");
	assert_says(client_error_new(KITH_LOCKED, NULL), KITH_LOCKED,
	    "This account is locked.");
}

int
main(int argc, char **argv)
{
	g_setenv("LANGUAGE", "de", TRUE);
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
		setlocale(LC_ALL, "C.UTF-8");
	bindtextdomain(GETTEXT_PACKAGE, TRANSLATIONS);
	bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
	if (g_str_equal(dgettext(GETTEXT_PACKAGE, "Delivered"), "Delivered")) {
		g_print("1..0 # SKIP this system speaks no German\n");
		return EXIT_SUCCESS;
	}
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/language/code", test_sentence_of_a_code);
	g_test_add_func("/language/known", test_server_says_what_is_known);
	g_test_add_func(
	    "/language/not-known", test_server_says_what_is_not_known);
	g_test_add_func("/language/until", test_server_says_until_when);
	g_test_add_func("/language/address", test_what_is_not_an_address);
	g_test_add_func("/language/detail", test_what_a_library_adds_stays);
	g_test_add_func("/language/nobody", test_nobody_answers);
	g_test_add_func("/language/english", test_english);
	return g_test_run();
}
