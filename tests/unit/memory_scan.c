/* SPDX-License-Identifier: GPL-3.0-or-later */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include "memory_scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tls_internal.h"

#define MASK        0x5a
#define SCALAR_SIZE 32u
#define REGION_MAX  (256u << 20) /* bytes: the shadow of ASan is passed over */

static void
keep_masked(struct memory_secret *secret, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		secret->masked[i] = bytes[i] ^ MASK;
	secret->length = length;
}

static size_t
count_in(
    const struct memory_secret *secret, const uint8_t *memory, size_t length)
{
	size_t found = 0;

	for (size_t at = 0; at + secret->length <= length; at++) {
		size_t i = 0;

		while (i < secret->length &&
		    (memory[at + i] ^ MASK) == secret->masked[i])
			i++;
		found += i == secret->length;
	}
	return found;
}

/* A copy is made because a region may hold pages that cannot be touched. */
static size_t
scan_region(const struct memory_secret *secret, int mem, unsigned long start,
    size_t length)
{
	uint8_t *copy = mmap(NULL, length, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t got;
	size_t found = 0;

	if (copy == MAP_FAILED)
		return 0;
	got = pread(mem, copy, length, (off_t)start);
	if (got > 0)
		found = count_in(secret, copy, (size_t)got);
	munmap(copy, length);
	return found;
}

bool
memory_is_our_own(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	bool own = true;

	if (maps == NULL)
		abort();
	while (fgets(line, sizeof(line), maps) != NULL)
		own = own && strstr(line, "/valgrind/") == NULL;
	fclose(maps);
	return own;
}

size_t
memory_scan(const struct memory_secret *secret)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	char line[512];
	size_t found = 0;

	if (maps == NULL || mem < 0)
		abort();
	while (fgets(line, sizeof(line), maps) != NULL) {
		unsigned long start, end;
		char access[5];

		if (sscanf(line, "%lx-%lx %4s", &start, &end, access) != 3 ||
		    access[0] != 'r' || access[1] != 'w' ||
		    end - start > REGION_MAX)
			continue;
		found += scan_region(secret, mem, start, end - start);
	}
	fclose(maps);
	close(mem);
	return found;
}

static void
read_secrets(const char *pem, struct memory_secret secrets_r[3])
{
	mbedtls_pk_context key;
	uint8_t scalar[SCALAR_SIZE], limbs[SCALAR_SIZE];
	const char *line = strchr(pem, '\n');

	mbedtls_pk_init(&key);
	if (line == NULL ||
	    compat_pk_parse_key(
		&key, (const unsigned char *)pem, strlen(pem) + 1) != 0 ||
	    mbedtls_mpi_write_binary(
		&mbedtls_pk_ec(key)->d, scalar, sizeof(scalar)) != 0)
		abort();
	for (size_t i = 0; i < SCALAR_SIZE; i++)
		limbs[i] = scalar[SCALAR_SIZE - 1 - i];
	keep_masked(&secrets_r[0], scalar, sizeof(scalar));
	keep_masked(&secrets_r[1], limbs, sizeof(limbs));
	keep_masked(&secrets_r[2], (const uint8_t *)line + 1, 48);
	mbedtls_pk_free(&key);
}

void
memory_secrets_of_key(const char *pem, struct memory_secret secrets_r[3])
{
	const size_t size = 3 * sizeof(*secrets_r);
	int ends[2];
	pid_t child;

	/* what reading the key leaves on a stack is left in a child */
	if (pipe(ends) != 0 || (child = fork()) < 0)
		abort();
	if (child == 0) {
		memset(secrets_r, 0, size);
		read_secrets(pem, secrets_r);
		_exit(write(ends[1], secrets_r, size) == (ssize_t)size ? 0 : 1);
	}
	if (read(ends[0], secrets_r, size) != (ssize_t)size)
		abort();
	waitpid(child, NULL, 0);
	close(ends[0]);
	close(ends[1]);
}
