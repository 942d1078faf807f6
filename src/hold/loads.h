/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loads: batches that have been handed over, in their order, which may be settled in any other: how much there is from
 * the oldest on that is not.
 *
 * Nothing here can fail.  That is what has to be handed over again by who comes later and knows only where the oldest began.
 */
#ifndef WEIR_LOADS_H
#define WEIR_LOADS_H

#include "base/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loads_one {
	struct tally sum;
	struct tally left;
};

/* All zero is none. */
struct loads {
	struct loads_one *list; /* malloc'd: a ring; NULL: there is room for one, which is */
	struct loads_one alone;
	size_t size, first, count;
	uint64_t number;  /* of the oldest */
	struct tally sum; /* of all */
};

void loads_free(struct loads *loads);

/* The newest; its number.  Where there is no memory for one more it is counted with the one before, whose number it
 * has: they are settled when both are. */
uint64_t loads_add(struct loads *loads, struct tally sum);

/* So much of one is settled. */
void loads_settle(struct loads *loads, uint64_t number, struct tally sum);

/* All of them from the oldest on that is not. */
struct tally loads_sum(const struct loads *loads);

#endif
