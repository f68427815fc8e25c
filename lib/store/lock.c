/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "mem.h"

/*
 * The timer goes on firing at this pace after its first time, because a signal
 * that arrives just before flock() is entered would not interrupt it.
 */
#define LOCK_ALARM_REPEAT_US 10000

/* How often in a row a lock file may vanish under us. */
#define LOCK_REOPEN_MAX 3

struct lock {
	char *path;
	int fd;
	bool held;
};

static volatile sig_atomic_t alarmed;

static void
on_alarm(int signal_number)
{
	(void)signal_number;
	alarmed = 1;
}

static enum kith_code
lock_open(struct lock *lock, struct fault *f)
{
	lock->fd = open(lock->path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (lock->fd >= 0)
		return KITH_OK;
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return fault_set_errno(f, KITH_REFUSED, errno,
		    "the lock file %s cannot be written", lock->path);
	if (errno == ENOSPC || errno == EDQUOT)
		return fault_set_errno(f, KITH_STORAGE_FULL, errno,
		    "the lock file %s cannot be made", lock->path);
	return fault_set_errno(
	    f, KITH_IO, errno, "the lock file %s cannot be opened", lock->path);
}

enum kith_code
lock_new(const char *path, struct lock **lock_r, struct fault *f)
{
	struct lock *lock = MEM_NEW(struct lock);
	enum kith_code code;

	lock->fd = -1;
	lock->path = mem_dup_string(path);
	code = lock_open(lock, f);
	if (code != KITH_OK) {
		lock_free(&lock);
		return code;
	}
	*lock_r = lock;
	return KITH_OK;
}

void
lock_free(struct lock **lock)
{
	if (*lock == NULL)
		return;
	if ((*lock)->fd >= 0)
		close((*lock)->fd);
	free((*lock)->path);
	free(*lock);
	*lock = NULL;
}

/* flock() that a timer interrupts. 0, or an errno; EWOULDBLOCK in time. */
static int
flock_within(int fd, int wait_ms)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct sigaction action_before;
	struct itimerval timer = {
		.it_value = { wait_ms / 1000, wait_ms % 1000 * 1000 },
		.it_interval = { 0, LOCK_ALARM_REPEAT_US },
	};
	struct itimerval timer_before;
	int error;

	sigemptyset(&action.sa_mask);
	alarmed = 0;
	sigaction(SIGALRM, &action, &action_before);
	setitimer(ITIMER_REAL, &timer, &timer_before);
	do {
		error = flock(fd, LOCK_EX) == 0 ? 0 : errno;
	} while (error == EINTR && !alarmed);
	setitimer(ITIMER_REAL, &timer_before, NULL);
	sigaction(SIGALRM, &action_before, NULL);
	return error == EINTR ? EWOULDBLOCK : error;
}

static int
flock_once(int fd, int wait_ms)
{
	int error;

	do {
		error = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
	} while (error == EINTR);
	if (error == EWOULDBLOCK && wait_ms > 0)
		error = flock_within(fd, wait_ms);
	return error;
}

enum kith_code
lock_take(struct lock *lock, int wait_ms, struct fault *f)
{
	struct stat st;
	enum kith_code code;
	int error, i;

	for (i = 0; i < LOCK_REOPEN_MAX; i++) {
		error = flock_once(lock->fd, wait_ms);
		if (error == EWOULDBLOCK)
			return fault_set(f, KITH_BUSY,
			    "another process holds %s", lock->path);
		if (error != 0)
			return fault_set_errno(f, KITH_IO, error,
			    "%s cannot be locked", lock->path);
		if (fstat(lock->fd, &st) == 0 && st.st_nlink > 0) {
			lock->held = true;
			return KITH_OK;
		}
		close(lock->fd);
		code = lock_open(lock, f);
		if (code != KITH_OK)
			return code;
	}
	return fault_set(
	    f, KITH_IO, "the lock file %s keeps vanishing", lock->path);
}

void
lock_release(struct lock *lock)
{
	if (!lock->held)
		return;
	flock(lock->fd, LOCK_UN);
	lock->held = false;
}

bool
lock_is_held(const struct lock *lock)
{
	return lock->held;
}

void
lock_sign(struct lock *lock)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* Only for people who look; a full disk must not matter here. */
	if (ftruncate(lock->fd, 0) != 0 ||
	    pwrite(lock->fd, text, (size_t)length, 0) != length)
		return;
}

long
lock_signed_by(const struct lock *lock)
{
	char text[32];
	ssize_t length = pread(lock->fd, text, sizeof(text) - 1, 0);

	if (length <= 0)
		return 0;
	text[length] = '\0';
	return strtol(text, NULL, 10);
}
