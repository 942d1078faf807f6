/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stretches: runs of neighbours, and how much in each was of somebody who held so much.
 *
 * A list of sums, oldest first, each with a mass for each level of each class: what its records weighed that were noted at that
 * level.  A mass is what was there when the stretch was looked at last, or came since: it may be too much where some have left, and never
 * is too little.  Neighbours that are no more than a full one become one, once there is less in one of them.
 *
 * Knows no record, and not what a level or a class is: that is its caller's, fair.h.  Nothing here can fail but stretches_begin().
 */
#ifndef WEIR_STRETCHES_H
#define WEIR_STRETCHES_H

#include "base/ledger.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stretch is full with so many bytes, or with one of so many parts of a large buffer, or of so few of a small one, and with one of
 * so few parts of --max-records; unless that is no record.  (A test has less.) */
#ifndef STRETCHES_BYTES
#define STRETCHES_BYTES ((size_t)64 << 10)
#endif
#ifndef STRETCHES_PARTS
#define STRETCHES_PARTS 2048
#endif
#ifndef STRETCHES_FEW
#define STRETCHES_FEW 64
#endif

/* Stretches that there are at most, besides four for each part: should they run out (a read brings far more records than
 * --max-records), the last one becomes longer. */
#ifndef STRETCHES_SPARE
#define STRETCHES_SPARE 64
#endif

struct stretch {
	struct tally all; /* that wait */
	size_t slot;      /* where its masses are */
};

struct stretches {
	struct stretch *list; /* calloc'd, a ring: those in use from first on; or NULL */
	uint32_t *masses;     /* mapped: of each class, of each slot, of each level; the most that one can say is also for more; */
	uint64_t *sums;       /* calloc'd: of each slot, of each class, of all levels */
	size_t first, count;  /* at least 1 in use, */
	size_t most;          /* at most so many */
	unsigned levels, classes;
	struct tally full;    /* as many are in one */
	bool shrunk;          /* there is less in one, since they were joined */
};

/* One that is empty; false without memory.  end gives that back, and may be called at any time. */
bool stretches_begin(struct stretches *stretches, const struct queue_limits *limits, unsigned levels, unsigned classes);
void stretches_end(struct stretches *stretches);

static inline struct stretch *
stretches_at(const struct stretches *stretches, size_t index)
{
	const size_t at = stretches->first + index;

	return &stretches->list[at < stretches->most ? at : at - stretches->most];
}

/* Another one begins with the next record, if there may be one: until they are joined.  And that record, behind all; what it weighs,
 * of which class and level it is. */
void stretches_open(struct stretches *stretches);
void stretches_note(struct stretches *stretches, uint64_t length, uint64_t weight, unsigned class, unsigned level);

/* The oldest leave; one is gone of that stretch. */
void stretches_leave(struct stretches *stretches, uint64_t records, uint64_t bytes);
void stretches_lessen(struct stretches *stretches, size_t index, uint64_t length);

/* The stretch in which the record at an offset is (the last where it is behind all); what is before a stretch. */
size_t stretches_find(const struct stretches *stretches, uint64_t offset);
struct tally stretches_before(const struct stretches *stretches, size_t index);

/* Of a class: what a stretch has of a level and of higher ones; it is looked at anew: it has nothing; and, one after the other, what
 * stays. */
uint64_t stretches_mass(const struct stretches *stretches, size_t index, unsigned class, unsigned level);
void stretches_renew(struct stretches *stretches, size_t index, unsigned class);
void stretches_add(struct stretches *stretches, size_t index, uint64_t weight, unsigned class, unsigned level);

/* Neighbours become one, from the oldest on, that are no more than a full one, or of which one is empty. */
void stretches_join(struct stretches *stretches);

/* The sum of all.  Aborts when an invariant does not hold. */
struct tally stretches_check(const struct stretches *stretches);

#endif
