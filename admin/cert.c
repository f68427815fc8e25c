/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert: the server's certificate and key. Stays root, since the key is root's;
 * never opens the database, which is not.
 */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "certificate.h"
#include "database.h"
#include "format.h"
#include "host.h"
#include "listing.h"
#include "mem.h"
#include "output.h"
#include "pem.h"
#include "token.h"

#define CERTIFICATE_PATH "/etc/kith/certificate.pem"
#define PRIVATE_KEY_PATH "/etc/kith/private-key.pem"
#define DAEMON_GROUP     "_kith"
#define DAYS_MAX         36500
#define US_PER_DAY       (INT64_C(86400) * 1000000)

struct names {
	char *name[CERTIFICATE_NAMES_MAX];
	size_t count;
};

static void
names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->name[i]);
	names->count = 0;
}

static bool
names_add(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcasecmp(names->name[i], name) == 0)
			return true;
	}
	if (names->count == CERTIFICATE_NAMES_MAX)
		return false;
	names->name[names->count++] = mem_dup_string(name);
	return true;
}

/* "a.example,b.example". */
static enum kith_code
take_names(struct call *call, const char *list, struct names *names)
{
	char *copy = mem_dup_string(list), *rest = copy, *name;
	enum kith_code code = KITH_OK;

	while (code == KITH_OK && (name = strsep(&rest, ",")) != NULL) {
		if (*name == '\0')
			code = call_usage(call, "--names has an empty name.");
		else if (!names_add(names, name))
			code = call_usage(call, "--names takes at most %u.",
			    CERTIFICATE_NAMES_MAX);
	}
	free(copy);
	return code;
}

/* What this machine calls itself: its full name first, where it knows one. */
static enum kith_code
own_names(struct call *call, struct names *names)
{
	char *full = host_full_name(), *name = host_name();

	if (full != NULL)
		names_add(names, full);
	if (name != NULL)
		names_add(names, name);
	free(full);
	free(name);
	if (names->count == 0)
		return call_fail(call, KITH_IO,
		    "This machine has no name; give one with --names.");
	return KITH_OK;
}

static const char *
path_of(const struct call *call, const char *option, const char *otherwise)
{
	const char *path = call_option(call, option);

	return path != NULL ? path : otherwise;
}

/* Who may read the key besides its owner; the daemon's group where it is. */
static enum kith_code
find_group(struct call *call, gid_t *group_r)
{
	const char *name = call_option(call, "group");
	const struct group *group;

	*group_r = (gid_t)-1;
	if (name == NULL && geteuid() != 0)
		return KITH_OK;
	group = getgrnam(name != NULL ? name : DAEMON_GROUP);
	if (group == NULL && name != NULL)
		return call_fail(
		    call, KITH_NOT_FOUND, "There is no group \"%s\".", name);
	if (group != NULL)
		*group_r = group->gr_gid;
	return KITH_OK;
}

/* Neither without the other: with one of them there, nothing is made. */
static enum kith_code
store_pair(struct call *call, const char *certificate, const char *key)
{
	struct pem_file c = { path_of(call, "certificate", CERTIFICATE_PATH),
		certificate, 0644, (gid_t)-1 };
	struct pem_file k = { path_of(call, "key", PRIVATE_KEY_PATH), key, 0600,
		(gid_t)-1 };
	enum kith_code code = find_group(call, &k.group);

	if (code != KITH_OK)
		return code;
	if (k.group != (gid_t)-1)
		k.mode = 0640;
	if (access(c.path, F_OK) == 0)
		return call_fail(call, KITH_ALREADY,
		    "%s is there already; it was not touched.", c.path);
	code = pem_create(&k, &call->fault);
	if (code != KITH_OK)
		return code;
	code = pem_create(&c, &call->fault);
	if (code != KITH_OK)
		unlink(k.path);
	return code;
}

enum {
	CERT_PATH,
	CERT_SUBJECT,
	CERT_FINGERPRINT,
	CERT_FROM,
	CERT_UNTIL,
	CERT_DAYS,
};

static const struct column cert_columns[] = {
	[CERT_PATH] = { "certificate", "File", COLUMN_TEXT },
	[CERT_SUBJECT] = { "subject", "Subject", COLUMN_TEXT },
	[CERT_FINGERPRINT] = { "fingerprint", "Fingerprint", COLUMN_TEXT },
	[CERT_FROM] = { "valid_from", "Valid from", COLUMN_TIME },
	[CERT_UNTIL] = { "valid_until", "Valid until", COLUMN_TIME },
	[CERT_DAYS] = { "days_left", "Days left", COLUMN_NUMBER },
	{},
};

