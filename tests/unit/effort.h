/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * effort: what must not take for ever is ended by SIGPROF.
 *
 * It is the processor's time that counts, so that a machine that is busy with something else changes nothing; and far
 * more than a sanitizer needs for what costs as much as it should.
 */
#ifndef WEIR_TEST_EFFORT_H
#define WEIR_TEST_EFFORT_H

#include <sys/time.h>

#define EFFORT_S 120

/* From here on; and no more. */
static inline void
effort_limit(void)
{
	(void)setitimer(ITIMER_PROF, &(struct itimerval){ .it_value = { EFFORT_S, 0 } }, NULL);
}

static inline void
effort_free(void)
{
	(void)setitimer(ITIMER_PROF, &(struct itimerval){ .it_value = { 0, 0 } }, NULL);
}

#endif
