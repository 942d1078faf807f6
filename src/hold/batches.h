/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * batches: runs of neighbours, and how much of each is superseded.
 *
 * A list of sums, oldest first.  Of the first a part may have left: it is broken.  The last one is being filled;
 * there is always one.  Knows no record and no key: what the sums say is its caller's, history.h.  Nothing here can
 * fail but batches_begin().
 */
#ifndef WEIR_BATCHES_H
#define WEIR_BATCHES_H

#include "base/ledger.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A batch is full with so many bytes, or with one of so many parts of a large buffer, or of so few of a small one,
 * and with one of so few parts of --max-records; unless that is no record.  (A test has less.) */
#ifndef BATCHES_BYTES
#define BATCHES_BYTES ((size_t)64 << 10)
#endif
#ifndef BATCHES_PARTS
#define BATCHES_PARTS 2048
#endif
#ifndef BATCHES_FEW
#define BATCHES_FEW 64
#endif

/* Batches that there are at most, besides four for each part.  Before they run out, neighbours become one that together
 * are no more than a full one; and should they run out all the same (a read brings far more records than --max-records),
 * the newest becomes longer, up to as many records as can be counted of a key. */
#ifndef BATCHES_SPARE
#define BATCHES_SPARE 64
#endif

/* A batch is swept if at least 1 in so many of its records are superseded, or of its bytes. */
#define BATCHES_SPARSE 10

struct batch {
	struct tally all; /* that wait */
	struct tally old; /* of them superseded, unless it is broken; */
	struct tally kept; /* and that --keep matches, unless it is broken and was not counted since */
	uint32_t number;  /* higher than of those before it; from 1 */
};

struct batches {
	struct batch *list;  /* calloc'd: twice as many as there are at most; or NULL */
	size_t first, count; /* those in use, */
	size_t most;         /* at most so many */
	bool broken;         /* the first is */
	uint32_t number;     /* of the last that was begun */
	struct tally full;   /* as many are in one */
};

/* One that is empty; false without memory.  end gives that back, and may be called at any time. */
bool batches_begin(struct batches *batches, const struct queue_limits *limits);
void batches_end(struct batches *batches);

static inline struct batch *
batches_at(struct batches *batches, size_t index)
{
	return &batches->list[batches->first + index];
}

static inline struct batch *
batches_last(struct batches *batches)
{
	return batches_at(batches, batches->count - 1);
}

/* The one that has that number (there is one). */
struct batch *batches_numbered(struct batches *batches, uint32_t number);

/* The number of the first that is whole; or where all are broken one that comes behind. */
uint32_t batches_live(struct batches *batches);

/* Another one to be filled, behind the others (count < most).  One goes; where it is the only one there is another. */
void batches_open(struct batches *batches);
void batches_close(struct batches *batches, size_t index);

/* Whether a record of that length is to begin another one, and there may be one. */
bool batches_are_full_with(struct batches *batches, size_t length);

/* Where there are almost as many as there may be: the two neighbours of the least bytes, if they fit into one, and are
 * neither broken nor the last.  False where there are none. */
bool batches_find_small(struct batches *batches, size_t *index);

/* Whether enough of one is superseded to look for it. */
bool batches_is_worth_it(const struct batch *batch);

/* Whether it has become longer than a full one. */
bool batches_is_long(const struct batches *batches, const struct batch *batch);

/* The sum of all.  Aborts when an invariant does not hold. */
struct tally batches_check(const struct batches *batches);

#endif
