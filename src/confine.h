/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * confine: once weir has opened all it will ever need, nothing more can be opened.
 *
 * What is open stays as it is: a confined weir reads, writes, polls and ends as before.  Whoever took it
 * over by way of its input could not open, make, run or connect to anything.
 *
 *      Linux     no_new_privs, and a Landlock domain without a rule: every file system access that the
 *                kernel can deny is denied, TCP too, and signals to others (prctl(2), landlock(7))
 *      OpenBSD   unveil nothing, then pledge "stdio" (unveil(2), pledge(2))
 *
 * Does not confine what was open before: what the descriptors are good for is the caller's business.
 */
#ifndef WEIR_CONFINE_H
#define WEIR_CONFINE_H

#include <stdbool.h>

/* For good, for this process and those it might start.  Whether opens are denied from now on: where the
 * system cannot do it, weir works all the same. */
bool confine(void);

#endif
