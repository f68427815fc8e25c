/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "call.h"
#include "certificate.h"
#include "listing.h"

/*
 * What the verbs of "cert" share. They stay root, since the key is root's, and
 * never open the database, which is not.
 */

/* Where the files are that kithd uses; see cert_paths.c. */
struct cert_paths {
	char *certificate;
	char *key;
	char *next_public;  /* the announced key: kithd reads this one ... */
	char *next_private; /* ... and nobody reads this one until the change */
};

/*
 * As kithd.conf says (--config, else the usual one where it is there), with what
 * --certificate and --key say instead, where the command has those; the next
 * key's files then stand beside them. KITH_MALFORMED when kithd.conf is wrong.
 */
enum kith_code cert_paths_find(struct call *call, struct cert_paths *paths_r);
void cert_paths_clear(struct cert_paths *paths);

/*
 * The pin of the key that is announced, "" where none is. KITH_IO or
 * KITH_MALFORMED for a file that cannot be understood.
 */
enum kith_code cert_announced_pin(
    const struct cert_paths *paths, char pin_r[PIN_SIZE], struct fault *f);

/* A certificate and its key, as PEM, on their way into place. */
struct cert_pair {
	char *certificate;
	char *key; /* secret; NULL: the key that is there stays */
	struct certificate_info info;
};

void cert_pair_clear(struct cert_pair *pair);

/*
 * Puts them in the place of what is there, which stays beside it under a name
 * that tells when ("certificate.pem.old-20261122T201614Z") and is told as talk.
 * Each file is replaced as a whole, and when the certificate cannot be, the key
 * is put back; killed between the two, the same command finishes it.
 */
enum kith_code cert_replace(struct call *call, const struct cert_paths *paths,
    const struct cert_pair *pair);

/*
 * The change is over: the next key's files go, where they are of that pin.
 */
void cert_forget_next(const struct cert_paths *paths, const char *pin);

/* The record that create, import and show all answer with. */
extern const struct column cert_columns[];
enum kith_code cert_answer(struct call *call, const struct cert_paths *paths,
    const struct certificate_info *info);

/* What is in place now: false when there is nothing that can be read. */
bool cert_present(
    const struct cert_paths *paths, struct certificate_info *info_r);

/* "Reload kithd ...": what makes it so. */
void cert_talk_reload(const struct call *call);

/* Who may read the key besides its owner: (gid_t)-1: nobody. */
enum kith_code cert_find_group(struct call *call, gid_t *group_r);

/* Each verb, in a file of its name. */
enum kith_code cert_create(struct call *call);
enum kith_code cert_import(struct call *call);
enum kith_code cert_announce_next(struct call *call);
extern const struct column cert_next_columns[];
