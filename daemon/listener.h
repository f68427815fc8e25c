/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The listener: accepts connections, keeps to limits and penalties, and forks
 * a session for each. Runs on descriptor 3 (proc.h); returns the exit status.
 */
int listener_main(void);
