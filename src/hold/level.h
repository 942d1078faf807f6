/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * level: how much somebody holds, in steps of a sixteenth of a power of two.
 *
 * A level for each number below 16, and beyond that 16 for each power of two.  Pure.
 */
#ifndef WEIR_LEVEL_H
#define WEIR_LEVEL_H

#include <stdint.h>

#define LEVEL_STEPS 16
#define LEVELS (61 * LEVEL_STEPS)

static inline unsigned
level_of(uint64_t weight)
{
	unsigned power = 0;

	if (weight < LEVEL_STEPS)
		return (unsigned)weight;
#ifdef __GNUC__
	power = 63 - (unsigned)__builtin_clzll(weight);
#else
	while (weight >> power > 1)
		power++;
#endif
	return (power - 3) * LEVEL_STEPS + (unsigned)(weight >> (power - 4) & (LEVEL_STEPS - 1));
}

/* The least that is of a level. */
static inline uint64_t
level_least(unsigned level)
{
	return level < LEVEL_STEPS ? level : (LEVEL_STEPS + (uint64_t)level % LEVEL_STEPS) << (level / LEVEL_STEPS - 1);
}

#endif
