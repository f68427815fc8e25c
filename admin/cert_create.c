/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cert create: a self-signed certificate, for a new key, the present one or the
 * announced one.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cert.h"
#include "database.h"
#include "format.h"
#include "host.h"
#include "mem.h"
#include "output.h"
#include "pem.h"
#include "prompt.h"
#include "token.h"

#define DAYS_MAX    36500
#define US_PER_S    1000000
#define NAME_SPACES " "

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

/* The names of the certificate before, "a.example, 192.0.2.1". */
static enum kith_code
same_names(struct call *call, const struct certificate_info *before,
    struct names *names)
{
	char *copy = mem_dup_string(before->names), *rest = copy, *name;
	enum kith_code code = KITH_OK;

	if (strlen(before->names) >= CERTIFICATE_ALL_NAMES_SIZE - 1)
		code = call_usage(call,
		    "The certificate has too many names; give them with "
		    "--names.");
	while (code == KITH_OK && (name = strsep(&rest, ",")) != NULL) {
		name += strspn(name, NAME_SPACES);
		if (*name != '\0')
			names_add(names, name);
	}
	free(copy);
	if (code == KITH_OK && names->count == 0)
		code = own_names(call, names);
	return code;
}

/* ---- which key ----------------------------------------------------------------- */

/* What was asked for, and what there is. */
struct making {
	struct cert_paths paths;
	struct names names;
	int64_t days;
	char *key; /* PEM of a key that there is; NULL: a new one. Secret */
	bool replaces;
	bool has_present;
	struct certificate_info present;
	struct cert_pair pair;
};

static void
making_clear(struct making *m)
{
	cert_paths_clear(&m->paths);
	names_clear(&m->names);
	secret_free(&m->key);
	cert_pair_clear(&m->pair);
}

static enum kith_code
take_present_key(struct call *call, struct making *m)
{
	enum kith_code code = pem_load(m->paths.key, &m->key, &call->fault);

	m->replaces = true;
	if (code == KITH_NOT_FOUND)
		return call_fail(call, code,
		    "There is no key at %s yet; without --renew one is made.",
		    m->paths.key);
	return code;
}

/* Nobody changes to a key that people were not told of. */
static enum kith_code
take_next_key(struct call *call, struct making *m)
{
	char announced[PIN_SIZE], pin[PIN_SIZE];
	enum kith_code code =
	    cert_announced_pin(&m->paths, announced, &call->fault);

	m->replaces = true;
	if (code == KITH_OK && announced[0] == '\0')
		return call_fail(call, KITH_NOT_FOUND,
		    "No key is announced; \"kith-admin cert announce-next\" "
		    "does that.");
	if (code == KITH_OK)
		code = pem_load(m->paths.next_private, &m->key, &call->fault);
	if (code == KITH_NOT_FOUND)
		return call_fail(call, code,
		    "The announced key is not at %s; put it in place with "
		    "\"kith-admin cert import\".",
		    m->paths.next_private);
	if (code == KITH_OK)
		code = certificate_public_key(
		    m->key, strlen(m->key), NULL, pin, &call->fault);
	if (code == KITH_OK && strcmp(pin, announced) != 0)
		code = call_fail(call, KITH_CONFLICT,
		    "%s is another key than the announced one.",
		    m->paths.next_private);
	return code;
}

static enum kith_code
choose_key(struct call *call, struct making *m)
{
	if (call_flag(call, "renew") && call_flag(call, "next"))
		return call_usage(call, "Either --renew or --next, not both.");
	if (call_flag(call, "renew"))
		return take_present_key(call, m);
	if (call_flag(call, "next"))
		return take_next_key(call, m);
	return KITH_OK;
}

static enum kith_code
choose_names(struct call *call, struct making *m)
{
	const char *list = call_option(call, "names");

	if (list != NULL)
		return take_names(call, list, &m->names);
	if (m->replaces && m->has_present)
		return same_names(call, &m->present, &m->names);
	return own_names(call, &m->names);
}

/* ---- into place -------------------------------------------------------------------- */

