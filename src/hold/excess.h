/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * excess: how much has to go.
 *
 * A policy that has to look at what is in the buffer frees a part of the room besides, so that each arriving record
 * pays for the look at a constant number of others.  Pure; knows no record, only sums.
 */
#ifndef WEIR_EXCESS_H
#define WEIR_EXCESS_H

#include "base/ledger.h"
#include "hold/queue.h"

#include <stdbool.h>
#include <stdint.h>

/* What part of the room is freed besides: 1 in so many. */
#define EXCESS_PART 8

/* What has to go, so that all fits; and what goes with it, so that a part of the room is free besides.  For that
 * part no class gives way that need not. */
struct excess {
	struct tally need;
	struct tally all;
};

/* Of what is ready in the queue; nothing where all fits. */
struct excess excess_of(const struct queue *queue, unsigned part);

/* Of what lacks, with a part of the room. */
struct excess excess_with_part(const struct queue *queue, struct tally need, unsigned part);

/* So much has gone. */
void excess_gone(struct excess *excess, uint64_t records, uint64_t bytes);

/* Of sums: nothing is left; one is lessened, not below nothing; one is at least another in both. */
bool tally_is_none(const struct tally *left);
void tally_lessen(struct tally *left, uint64_t records, uint64_t bytes);
bool tally_covers(const struct tally *sum, const struct tally *need);

#endif
