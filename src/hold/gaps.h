/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gaps: where records are missing, among those that are held, until a mark has said so.
 *
 * Records have numbers: the oldest in the buffer has queue_first(), the next one that number and
 * one.  A gap stands before the record of its number, which may not have come yet.  There is at
 * most one before any record: what else is dropped there adds to it.
 *
 * Bounded: when there are as many gaps as there may be, a new one behind them adds to the last of them.
 * Does no I/O; nothing here can fail but gaps_new().
 */
#ifndef WEIR_GAPS_H
#define WEIR_GAPS_H

#include "base/ledger.h"

#include <stddef.h>
#include <stdint.h>

struct gap {
	uint64_t at;            /* the number of the record behind it */
	struct tally sum;
	uint64_t by[REASONS];   /* records */
	uint64_t first_ns;      /* when the first of them was dropped, and the last */
	uint64_t last_ns;
	uint64_t since_ns;      /* the first again; but if repeats are missing, when the last record had been let in before */
	uint64_t due_ns;        /* when it is to be marked at the latest */
};

struct gaps;

/* Room for `most` gaps (at least 2), touched only as it is needed.  malloc'd, or NULL with errno; to
 * be freed by gaps_free, which takes NULL too. */
struct gaps *gaps_new(size_t most);

/* How many there may be in so many bytes of memory. */
size_t gaps_in(size_t bytes);

void gaps_free(struct gaps *gaps);

/* The first gap, or NULL; to be let go when its mark is on its way. */
const struct gap *gaps_first(const struct gaps *gaps);
void gaps_pop(struct gaps *gaps);

/* What has just been dropped; without records and bytes, what is not to be marked: then a gap only follows the records
 * behind it, and none comes to be. */
struct lost {
	enum reason reason;
	uint64_t records;
	uint64_t bytes;
	uint64_t now_ns;
	uint64_t since_ns; /* as a gap has it */
	uint64_t due_ns; /* if no record comes behind it, it is to be marked then */
};

/* The oldest records have left the buffer unsent, and `first` is now the number of the oldest:
 * every gap up to there becomes part of one that stands there. */
void gaps_drop_oldest(struct gaps *gaps, uint64_t first, const struct lost *lost);

/* The records of the numbers from `at` to at + removed - 1 have left the buffer, and those behind
 * them have moved up; or something was dropped there that had never been in it (removed 0).  Costs
 * what there are gaps between this place and that of the call before: so calls in the order of
 * their places, a sweep over the buffer, cost together as much as there are gaps and calls. */
void gaps_drop_at(struct gaps *gaps, uint64_t at, uint64_t removed, const struct lost *lost);

#endif
