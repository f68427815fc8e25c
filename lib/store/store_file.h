/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

/*
 * What lib/store does with files beside reading them through SQLite. Paths are
 * those of files, never of folders.
 */

/* Which code a failed call on a file is: NOT_FOUND, REFUSED, ... or IO. */
enum kith_code store_file_code(int errno_value);

/*
 * The one name of the file, whatever folder links lead to it: the locks stand
 * beside it, and two names would be two locks. The caller frees it.
 */
enum kith_code store_file_canonical(
    const char *path, char **path_r, struct fault *f);

/* Makes durable what names the path's folder holds. */
enum kith_code store_file_sync_folder(const char *path, struct fault *f);

/* The bytes that this user may still write where the path is; or IO. */
enum kith_code store_file_room(
    const char *path, int64_t *bytes_r, struct fault *f);

/* STORAGE_FULL, with both numbers in the sentence, when that is too little. */
enum kith_code store_file_need_room(
    const char *path, int64_t bytes, struct fault *f);

/*
 * Opens a file to be filled, readable by its owner alone: an earlier one of
 * that name is emptied, unless another process is just filling it (BUSY). As
 * long as the descriptor is open nobody else gets it.
 */
enum kith_code store_file_open_working(
    const char *path, int *fd_r, struct fault *f);

/*
 * Copies the bytes from..to of one file to the same place in another, whatever
 * file systems they are on.
 */
enum kith_code store_file_copy(
    int from_fd, int to_fd, int64_t from, int64_t to, struct fault *f);

/*
 * Gives the working file its name, when nothing has that name yet (ALREADY),
 * and makes that durable.
 */
enum kith_code store_file_name(
    const char *working, const char *path, struct fault *f);

/*
 * The file's read and write versions, in the header of every SQLite file: does
 * a log belong to it, or does it stand alone? Only for a file that nobody else
 * has open. MALFORMED when it has no such header.
 */
enum kith_code store_file_set_log(int fd, bool has_log);
