/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/*
 * Memory that is there or the process is not: each of these aborts when the
 * allocation fails. In a process that speaks TLS that is a rule of safety
 * (mbedTLS 2.28.3 ignores a failed allocation while it checks the Finished
 * message, CVE-2025-27810), elsewhere it keeps paths out of the program that
 * nobody can test. Free with free().
 */

/* Zeroed. count * size is checked for overflow. */
void *mem_new(size_t count, size_t size);

/* Like reallocarray(); what is new is not zeroed. */
void *mem_resize(void *memory, size_t count, size_t size);

/* A copy of length bytes; NULL for a length of 0. */
void *mem_dup(const void *bytes, size_t length);

/* A copy of a string; NULL stays NULL. */
char *mem_dup_string(const char *string);

/* printf() into a new string. */
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define MEM_NEW(type) ((type *)mem_new(1, sizeof(type)))
