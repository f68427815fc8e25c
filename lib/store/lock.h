/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>

#include "fault.h"

/*
 * An exclusive lock on a file of its own, by flock(2). The kernel gives it up
 * with its process, however that ends. The file is made, readable by its owner
 * alone, and stays.
 */
struct lock;

/* Opens the file. KITH_REFUSED without the right to, else KITH_IO. */
enum kith_code lock_new(
    const char *path, struct lock **lock_r, struct fault *f);

/* Releases too. *lock becomes NULL. */
void lock_free(struct lock **lock);

/*
 * Waits at most wait_ms for it, 0: not at all; KITH_BUSY then. A wait sleeps in
 * flock() until an interval timer interrupts it: whoever waits is next in line
 * within a fraction of a millisecond, where asking again and again can lose
 * against a busy holder for a second. Uses ITIMER_REAL and SIGALRM meanwhile,
 * so that only one thread may wait.
 *
 * A lock file that somebody has deleted is made anew, because two processes
 * that hold different files of one name would both believe to be alone.
 */
enum kith_code lock_take(struct lock *lock, int wait_ms, struct fault *f);
void lock_release(struct lock *lock);
bool lock_is_held(const struct lock *lock);

/* Leaves the pid in the file, for people; and reads it, 0 when unknown. */
void lock_sign(struct lock *lock);
long lock_signed_by(const struct lock *lock);
