/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * level: how full the buffer is, and what follows from it: pauses, pressure, the peak.
 *
 * Where nothing gives way the input is not read from the high watermark on, until the fill is at the low one.
 * Where something does there are no pauses. Pressure (hold/pressure.h) there is in both cases.
 *
 *      pass -> filled -> (the output takes, the policy decides) -> judge
 *
 * Does not measure the fill: it is told.  How often there were pauses, for how long, and the peak it counts in
 * the ledger.  Nothing here can fail.
 */
#ifndef WEIR_LEVEL_H
#define WEIR_LEVEL_H

#include "base/ledger.h"
#include "hold/pressure.h"

#include <stdbool.h>
#include <stdint.h>

struct level {
	bool drops;            /* what does not fit gives way, and the input is never paused for it */
	struct ledger *ledger; /* not owned */
	struct pressure pressure;
	struct tally fullest;  /* after the read of this pass */
	uint64_t now_ns;       /* of this pass */
	bool paused;           /* not reading, because of the buffer */
	uint64_t paused_since_ns;
};

/* How it is at the end of a pass. */
struct level_end {
	struct tally fill;  /* what waits in the buffer */
	bool no_room;       /* something had none, before the policy decided */
	bool output_waited; /* the output did not take all that may leave */
	bool may_pause;     /* it reads, and some of what is held can leave before more has come */
};

void level_init(struct level *level, bool drops, const struct watermarks *marks, struct ledger *ledger);

/* From now on these are the watermarks.  What follows from them is judged at the end of a pass, or at once. */
void level_retune(struct level *level, const struct watermarks *marks);

/* A pass begins. */
void level_pass(struct level *level, uint64_t now_ns);

/* The input has been read, and the output not been asked yet. */
void level_filled(struct level *level, struct tally fill);

/* A pass ends.  Returns whether pressure has. */
bool level_judge(struct level *level, const struct level_end *end);

/* Nothing is read any more: what is drained is not paused. */
void level_resume(struct level *level, uint64_t now_ns);

bool level_is_paused(const struct level *level);

/* For how long it was paused, until now: what still lasts included. */
uint64_t level_paused_ns(const struct level *level, uint64_t now_ns);

/* The run is over, and with it a pause and a pressure that last. */
void level_close(struct level *level, uint64_t now_ns);

#endif
