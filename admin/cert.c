/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert: the server's certificate and keys. Here are the table, show, and what
 * the other verbs share.
 */
#include "cert.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "pem.h"
#include "server.h"
#include "settings.h"
#include "token.h"

#define DAEMON_GROUP "_kith"

enum kith_code
cert_find_group(struct call *call, gid_t *group_r)
{
	const char *name =
	    call_has_option(call, "group") ? call_option(call, "group") : NULL;
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

void
cert_talk_reload(const struct call *call)
{
	output_talk(
	    call, "kithd uses it once it is reloaded: systemctl reload kithd");
}

/* ---- what there is -------------------------------------------------------- */

bool
cert_present(const struct cert_paths *paths, struct certificate_info *info_r)
{
	FILE *file = fopen(paths->certificate, "re");
	bool good;

	if (file == NULL)
		return false;
	good = pem_describe(file, paths->certificate, info_r, NULL) == KITH_OK;
	fclose(file);
	return good;
}

enum kith_code
cert_announced_pin(
    const struct cert_paths *paths, char pin_r[PIN_SIZE], struct fault *f)
{
	char *text = NULL;
	enum kith_code code = pem_load(paths->next_public, &text, f);

	if (code == KITH_NOT_FOUND) {
		pin_r[0] = '\0';
		return KITH_OK;
	}
	if (code == KITH_OK)
		code =
		    certificate_read_public_key(text, strlen(text), pin_r, f);
	free(text);
	return code;
}

void
cert_pair_clear(struct cert_pair *pair)
{
	free(pair->certificate);
	secret_free(&pair->key);
	memset(pair, 0, sizeof(*pair));
}

/* ---- changing it ------------------------------------------------------------ */

static void
tell_kept(struct call *call, const char *kept)
{
	if (kept != NULL)
		output_talk(call, "What was there is kept as %s", kept);
}

/* A key without its certificate would keep kithd from starting. */
static enum kith_code
replace_pair(struct call *call, struct pem_file *key, struct pem_file *cert)
{
	bool had_key = access(key->path, F_OK) == 0;
	char *kept_key = NULL, *kept = NULL;
	enum kith_code code = pem_replace(key, &kept_key, &call->fault);

	if (code != KITH_OK)
		return code;
	code = pem_replace(cert, &kept, &call->fault);
	if (code == KITH_OK) {
		tell_kept(call, kept_key);
		tell_kept(call, kept);
	} else if ((kept_key != NULL || !had_key) &&
	    !pem_put_back(key->path, kept_key)) {
		output_talk(call, "The new key stays at %s: %s", key->path,
		    strerror(errno));
		tell_kept(call, kept_key);
	}
	free(kept_key);
	free(kept);
	return code;
}

enum kith_code
cert_replace(struct call *call, const struct cert_paths *paths,
    const struct cert_pair *pair)
{
	struct pem_file key = { paths->key, pair->key, 0600, (gid_t)-1 };
	struct pem_file certificate = { paths->certificate, pair->certificate,
		0644, (gid_t)-1 };
	enum kith_code code = cert_find_group(call, &key.group);

	if (key.group != (gid_t)-1)
		key.mode = 0640;
	return code == KITH_OK ? replace_pair(call, &key, &certificate) : code;
}

static bool
is_key_of(const char *path, const char *pin)
{
	char *key = NULL, found[PIN_SIZE] = "";
	bool same = pem_load(path, &key, NULL) == KITH_OK &&
	    certificate_public_key(key, strlen(key), NULL, found, NULL) ==
		KITH_OK &&
	    strcmp(found, pin) == 0;

	secret_free(&key);
	return same;
}

void
cert_forget_next(const struct cert_paths *paths, const char *pin)
{
	char announced[PIN_SIZE];

	if (cert_announced_pin(paths, announced, NULL) != KITH_OK ||
	    strcmp(announced, pin) != 0)
		return;
	/* the private part is in place; it need not lie about twice */
	if (is_key_of(paths->next_private, pin))
		unlink(paths->next_private);
	unlink(paths->next_public);
}

/* ---- show --------------------------------------------------------------------- */

enum {
	CERT_PATH,
	CERT_SUBJECT,
	CERT_NAMES,
	CERT_ISSUER,
	CERT_SELF_SIGNED,
	CERT_CHAIN,
	CERT_KIND,
	CERT_FINGERPRINT,
	CERT_NEXT,
	CERT_FROM,
	CERT_UNTIL,
	CERT_DAYS,
};

const struct column cert_columns[] = {
	[CERT_PATH] = { "certificate", "File", COLUMN_TEXT },
	[CERT_SUBJECT] = { "subject", "Subject", COLUMN_TEXT },
	[CERT_NAMES] = { "names", "Names", COLUMN_TEXT },
	[CERT_ISSUER] = { "issuer", "Issuer", COLUMN_TEXT },
	[CERT_SELF_SIGNED] = { "self_signed", "Self-signed", COLUMN_FLAG },
	[CERT_CHAIN] = { "chain_length", NULL, COLUMN_NUMBER },
	[CERT_KIND] = { "key", "Key", COLUMN_TEXT },
	[CERT_FINGERPRINT] = { "fingerprint", "Fingerprint", COLUMN_TEXT },
	[CERT_NEXT] = { "next_fingerprint", "Next fingerprint", COLUMN_TEXT },
	[CERT_FROM] = { "valid_from", "Valid from", COLUMN_TIME },
	[CERT_UNTIL] = { "valid_until", "Valid until", COLUMN_TIME },
	[CERT_DAYS] = { "days_left", "Days left", COLUMN_NUMBER },
	{},
};

enum kith_code
cert_answer(struct call *call, const struct cert_paths *paths,
    const struct certificate_info *info)
{
	struct listing *l =
	    listing_begin_record(call, "certificate", cert_columns);
	int64_t days = server_days_left(info->not_after_us);
	char next[PIN_SIZE] = "";
	bool own = strcmp(info->subject, info->issuer) == 0;

	listing_set_text(l, CERT_PATH, paths->certificate);
	listing_set_text(l, CERT_SUBJECT, info->subject);
	if (info->names[0] != '\0')
		listing_set_text(l, CERT_NAMES, info->names);
	listing_set_text(l, CERT_ISSUER, info->issuer);
	listing_set_flag(l, CERT_SELF_SIGNED, own);
	listing_set_number(l, CERT_CHAIN, info->chain_length);
	listing_set_text(l, CERT_KIND, info->kind);
	listing_set_text(l, CERT_FINGERPRINT, info->pin);
	if (cert_announced_pin(paths, next, NULL) == KITH_OK && next[0] != '\0')
		listing_set_text(l, CERT_NEXT, next);
	listing_set_time(l, CERT_FROM, info->not_before_us);
	listing_set_time(l, CERT_UNTIL, info->not_after_us);
	listing_set_number(l, CERT_DAYS, days);
	if (days < SERVER_DAYS_SOON)
		listing_mark(
		    l, CERT_DAYS, days < 0 ? LISTING_BAD : LISTING_WARNING);
	return listing_end(&l, KITH_OK);
}

static enum kith_code
show_certificate(struct call *call, const struct cert_paths *paths)
{
	struct certificate_info info;
	enum kith_code code;
	FILE *file = fopen(paths->certificate, "re");

	if (file == NULL)
		return fault_set_errno(&call->fault,
		    errno == ENOENT ? KITH_NOT_FOUND : KITH_IO, errno,
		    "Cannot read %s", paths->certificate);
	code = pem_describe(file, paths->certificate, &info, &call->fault);
	fclose(file);
	return code == KITH_OK ? cert_answer(call, paths, &info) : code;
}

static enum kith_code
cert_show(struct call *call)
{
	struct cert_paths paths;
	enum kith_code code = cert_paths_find(call, &paths);

	if (code != KITH_OK)
		return code;
	code = show_certificate(call, &paths);
	cert_paths_clear(&paths);
	return code;
}

/* ---- the table -------------------------------------------------------------------- */

#define CONFIG_OPTION                                                        \
	{                                                                    \
		"config", "FILE",                                            \
		    "where kithd.conf is; default " SETTINGS_FILE, WORD_FILE \
	}
#define GROUP_OPTION                                          \
	{                                                     \
		"group", "GROUP",                             \
		    "may read the key; default " DAEMON_GROUP \
		    " when run by root"                       \
	}
#define CERTIFICATE_OPTION                                                   \
	{                                                                    \
		"certificate", "FILE",                                       \
		    "the certificate; default as kithd.conf says", WORD_FILE \
	}

static const struct command_option create_options[] = {
	{ "names", "NAME,NAME",
	    "names and addresses of the server; default: as before, else this "
	    "machine's" },
	{ "days", "N", "days that it is valid; default 3650" },
	{ "renew", NULL, "a new certificate for the key that is there" },
	{ "next", NULL, "change to the key that was announced" },
	{ "yes", NULL, "do not ask" }, CONFIG_OPTION, CERTIFICATE_OPTION,
	{ "key", "FILE", "the key; default as kithd.conf says", WORD_FILE },
	GROUP_OPTION, {}
};

static const struct command_option show_options[] = { CONFIG_OPTION,
	CERTIFICATE_OPTION, {} };

static const struct command_option import_options[] = {
	{ "key", "FILE", "its private key; default: the one that is there",
	    WORD_FILE_READ },
	{ "yes", NULL, "do not ask" }, CONFIG_OPTION, GROUP_OPTION, {}
};

static const struct command_option announce_options[] = {
	{ "key", "FILE", "this private key, which stays where it is",
	    WORD_FILE_READ },
	{ "withdraw", NULL, "announce it no more, and remove it" },
	{ "yes", NULL, "do not ask" }, CONFIG_OPTION, {}
};

static const struct command_example create_examples[] = {
	{ "kith-admin cert create --names chat.example.org",
	    "the first one, with a new key" },
	{ "kith-admin cert create --renew", "when it is about to expire" },
	{ "kith-admin cert create --next",
	    "change to the key that announce-next made" },
	{}
};

static const struct command_example import_examples[] = {
	{ "kith-admin cert import fullchain.pem --key privkey.pem",
	    "what an authority has signed" },
	{ "kith-admin cert import fullchain.pem",
	    "renewed by the authority, for the same key" },
	{}
};

static const struct command_example announce_examples[] = {
	{ "kith-admin cert announce-next", "make the next key, and tell it" },
	{ "kith-admin cert announce-next --withdraw", "take it back" }, {}
};

const struct command cert_commands[] = {
	{
	    .noun = "cert",
	    .verb = "create",
	    .arguments = "",
	    .summary = "Make a key and a self-signed certificate",
	    .details = "Refuses when either file is there already: people "
		       "who pinned the old key would be locked out. --renew "
		       "keeps the key, and --next changes to the one that "
		       "announce-next announced; what was there is kept.",
	    .options = create_options,
	    .examples = create_examples,
	    .flags = COMMAND_WRITES | COMMAND_DRY_RUN | COMMAND_AS_ROOT,
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
	{
	    .noun = "cert",
	    .verb = "import",
	    .arguments = "CHAIN",
	    .kinds = { WORD_FILE_READ },
	    .summary = "Put a certificate and its key in place",
	    .details = "CHAIN is in PEM, the server's own certificate first. "
		       "It is checked before anything is touched, and what "
		       "was there is kept.",
	    .options = import_options,
	    .examples = import_examples,
	    .flags = COMMAND_WRITES | COMMAND_DRY_RUN | COMMAND_AS_ROOT,
	    .run = cert_import,
	},
	{
	    .noun = "cert",
	    .verb = "announce-next",
	    .arguments = "",
	    .summary = "Announce the key that the server will change to",
	    .details = "Clients that pinned the server learn it when they "
		       "connect, and go on when the server changes to it with "
		       "\"cert create --next\" or \"cert import\". Leave "
		       "them the time to connect at least once.",
	    .options = announce_options,
	    .examples = announce_examples,
	    .flags = COMMAND_WRITES | COMMAND_DRY_RUN | COMMAND_AS_ROOT,
	    .run = cert_announce_next,
	},
	{},
};
