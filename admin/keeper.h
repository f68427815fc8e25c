/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "fault.h"

/*
 * A file that root may write and the database's owner may not: an administrator
 * who types "sudo kith-admin db backup" stands in a folder of root's. The
 * process that opens the database has become its owner by then; so another one
 * stays root, knows one path from the command line, and does one thing: it
 * takes a file's bytes, and gives them that name when all have come.
 */
struct keeper;

/*
 * Before root's rights are given up. Without them there is no second process,
 * and keeper_can() is false. The path is copied. Never NULL; a process that
 * cannot be made is as if there was none.
 */
struct keeper *keeper_new(const char *path);

/* Ends the other process; what was not whole is gone. *keeper becomes NULL. */
void keeper_free(struct keeper **keeper);

const char *keeper_path(const struct keeper *keeper);
bool keeper_can(const struct keeper *keeper);

/*
 * Copies the file `from` to the keeper's path: readable by root alone, on disk,
 * and nothing that exists is overwritten (ALREADY). REFUSED, STORAGE_FULL, IO.
 */
enum kith_code keeper_put(
    struct keeper *keeper, const char *from, struct fault *f);
