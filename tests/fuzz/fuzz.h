/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/*
 * What libFuzzer calls. A target gives hostile bytes to one reader and then
 * holds the reader to what its header promises; a broken promise aborts.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define PROMISE(condition)        \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
