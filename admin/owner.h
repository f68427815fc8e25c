/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fault.h"

/*
 * Root must not parse a file that somebody else can write: a crafted database
 * would then be a way to root. So root becomes the owner of the database file,
 * or of its folder where there is no file yet, before anything is opened. Does
 * nothing for anybody else. There is no way back.
 *
 * KITH_REFUSED when the file is root's in a folder that is not: its owner
 * could put files of his own beside it.
 */
enum kith_code owner_become(const char *database, struct fault *f);
