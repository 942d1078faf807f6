/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gauges: what the live line shows, one thing each, in several lengths.
 *
 * Does not choose among them: what fits beside what is meter's.  A gauge may have nothing to say.  Cannot fail.
 */
#ifndef WEIR_GAUGES_H
#define WEIR_GAUGES_H

#include "tell/ink.h"
#include "tell/snapshot.h"

#include <stdbool.h>

/* From left to right. */
enum gauge {
	GAUGE_NAME,
	GAUGE_IN,
	GAUGE_BAR,
	GAUGE_FLIGHT,
	GAUGE_OUT,
	GAUGE_TOTAL,
	GAUGE_DROPPED,
	GAUGE_PAUSED,
	GAUGE_BREAKER,
	GAUGE_WAITED,
	GAUGE_LATENCY,
	GAUGE_ELAPSED,
	GAUGE_DONE,
};
#define GAUGES (GAUGE_DONE + 1)

/* Their forms, from 1 for the shortest; none is 0. */
enum { NAME_SHORT = 1, NAME_LONG };
enum { RATE_BARE = 1, RATE_NAMED, RATE_BOTH };
enum { TOTAL_ONE = 1, TOTAL_BOTH };
enum { BAR_NONE = 1, BAR_SHORT, BAR_MIDDLE, BAR_LONG };
enum { FLIGHT_BARE = 1, FLIGHT_NAMED, FLIGHT_BOTH };
enum { DROP_BARE = 1, DROP_RATE, DROP_REASONS };
enum { WAIT_GREATEST = 1, WAIT_ALL, WAIT_WORDY };
enum { LATENCY_P99 = 1, LATENCY_BOTH };
enum { DONE_PERCENT = 1, DONE_LEFT };

struct gauges {
	struct ink ink; /* where they stand */
	const struct snapshot *snapshot;
	bool utf8;      /* a finer bar than ASCII has */
	unsigned cells; /* of the bar */
};

void gauges_put(struct gauges *gauges, enum gauge gauge, int form);

/* Cells that a form of the bar asks for at least. */
unsigned gauges_bar_cells(int form);

#endif
