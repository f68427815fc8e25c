/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which of the words that there are somebody meant who wrote another one. */

struct guess {
	const char *written;
	const char *best; /* NULL: none is near enough */
	int distance;
};

#define GUESS_OF(word) ((struct guess){ .written = (word), .distance = 1000 })

/* Takes `known` when it is nearer than what was taken before. */
void guess_consider(struct guess *guess, const char *known);