static enum kith_code
answer_certificate(
    struct call *call, const char *path, const struct certificate_info *info)
{
	struct listing *l =
	    listing_begin_record(call, "certificate", cert_columns);
	int64_t left_us = info->not_after_us - format_now_us();
	listing_set_text(l, CERT_PATH, path);
	listing_set_text(l, CERT_SUBJECT, info->subject);
	listing_set_text(l, CERT_FINGERPRINT, info->pin);
	listing_set_time(l, CERT_FROM, info->not_before_us);
	listing_set_time(l, CERT_UNTIL, info->not_after_us);
	listing_set_number(l, CERT_DAYS, left_us / US_PER_DAY);
	return listing_end(&l, KITH_OK);
}

static enum kith_code
make_pair(struct call *call, const struct names *names, int64_t days)
{
	struct certificate_wish wish = { (const char *const *)names->name,
		names->count, (unsigned)days };
	const char *path = path_of(call, "certificate", CERTIFICATE_PATH);
	char *certificate = NULL, *key = NULL;
	struct certificate_info info;
	enum kith_code code;

	code = certificate_make(&wish, &certificate, &key, &call->fault);
	if (code == KITH_OK)
		code = certificate_read(
		    certificate, strlen(certificate), &info, &call->fault);
	if (code == KITH_OK)
		code = store_pair(call, certificate, key);
	if (code == KITH_OK)
		database_audit_outside(
		    call, path, json_pack("{s:s}", "fingerprint", info.pin));
	if (code == KITH_OK)
		code = answer_certificate(call, path, &info);
	free(certificate);
	secret_free(&key);
	return code;
}

static enum kith_code
cert_create(struct call *call)
{
	const char *list = call_option(call, "names");
	int64_t days = CERTIFICATE_SELF_MADE_DAYS;
	struct names names = { 0 };
	enum kith_code code;

	code = call_option_number(call, "days", 1, DAYS_MAX, &days);
	if (code == KITH_OK)
		code = list != NULL ? take_names(call, list, &names)
				    : own_names(call, &names);
	if (code == KITH_OK)
		code = make_pair(call, &names, days);
	if (code == KITH_MALFORMED && list != NULL)
		call->usage = true; /* a name that no certificate can carry */
	names_clear(&names);
	return code;
}

static enum kith_code
cert_show(struct call *call)
{
	const char *path = path_of(call, "certificate", CERTIFICATE_PATH);
	struct certificate_info info;
	enum kith_code code;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return fault_set_errno(&call->fault,
		    errno == ENOENT ? KITH_NOT_FOUND : KITH_IO, errno,
		    "Cannot read %s", path);
	code = pem_describe(file, path, &info, &call->fault);
	fclose(file);
	return code == KITH_OK ? answer_certificate(call, path, &info) : code;
}

static const struct command_option create_options[] = {
	{ "names", "NAME,NAME",
	    "names and addresses of the server; default: this machine's" },
	{ "days", "N", "days that it is valid; default 3650" },
	{ "certificate", "FILE", "default " CERTIFICATE_PATH, WORD_FILE },
	{ "key", "FILE", "default " PRIVATE_KEY_PATH, WORD_FILE },
	{ "group", "GROUP",
	    "may read the key; default " DAEMON_GROUP " when run by root" },
	{}
};

static const struct command_option show_options[] = {
	{ "certificate", "FILE", "default " CERTIFICATE_PATH, WORD_FILE }, {}
};

const struct command cert_commands[] = {
	{
	    .noun = "cert",
	    .verb = "create",
	    .arguments = "",
	    .summary = "Make a key and a self-signed certificate",
	    .details = "Refuses when either file is there already: people "
		       "who pinned the old key\nwould be locked out.",
	    .options = create_options,
	    .flags = COMMAND_WRITES | COMMAND_AS_ROOT,
	    .run = cert_create,
	},
	{
	    .noun = "cert",
	    .verb = "show",
	    .arguments = "",
	    .summary = "Show the certificate, its fingerprint and its dates",
	    .options = show_options,
	    .flags = COMMAND_READS | COMMAND_AS_ROOT,
	    .answer = "certificate",
	    .columns = cert_columns,
	    .run = cert_show,
	},
	{},
};
