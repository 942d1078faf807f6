/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latest: the policy of that name.
 *
 * Where something does not fit, records of the least class give way that have a newer one with the same key behind
 * them, batch after batch (history.h): of the oldest batch of which at least 1/10 is superseded, in bytes or in
 * records, all that are; and so on until it fits, and 256 KiB or 2048 records are free besides, of what was short.
 * Where no batch is such and it does not fit, the oldest by class; where there is one class as few as need be.
 *
 * So what is lost is history as long as the latest record of each key, and what --keep matches, take up no more
 * than 7/8 of the buffer, and of --max-records: of what does not fit then more than 1/8 is superseded, of which the
 * broken batch has no more than 1/64, and hence some other one 1/10 at least.
 *
 * What cannot fit beside more precious ones is dropped itself, and nothing gives way for it (classes.h).
 *
 * Keys are known from when the buffer is a third full, in bytes or in records, a few of them noted with each
 * verdict, so that all are by the time it is full; until it is a sixth full in both, or there has been pressure and is
 * no more.  Where memory lacks for them the oldest go, until there is enough for all again.
 */
#ifndef WEIR_LATEST_H
#define WEIR_LATEST_H

#include "hold/classes.h"
#include "hold/history.h"
#include "hold/loss.h"
#include "hold/queue.h"

#include <stdbool.h>

/* As much goes besides what has to, where it is superseded, so that not each read asks for a sweep of its own; as far as a look at so
 * many records gives that.  (A test has less.) */
#ifndef LATEST_MORE_BYTES
#define LATEST_MORE_BYTES ((uint64_t)256 << 10)
#define LATEST_MORE_RECORDS ((uint64_t)2 << 10)
#define LATEST_LOOK ((uint64_t)4 << 10)
#endif

struct latest {
	struct history history; /* the queue's, under this policy: queue->history */
	bool failed;            /* there was no memory; not all that wait are noted since */
};

/* Makes what is ready fit, and admits what is left. */
void latest_settle(struct latest *latest, struct classes *classes, struct queue *queue, struct loss *loss);

/* There is no pressure any more: gives back the memory. */
void latest_relax(struct latest *latest);

#endif
