/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A real daemon for the end-to-end test: made, started, judged, removed. */
#include "real_kithd.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certificate.h"
#include "client_testing.h"

#define ORDINARY_ID "64738" /* a uid and gid without an entry anywhere */

static char *
built(const char *name)
{
	const char *build = g_getenv("KITH_BUILD_DIR");

	return g_build_filename(
	    build == NULL ? "." : build, "daemon", name, NULL);
}

/* The build may stand where the daemon's user cannot go. */
static void
copy_program(struct real_kithd *k, const char *name)
{
	g_autofree char *from_path = built(name);
	g_autofree char *to_path = g_build_filename(k->folder, name, NULL);
	g_autoptr(GFile) from = g_file_new_for_path(from_path);
	g_autoptr(GFile) to = g_file_new_for_path(to_path);
	g_autoptr(GError) error = NULL;

	g_file_copy(from, to, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_chmod(to_path, 0755), ==, 0);
}

static void
write_file(struct real_kithd *k, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(k->folder, name, NULL);
	g_autoptr(GError) error = NULL;

	g_file_set_contents_full(
	    path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error);
	g_assert_no_error(error);
	if (getuid() == 0)
		g_assert_cmpint(
		    chown(path, atoi(ORDINARY_ID), atoi(ORDINARY_ID)), ==, 0);
}

static guint16
free_port(void)
{
	g_autoptr(GSocketListener) listener = g_socket_listener_new();

	return g_socket_listener_add_any_inet_port(listener, NULL, NULL);
}

static void
make_certificate(struct real_kithd *k)
{
	static const char *const names[] = { "localhost" };
	const struct certificate_wish wish = { names, 1, 2 };
	struct certificate_info info;
	struct fault fault = { 0 };
	char *certificate = NULL, *key = NULL;

	g_assert_cmpint(
	    certificate_make(&wish, &certificate, &key, &fault), ==, KITH_OK);
	g_assert_cmpint(
	    certificate_read(certificate, strlen(certificate), &info, &fault),
	    ==, KITH_OK);
	write_file(k, "certificate.pem", certificate);
	write_file(k, "key.pem", key);
	k->pin = g_strdup(info.pin);
	free(certificate);
	free(key);
}

struct real_kithd *
real_kithd_new(void)
{
	g_autofree char *kithd = built("kithd");
	g_autofree char *text = NULL;
	struct real_kithd *k;

	if (!g_file_test(kithd, G_FILE_TEST_IS_EXECUTABLE))
		return NULL;
	k = g_new0(struct real_kithd, 1);
	k->folder = test_folder_new();
	k->port = free_port();
	g_chmod(k->folder, 0755);
	if (getuid() == 0)
		g_assert_cmpint(
		    chown(k->folder, atoi(ORDINARY_ID), atoi(ORDINARY_ID)), ==,
		    0);
	copy_program(k, "kithd");
	copy_program(k, "kithd-session");
	make_certificate(k);
	text = g_strdup_printf("listen = 127.0.0.1:%u\n"
			       "database = %s/kith.db\n"
			       "certificate = %s/certificate.pem\n"
			       "private-key = %s/key.pem\n"
			       "run-directory = %s\n"
			       "server-name = A test\nsign-up = open\n"
			       "argon2-memory = 19\nargon2-passes = 2\n",
	    k->port, k->folder, k->folder, k->folder, k->folder);
	write_file(k, "kithd.conf", text);
	return k;
}

static gboolean
answers(struct real_kithd *k)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) connection =
	    g_socket_client_connect_to_host(
		client, "127.0.0.1", k->port, NULL, NULL);

	g_assert_cmpint(waitpid(k->pid, NULL, WNOHANG), ==, 0);
	return connection != NULL;
}

void
real_kithd_start(struct real_kithd *k)
{
	g_autofree char *kithd = g_build_filename(k->folder, "kithd", NULL);
	g_autofree char *configuration =
	    g_build_filename(k->folder, "kithd.conf", NULL);
	/* It must not outlive a test that fails. */
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_autoptr(GError) error = NULL;

	g_ptr_array_add(words, (char *)"setpriv");
	g_ptr_array_add(words, (char *)"--pdeathsig=TERM");
	if (getuid() == 0) {
		g_ptr_array_add(words, (char *)"--reuid=" ORDINARY_ID);
		g_ptr_array_add(words, (char *)"--regid=" ORDINARY_ID);
		g_ptr_array_add(words, (char *)"--clear-groups");
	}
	g_ptr_array_add(words, kithd);
	g_ptr_array_add(words, (char *)"--config");
	g_ptr_array_add(words, configuration);
	g_ptr_array_add(words, (char *)"--foreground");
	g_ptr_array_add(words, NULL);
	g_spawn_async(NULL, (char **)words->pdata, NULL,
	    G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
	    &k->pid, &error);
	g_assert_no_error(error);
	WAIT_FOR(answers(k));
}

void
real_kithd_stop(struct real_kithd *k)
{
	int status = 0;

	if (k->pid == 0)
		return;
	kill(k->pid, SIGTERM);
	WAIT_FOR(waitpid(k->pid, &status, WNOHANG) == k->pid);
	k->pid = 0;
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

void
real_kithd_free(struct real_kithd *k)
{
	if (k == NULL)
		return;
	real_kithd_stop(k);
	test_folder_remove(k->folder);
	g_free(k->pin);
	g_free(k);
}
