/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mem.h"

#define HOST_NAME_SIZE 256 /* bytes, with the NUL: more than Linux allows */

char *
host_name(void)
{
	char name[HOST_NAME_SIZE] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return NULL;
	return mem_dup_string(name);
}

char *
host_full_name(void)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_flags = AI_CANONNAME,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	char *name = host_name(), *full = NULL;

	if (name == NULL)
		return NULL;
	if (getaddrinfo(name, NULL, &hints, &found) == 0) {
		if (found->ai_canonname != NULL &&
		    strchr(found->ai_canonname, '.') != NULL)
			full = mem_dup_string(found->ai_canonname);
		freeaddrinfo(found);
	}
	free(name);
	return full;
}
