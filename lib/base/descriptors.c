/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool
descriptors_fill(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* not for what the descriptor is for */
		int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", mode) != fd)
			return false;
	}
	return true;
}
