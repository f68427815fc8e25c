/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stddef.h>

/*
 * A SQLite VFS that makes every death of the process a power cut: what was
 * written but not yet synced is held in the memory of the process and reaches
 * the real file only with xSync. SIGKILL then loses exactly what was not
 * synced, where the kernel alone would have kept it.
 *
 * How to use it:
 *
 * - ../configure --enable-faults links it into kithd, where it makes itself the
 *   default VFS before main() begins (linking it is enough), and defines
 *   KITH_FAULTS in config.h, by which a test can tell such a build.
 * - kithd then keeps each promise about the disk with its own means. Kill the
 *   hub, or everything, with SIGKILL at any moment, start again, and look.
 * - The control, which must fail: the same build with KITH_CRASH_SYNCHRONOUS=off
 *   in the environment of kithd opens its database with synchronous=OFF, so
 *   that what it acknowledges is lost with it. Only the hub's process
 *   evaluates it; it must reach it through the parent.
 *
 * What it holds back are databases, journals and write-ahead logs. The shared
 * memory file (-shm) is not held back: it is rebuilt from the log by the first
 * one that opens the database again, which is why a real power cut cannot hurt
 * it either. A clean close writes everything out. Deleting is immediate.
 *
 * What it cannot do: a second process that writes the same database (kith-admin)
 * is fine as long as each commit here syncs; with synchronous=OFF it would see
 * a log that lacks what the shared memory promises. So leave kith-admin out of
 * the control.
 */

/* How many bytes this process holds back now, over all files. */
size_t crash_vfs_held(void);
