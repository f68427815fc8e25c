/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where memory is short a program that speaks TLS aborts: an allocation of
 * mbedTLS's own, inside its shared library, must never be seen to fail.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <mbedtls/bignum.h>

#define NUMBERS_MAX 100000
#define LIMBS       1000

/* Status 1: a failed allocation was reported, and the program went on. */
static int
exhaust_memory(void)
{
	static mbedtls_mpi numbers[NUMBERS_MAX];
	const struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0); /* no core file of this */
	if (setrlimit(RLIMIT_AS, &none) != 0)
		return 2;
	for (int i = 0; i < NUMBERS_MAX; i++) {
		mbedtls_mpi_init(&numbers[i]);
		if (mbedtls_mpi_grow(&numbers[i], LIMBS) != 0)
			return 1;
	}
	return 3;
}

/* ASan and valgrind bring allocators of their own. */
static bool
allocator_is_replaced(void)
{
#ifdef KITH_SANITIZERS
	return true;
#else
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
#endif
}

static void
a_failed_allocation_aborts(void **state)
{
	int status = 0;
	pid_t child;

	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(exhaust_memory());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void
what_is_there_is_zeroed(void **state)
{
	uint8_t *memory = calloc(1000, 3);

	assert_non_null(memory);
	for (size_t i = 0; i < 3000; i++)
		assert_int_equal(memory[i], 0);
	free(memory);
}

int
main(void)
{
	const struct CMUnitTest always[] = {
		cmocka_unit_test(what_is_there_is_zeroed),
	};
	const struct CMUnitTest own_allocator[] = {
		cmocka_unit_test(a_failed_allocation_aborts),
		cmocka_unit_test(what_is_there_is_zeroed),
	};

	if (allocator_is_replaced())
		return cmocka_run_group_tests(always, NULL, NULL);
	return cmocka_run_group_tests(own_allocator, NULL, NULL);
}
