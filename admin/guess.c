/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guess.h"

#include <string.h>

#define WORD_MAX      32 /* bytes; longer words are not guessed at */
#define BEGINNING_MIN 3  /* letters that make a beginning of a word */

static int
least(int a, int b)
{
	return a < b ? a : b;
}

/*
 * How many letters must be changed, left out, put in or swapped with their
 * neighbour to make one word of the other (optimal string alignment).
 */
static int
distance(const char *a, const char *b)
{
	int d[WORD_MAX + 1][WORD_MAX + 1];
	int m = (int)strlen(a), n = (int)strlen(b);

	if (m > WORD_MAX || n > WORD_MAX)
		return WORD_MAX;
	for (int i = 0; i <= m; i++)
		d[i][0] = i;
	for (int j = 0; j <= n; j++)
		d[0][j] = j;
	for (int i = 1; i <= m; i++) {
		for (int j = 1; j <= n; j++) {
			int changed = a[i - 1] == b[j - 1] ? 0 : 1;

			d[i][j] = least(d[i - 1][j] + 1, d[i][j - 1] + 1);
			d[i][j] = least(d[i][j], d[i - 1][j - 1] + changed);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				d[i][j] = least(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[m][n];
}

void
guess_consider(struct guess *guess, const char *known)
{
	size_t length = strlen(guess->written);
	int far = distance(guess->written, known);

	if (length >= BEGINNING_MIN &&
	    strncmp(guess->written, known, length) == 0)
		far = 0;
	/* a third of the letters may be wrong */
	if (far < guess->distance && far <= ((int)length + 2) / 3) {
		guess->distance = far;
		guess->best = known;
	}
}
