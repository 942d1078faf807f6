/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fair: the policy of that name: where there is no room, the key that holds most of the buffer gives way first.
 *
 * As the fattest flow does in RFC 8290 (4.1.2), but the order of all records stays, and no key has a turn: what is shared is
 * the buffer.  So a key that takes less than its share of what leaves loses nothing, whatever the others do.
 *
 * How much each key holds is counted in a table of fixed size, by a hash of the key: keys that meet there are taken for one, as
 * in RFC 8290 (4.2).  It is salted anew each time that the buffer begins to fill, so that it is not always the same
 * ones.  The level is the highest one such that what keys hold above it is enough; levels have five digits in binary.
 *
 * Of what has just come a record goes when its key holds as much as the level.  Then it goes round in the buffer, on from where the
 * last verdict has stopped, by stretches (stretches.h): of each is known what was of keys that held so much when it was looked at
 * last, or came.  Of a key the bytes that were noted while it held less than a level are less than that level; so what it holds
 * above the level is noted above it, somewhere.  Hence there are stretches of which 1/20 goes, and no others are looked at: of such a one all
 * goes that is above the level, but not a full one more than must, and what stays is noted anew.  So the look is bounded by what must go, wherever that is.
 *
 * A record weighs its length, or what a record has of the buffer if --max-records is all that there is, whichever is
 * more.  What waits is noted from a third of the buffer on, as with latest; below that nothing is looked at.  The classes of --keep are
 * counted apart, and the least one gives way first.  Where those of one are less than 1/20 wherever one looks they go alike, whatever
 * their keys.  Where memory lacks, the oldest go.
 */
#ifndef WEIR_FAIR_H
#define WEIR_FAIR_H

#include "base/chance.h"
#include "hold/classes.h"
#include "hold/levels.h"
#include "hold/loss.h"
#include "hold/queue.h"
#include "hold/stretches.h"
#include "hold/watch.h"
#include "pick/keep.h"
#include "pick/key.h"

#include <stdbool.h>
#include <stdint.h>

/* Marks that the queue has to keep for it, behind those of the classes. */
#define FAIR_MARKS 1

/* So many records are read on while their places are fetched. */
#define FAIR_AHEAD 16

/* A stretch is looked at where 1 in so many of it is of those that are above the level.  (That an eighth of the buffer is, and that
 * what waits weighs no more than twice the buffer, makes 1 in 16 of some stretch, and what has just come a little less.) */
#define FAIR_SPARSE 20

struct fair {
	struct watch watch;
	const struct key_rule *key; /* not owned */
	const struct keep *keep;    /* not owned; NULL: nothing is kept */
	struct chance chance;       /* of the salts */
	uint64_t salt;              /* of the hashes */
	unsigned classes;
	struct levels *levels;      /* mapped, while anything is noted: of each class; or NULL; */
	uint64_t *held;             /* and behind it, for each class: by the key, or the keys, of each place */
	size_t size;                /* bytes in both, */
	size_t touched;             /* of which so many have been used */
	uint64_t mask;              /* of a hash: its place */
	struct stretches stretches; /* with it: of what level those were that are noted, where they are */
	struct tally noted;         /* of those that wait, the oldest */
	struct tally own[KEEP_MOST + 1]; /* of those what each class has */
	struct tally limits;        /* of the buffer then, */
	uint64_t least;             /* by which a record weighs at least so much */
	bool sweeping;              /* what goes is counted off by whoever drops it */
	bool failed;                /* there was no memory */
};

/* seed: of salts that nobody outside should know. */
void fair_init(struct fair *fair, const struct key_rule *key, const struct keep *keep, uint64_t seed);

/* Makes what is ready fit, and admits what is left. */
void fair_settle(struct fair *fair, struct classes *classes, struct queue *queue, struct loss *loss);

/* There is no pressure any more, or it is another policy: gives back the memory. */
void fair_relax(struct fair *fair);

/* Aborts when an invariant does not hold.  For debug builds and unit tests. */
void fair_check(const struct fair *fair, struct queue *queue);

#endif
