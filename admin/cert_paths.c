/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files kithd takes certificate and keys from. */
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cert.h"
#include "mem.h"
#include "settings.h"

#define CERTIFICATE_PATH  "/etc/kith/certificate.pem"
#define PRIVATE_KEY_PATH  "/etc/kith/private-key.pem"
#define NEXT_PUBLIC_NAME  "next-public-key.pem"
#define NEXT_PRIVATE_NAME "next-private-key.pem"

static const char *
option(const struct call *call, const char *name)
{
	return call_has_option(call, name) ? call_option(call, name) : NULL;
}

static char *
beside(const char *path, const char *name)
{
	char *copy = mem_dup_string(path);
	char *other = mem_format("%s/%s", dirname(copy), name);

	free(copy);
	return other;
}

/* NULL without a fault: there is no kithd.conf, and nobody named one. */
static enum kith_code
read_settings(struct call *call, struct settings **settings_r)
{
	const char *config = option(call, "config");
	struct fault fault = { .code = KITH_OK };

	if (config == NULL) {
		config = SETTINGS_FILE;
		if (access(config, F_OK) != 0)
			return KITH_OK;
	}
	if (settings_load_brief(config, settings_r, &fault) == KITH_OK)
		return KITH_OK;
	return call_fail(call, KITH_MALFORMED, "%s.", fault.sentence);
}

static char *
choose(const char *wanted, const char *configured, const char *usual)
{
	if (wanted == NULL)
		wanted = configured != NULL ? configured : usual;
	return mem_dup_string(wanted);
}

enum kith_code
cert_paths_find(struct call *call, struct cert_paths *paths_r)
{
	const char *certificate = option(call, "certificate");
	/* of import and announce-next, --key is what is to be taken */
	const char *key = strcmp(call->command->verb, "create") == 0
	    ? option(call, "key")
	    : NULL;
	struct settings *settings = NULL;
	struct cert_paths paths;
	enum kith_code code = read_settings(call, &settings);

	if (code != KITH_OK)
		return code;
	paths.certificate = choose(certificate,
	    settings != NULL ? settings->certificate : NULL, CERTIFICATE_PATH);
	paths.key = choose(key, settings != NULL ? settings->private_key : NULL,
	    PRIVATE_KEY_PATH);
	paths.next_public = settings != NULL && certificate == NULL
	    ? mem_dup_string(settings->next_public_key)
	    : beside(paths.certificate, NEXT_PUBLIC_NAME);
	paths.next_private = beside(paths.key, NEXT_PRIVATE_NAME);
	settings_free(&settings);
	*paths_r = paths;
	return KITH_OK;
}

void
cert_paths_clear(struct cert_paths *paths)
{
	free(paths->certificate);
	free(paths->key);
	free(paths->next_public);
	free(paths->next_private);
	memset(paths, 0, sizeof(*paths));
}
