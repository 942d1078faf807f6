/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "hold/portion.h"

size_t
portion_first(void)
{
	return PORTION_LEAST;
}

/* A slice is looked at in any case, whatever has come. */
size_t
portion_next(size_t portion, uint64_t looked)
{
	if (looked > PORTION_LOOK) {
		portion = (size_t)(portion / (looked / PORTION_LOOK + 1));
		return portion > PORTION_LEAST ? portion : PORTION_LEAST;
	}
	return looked <= 2 * EXCESS_SLICE && portion < PORTION_MOST ? 2 * portion : portion;
}
