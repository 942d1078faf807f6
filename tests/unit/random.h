/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * random: numbers that are the same in every run: splitmix64, which needs no more than a seed.
 *
 * After Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
 */
#ifndef WEIR_TEST_RANDOM_H
#define WEIR_TEST_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t
random_next(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* From 0 to below, without it; below is not 0. */
static inline uint64_t
random_below(struct random *random, uint64_t below)
{
	return random_next(random) % below;
}

/* From least to most, both included. */
static inline uint64_t
random_from(struct random *random, uint64_t least, uint64_t most)
{
	return least + random_below(random, most - least + 1);
}

static inline bool
random_one_in(struct random *random, uint64_t n)
{
	return random_below(random, n) == 0;
}

/* Of any magnitude up to 2^bits, small ones as often as large ones; bits is at most 63. */
static inline uint64_t
random_magnitude(struct random *random, unsigned bits)
{
	return random_next(random) >> (63 - random_below(random, bits + 1)) >> 1;
}

#endif
