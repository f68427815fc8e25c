/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
must(void *memory)
{
	if (memory == NULL)
		abort();
	return memory;
}

void *
mem_new(size_t count, size_t size)
{
	return must(calloc(count > 0 ? count : 1, size > 0 ? size : 1));
}

void *
mem_resize(void *memory, size_t count, size_t size)
{
	return must(
	    reallocarray(memory, count > 0 ? count : 1, size > 0 ? size : 1));
}

void *
mem_dup(const void *bytes, size_t length)
{
	if (length == 0)
		return NULL;
	return memcpy(must(malloc(length)), bytes, length);
}

char *
mem_dup_string(const char *string)
{
	return string != NULL ? must(strdup(string)) : NULL;
}

char *
mem_format(const char *format, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		abort();
	va_end(args);
	return text;
}
