/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What this machine calls itself. */

/* Its name as it was set, "chat"; NULL: it has none. The caller frees it. */
char *host_name(void);

/*
 * With its domain, "chat.example.org", as /etc/hosts or DNS has it; NULL where
 * they know none. May wait for DNS. The caller frees it.
 */
char *host_full_name(void);
