/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdio.h>
#include <sys/types.h>

#include "certificate.h"
#include "fault.h"

/* PEM files, read whole and written whole or not at all. */

/* Reads an open file and says what its first certificate is. */
enum kith_code pem_describe(FILE *file, const char *path,
    struct certificate_info *info_r, struct fault *f);

struct pem_file {
	const char *path;
	const char *text;
	mode_t mode;
	gid_t group; /* (gid_t)-1: whatever it is */
};

/*
 * Makes a new file, durable when this returns; what has that name already is
 * never touched (KITH_ALREADY). A crash can leave a file named
 * "PATH.new-XXXXXX" behind, never half of PATH.
 */
enum kith_code pem_create(const struct pem_file *file, struct fault *f);
