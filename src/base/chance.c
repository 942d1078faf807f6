/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "base/chance.h"
#include "base/compat.h"

void
chance_init(struct chance *chance, bool seeded, uint64_t seed)
{
	if (!seeded)
		arc4random_buf(&seed, sizeof(seed));
	chance->state = seed;
}

uint64_t
chance_next(struct chance *chance)
{
	uint64_t bits = chance->state += UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / the golden ratio, odd */

	bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
	return bits ^ (bits >> 31);
}

uint64_t
chance_product(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t other = a_low * b_high + (uint32_t)middle;

	return a_high * b_high + (middle >> 32) + (other >> 32);
}

uint64_t
chance_below(struct chance *chance, uint64_t n)
{
	uint64_t bits = chance_next(chance);

	if (n > UINT32_MAX)
		return chance_product(bits, n);
	/* the same in half the time: it is asked once a record */
	return ((bits >> 32) * n + ((uint32_t)bits * n >> 32)) >> 32;
}
