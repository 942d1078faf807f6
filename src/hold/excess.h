/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * excess: how much has to go, and how far to look for it.
 *
 * A policy that has to look at what is in the buffer frees a part of the room besides, so that each arriving record
 * pays for the look at a constant number of others.  For what must go it looks as far as it takes; for that part no
 * further than a slice, so that the look at a large buffer is spread over many verdicts (docs/decisions/0033).  Pure;
 * knows no record, only sums.
 */
#ifndef WEIR_EXCESS_H
#define WEIR_EXCESS_H

#include "base/ledger.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stdint.h>

/* What part of the room is freed besides: 1 in so many. */
#define EXCESS_PART 8

/* A slice, in bytes; a record that is looked at costs its length and so many besides, whatever it is asked.  And a
 * buffer that holds no more than so many is looked at as a whole by lot: the default buffer, with what a read brings.
 * (A test has smaller ones, so that little work meets many of their ends.) */
#ifndef EXCESS_SLICE
#define EXCESS_SLICE ((uint64_t)8 << 20)
#define EXCESS_RECORD 256
#define EXCESS_WHOLE ((uint64_t)2 << 20)
#endif

/* What has to go, so that all fits; and what goes with it, so that a part of the room is free besides.  For that
 * part no class gives way that need not. */
struct excess {
	struct tally need;
	struct tally all;
	uint64_t slice; /* what may still be looked at for that part */
	uint64_t look;  /* what that costs besides the length of a record */
	bool looking;   /* for that part alone */
};

/* Of sums: nothing is left; one is lessened, not below nothing; one is at least another in both.  (These, and those
 * that follow, are asked once for each record.) */
static inline bool
tally_is_none(const struct tally *left)
{
	return left->bytes == 0 && left->records == 0;
}

static inline void
tally_lessen(struct tally *left, uint64_t records, uint64_t bytes)
{
	left->records -= left->records < records ? left->records : records;
	left->bytes -= left->bytes < bytes ? left->bytes : bytes;
}

static inline bool
tally_covers(const struct tally *sum, const struct tally *need)
{
	return sum->bytes >= need->bytes && sum->records >= need->records;
}

/* Of what is ready in the queue; nothing where all fits. */
struct excess excess_of(const struct queue *queue, unsigned part);

/* Of what lacks, with a part of the room. */
struct excess excess_with_part(const struct queue *queue, struct tally need, unsigned part);

/* A slice, and what a look at a record of that length costs of it. */
uint64_t excess_slice(void);
uint64_t excess_cost(uint64_t length);

/* Whether so much waits in the queue that it is not looked at as a whole. */
bool excess_is_large(const struct queue *queue);

/* So much has gone, without a look at it. */
static inline void
excess_gone(struct excess *excess, uint64_t records, uint64_t bytes)
{
	tally_lessen(&excess->need, records, bytes);
	tally_lessen(&excess->all, records, bytes);
}

/* In a sweep: whether it may stop; and what becomes of the record that is looked at.  The slice begins behind the one
 * with which all that must go has gone (or behind the first that goes, if that had gone before). */
static inline bool
excess_done(const struct excess *excess)
{
	return tally_is_none(&excess->all) || (excess->looking && excess->slice == 0);
}

static inline void
excess_stays(struct excess *excess, uint64_t length)
{
	uint64_t cost = length + excess->look;

	if (excess->looking)
		excess->slice -= excess->slice < cost ? excess->slice : cost;
}

static inline void
excess_goes(struct excess *excess, uint64_t length)
{
	excess_stays(excess, length); /* it is looked at as well */
	excess_gone(excess, 1, length);
	excess->looking = tally_is_none(&excess->need);
}

#endif
