/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For "make coverage" only, linked with --wrap: what a process has executed is written at its exit, which
 * one that ends by a signal or by _exit never comes to.
 */
#include <signal.h>
#include <unistd.h>

extern void __gcov_dump(void);
extern int __real_raise(int signal);
extern _Noreturn void __real__exit(int status);
int __wrap_raise(int signal);
_Noreturn void __wrap__exit(int status);

int
__wrap_raise(int signal)
{
	__gcov_dump();
	return __real_raise(signal);
}

_Noreturn void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
