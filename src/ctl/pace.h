/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pace: what came of two reports of a weir: rates, and shares of the time.
 *
 * By the weir's own clock, so it does not matter how long the reports were on their way.  Pure.
 */
#ifndef WEIR_PACE_H
#define WEIR_PACE_H

#include "ctl/told.h"

/* Thousandths. */
#define PACE_ALL 1000

struct pace {
	struct tally in_per_s, out_per_s, lost_per_s, sampled_per_s;
	unsigned waited[WAITS]; /* of the time, PACE_ALL at most in all */
	unsigned paused;        /* of the time, not reading because of the buffer */
	unsigned fill;          /* of what may wait: the greater one of bytes and records, PACE_ALL at most */
};

/* From `before`, an earlier report of the same weir, to now; NULL: from its beginning. */
struct pace pace_between(const struct told *before, const struct told *now);

/* Who holds whom up, by a share of the time: Flink's bounds. */
enum pace_pressure { PACE_GOOD, PACE_SOME, PACE_MUCH };
enum pace_pressure pace_pressure(unsigned share);

#endif
