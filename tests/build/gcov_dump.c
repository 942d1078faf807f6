/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For "make coverage" only, linked with --wrap: what a process has executed is written at its exit, which
 * one that ends by a signal or by _exit never comes to.  tests/faults/shim.c, where it is preloaded, must let
 * that pass.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

extern void __gcov_dump(void);
extern int __real_raise(int signal);
extern _Noreturn void __real__exit(int status);
int __wrap_raise(int signal);
_Noreturn void __wrap__exit(int status);

static void
disarm(void)
{
	void (*shim)(void) = NULL;

	*(void **)&shim = dlsym(RTLD_DEFAULT, "shim_disarm");
	if (shim != NULL)
		shim();
}

/* What atexit has runs before gcov does. */
__attribute__((constructor)) static void
disarm_at_exit(void)
{
	(void)atexit(disarm);
}

int
__wrap_raise(int signal)
{
	disarm();
	__gcov_dump();
	return __real_raise(signal);
}

_Noreturn void
__wrap__exit(int status)
{
	disarm();
	__gcov_dump();
	__real__exit(status);
}
