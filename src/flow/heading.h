/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * heading: the first records of a run, which pass every gate, leave first, and give way to nothing (--header).
 *
 *      input -> intake -- the first so many -> heading -> outlet
 *                     \-- all behind them ---> queue --> outlet, once those are out
 *
 * They are held beside the queue, in one of their own: so no policy, no age and nobody who sweeps ever meets them, and
 * none of those knows of them.  Their bytes take up room of the buffer, as what is in flight does; to --max-records they
 * do not count.  Where they fill the buffer and have not all come, the input is not read, whatever the policy.  How long
 * they wait counts nowhere.
 *
 * Where bytes go on as they come there is none: nothing gives way there.  Where there is a spool they are in it, as all
 * else is: what is said of them there is spooling's.
 *
 * A part of the pump, for those of flow/ alone.
 */
#ifndef WEIR_HEADING_H
#define WEIR_HEADING_H

#include "flow/outlet.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pump;

struct heading {
	uint64_t records;   /* of the run's first so many are these; 0: there are none, or all of them are out */
	struct queue queue; /* where that is not 0 */
	uint64_t since_ns;  /* when the first that is held came; UINT64_MAX: none is */
};

/* By the plan: where there are to be some.  0, or -1 with errno. */
int heading_init(struct pump *pump);
void heading_free(struct pump *pump);

/* Whether some are still to come, or to leave. */
static inline bool
heading_is_on(const struct heading *heading)
{
	return heading->records > 0;
}

/* What is held of them, and of that what is whole. */
struct tally heading_held(const struct heading *heading);
struct tally heading_ready(const struct heading *heading);

/* What leaves next is in this one: theirs, or the pump's. */
const struct queue *heading_front(const struct pump *pump);

/* Whether no more of them can be read before some have left. */
bool heading_is_full(const struct pump *pump);

/* In the pump's queue less is free by what is held here, and in flight. */
void heading_take_up(struct pump *pump);

/* Some may have left, or come.  Whether what is behind them may leave: all of them have come, and are out. */
bool heading_is_over(struct pump *pump, uint64_t now_ns);

/* As outlet_drain: what is first of all leaves, and then the others. */
enum outlet_state heading_drain(struct pump *pump, uint64_t now_ns, size_t budget);

/* One of them is longer than there may be records: the run is to end, with an error. */
bool pump_header_too_long(const struct pump *pump);

#endif
