/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files that kithd.conf names: certificate, key, the next public key. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "settings.h"

static enum kith_code
check_pem(int fd, const char *path, bool secret, struct fault *fault)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return fault_set_errno(
		    fault, KITH_IO, errno, "Cannot look at %s", path);
	if (!S_ISREG(status.st_mode))
		return fault_set(
		    fault, KITH_REFUSED, "%s is not an ordinary file", path);
	if (secret && (status.st_mode & S_IRWXO) != 0)
		return fault_set(fault, KITH_REFUSED,
		    "%s holds the private key and must not be open to "
		    "everybody; mode 0640 or 0600 is right",
		    path);
	if (status.st_size > (off_t)SETTINGS_PEM_MAX)
		return fault_set(fault, KITH_TOO_LARGE,
		    "%s is longer than %u bytes", path, SETTINGS_PEM_MAX);
	return KITH_OK;
}

enum kith_code
settings_read_pem(const char *path, bool secret, uint8_t **bytes_r,
    size_t *length_r, struct fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum kith_code code;
	uint8_t *bytes;
	ssize_t length;

	if (fd < 0)
		return fault_set_errno(
		    fault, KITH_IO, errno, "Cannot open %s", path);
	code = check_pem(fd, path, secret, fault);
	if (code != KITH_OK) {
		close(fd);
		return code;
	}
	bytes = mem_new(1, SETTINGS_PEM_MAX);
	length = read(fd, bytes, SETTINGS_PEM_MAX);
	close(fd);
	if (length <= 0) {
		free(bytes);
		return length == 0
		    ? fault_set(fault, KITH_MALFORMED, "%s is empty", path)
		    : fault_set_errno(
			  fault, KITH_IO, errno, "Cannot read %s", path);
	}
	*bytes_r = bytes;
	*length_r = (size_t)length;
	return KITH_OK;
}

enum kith_code
settings_read_next_key(const struct settings *settings, uint8_t **bytes_r,
    size_t *length_r, struct fault *fault)
{
	const char *path = settings->next_public_key;
	uint8_t *bytes = NULL;
	size_t length = 0;
	enum kith_code code;

	if (access(path, F_OK) == 0 || errno != ENOENT) {
		code = settings_read_pem(path, false, &bytes, &length, fault);
		if (code != KITH_OK)
			return code;
	}
	if (length > SETTINGS_PUBLIC_KEY_MAX) {
		free(bytes);
		return fault_set(fault, KITH_TOO_LARGE,
		    "%s is longer than %u bytes", path,
		    SETTINGS_PUBLIC_KEY_MAX);
	}
	*bytes_r = bytes;
	*length_r = length;
	return KITH_OK;
}
