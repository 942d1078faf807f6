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
chance_product(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t other = a_low * b_high + (uint32_t)middle;

	return a_high * b_high + (middle >> 32) + (other >> 32);
}
