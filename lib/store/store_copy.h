/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store.h"

/*
 * A file that holds a database and that nobody else uses: a copy just made, or
 * one that somebody keeps. It is opened without locks and, to read, without
 * leaving anything beside it.
 */

/* Only to read; it may be of an older version. */
#define STORE_COPY_READ (1u << 16)
/* To change what is the same in every version; an older one stays older. */
#define STORE_COPY_ANY_VERSION (1u << 17)

/*
 * Opens it with STORE_COPY_READ; or to change it, with STORE_MIGRATE to bring
 * an older one up to date (without a copy of it). What is changed is not made
 * durable, and a kill in the middle spoils it: that is for whoever names it.
 * KITH_NEWER, KITH_FOREIGN, KITH_INTEGRITY, KITH_REFUSED for an older one
 * without any of these flags, and for one that has its latest changes in a log
 * beside it. Close with store_close(). Of an older one that stays older
 * store_verify() looks at no more than the file, its tables and its references.
 */
enum kith_code store_copy_open(const char *path, unsigned int flags,
    struct store **store_r, struct fault *f);

/* Of whatever store; one that is no copy is of this program's version. */
int store_copy_version(const struct store *s);
