/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * levels: how much somebody holds, in steps of a sixteenth of a power of two; and how many hold how much.
 *
 * A level for each number below 16, and beyond that 16 for each power of two.  Pure; nothing here can fail.
 */
#ifndef WEIR_LEVELS_H
#define WEIR_LEVELS_H

#include <stdint.h>

#define LEVEL_STEPS 16
#define LEVELS (61 * LEVEL_STEPS)

static inline unsigned
levels_of(uint64_t weight)
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
levels_least(unsigned level)
{
	return level < LEVEL_STEPS ? level : (LEVEL_STEPS + (uint64_t)level % LEVEL_STEPS) << (level / LEVEL_STEPS - 1);
}

/* Of a level: who holds at least so much, and less than the next one. */
struct level_sum {
	uint64_t keys;
	uint64_t sum; /* what they hold together */
};

/* All zero: nobody holds anything. */
struct levels {
	struct level_sum level[LEVELS];
};

/* One of them holds so much, where it was so much before. */
static inline void
levels_change(struct levels *levels, uint64_t before, uint64_t next)
{
	struct level_sum *from = &levels->level[levels_of(before)], *to = &levels->level[levels_of(next)];

	from->keys -= before > 0;
	from->sum -= before;
	to->keys += next > 0;
	to->sum += next;
}

/* The highest level such that what is held above its least is at least so much; 0 where nothing is. */
unsigned levels_above(const struct levels *levels, uint64_t wanted);

#endif
