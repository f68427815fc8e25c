/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kithd-session: the program that faces the network, as listener and, forked
 * from that, as sessions. Linked with TLS, and with neither the database nor
 * the password hash. Started by kithd only.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "listener.h"
#include "proc.h"

/*
 * A connection holds two TLS buffers of 16 KiB, of which an idle one has
 * touched a page or two. As mappings of their own the rest never becomes
 * memory; malloc makes them so only when its heap has no room for them.
 */
static void
tune_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 16 * 1024);
	mallopt(M_TOP_PAD, 0);
}

int
main(int argc, char *argv[], char *envp[])
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("kithd-session %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (argc > 1 || fcntl(PROC_CHANNEL_FD, F_GETFD) < 0) {
		fprintf(stderr,
		    "kithd-session is started by kithd; see kithd(8)\n");
		return 2;
	}
	tune_memory();
	proc_init(argc, argv, envp);
	proc_child_init();
	proc_name("kithd-session", KITH__IPC__ROLE__ROLE_LISTENER);
	return listener_main();
}
