/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "chance.h"
#include "compat.h"

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
