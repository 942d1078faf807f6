/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shim: system calls that fail, for a program that has been told nothing of it.
 *
 * shim.so is preloaded into weir and stands between it and libc.  What it does is in the environment, as
 * SHIM_VARIABLE="MODE WHICH WHAT FD":
 *
 *      MODE            WHICH     WHAT
 *      SHIM_RANDOM     seed      how many calls of a thousand are faulted, each in a way that an honest
 *                                kernel might choose: cut short, interrupted, refused, woken for nothing
 *      SHIM_AMPLE      the same, but there is always memory
 *      SHIM_ONCE       k         the errno that the k-th call fails with
 *      SHIM_SAME       k         the same, and so do all later calls of that function
 *      SHIM_ALL        k         the same, and so do all later calls
 *      SHIM_MEMORY     k         the errno that the k-th call fails with of those that ask for memory
 *
 * SHIM_PROGRAM is the name of the only program in which it does anything, where others come before it.
 *
 * FD is open on a file that holds a struct shim_counts, which the shim maps, counts in, and closes.
 *
 * No fault lies about what was done: a short write has written that many bytes, and a call that fails has
 * done nothing (but for close, which lets go of the descriptor whatever it says).  EINTR and EAGAIN say "try
 * again", which a program may do for as long as it is told so: these come SHIM_PATIENCE times at most.
 */
#ifndef WEIR_SHIM_H
#define WEIR_SHIM_H

#include <inttypes.h>

#define SHIM_VARIABLE "WEIR_SHIM"
#define SHIM_PROGRAM "WEIR_SHIM_PROGRAM"
#define SHIM_PATIENCE 1000

enum shim_mode {
	SHIM_RANDOM,
	SHIM_ONCE,
	SHIM_SAME,
	SHIM_ALL,
	SHIM_MEMORY,
	SHIM_AMPLE,
};

enum shim_kind {
	SHIM_SHORT,
	SHIM_SPURIOUS,
	SHIM_EINTR,
	SHIM_EAGAIN,
	SHIM_EOPNOTSUPP,
	SHIM_OTHER,
	SHIM_KINDS,
};

struct shim_counts {
	uint64_t calls;              /* 0: the shim was never loaded */
	uint64_t faults[SHIM_KINDS];
	char first[16];              /* the function that was faulted first */
};

#endif
