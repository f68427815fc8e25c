/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The doctor's look at certificate and keys, as kithd's user sees them. The
 * private key is wiped as soon as it has been compared.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format.h"
#include "pem.h"
#include "server_check.h"

/* Some of these sentences name the file themselves. */
static void
add_faulty(struct check *c, const char *id, const char *path,
    const char *remedy, const struct fault *fault)
{
	if (strstr(fault->sentence, path) != NULL)
		check_add(c, id, CHECK_PROBLEM, remedy, "%s.", fault->sentence);
	else
		check_add(c, id, CHECK_PROBLEM, remedy, "%s: %s.", path,
		    fault->sentence);
}

static void
add_dates(struct check *c)
{
	const struct certificate_info *info = &c->certificate;
	bool own = strcmp(info->subject, info->issuer) == 0;
	const char *remedy = own
	    ? "Make a new certificate for the same key with \"kith-admin cert "
	      "create --renew\", then reload kithd."
	    : "Get a new certificate from your authority, put it in place with "
	      "\"kith-admin cert import\", then reload kithd.";
	int64_t days = server_days_left(info->not_after_us);

	if (info->not_before_us > format_now_us())
		check_add(c, "certificate", CHECK_PROBLEM,
		    "Wait, or set the clock right.", "%s is not valid yet.",
		    c->settings->certificate);
	else if (days < 0)
		check_add(c, "certificate", own ? CHECK_WARNING : CHECK_PROBLEM,
		    remedy, "%s has expired%s.", c->settings->certificate,
		    own ? "; clients that pinned the key go on" : "");
	else if (days < SERVER_DAYS_SOON)
		check_add(c, "certificate", CHECK_WARNING, remedy,
		    "%s expires in %lld days.", c->settings->certificate,
		    (long long)days);
	else
		check_add(c, "certificate", CHECK_OK, NULL,
		    "%s is valid for %lld more days, key %s.",
		    c->settings->certificate, (long long)days, info->pin);
}

static void
add_loaded(struct check *c)
{
	if (c->facts.state != SERVER_RUNNING || c->facts.pin == NULL)
		return;
	if (strcmp(c->facts.pin, c->certificate.pin) == 0 &&
	    c->facts.certificate_until_us == c->certificate.not_after_us)
		check_add(c, "certificate-loaded", CHECK_OK, NULL,
		    "kithd uses the certificate that is there.");
	else
		check_add(c, "certificate-loaded", CHECK_WARNING,
		    "Reload kithd: systemctl reload kithd",
		    "kithd still uses an earlier certificate.");
}

void
check_certificate(struct check *c)
{
	struct fault fault = { .code = KITH_OK };
	FILE *file;

	if (c->settings == NULL)
		return;
	file = fopen(c->settings->certificate, "re");
	if (file == NULL) {
		check_add(c, "certificate", CHECK_PROBLEM,
		    errno == ENOENT
			? "Make one with \"kith-admin cert create\", or "
			  "import one with \"kith-admin cert import\"."
			: "Let the user of kithd read it; mode 0644 is right.",
		    "%s cannot be read: %s.", c->settings->certificate,
		    strerror(errno));
		return;
	}
	c->has_certificate = pem_describe(file, c->settings->certificate,
				 &c->certificate, &fault) == KITH_OK;
	fclose(file);
	if (!c->has_certificate) {
		add_faulty(c, "certificate", c->settings->certificate,
		    "Put a certificate in PEM there with \"kith-admin cert "
		    "import\".",
		    &fault);
		return;
	}
	add_dates(c);
	add_loaded(c);
}

/* ---- the key ---------------------------------------------------------------- */

static void
wipe(uint8_t **bytes)
{
	if (*bytes != NULL)
		explicit_bzero(*bytes, SETTINGS_PEM_MAX);
	free(*bytes);
	*bytes = NULL;
}

/* *remedy_r: of the step that failed. */
static enum kith_code
compare_pair(
    const struct settings *settings, const char **remedy_r, struct fault *fault)
{
	uint8_t *certificate = NULL, *key = NULL;
	struct tls_identity identity;
	enum kith_code code = settings_read_pem(settings->certificate, false,
	    &certificate, &identity.certificate_length, fault);

	if (code == KITH_OK)
		code = settings_read_pem(settings->private_key, true, &key,
		    &identity.key_length, fault);
	*remedy_r = "Let kithd's group alone read it: chgrp _kith, chmod 0640.";
	identity.certificate = certificate;
	identity.key = key;
	if (code == KITH_OK) {
		*remedy_r = "Put the two that belong together in place with "
			    "\"kith-admin cert import\".";
		code = certificate_check_pair(&identity, NULL, fault);
	}
	wipe(&certificate);
	wipe(&key);
	return code;
}

void
check_key(struct check *c)
{
	struct fault fault = { .code = KITH_OK };
	const char *remedy;

	if (c->settings == NULL || !c->has_certificate)
		return;
	if (compare_pair(c->settings, &remedy, &fault) == KITH_OK)
		check_add(c, "key", CHECK_OK, NULL,
		    "%s belongs to the certificate, and kithd's user can read "
		    "it.",
		    c->settings->private_key);
	else
		add_faulty(c, "key", c->settings->private_key, remedy, &fault);
}

/* ---- the next key ------------------------------------------------------------- */

static void
add_next_key(struct check *c, const char *pin)
{
	const char *path = c->settings->next_public_key;

	if (c->has_certificate && strcmp(pin, c->certificate.pin) == 0)
		check_add(c, "next-key", CHECK_WARNING,
		    "Withdraw it with \"kith-admin cert announce-next "
		    "--withdraw\".",
		    "%s announces the key that is in use.", path);
	else if (c->facts.state == SERVER_RUNNING &&
	    (c->facts.next_pin == NULL || strcmp(pin, c->facts.next_pin) != 0))
		check_add(c, "next-key", CHECK_WARNING,
		    "Reload kithd: systemctl reload kithd",
		    "kithd does not tell people yet of the key that %s "
		    "announces.",
		    path);
	else
		check_add(c, "next-key", CHECK_OK, NULL,
		    "%s announces the key %s.", path, pin);
}

void
check_next_key(struct check *c)
{
	struct fault fault = { .code = KITH_OK };
	uint8_t *bytes = NULL;
	size_t length = 0;
	char pin[PIN_SIZE];
	enum kith_code code;

	if (c->settings == NULL)
		return;
	code = settings_read_next_key(c->settings, &bytes, &length, &fault);
	if (code == KITH_OK && bytes == NULL)
		return; /* none is announced */
	if (code == KITH_OK)
		code = certificate_read_public_key(bytes, length, pin, &fault);
	free(bytes);
	if (code == KITH_OK)
		add_next_key(c, pin);
	else
		add_faulty(c, "next-key", c->settings->next_public_key,
		    "kithd refuses to start with it; announce one with "
		    "\"kith-admin cert announce-next\", or remove the file.",
		    &fault);
}
