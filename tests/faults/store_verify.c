/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Looks through a database as store_verify() does, for the tests:
 *
 *   store-verify FILE
 *
 * Exits 0 when it is whole; else prints a line for each finding and exits 1.
 */

#include <stdio.h>

#include "store.h"

static void
print_problem(void *context, const char *sentence)
{
	(void)context;
	printf("%s\n", sentence);
}

int
main(int argc, char **argv)
{
	struct store *s = NULL;
	struct fault f = { 0 };
	enum kith_code code;

	if (argc != 2) {
		fprintf(stderr, "usage: store-verify FILE\n");
		return 2;
	}
	if (store_open(argv[1], 0, &s, &f) != KITH_OK) {
		printf("%s\n", f.sentence);
		return 1;
	}
	code = store_verify(s, print_problem, NULL);
	if (code != KITH_OK && code != KITH_INTEGRITY)
		printf("%s\n", store_fault(s)->sentence);
	store_close(&s);
	return code == KITH_OK ? 0 : 1;
}
