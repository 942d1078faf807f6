/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shed: which arrivals come in where that takes a look at them; and all that such policies keep.
 *
 * For the policies that do not simply drop the oldest or the newest: by class (--keep, classes.h), by lot (drop-random,
 * lot.h), by key (latest, latest.h; fair, fair.h), 1 in N under pressure (shed:N, here).  When something does not fit, one sweep over
 * the queue drops those whose turn it is, until all fits and a part of the room is free besides (excess.h).  Nothing is
 * indexed but keys under latest, and nothing but a few marks is kept, while there is room.
 *
 * Misfits.  A record that arrives has room if those that may give way to it have enough of it: none of a higher class
 * ever does, and a record in transit never.  What has not is dropped itself, for the reason newest, and
 * nothing gives way for it.
 *
 * Where records are weighed, the sample under pressure is by lot: whether there still is pressure depends on what came in, and
 * only what does not look back is unbiased wherever that ends it.  And one that finds no room is not in question for the
 * sample: it is dropped for the reason newest, and stands for itself alone.
 *
 * Does not decide when something must go (fit.h says what fits, policy.h asks).
 */
#ifndef WEIR_SHED_H
#define WEIR_SHED_H

#include "base/chance.h"
#include "hold/classes.h"
#include "hold/fair.h"
#include "hold/latest.h"
#include "hold/loss.h"
#include "hold/lot.h"
#include "hold/pressure.h"
#include "hold/queue.h"
#include "hold/weights.h"
#include "pick/sample.h"

#include <stdbool.h>
#include <stdint.h>

struct shed {
	struct classes classes;
	struct latest latest;       /* of that policy */
	struct fair fair;           /* the same */
	struct chance chance;       /* of drop-random, and where it weighs of the sample */
	struct weights *weights;    /* of what comes in; NULL: it has none; not owned */
	bool sampling;              /* under pressure only a sample comes in, */
	struct share share;         /* of this size; */
	struct sample sample;       /* it begins anew with each pressure, */
	uint64_t gap;               /* and leaves out so many records before the next one */
	struct pressure *pressure;  /* the run's, where it is sampling; not owned */
	uint64_t sampled;           /* the number of the pressure that the sample is of; 0: of none */
	size_t portion;             /* of what comes, at once (portion.h) */
};

/* What a run has; nothing in it is owned, and what it does not use may be NULL or 0. */
struct shed_rules {
	const struct keep *keep;    /* classes */
	const struct key_rule *key; /* of latest and fair, */
	uint64_t salt;              /* and of their hashes: see key_salt */
	struct chance chance;
	struct weights *weights;    /* NULL: what comes in has none; else no classes */
	bool sampling;              /* under pressure only a sample comes in, */
	struct share share;         /* of this size */
	struct pressure *pressure;
};

void shed_init(struct shed *shed, const struct shed_rules *rules);

/* How many of the queue's marks it uses. */
unsigned shed_marks(const struct shed *shed);

/* Under the policies latest and fair the queue tells the shed, which stays where it is, what goes. */
void shed_watch_latest(struct shed *shed, struct queue *queue);
void shed_watch_fair(struct shed *shed, struct queue *queue);

/* From now on this share comes in under pressure. Another one than before begins a new sample. */
void shed_retune(struct shed *shed, const struct share *share);

/* There is no pressure any more: gives back the memory that was taken for it. */
void shed_relax(struct shed *shed);

/* Each makes what is ready fit, and admits what is left.  Of what arrives one after the other, one that finds no room
 * takes that of others:
 * oldest: by class up to its own, the oldest first.
 * newest: of lesser classes only, the oldest first; with `sampling`, under pressure only the sample of the least
 *         precious comes in. */
void shed_oldest(struct shed *shed, struct queue *queue, struct loss *loss);
void shed_newest(struct shed *shed, struct queue *queue, struct loss *loss);

/* Of the records that wait, so many are dropped of the least precious class, the oldest first; of the next where it has
 * none.  Fewer where it has fewer. */
void shed_some(struct shed *shed, struct queue *queue, struct loss *loss, enum reason reason,
    uint64_t records);

#endif
