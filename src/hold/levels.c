/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/levels.h"

unsigned
levels_above(const struct levels *levels, uint64_t wanted)
{
	struct level_sum all = { 0, 0 };

	for (unsigned level = LEVELS - 1; level > 0; level--) {
		all.keys += levels->level[level].keys;
		all.sum += levels->level[level].sum;
		if (all.keys > 0 && all.sum - all.keys * levels_least(level) >= wanted)
			return level;
	}
	return 0;
}
