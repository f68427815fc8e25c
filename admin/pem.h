/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "certificate.h"
#include "fault.h"

/* PEM files, read whole and written whole or not at all. */

/* Reads an open file and says what its first certificate is. */
enum kith_code pem_describe(FILE *file, const char *path,
    struct certificate_info *info_r, struct fault *f);

/*
 * The whole file as a string, at most CERTIFICATE_PEM_MAX bytes; where it is a
 * private key the caller wipes it (secret_free() in token.h). KITH_NOT_FOUND,
 * KITH_IO, KITH_MALFORMED.
 */
enum kith_code pem_load(const char *path, char **text_r, struct fault *f);
enum kith_code pem_load_file(
    FILE *file, const char *path, char **text_r, struct fault *f);

struct pem_file {
	const char *path;
	const char *text;
	mode_t mode;
	gid_t group; /* (gid_t)-1: whatever it is */
	/* pem_replace() sets these, from the file before */
	mode_t mode_most;
	uid_t owner;
	bool owner_set;
};

/*
 * Makes a new file, durable when this returns; what has that name already is
 * never touched (KITH_ALREADY). A crash can leave a file named
 * "PATH.new-XXXXXX" behind, never half of PATH.
 */
enum kith_code pem_create(const struct pem_file *file, struct fault *f);

/*
 * Puts it in the place of what has that name, whole and durable, for the same
 * owner and group and never more open than that or `mode` with the group's
 * reading. What was there stays as "PATH.old-TIME": its name in *kept_r, to be
 * freed, untouched when nothing was there or it is the same.
 */
enum kith_code pem_replace(
    struct pem_file *file, char **kept_r, struct fault *f);

/*
 * Takes a pem_replace() back that did something: `kept` gets its name again;
 * NULL: nothing was there. False, and errno, when that fails.
 */
bool pem_put_back(const char *path, const char *kept);
