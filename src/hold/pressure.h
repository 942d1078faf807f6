/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pressure: whether the buffer has come to be full, or high, and has not come back to low yet.
 *
 * There is one of it in a run, and one pair of watermarks.  Who sees the fill change says what it is now: the
 * pump after each pass (level.h), and shed:N, which goes by it, before it lets in what has arrived and
 * with each of those records (shed.h).  Between those looks nothing is known, and nothing is guessed.
 *
 * Does not know a queue or a policy, and decides nothing.  How often there was pressure, and for how long, it
 * counts in the ledger.  Nothing here can fail.
 */
#ifndef WEIR_PRESSURE_H
#define WEIR_PRESSURE_H

#include "base/ledger.h"

#include <stdbool.h>
#include <stdint.h>

/* Of each, records and bytes; UINT64_MAX where it is not gone by.  low is at most high, and high at least 1. */
struct watermarks {
	struct tally high; /* where either of both is reached the fill is high */
	struct tally low;  /* and it is low when both are no more than this, unless it is high: where both marks
	                    * are the same, just below them */
};

struct pressure {
	struct watermarks marks;
	struct ledger *ledger; /* not owned */
	uint64_t now_ns;       /* of this pass */
	uint64_t since_ns;     /* where there is */
	bool on;
};

/* There is none yet. */
void pressure_init(struct pressure *pressure, const struct watermarks *marks, struct ledger *ledger);

/* From now on these are the watermarks.  Whether there is pressure stays as it is until the fill is seen again. */
void pressure_retune(struct pressure *pressure, const struct watermarks *marks);

/* A pass begins. */
void pressure_pass(struct pressure *pressure, uint64_t now_ns);

/* What the watermarks say of a fill. */
bool pressure_is_high(const struct pressure *pressure, struct tally fill);
bool pressure_is_low(const struct pressure *pressure, struct tally fill);

/* The fill is this, or something found no room: pressure begins where that is so, or the fill is high. */
void pressure_rise(struct pressure *pressure, struct tally fill, bool no_room);

/* The fill has fallen to this: pressure ends where that is low.  Whether it has just ended. */
bool pressure_ease(struct pressure *pressure, struct tally fill);

bool pressure_is_on(const struct pressure *pressure);

/* The number of the pressure there is, or was last: 1 for the first, 0 before it. */
uint64_t pressure_number(const struct pressure *pressure);

/* For how long there was any, until now: what still lasts included. */
uint64_t pressure_total_ns(const struct pressure *pressure, uint64_t now_ns);

/* The run is over, and with it what lasts. */
void pressure_close(struct pressure *pressure, uint64_t now_ns);

#endif