/* Neither without the other: with one of them there, nothing is made. */
static enum kith_code
store_new(struct call *call, const struct making *m)
{
	struct pem_file c = { m->paths.certificate, m->pair.certificate, 0644,
		(gid_t)-1 };
	struct pem_file k = { m->paths.key, m->pair.key, 0600, (gid_t)-1 };
	enum kith_code code = cert_find_group(call, &k.group);

	if (code != KITH_OK)
		return code;
	if (k.group != (gid_t)-1)
		k.mode = 0640;
	code = pem_create(&k, &call->fault);
	if (code != KITH_OK)
		return code;
	code = pem_create(&c, &call->fault);
	if (code != KITH_OK)
		unlink(k.path);
	return code;
}

static enum kith_code
refuse_present(struct call *call, const struct making *m)
{
	const char *there = NULL;

	if (m->replaces)
		return KITH_OK;
	if (access(m->paths.certificate, F_OK) == 0)
		there = m->paths.certificate;
	else if (access(m->paths.key, F_OK) == 0)
		there = m->paths.key;
	if (there == NULL)
		return KITH_OK;
	return call_fail(call, KITH_ALREADY,
	    "%s is there already; it was not touched.", there);
}

/* Whoever has not heard of it by now is stopped by his client. */
static enum kith_code
confirm_next(struct call *call, const struct making *m)
{
	struct stat st;
	char *since, *question;
	bool go;

	if (!call_flag(call, "next") || call_flag(call, "dry-run"))
		return KITH_OK;
	if (stat(m->paths.next_public, &st) != 0)
		return fault_set(&call->fault, KITH_IO,
		    "The announced key has gone meanwhile.");
	since = format_span(
	    format_now_us() - (int64_t)st.st_mtim.tv_sec * US_PER_S);
	question = mem_format(
	    "Change to the key that was announced %s ago? Whoever pinned the "
	    "server and has not connected since then is stopped by the client.",
	    since);
	go = prompt_confirm(call, question);
	free(since);
	free(question);
	return go ? KITH_OK
		  : call_fail(call, KITH_REFUSED, "Nothing was changed.");
}

static enum kith_code
put_in_place(struct call *call, const struct making *m)
{
	enum kith_code code;

	if (call_flag(call, "dry-run")) {
		json_object_set_new(call->answer, "dry_run", json_true());
		output_talk(call,
		    "Nothing was changed; this is what would "
		    "be there:");
		return KITH_OK;
	}
	code = m->replaces ? cert_replace(call, &m->paths, &m->pair)
			   : store_new(call, m);
	if (code != KITH_OK)
		return code;
	if (call_flag(call, "next"))
		cert_forget_next(&m->paths, m->pair.info.pin);
	if (m->replaces)
		cert_talk_reload(call);
	database_audit_outside(call, m->pair.info.pin,
	    json_pack("{s:s, s:b, s:b}", "certificate", m->paths.certificate,
		"renew", call_flag(call, "renew"), "next",
		call_flag(call, "next")));
	return KITH_OK;
}

static enum kith_code
make(struct call *call, struct making *m)
{
	struct certificate_wish wish = { (const char *const *)m->names.name,
		m->names.count, (unsigned)m->days, m->key };
	enum kith_code code = certificate_make(
	    &wish, &m->pair.certificate, &m->pair.key, &call->fault);

	if (code == KITH_MALFORMED && call_option(call, "names") != NULL)
		call->usage = true; /* a name that no certificate can carry */
	if (code == KITH_OK)
		code = certificate_read(m->pair.certificate,
		    strlen(m->pair.certificate), &m->pair.info, &call->fault);
	return code;
}

static enum kith_code
create(struct call *call, struct making *m)
{
	enum kith_code code =
	    call_option_number(call, "days", 1, DAYS_MAX, &m->days);

	if (code == KITH_OK)
		code = choose_key(call, m);
	m->has_present = cert_present(&m->paths, &m->present);
	if (code == KITH_OK)
		code = choose_names(call, m);
	if (code == KITH_OK)
		code = make(call, m);
	if (code == KITH_OK)
		code = refuse_present(call, m);
	if (code == KITH_OK)
		code = confirm_next(call, m);
	if (code == KITH_OK)
		code = put_in_place(call, m);
	return code == KITH_OK ? cert_answer(call, &m->paths, &m->pair.info)
			       : code;
}

enum kith_code
cert_create(struct call *call)
{
	struct making m = { .days = CERTIFICATE_SELF_MADE_DAYS };
	enum kith_code code = cert_paths_find(call, &m.paths);

	if (code != KITH_OK)
		return code;
	code = create(call, &m);
	making_clear(&m);
	return code;
}
