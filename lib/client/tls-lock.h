/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * lib/wire's TLS shares one random generator in the process and knows no
 * threads. A program has one engine, but a test may have two and a server of
 * its own: so every call into it, from any thread, is made between these. No
 * call under the lock waits for the network.
 */
void tls_lock (void);
void tls_unlock (void);
