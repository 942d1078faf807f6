/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shed: victims inside the buffer, and which arrivals come in where that takes a look at them.
 *
 * For the policies that do not simply drop the oldest or the newest: by class (--keep), by lot
 * (drop-random), by key (latest), 1 in N under pressure (shed:N).  When something does not fit, one
 * sweep over the queue drops those whose turn it is, until all fits and an eighth of the room is
 * free besides (by lot a quarter): so each arriving record pays for the look at a constant number
 * of others.  Nothing is indexed, and nothing but a few marks is kept, while there is room.
 *
 * Classes.  The least precious class gives way first, in it the oldest first.  Behind what a class
 * has given is its mark: in front of it there is nothing of that class or a lesser one, and nothing
 * is looked at there again.  So a record is matched at most once for each class that it outlives,
 * and once more to be counted.
 *
 * Misfits.  A record that arrives has room if those that may give way to it have enough of it: none
 * of a higher class ever does, and the rest of a part-sent record never.  What has not is dropped
 * itself, for the reason newest, and nothing gives way for it.
 *
 * Does not decide when something must go (queue.h says what fits, policy.h asks).  Only
 * shed_superseded may lack memory, and drops the oldest then.
 */
#ifndef WEIR_SHED_H
#define WEIR_SHED_H

#include "base/chance.h"
#include "hold/loss.h"
#include "hold/pressure.h"
#include "hold/queue.h"
#include "pick/keep.h"
#include "pick/key.h"
#include "pick/sample.h"

#include <stdbool.h>
#include <stdint.h>

struct shed_seen;

/* Of a class: its records that were let in, counted from its mark on to a second one. */
struct shed_known {
	size_t span; /* bytes between both: where those are fewer now, so may the records be */
	struct tally tally;
};

struct shed {
	const struct keep *keep;    /* NULL: all records are equal; not owned */
	const struct key_rule *key; /* of latest; not owned */
	uint64_t salt;              /* of their hashes: see key_salt */
	struct chance chance;       /* of drop-random */
	struct shed_seen *seen;     /* keys, while there is pressure; malloc'd, or NULL */
	bool sampling;              /* under pressure only a sample comes in, */
	struct share share;         /* of this size; */
	struct sample sample;       /* it begins anew with each pressure, */
	uint64_t gap;               /* and leaves out so many records before the next one */
	struct pressure *pressure;  /* the run's, where it is sampling; not owned */
	uint64_t sampled;           /* the number of the pressure that the sample is of; 0: of none */
	struct shed_known known[KEEP_MOST];
};

/* Marks that the queue has to keep for it. */
unsigned shed_marks(const struct shed *shed);

/* From now on this share comes in under pressure. Another one than before begins a new sample. */
void shed_retune(struct shed *shed, const struct share *share);

/* There is no pressure any more: gives back the memory that shed_superseded took. */
void shed_relax(struct shed *shed);

/* Each makes what is ready fit, and admits what is left.
 * Of what arrives one after the other, one that finds no room takes that of others:
 * oldest:     by class up to its own, the oldest first.
 * newest:     of lesser classes only, the oldest first; with `sampling`, under pressure only the
 *             sample of the least precious comes in.
 * All that arrives at once, but for misfits:
 * superseded: all of the least class that have a newer one with the same key behind them; then by
 *             class, the oldest first.
 * random:     by class, in it one after the other is drawn, each time all that are left with the
 *             same probability, whatever their length: so many as on average make the room and a
 *             quarter besides; and where that was not enough, until there is room. */
void shed_oldest(struct shed *shed, struct queue *queue, struct loss *loss);
void shed_newest(struct shed *shed, struct queue *queue, struct loss *loss);
void shed_random(struct shed *shed, struct queue *queue, struct loss *loss);
void shed_superseded(struct shed *shed, struct queue *queue, struct loss *loss);

/* Of the records that wait, so many are dropped of the least precious class, the oldest first; of
 * the next where it has none.  Fewer where it has fewer. */
void shed_some(struct shed *shed, struct queue *queue, struct loss *loss, enum reason reason,
    uint64_t records);

#endif
