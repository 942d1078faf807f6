/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fair: the policy of that name: where there is no room, the key that holds most of the buffer gives way first.
 *
 * As the fattest flow does in RFC 8290 (4.1.2), but the order of all records stays, and no key has a turn: what is shared is
 * the buffer.  So a key that takes less than its share of what leaves loses nothing, whatever the others do.
 *
 * How much each key holds is counted in a table of fixed size, by a hash of the key: keys that meet there are taken for one, as
 * in RFC 8290 (4.2).  It is salted anew each time that the buffer begins to fill, so that it is not always the same
 * ones.  The level is the highest one such that what keys hold above it is enough; levels have four digits in binary.  A record
 * goes when the round comes by it while its key holds more than that.  The round goes on where the last verdict has stopped.
 *
 * A record weighs its length, or what a record has of the buffer if --max-records is all that there is, whichever is
 * more.  What waits is noted from a third of the buffer on, as with latest; below that nothing is looked at.  Of the classes of
 * --keep the least one gives way first, the level being that of all.  Where memory lacks, the oldest go.
 */
#ifndef WEIR_FAIR_H
#define WEIR_FAIR_H

#include "base/chance.h"
#include "hold/classes.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/watch.h"
#include "pick/key.h"

#include <stdbool.h>
#include <stdint.h>

/* Marks that the queue has to keep for it, behind those of the classes. */
#define FAIR_MARKS 1

struct fair_table;

struct fair {
	struct watch watch;
	const struct key_rule *key; /* not owned */
	struct chance chance;       /* of the salts */
	uint64_t salt;              /* of the hashes */
	struct fair_table *table;   /* mapped, while anything is noted; NULL */
	size_t size;                /* bytes in it */
	uint64_t mask;              /* of a hash: its place in it */
	struct tally noted;         /* of those that wait, the oldest */
	struct tally limits;        /* of the buffer then, */
	uint64_t least;             /* by which a record weighs at least so much */
	bool sweeping;              /* what goes is counted off by whoever drops it */
	bool failed;                /* there was no memory */
};

/* seed: of salts that nobody outside should know. */
void fair_init(struct fair *fair, const struct key_rule *key, uint64_t seed);

/* Makes what is ready fit, and admits what is left. */
void fair_settle(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss);

/* There is no pressure any more, or it is another policy: gives back the memory. */
void fair_relax(struct fair *fair);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void fair_check(const struct fair *fair, struct queue *queue);

#endif
